"""An oracle of molecules from a function: noisy, censored, with failed syntheses. Knows no strategy."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, final

import numpy as np
from rdkit import Chem

from models.backtests.contract import Oracle
from models.records import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain, Floats

NOISE = 0.3
"""Deviation of a measurement, in the assay's units."""
LIMIT = 2.0
"""Limit of detection; lower values are reported as censored."""
FRAGILE = "[NX3;H2;!$(NC=O);!$(NS)]-[CX4]"
"""Primary amines on saturated carbon: half of the molecules with one cannot be made."""
FRAGILE_FAILURES = 0.5
OTHER_FAILURES = 0.05
_WHOLE = 2**32


@final
class NoisyLab(Oracle):
    """Measures the first objective of a campaign; the others are computed.

    Feasibility depends on the molecule alone and is the same in every campaign.

    Args:
        spec: the campaign; all but its first objective are computed.
        domain: of its molecules.
        value: the noiseless values of SMILES [N].
    """

    objects = None

    def __init__(self, spec: CampaignSpec, domain: Domain, value: Callable[[Sequence[str]], Floats]) -> None:
        first, *others = spec.objectives
        assert first.assay_type is not None
        self._type = first.assay_type
        self._computed = [item.computed for item in others if item.computed is not None]
        self._domain = domain
        self._value = value
        self._known: dict[str, float] = {}
        self._fragile = Chem.MolFromSmarts(FRAGILE)

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:
        """Return one result for each of objects [N]."""
        return tuple(
            self._result(text, value, n_round, seed)
            for text, value in zip(objects, self._values(objects).tolist(), strict=True)
        )

    def _result(self, text: str, value: float, n_round: int, seed: int) -> Measurement:
        if self.fails(text):
            return Measurement(text, self._type, outcome="failed_synthesis", round=n_round)
        read = value + NOISE * float(np.random.default_rng([seed, _name(text)]).standard_normal())
        if read < LIMIT:
            return Measurement(text, self._type, LIMIT, "<", round=n_round)
        return Measurement(text, self._type, read, round=n_round)

    def truth(self, objects: Sequence[str]) -> Floats:
        """Return the noiseless values [N, M]; NaN for infeasible molecules."""
        computed = self._domain.properties(objects, self._computed)
        columns = np.stack([self._values(objects), *(computed[name] for name in self._computed)], axis=1)
        columns[[self.fails(text) for text in objects]] = np.nan
        return np.asarray(columns, dtype=np.float64)

    def fails(self, text: str) -> bool:
        """Return whether a molecule cannot be made."""
        is_fragile = Chem.MolFromSmiles(text).HasSubstructMatch(self._fragile)
        return bool(_name(text) / _WHOLE < (FRAGILE_FAILURES if is_fragile else OTHER_FAILURES))

    def _values(self, objects: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(objects) if text not in self._known]
        if new:
            self._known.update(zip(new, self._value(new).tolist(), strict=True))
        return np.array([self._known[text] for text in objects], dtype=np.float64)


def _name(text: str) -> int:
    return zlib.crc32(text.encode())
