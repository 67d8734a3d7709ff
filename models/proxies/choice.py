"""Every assay type gets the proxy that predicts its held-out values best, with deviations scaled to fit them.

Scores are of k-fold cross-validation over objects; the losers' are kept. Scaling and choosing use the same held-out
predictions (one number per type), so the coverage told here flatters a little; prospective coverage of new batches
does not. Knows no domain and no objective.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, final

import torch

from models.proxies.contract import Posterior

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from models.proxies.contract import FittedProxy, Proxy, TrainingTable

FOLDS = 5
MINIMUM_TO_VALIDATE = 10
"""Fewer values than this are not cross-validated: the first proxy takes the type, with its own deviations."""
SCALE_SHRINKAGE = 10.0
"""Held-out residuals that the belief 'the deviations are right' counts for."""
INTERVAL_90 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Score:
    """How well a proxy predicted held-out values, in modelled units; `nll` and `coverage_90` after scaling."""

    rmse: float
    nll: float
    coverage_90: float
    scale: float
    log_likelihood_error: float
    """Standard error of the summed log likelihood."""
    n: int


def _score(held_out: Posterior, values: Tensor) -> Score:
    """Score held-out beliefs [n] about values [n], each taken as one typical measurement."""
    deviation = held_out.predictive_sd.clamp_min(1e-9)
    standard = (values - held_out.mean) / deviation
    n = len(values)
    scale = math.sqrt(float((standard.square().sum() + SCALE_SHRINKAGE) / (n + SCALE_SHRINKAGE)))
    unlikely = 0.5 * (standard / scale).square() + (deviation * scale).log() + 0.5 * math.log(2 * math.pi)
    return Score(
        rmse=float((values - held_out.mean).square().mean().sqrt()),
        nll=float(unlikely.mean()),
        coverage_90=float(((standard / scale).abs() <= INTERVAL_90).double().mean()),
        scale=scale,
        log_likelihood_error=float(unlikely.std()) * math.sqrt(n),
        n=n,
    )


def _affordable(proxy: Proxy, table: TrainingTable, at_least: int) -> list[int]:
    """Return the columns whose number of values the proxy can learn from, `at_least` so many."""
    most = math.inf if proxy.maximum is None else proxy.maximum
    least = max(proxy.minimum, at_least)
    return [column for column, n in enumerate(table.measured.sum(dim=0).tolist()) if least <= n <= most]


def cross_validate(proxy: Proxy, table: TrainingTable, *, seed: int, tick: Callable[[], None]) -> dict[str, Score]:
    """Return the proxy's score on every type with enough values for it; `tick` is called after each fold."""
    columns = _affordable(proxy, table, MINIMUM_TO_VALIDATE)
    if not columns:
        return {}
    part = table.columns(columns)
    part = part.rows(part.measured.any(dim=1))
    order = torch.randperm(len(part.features), generator=torch.Generator().manual_seed(seed))
    mean, sd, noise = (torch.full_like(part.values, math.nan) for _ in range(3))
    for fold in range(FOLDS):
        held_out = order[fold::FOLDS]
        kept = torch.ones(len(order), dtype=torch.bool).index_fill(0, held_out, value=False)
        belief = proxy.fit(part.rows(kept), seed=seed).posterior(part.features[held_out])
        mean[held_out], sd[held_out], noise[held_out] = belief.mean, belief.sd, belief.noise_sd
        tick()
    scores = {}
    for column, kind in enumerate(part.types):
        rows = part.measured[:, column]
        held = Posterior(mean[rows, column], sd[rows, column], noise[rows, column])
        scores[kind] = _score(held, part.values[rows, column])
    return scores


@dataclass(frozen=True, slots=True)
class _Part:
    """A fitted proxy, the table's columns it knows, and the factors of its deviations there."""

    name: str
    proxy: FittedProxy
    columns: list[int]
    factors: Tensor


@final
class ChosenProxies:
    """Fitted proxies behind one posterior: every assay type is answered by the one chosen for it."""

    def __init__(
        self, n_values: Mapping[str, int], parts: list[_Part], scores: Mapping[str, Mapping[str, Score]]
    ) -> None:
        self.n_values = n_values
        self.types = types = tuple(n_values)
        self._parts = parts
        self._scores = scores
        self.chosen = {kind: self._choose(column) for column, kind in enumerate(types)}

    def _choose(self, column: int) -> str:
        names = [part.name for part in self._parts if column in part.columns]
        return min(names, key=lambda name: score.nll if (score := self._score_of(name, column)) else math.inf)

    def _score_of(self, name: str, column: int) -> Score | None:
        return self._scores[name].get(self.types[column])

    def posterior(self, features: Tensor) -> Posterior:
        """Return beliefs [N, M] about features [N, D]."""
        shape = (len(features), len(self.types))
        mean, sd, noise = (features.new_empty(shape) for _ in range(3))
        for part in self._parts:
            places = [i for i, column in enumerate(part.columns) if self.chosen[self.types[column]] == part.name]
            if places:
                belief = part.proxy.posterior(features).scaled(part.factors)
                columns = [part.columns[i] for i in places]
                mean[:, columns], sd[:, columns] = belief.mean[:, places], belief.sd[:, places]
                noise[:, columns] = belief.noise_sd[:, places]
        return Posterior(mean, sd, noise)

    def hypotheses(self, features: Tensor, kind: str) -> tuple[Posterior, Tensor]:
        """Return every hypothesis [K, N] that some proxy holds about one type, and their weights [K].

        A proxy weighs by its cross-validated likelihood less half the standard error of its logarithm (pseudo-BMA,
        arXiv:1704.02030); its members share that weight equally.
        """
        column = self.types.index(kind)
        beliefs, weights = [], []
        for part in self._parts:
            if column in part.columns:
                members = part.proxy.members(features).scaled(part.factors)
                place = part.columns.index(column)
                beliefs.append([members.mean[..., place], members.sd[..., place], members.noise_sd[..., place]])
                score, k = self._score_of(part.name, column), len(members.mean)
                evidence = 0.0 if score is None else -score.nll * score.n - 0.5 * score.log_likelihood_error
                weights.append(torch.full((k,), evidence - math.log(k), dtype=torch.float64))
        mean, sd, noise = (torch.cat(column_parts) for column_parts in zip(*beliefs, strict=True))
        return Posterior(mean, sd, noise), torch.cat(weights).softmax(dim=0)

    def summary(self) -> dict[str, dict[str, object]]:
        """Return for every type the chosen proxy and everybody's scores, as plain JSON."""
        return {
            kind: {
                "n_values": self.n_values[kind],
                "chosen": self.chosen[kind],
                "scores": {name: asdict(scores[kind]) for name, scores in self._scores.items() if kind in scores},
            }
            for kind in self.types
        }


def fit_best(
    table: TrainingTable, proxies: Mapping[str, Proxy], *, seed: int, tick: Callable[[float, str], None]
) -> ChosenProxies:
    """Cross-validate and fit all proxies on all types they can afford, the first being the default.

    `tick` is called with the share done and what was done. A type that was never measured goes to a proxy that learns
    from nothing (`minimum` 0).
    """
    scores, parts, n_steps, done = {}, [], len(proxies) * (FOLDS + 1), 0

    def step(name: str) -> None:
        nonlocal done
        done += 1
        tick(done / n_steps, f"fitting {name.replace('_', ' ')}")

    for name, proxy in proxies.items():
        scores[name] = cross_validate(proxy, table, seed=seed, tick=lambda name=name: step(name))  # type: ignore[misc]
        columns = _affordable(proxy, table, 0)
        if columns:
            factors = [score.scale if (score := scores[name].get(table.types[column])) else 1.0 for column in columns]
            fitted = proxy.fit(table.columns(columns), seed=seed)
            parts.append(_Part(name, fitted, columns, torch.tensor(factors, dtype=torch.float64)))
        step(name)
    n_values = dict(zip(table.types, table.measured.sum(dim=0).tolist(), strict=True))
    return ChosenProxies(n_values, parts, scores)
