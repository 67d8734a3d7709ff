"""Where a round's predictions held: the evidence that `in_domain` rests on. Knows no policy and no reward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.proxies.guarded import ProxyError
from models.proxies.reliability import Closeness, reliability_of
from models.reward.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from models.data.tables import MeasuredTable
    from models.domains.contract import Domain
    from models.proxies.contract import Proxy, TrainingTable
    from models.proxies.model_selection import SelectedProxies
    from models.proxies.reliability import Reliability
    from models.rounds.fitting.inputs import FitInputs


def reliable_region(
    given: FitInputs,
    table: MeasuredTable,
    training: TrainingTable,
    proxies: SelectedProxies,
    every: Mapping[str, Proxy],
) -> dict[str, Reliability] | None:
    """Return where the predictions of each objective's type held.

    None where the campaign states a least similarity, learns one from distances or lists its space, and where
    some type has too few values.

    Args:
        given: specification, domain and seed.
        table: of the round, with its objects.
        training: the same as proxies learn it.
        proxies: that were chosen.
        every: proxies by name, from which they were.
    """
    near = given.spec.applicability
    if near.learned_from != "errors" or given.settings(table).min_similarity is not None:
        return None

    def between(left: Sequence[int], right: Sequence[int]) -> Tensor:
        texts = ([table.objects[row] for row in rows] for rows in (left, right))
        return torch.from_numpy(given.domain.similarity(*texts)).to(torch.float64)

    closeness, held_out = Closeness(between, given.domain.cluster_similarity), proxies.held_out()
    found: dict[str, Reliability] = {}
    for kind in dict.fromkeys(kind for item in given.spec.objectives for kind in given.spec.types_of(item)):
        belief = held_out.get(name := proxies.chosen[kind], {}).get(kind)
        try:
            tested = (
                None
                if belief is None
                else reliability_of(every[name], training, kind, belief.mean, closeness, seed=given.seed)
            )
        except ProxyError:
            tested = None
        if tested is None:
            return None
        found[kind] = tested
    return found or None


def evidence_of(
    domain: Domain, table: MeasuredTable, reliability: Mapping[str, Reliability] | None
) -> Evidence | None:
    """Return the evidence of a round, with the objects that have a value of each type."""
    if reliability is None:
        return None
    objects = {
        kind: tuple(
            text
            for text, value in zip(table.objects, table.values[:, table.types.index(kind)], strict=True)
            if value == value  # noqa: PLR0124 - not NaN
        )
        for kind in reliability
    }
    return Evidence(domain, objects, reliability)
