"""Model selection: each assay type gets the proxy with the best held-out predictions, recalibrated.

Scores come from k-fold cross-validation over objects; those of the other proxies are kept. Scaling, selection
and the radius of intervals use the same held-out predictions (two numbers per type). The coverage reported
here is therefore slightly optimistic; prospective coverage of new batches is not. Knows no domain and no
objective.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal, final

import torch

from models.messages.message import Message, message, records, texts
from models.proxies import feature_conformal
from models.proxies.conformal import gaussian_radius, radius
from models.proxies.contract import Posterior, Proxy
from models.proxies.guarded import ProxyError, fit_and_predict
from models.proxies.hypotheses import plausible_members, proxy_weights
from models.proxies.pathwise_samples import sample_path
from models.proxies.proxy_fit import ProxyFit
from models.proxies.validation import FOLDS, HasEmbedding, held_out_posteriors, score

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from models.proxies.contract import FittedProxy, TrainingTable
    from models.proxies.hypotheses import Hypotheses
    from models.proxies.pathwise_samples import Path
    from models.proxies.validation import HeldOut

MINIMUM_TO_VALIDATE = 10
"""Fewer known values than this are not cross-validated: the first proxy serves the type, unscaled."""
SANITY_CHECK = "random_forest"
"""The reference proxy: a warning is given when it predicts clearly better than the chosen one."""
SEEN_AGAIN = 8
"""Objects for which a fitted proxy is evaluated, to check that its predictions are finite."""
CLEARLY_BETTER = 0.9
"""Error relative to the chosen proxy below which another is clearly better, given two standard errors."""

Intervals = Literal["conformal", "feature_conformal", "gaussian"]


class JointProxy(Proxy):
    """A multi-task proxy that selects its own types."""

    @abstractmethod
    def columns(self, table: TrainingTable) -> list[int]:
        """Return the columns of a table that can be learned together, or none."""


@final
class SelectedProxies:
    """Fitted proxies behind one posterior: each assay type is predicted by the proxy chosen for it."""

    def __init__(
        self,
        n_values: Mapping[str, int],
        parts: list[ProxyFit],
        intervals: Intervals = "conformal",
        n_known: Mapping[str, int] | None = None,
        failures: Mapping[str, str] | None = None,
    ) -> None:
        """Choose for every type.

        Raises:
            ProxyError: if no proxy learned one of the types.
        """
        self.failures = {} if failures is None else dict(failures)
        """Why proxies that should have competed could not, by name."""
        self.n_values = n_values
        self.n_known = n_values if n_known is None else n_known
        """Values and bounds of each type: the proxies' training data."""
        self.types = types = tuple(n_values)
        self._parts = parts
        self._intervals = intervals
        self._weights: dict[str, Tensor] = {}
        self.chosen = {kind: self._choose(column) for column, kind in enumerate(types)}

    def _choose(self, column: int) -> str:
        kind = self.types[column]
        parts = [part for part in self._parts if column in part.columns]
        if not parts:
            raise ProxyError(f"no proxy could learn {kind}: {_sentence(self.failures) or 'none was given'}")
        return min(parts, key=lambda part: part.scores[kind].nll if kind in part.scores else math.inf).name

    def _part(self, kind: str) -> ProxyFit:
        return next(part for part in self._parts if part.name == self.chosen[kind])

    def posterior(self, features: Tensor) -> Posterior:
        """Return the posterior [N, M] at features [N, D]."""
        shape = (len(features), len(self.types))
        mean, sd, noise = (features.new_empty(shape) for _ in range(3))
        for part in self._parts:
            indices = [
                i for i, column in enumerate(part.columns) if self.chosen[self.types[column]] == part.name
            ]
            if indices:
                predicted = part.proxy.posterior(features).scaled(part.factors)
                columns = [part.columns[i] for i in indices]
                mean[:, columns], sd[:, columns] = predicted.mean[:, indices], predicted.sd[:, indices]
                noise[:, columns] = predicted.noise_sd[:, indices]
        return Posterior(mean, sd, noise)

    def draw(self, features: Tensor, n: int, generator: torch.Generator) -> Tensor:
        """Return joint draws [n, N, M] of the values at features [N, D], without measurement noise."""
        values = features.new_empty(n, len(features), len(self.types))
        for part in self._parts:
            indices = [
                i for i, column in enumerate(part.columns) if self.chosen[self.types[column]] == part.name
            ]
            if indices:
                mean = part.proxy.posterior(features).mean
                drawn = mean + part.factors * (part.proxy.draw(features, n, generator) - mean)
                values[..., [part.columns[i] for i in indices]] = drawn[..., indices]
        return values

    def path(self, anchors: Tensor, seed: int) -> Path:
        """Return a function from features [N, D] to values [N, M] drawn from this posterior.

        `anchors` [A, D] are ordinary objects, at which Gaussian posteriors are drawn jointly.
        """
        used = [part for part in self._parts if part.name in self.chosen.values()]
        paths = [sample_path(part.proxy, anchors, seed + index) for index, part in enumerate(used)]

        def drawn(features: Tensor) -> Tensor:
            values = features.new_empty(len(features), len(self.types))
            for part, path in zip(used, paths, strict=True):
                mean = part.proxy.posterior(features).mean
                scaled = mean + part.factors * (path(features) - mean)
                indices = [
                    i for i, column in enumerate(part.columns) if self.chosen[self.types[column]] == part.name
                ]
                values[:, [part.columns[i] for i in indices]] = scaled[:, indices]
            return values

        return drawn

    def interval(self, features: Tensor, level: float = 0.9) -> tuple[Tensor, Tensor]:
        """Return the ends [N, M] of prediction intervals for one measurement, of probability `level`.

        On the modelled scale, of the kind that the campaign's `intervals` names. Conformal intervals reach
        the calibrated number of predictive deviations, and are Gaussian with too few values for the quantile.
        Feature-conformal intervals are the network's predictions within the calibrated distance; without a
        network, or where the distance is not reachable, they are conformal.

        Raises:
            ValueError: if the level is not between 0 and 1.
        """
        predicted = self.posterior(features)
        half = predicted.predictive_sd * torch.tensor([self._radius(kind, level) for kind in self.types]).to(
            features
        )
        low, high = predicted.mean - half, predicted.mean + half
        if self._intervals == "feature_conformal":
            for column, kind in enumerate(self.types):
                if (moved := self._feature_conformal_interval(features, kind, level)) is not None:
                    low[:, column], high[:, column] = (predicted.mean[:, column] + change for change in moved)
        return low, high

    def _feature_conformal_interval(
        self, features: Tensor, kind: str, level: float
    ) -> tuple[Tensor, Tensor] | None:
        """Return the changes [N] of a network's prediction within the calibrated distance, if any."""
        chosen = self._part(kind)
        network = next(
            (part for part in self._parts if kind in part.held_out and part.held_out[kind].folds), None
        )
        if network is None or kind not in chosen.held_out or not isinstance(network.proxy, HasEmbedding):
            return None
        held = chosen.held_out[kind]
        distance = feature_conformal.radius(
            network.held_out[kind].folds, held.values - held.belief.mean, level
        )
        if distance is None:
            return None
        return feature_conformal.reach(
            network.proxy, features, network.columns.index(self.types.index(kind)), distance
        )

    def _radius(self, kind: str, level: float) -> float:
        gaussian, part = gaussian_radius(level), self._part(kind)
        if self._intervals == "gaussian" or kind not in part.held_out:
            return gaussian
        result = radius(part.held_out[kind], level)
        return gaussian if result is None else result / part.scores[kind].scale

    def hypotheses(self, features: Tensor, kind: str) -> tuple[Hypotheses, ...]:
        """Return the hypotheses of every proxy that learned a type at features [N, D]."""
        column = self.types.index(kind)
        parts = [part for part in self._parts if column in part.columns]
        if kind not in self._weights:
            self._weights[kind] = proxy_weights(parts, kind)
        return plausible_members(parts, self._weights[kind], features, column)

    def held_out(self) -> dict[str, dict[str, Posterior]]:
        """Return each proxy's held-out predictions of each type [n]; `refit` needs no validation then."""
        return {
            part.name: {kind: held.belief for kind, held in part.held_out.items()} for part in self._parts
        }

    def summary(self) -> dict[str, dict[str, object]]:
        """Return for every type the chosen proxy, all scores and warnings, as plain JSON."""
        warnings = {kind: self._warnings(kind) for kind in self.types}
        return {
            kind: {
                "n_values": self.n_values[kind],
                "chosen": self.chosen[kind],
                "scores": {
                    part.name: asdict(part.scores[kind]) for part in self._parts if kind in part.scores
                },
                "warnings": texts(warnings[kind]),
                "messages": records(warnings[kind]),
            }
            for kind in self.types
        }

    def _warnings(self, kind: str) -> list[Message]:
        parts = {part.name: part for part in self._parts if kind in part.held_out}
        chosen, check = (parts.get(name) for name in (self.chosen[kind], SANITY_CHECK))
        if (
            chosen is None
            or check is None
            or not _is_clearly_better(check.held_out[kind], chosen.held_out[kind])
        ):
            return []
        return [
            message(
                "better_sanity_check",
                type=kind,
                check=check.name,
                proxy=chosen.name,
                rmse=check.scores[kind].rmse,
                chosen_rmse=chosen.scores[kind].rmse,
            )
        ]


def _is_clearly_better(one: HeldOut, other: HeldOut) -> bool:
    """Return whether squared held-out errors are clearly smaller, also by two standard errors."""
    ours, theirs = ((held.values - held.belief.mean).square() for held in (one, other))
    exact = ~one.values.isnan()
    gain = (theirs - ours)[exact]
    error = float(gain.std()) / math.sqrt(max(len(gain), 1))
    by_far = float(ours[exact].mean()) < CLEARLY_BETTER**2 * float(theirs[exact].mean())
    return by_far and float(gain.mean()) > 2 * error


def _sentence(failures: Mapping[str, str]) -> str:
    return "; ".join(f"{name.replace('_', ' ')}: {reason}" for name, reason in failures.items())


def learnable_columns(proxy: Proxy, table: TrainingTable, at_least: int) -> list[int]:
    """Return the columns with at least `least` known values that the proxy can learn."""
    most = math.inf if proxy.maximum is None else proxy.maximum
    together = proxy.columns(table) if isinstance(proxy, JointProxy) else range(len(table.types))
    measured, known = (cells.sum(dim=0).tolist() for cells in (table.measured, table.known))
    return [j for j in together if measured[j] >= proxy.minimum and at_least <= known[j] <= most]


def make_part(
    name: str,
    fit: Callable[[], FittedProxy],
    columns: list[int],
    types: Sequence[str],
    held_out: Mapping[str, HeldOut],
) -> ProxyFit:
    """Return a proxy on some columns of a table of `types`, deviations scaled to its held-out residuals."""
    scores = {kind: score(held) for kind, held in held_out.items()}
    factors = [scores[kind].scale if (kind := types[column]) in scores else 1.0 for column in columns]
    return ProxyFit(name, fit, columns, torch.tensor(factors, dtype=torch.float64), scores, held_out)


def _fit(
    name: str, proxy: Proxy, table: TrainingTable, seed: int, step: Callable[[str], None]
) -> ProxyFit | None:
    """Cross-validate and fit one proxy on the types it supports; call `step` after each of the fits.

    Raises:
        ProxyError: if it fails.
    """
    columns, validated = (
        learnable_columns(proxy, table, 0),
        learnable_columns(proxy, table, MINIMUM_TO_VALIDATE),
    )
    held_out = {}
    if validated:
        posteriors = held_out_posteriors(proxy, table, columns, seed=seed, tick=lambda: step(name))
        held_out = {kind: posteriors[kind] for kind in (table.types[column] for column in validated)}
    part = None
    if columns:
        known = table.columns(columns)
        fitted, _ = fit_and_predict(
            proxy, known, known.rows(torch.arange(len(known.features))[:SEEN_AGAIN]), seed=seed
        )
        part = make_part(name, lambda: fitted, columns, table.types, held_out)
    step(name)
    return part


def counts(table: TrainingTable, cells: Tensor) -> dict[str, int]:
    """Return how many of the cells [N, M] (bool) are true, by type."""
    return dict(zip(table.types, cells.sum(dim=0).tolist(), strict=True))


def fit_best(
    table: TrainingTable,
    proxies: Mapping[str, Proxy],
    *,
    seed: int,
    tick: Callable[[float, str], None],
    intervals: Intervals = "conformal",
    spare: Mapping[str, Proxy] | None = None,
) -> SelectedProxies:
    """Cross-validate and fit all proxies on all types they support; the first is the default.

    A proxy that fails is excluded and named in `failures`.

    Args:
        table: measured values.
        proxies: candidates by name.
        seed: of folds and fits.
        tick: called with the share done and a description.
        intervals: that are displayed.
        spare: learn the types for which every candidate failed.

    Raises:
        ProxyError: if a type is left without any proxy. A type that was never measured goes to a proxy that
            learns from nothing (`minimum` 0).
    """
    parts: list[ProxyFit] = []
    failures: dict[str, str] = {}

    def learn(name: str, proxy: Proxy, step: Callable[[str], None]) -> None:
        try:
            part = _fit(name, proxy, table, seed, step)
        except ProxyError as error:
            failures[name] = str(error)
            return
        if part is not None:
            parts.append(part)

    for index, (name, proxy) in enumerate(proxies.items()):
        learn(name, proxy, _progress(tick, index, len(proxies)))
    for name, proxy in (spare or {}).items():
        learned = {column for part in parts for column in part.columns}
        if not learned.issuperset(learnable_columns(proxy, table, 0)):
            learn(name, proxy, lambda name: tick(1.0, f"fitting {name.replace('_', ' ')}"))
    return SelectedProxies(
        counts(table, table.measured), parts, intervals, counts(table, table.known), failures
    )


def _progress(tick: Callable[[float, str], None], index: int, n: int) -> Callable[[str], None]:
    """Return the callback after each fit of proxy `index` of n; an early failure skips its share."""
    done = 0

    def step(name: str) -> None:
        nonlocal done
        done += 1
        tick((index + done / (FOLDS + 1)) / n, f"fitting {name.replace('_', ' ')}")

    return step
