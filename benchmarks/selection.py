"""Batches of 96 out of ten thousand measured molecules: each selector against top-k and random choice.

AqSolDB (CC0) is the pool. A Gaussian process learns log S from 200 of its molecules; drug-likeness (QED) is
computed. Both are maximised. Quality is the mean utility of the chosen molecules, each relative to the best
for its own best trade-off: as predicted (the selector's input) and with the measured log S instead (the lab's
result).
"""

import csv
import gzip
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from benchmarks.report import Report, run
from benchmarks.tables.catalogue import DATA, why_absent
from models.domains import open_domain
from models.domains.contract import Domain, InvalidObjectError
from models.domains.molecules.spec import MoleculesSpec
from models.metrics.sets import hypervolume, mean_pairwise_distance, n_circles, vendi_score
from models.proxies.contract import FittedProxy, TrainingTable
from models.proxies.gaussian_process import GaussianProcess
from models.rounds.reporting.summary import CIRCLE_SIMILARITY
from models.rounds.selecting.picks import SHORT_LIST
from models.rounds.selecting.scoring import preference_grid, relative_utility, scalarised
from models.selection import get_selector
from models.selection.contract import Candidates, JointUtilities, SelectionRequest
from models.selection.hypervolume import LIST_LENGTH, n_draws
from models.selection.limits import BatchLimits

TABLE = "aqsoldb/aqsoldb.csv.gz"
SOLUBILITY = (-8.0, 1.0)
"""Log S that maps to utilities 0 and 1."""
BATCH = 96
TRAINING = 200
DIVERSITIES = (0.25, 0.5, 0.75)
BAR_QUALITY, BAR_SPREAD, BAR_SECONDS = 1.5, 1.1, 5.0


@dataclass(frozen=True)
class Molecules:
    """Measured molecules: texts, log S and QED [N], features [N, D]."""

    domain: Domain
    texts: list[str]
    solubility: torch.Tensor
    drug_likeness: torch.Tensor
    features: torch.Tensor

    def similarity(self, rows: list[int]) -> torch.Tensor:
        """Return the similarities [n, n] of some rows."""
        texts = [self.texts[row] for row in rows]
        return torch.from_numpy(self.domain.similarity(texts, texts)).to(torch.float64)

    def utilities(self, solubility: torch.Tensor) -> torch.Tensor:
        """Return utilities [..., N, 2] for log S [..., N]."""
        low, high = SOLUBILITY
        return torch.stack([(solubility - low) / (high - low), self.drug_likeness.expand_as(solubility)], dim=-1)


def read(most: int) -> Molecules:
    """Return the distinct molecules of the table that the domain can parse."""
    domain = open_domain(MoleculesSpec(fragments=None))
    values: dict[str, float] = {}
    with gzip.open(DATA / TABLE, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                text = domain.parse({"smiles": row["SMILES"]})
            except InvalidObjectError:
                continue
            values.setdefault(text, float(row["Solubility"]))
            if len(values) == most:
                break
    texts = list(values)
    return Molecules(
        domain,
        texts,
        torch.tensor(list(values.values()), dtype=torch.float64),
        torch.from_numpy(domain.properties(texts, ["qed"])["qed"]),
        torch.from_numpy(domain.features(texts)).to(torch.float64),
    )


@dataclass(frozen=True)
class Task:
    """One seed's pool: training rows, candidate rows, and their posterior."""

    molecules: Molecules
    proxy: FittedProxy
    training: torch.Tensor
    rows: torch.Tensor
    value: torch.Tensor
    unknown: torch.Tensor
    measured: torch.Tensor
    seed: int

    def short_list(self, most: int) -> tuple[torch.Tensor, Candidates]:
        """Return indices into `rows` of a short list, chosen as in a round, and the candidates there."""
        n = min(len(self.rows), max(BATCH, min(most, SHORT_LIST[0] * BATCH)))
        indices = self.value.argsort(descending=True, stable=True)[:n].sort().values
        similarity = self.molecules.similarity(self.rows[indices].tolist())
        return indices, Candidates(self.value[indices], self.unknown[indices], similarity)

    def joint(self, indices: torch.Tensor) -> JointUtilities:
        """Return joint samples of the utilities of some indices and of the training rows."""
        listed = torch.cat([self.rows[indices], self.training])
        generator = torch.Generator().manual_seed(self.seed)
        drawn = self.proxy.draw(self.molecules.features[listed], n_draws(2), generator)[..., 0]
        everything = torch.zeros(len(drawn), len(self.molecules.texts), dtype=torch.float64)
        everything[:, listed] = drawn
        utilities = self.molecules.utilities(everything)[:, listed]
        return JointUtilities(utilities[:, : len(indices)], utilities[:, len(indices) :])


def prepare(molecules: Molecules, seed: int) -> Task:
    """Fit on some molecules and predict the others."""
    order = torch.randperm(len(molecules.texts), generator=torch.Generator().manual_seed(seed))
    training, rows = order[:TRAINING].sort().values, order[TRAINING:].sort().values
    known = molecules.solubility[training].unsqueeze(-1)
    one = torch.ones(1, dtype=torch.float64)
    table = TrainingTable(
        ("logS",), molecules.features[training], known, torch.full_like(known, torch.nan), 0 * one, one
    )
    proxy = GaussianProcess(molecules.domain.kernel).fit(table, seed=seed)
    posterior = proxy.posterior(molecules.features[rows]).at(0)
    part = replace(molecules, drug_likeness=molecules.drug_likeness[rows])
    preferences = preference_grid(2, seed)
    predicted, _ = relative_utility(scalarised(part.utilities(posterior.mean), preferences))
    measured, _ = relative_utility(scalarised(part.utilities(molecules.solubility[rows]), preferences))
    return Task(molecules, proxy, training, rows, predicted, posterior.sd, measured, seed)


def by_selector(name: str, diversity: float) -> Callable[[Task], list[int]]:
    """Return a function that chooses indices by one of our selectors."""

    def choose(task: Task) -> list[int]:
        is_joint = name == "hypervolume"
        indices, candidates = task.short_list(LIST_LENGTH if is_joint else SHORT_LIST[1])
        if is_joint:
            candidates = replace(candidates, utilities=task.joint(indices))
        request = SelectionRequest(BATCH, diversity, 0.0, task.seed)
        picks = get_selector(name)(candidates, request, BatchLimits(len(indices), BATCH))
        return [int(indices[pick.index]) for pick in picks]

    return choose


def top(task: Task) -> list[int]:
    """Return the indices with the highest values."""
    best: list[int] = task.value.argsort(descending=True, stable=True)[:BATCH].tolist()
    return best


def chance(task: Task) -> list[int]:
    """Return random indices."""
    chosen: list[int] = np.random.default_rng(task.seed).permutation(len(task.rows))[:BATCH].tolist()
    return chosen


def ways() -> dict[str, Callable[[Task], list[int]]]:
    """Return all selection functions by name."""
    named: dict[str, Callable[[Task], list[int]]] = {"top-k": top, "random": chance}
    for name in ("greedy", "dpp"):
        named |= {f"{name}, diversity {diversity:g}": by_selector(name, diversity) for diversity in DIVERSITIES}
    return named | {"hypervolume": by_selector("hypervolume", 0.5)}


def rate(task: Task, indices: list[int], seconds: float) -> dict[str, float]:
    """Return the quality and diversity of a batch."""
    rows = task.rows[indices].tolist()
    similarity = task.molecules.similarity(rows).numpy()
    utilities = task.molecules.utilities(task.molecules.solubility)[rows].numpy()
    return {
        "quality_predicted": float(task.value[indices].mean()),
        "quality_measured": float(task.measured[indices].mean()),
        "hypervolume_measured": hypervolume(utilities, np.zeros(2)),
        "circles": float(n_circles(similarity, CIRCLE_SIMILARITY)),
        "vendi": vendi_score(similarity),
        "mean_distance": mean_pairwise_distance(similarity),
        "seconds": seconds,
    }


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - the harness's signature
    """Fill the report."""
    if absent := why_absent(TABLE):
        report.notes.append(absent)
        return
    molecules = read(1500 if quick else 20_000)
    rows_by_way: dict[str, list[dict[str, float]]] = {}
    for seed in range(1 if quick else 5):
        report.seeds.add(seed)
        task = prepare(molecules, seed)
        for name, choose in ways().items():
            started = time.perf_counter()
            indices = choose(task)
            seconds = time.perf_counter() - started
            if len(set(indices)) != BATCH:
                raise RuntimeError(f"{name} chose {len(set(indices))} of {BATCH}")
            rows_by_way.setdefault(name, []).append(rate(task, indices, seconds))
    table = {name: _mean(rows) for name, rows in rows_by_way.items()}
    for name, row in table.items():
        report.row(way=name, candidates=len(molecules.texts) - TRAINING, seeds=len(rows_by_way[name]), **row)
    _claim(report, table)


def _mean(rows: list[dict[str, float]]) -> dict[str, Any]:
    """Return the mean of each metric over seeds, and the standard deviation of the measured quality."""
    means: dict[str, Any] = {name: statistics.fmean(row[name] for row in rows) for name in rows[0]}
    spread = [row["quality_measured"] for row in rows]
    return means | {"quality_measured_sd": statistics.stdev(spread) if len(spread) > 1 else 0.0}


def _claim(report: Report, table: dict[str, dict[str, Any]]) -> None:
    """Add the claims: better than random, more diverse than top-k, fast enough."""
    best, random = table["top-k"], table["random"]
    for name in ("greedy, diversity 0.5", "dpp, diversity 0.5", "hypervolume"):
        row = table[name]
        quality = row["quality_measured"] / random["quality_measured"]
        report.claim(f"{name}: measured quality over random", quality, ">=", BAR_QUALITY)
        report.claim(f"{name}: Vendi score over top-k", row["vendi"] / best["vendi"], ">=", BAR_SPREAD)
        report.claim(f"{name}: circles over top-k", row["circles"] / best["circles"], ">=", BAR_SPREAD)
    report.claim("greedy: seconds a batch", table["greedy, diversity 0.5"]["seconds"], "<=", BAR_SECONDS)


if __name__ == "__main__":
    run("Selection: quality and spread of batches of 96", measure)
