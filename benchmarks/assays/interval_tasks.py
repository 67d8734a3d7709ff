"""Campaigns whose intervals are checked: what is measured, with which start, rounds and batches.

Each seed has its own function, laboratory and start. Depends on no interval.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, final

import numpy as np

from benchmarks.assays.tables import read
from benchmarks.guardrails import NOISE, known_sequences, simulated
from models.backtests.oracles.ehrlich import build_ehrlich
from models.backtests.oracles.sequences import EhrlichLab
from models.backtests.table import TableDomain, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain
from models.records import Measurement

TYPE = "value"
N_TOKENS = 20
BASES = "ACGT"
TARGET = 14
COMPLEMENT = str.maketrans("ACGU", "UGCA")
MOST_LISTED = 800
"""Objects of a table that a campaign chooses among."""
COMPETING = {"kinds": ["gaussian_process", "random_forest"]}
ONE_PROCESS = {"kinds": ["gaussian_process"]}


class Lab(Protocol):
    """Measures objects."""

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:
        """Return the results of objects."""


@final
@dataclass(frozen=True)
class IntervalTask:
    """A campaign: `objects` of a table, None where objects are generated."""

    spec: CampaignSpec
    domain: Domain
    lab: Lab
    start: tuple[str, ...]
    rounds: int
    batch: int
    objects: tuple[str, ...] | None = None


def _spec(domain: Mapping[str, Any], proxies: Mapping[str, Any]) -> CampaignSpec:
    fields = {"name": "intervals", "domain": domain, "objectives": [{"name": TYPE}], "proxies": proxies}
    return CampaignSpec.model_validate(fields)


def _peptides(low: int, high: int, **others: Any) -> dict[str, Any]:
    return {"kind": "peptides", "min_length": low, "max_length": high, **others}


def ehrlich(length: int, shape: tuple[int, int, int], seed: int) -> IntervalTask:
    """Return an Ehrlich function: 100 feasible walks, then 4 x 60 peptides."""
    lab = EhrlichLab(build_ehrlich(N_TOKENS, length, shape, seed), seed)
    spec = _spec(_peptides(length, length), ONE_PROCESS)
    start = lab._walks(100, seed)  # noqa: SLF001 - the start of a campaign
    return IntervalTask(spec, open_domain(spec.domain), lab, start, 4, 60)


@final
class _RnaLab:
    """The energy of the duplex with a random target, as a share of that of the perfect complement."""

    def __init__(self, seed: int) -> None:
        self._energy = import_module("RNA").duplexfold  # optional, see `benchmarks.coverage`
        self._target = "".join(np.random.default_rng(seed).choice(list("ACGU"), TARGET))
        best = self._target[::-1].translate(COMPLEMENT)
        self._best = self._energy(best, self._target).energy

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:  # noqa: ARG002 - no noise
        energies = [self._energy(text.replace("T", "U"), self._target).energy for text in objects]
        return tuple(
            Measurement(text, TYPE, max(0.0, energy / self._best), round=n_round)
            for text, energy in zip(objects, energies, strict=True)
        )


def rna(seed: int) -> IntervalTask:
    """Return an RNA: 100 random sequences of 14 bases, then 3 x 100."""
    spec = _spec(_peptides(TARGET, TARGET, alphabet=BASES), COMPETING)
    letters = np.random.default_rng(seed).choice(list(BASES), (100, TARGET))
    start = tuple(dict.fromkeys("".join(row) for row in letters))
    return IntervalTask(spec, open_domain(spec.domain), _RnaLab(seed), start, 3, 100)


@final
class _PotencyLab:
    """The simulated potency of antimicrobial peptides, with noise."""

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:
        errors = np.random.default_rng(seed).normal(0.0, NOISE["potency"], len(objects))
        return tuple(
            Measurement(text, TYPE, simulated(text)["potency"] + float(error), round=n_round)
            for text, error in zip(objects, errors, strict=True)
        )


def potency(seed: int) -> IntervalTask:
    """Return noisy potencies: 80 known peptides, then 3 x 32."""
    spec = _spec(_peptides(8, 14), COMPETING)
    start = np.random.default_rng(seed).permutation(known_sequences())[:80]
    return IntervalTask(spec, open_domain(spec.domain), _PotencyLab(), tuple(map(str, start)), 3, 32)


def table(name: str, seed: int) -> IntervalTask:
    """Return a measured table: 40 of 800 molecules, then 4 x 24, chosen among all."""
    whole, spec = read(name), _spec({"kind": "molecules"}, COMPETING)
    rows = np.random.default_rng(seed).permutation(len(whole.objects))[:MOST_LISTED]
    values = [(whole.objects[row], float(whole.values[row, 0])) for row in rows]
    results = [Measurement(text, TYPE, value) for text, value in values if math.isfinite(value)]
    domain = open_domain(spec.domain)
    lab = TableLab(spec, domain, results)
    objects = lab.objects
    assert objects is not None
    return IntervalTask(spec, TableDomain(domain, objects), lab, objects[:40], 4, 24, objects)


TASKS: Mapping[str, Callable[[int], IntervalTask]] = {
    "Ehrlich 15": lambda seed: ehrlich(15, (2, 4, 4), seed),
    "Ehrlich 24": lambda seed: ehrlich(24, (3, 4, 4), seed),
    "RNA 14": rna,
    "peptide potency": potency,
    "ESOL": lambda seed: table("ESOL", seed),
    "Lipophilicity": lambda seed: table("Lipophilicity", seed),
    "FreeSolv": lambda seed: table("FreeSolv", seed),
}
