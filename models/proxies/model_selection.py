"""Model selection: each assay type gets the proxy with the best held-out predictions, recalibrated.

Scores come from k-fold cross-validation over objects; those of the other proxies are kept. Scaling, selection
and intervals use the same held-out predictions (three numbers per type). The coverage reported here is
therefore slightly optimistic; prospective coverage of new batches is not. Knows no domain and no objective.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, final

import torch

from models.messages.message import records, texts
from models.proxies import feature_conformal
from models.proxies.contract import Posterior, Proxy
from models.proxies.guarded import ProxyError, fit_and_predict
from models.proxies.hypotheses import plausible_members, proxy_weights
from models.proxies.intervals import Difficulty, calibrated_radius, fit_difficulty
from models.proxies.pathwise_samples import sample_path
from models.proxies.proxy_fit import ProxyFit
from models.proxies.sanity_check import sanity_messages
from models.proxies.selection_rules import USUAL, SelectionSettings, best_proxy
from models.proxies.validation import FOLDS, HasEmbedding, held_out_posteriors, score

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from models.proxies.contract import FittedProxy, TrainingTable
    from models.proxies.hypotheses import Hypotheses
    from models.proxies.intervals import Radius
    from models.proxies.pathwise_samples import Path
    from models.proxies.validation import HeldOut

MINIMUM_TO_VALIDATE = 10
"""Fewer known values than this are not cross-validated: the first proxy serves the type, unscaled."""
SEEN_AGAIN = 8
"""Objects for which a fitted proxy is evaluated, to check that its predictions are finite."""

LEVEL = 0.9
"""Probability of the displayed intervals."""


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
        settings: SelectionSettings = USUAL,
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
        self._settings = settings
        self._weights: dict[str, Tensor] = {}
        self._difficulties: dict[str, Difficulty] = {}
        self.chosen = {kind: self._choose(column) for column, kind in enumerate(types)}

    def _choose(self, column: int) -> str:
        kind = self.types[column]
        parts = [part for part in self._parts if column in part.columns]
        if not parts:
            raise ProxyError(f"no proxy could learn {kind}: {_sentence(self.failures) or 'none was given'}")
        return best_proxy(parts, kind, self._settings.rule).name

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

    def interval(self, features: Tensor, level: float = LEVEL) -> tuple[Tensor, Tensor]:
        """Return the ends [N, M] of prediction intervals for one measurement, of probability `level`.

        On the modelled scale, of the kind that the campaign's `intervals` names. Conformal intervals reach
        the calibrated number of predictive deviations, more where held-out errors are larger and after
        batches whose results fell outside. They are Gaussian with too few values for the quantile.
        Feature-conformal intervals are the network's predictions within the calibrated distance, widened by
        the same batches; without a network, or where the distance is not reachable, they are conformal.

        Raises:
            ValueError: if the level is not between 0 and 1.
        """
        predicted = self.posterior(features)
        low, high = predicted.mean.clone(), predicted.mean.clone()
        for column, kind in enumerate(self.types):
            of_type, radius = predicted.at(column), self._radius(kind, level)
            change = of_type.predictive_sd * radius.value * self._difficulty(kind)(of_type.mean)
            changes = self._feature_conformal_interval(features, kind, level)
            below, above = (-change, change) if changes is None else (end * radius.stretch for end in changes)
            low[:, column], high[:, column] = of_type.mean + below, of_type.mean + above
        return low, high

    def under(self, settings: SelectionSettings) -> SelectedProxies:
        """Return the same fits with other settings of choice and intervals."""
        return SelectedProxies(self.n_values, self._parts, settings, self.n_known, self.failures)

    def _feature_conformal_interval(
        self, features: Tensor, kind: str, level: float
    ) -> tuple[Tensor, Tensor] | None:
        """Return the changes [N] of a network's prediction within the calibrated distance, if any."""
        if self._settings.intervals != "feature_conformal":
            return None
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

    def _radius(self, kind: str, level: float) -> Radius:
        settings, part = self._settings, self._part(kind)
        if settings.intervals == "gaussian":
            return calibrated_radius(None, 1.0, None, Difficulty(), level)
        record = settings.record.get(kind) if settings.is_corrected else None
        held_out = part.held_out.get(kind)
        scale = part.scores[kind].scale if held_out is not None else 1.0
        return calibrated_radius(held_out, scale, record, self._difficulty(kind), level)

    def _difficulty(self, kind: str) -> Difficulty:
        part, settings = self._part(kind), self._settings
        if not settings.is_corrected or settings.intervals == "gaussian" or kind not in part.held_out:
            return Difficulty()
        if kind not in self._difficulties:
            self._difficulties[kind] = fit_difficulty(part.held_out[kind], part.scores[kind].scale)
        return self._difficulties[kind]

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
        warnings = {kind: sanity_messages(self._parts, kind, self.chosen[kind]) for kind in self.types}
        return {
            kind: {
                "n_values": self.n_values[kind],
                "chosen": self.chosen[kind],
                "intervals": self._interval_summary(kind),
                "scores": {
                    part.name: asdict(part.scores[kind]) for part in self._parts if kind in part.scores
                },
                "warnings": texts(warnings[kind]),
                "messages": records(warnings[kind]),
            }
            for kind in self.types
        }

    def _interval_summary(self, kind: str) -> dict[str, Any]:
        radius = self._radius(kind, LEVEL)
        return {
            "kind": self._settings.intervals,
            "radius": radius.value,
            "slope": self._difficulty(kind).slope,
            "widened_by": radius.stretch,
            "earlier": radius.n_record,
            "inside": radius.n_covered,
        }


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
    settings: SelectionSettings = USUAL,
    spare: Mapping[str, Proxy] | None = None,
) -> SelectedProxies:
    """Cross-validate and fit all proxies on all types they support; the first is the default.

    A proxy that fails is excluded and named in `failures`.

    Args:
        table: measured values.
        proxies: candidates by name.
        seed: of folds and fits.
        tick: called with the share done and a description.
        settings: how proxies are chosen and intervals are made.
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
        counts(table, table.measured), parts, settings, counts(table, table.known), failures
    )


def _progress(tick: Callable[[float, str], None], index: int, n: int) -> Callable[[str], None]:
    """Return the callback after each fit of proxy `index` of n; an early failure skips its share."""
    done = 0

    def step(name: str) -> None:
        nonlocal done
        done += 1
        tick((index + done / (FOLDS + 1)) / n, f"fitting {name.replace('_', ' ')}")

    return step
