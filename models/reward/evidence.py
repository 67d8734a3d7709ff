"""Which objects lie where predictions held: the reliability of each assay type, asked by texts.

Knows a domain's similarity and the measured objects of each type; no proxy. Letters: N objects, K types.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from models.domains.contract import Domain
    from models.proxies.reliability import Reliability


@final
@dataclass(frozen=True, slots=True)
class Judgement:
    """For N objects and K types: whether predictions held there, and relative errors, both [N, K]."""

    types: tuple[str, ...]
    held: Tensor
    ratios: Tensor
    nearest: Tensor

    def is_inside(self) -> Tensor:
        """Return for which objects [N] (bool) the predictions of all types held."""
        return self.held.all(dim=1)


@final
@dataclass(frozen=True, slots=True)
class Evidence:
    """Where predictions held, by assay type, with the objects that each type's proxy learned from."""

    domain: Domain
    objects: Mapping[str, tuple[str, ...]]
    reliability: Mapping[str, Reliability]

    def judge(self, texts: Sequence[str]) -> Judgement:
        """Return where N objects lie."""
        known: dict[tuple[str, ...], Tensor] = {}
        columns = []
        for kind in self.reliability:
            objects = self.objects[kind]
            if objects not in known:
                similarity = torch.from_numpy(self.domain.similarity(texts, objects))
                known[objects] = similarity.to(torch.float64).amax(dim=1)
            columns.append(known[objects])
        nearest = torch.stack(columns, dim=1)
        each = list(zip(self.reliability.values(), columns, strict=True))
        return Judgement(
            tuple(self.reliability),
            torch.stack([near >= found.threshold for found, near in each], dim=1),
            torch.stack([found.ratio(near) for found, near in each], dim=1),
            nearest,
        )

    def state(self) -> dict[str, Any]:
        """Return what an artefact keeps, as plain JSON."""
        return {kind: found.state() for kind, found in self.reliability.items()}

    def summary(self) -> dict[str, Any]:
        """Return the errors by similarity of each type, as plain JSON."""
        return {kind: found.summary() for kind, found in self.reliability.items()}
