"""Every assay type gets the proxy that predicts its held-out values best, with deviations scaled to fit them.

Scores are of k-fold cross-validation over objects; the losers' are kept. Scaling, choosing and the radius of intervals
use the same held-out predictions (two numbers per type), so the coverage told here flatters a little; prospective
coverage of new batches does not. Knows no domain and no objective.
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
from models.proxies.validation import FOLDS, HALF_90, HasEmbedding, held_out_posteriors, score

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from models.proxies.contract import FittedProxy, TrainingTable
    from models.proxies.hypotheses import Hypotheses
    from models.proxies.pathwise_samples import Path
    from models.proxies.validation import HeldOut

MINIMUM_TO_VALIDATE = 10
"""Fewer known values than this are not cross-validated: the first proxy takes the type, with its own deviations."""
INTERVAL_90 = HALF_90
SANITY_CHECK = "random_forest"
"""The proxy that warns when it predicts clearly better than the chosen one."""
SEEN_AGAIN = 8
"""Objects that a fitted proxy is asked about, to see that it answers with finite numbers."""
CLEARLY_BETTER = 0.9
"""Share of the chosen proxy's error below which another is clearly better, if two standard errors agree."""

Intervals = Literal["conformal", "feature_conformal", "gaussian"]


class JointProxy(Proxy):
    """A proxy that learns types together and says itself which ones it can."""

    @abstractmethod
    def columns(self, table: TrainingTable) -> list[int]:
        """Return the columns of a table that can be learned together, or none."""


@final
class SelectedProxies:
    """Fitted proxies behind one posterior: every assay type is answered by the one chosen for it."""

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
            ProxyError: if no part knows one of the types.
        """
        self.failures = {} if failures is None else dict(failures)
        """Why proxies that should have competed could not, by name."""
        self.n_values = n_values
        self.n_known = n_values if n_known is None else n_known
        """Values and bounds of each type: all that the proxies learned from."""
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

    def draw(self, features: Tensor, n: int, generator: torch.Generator) -> Tensor:
        """Return joint draws [n, N, M] of the values at features [N, D], without measurement noise."""
        values = features.new_empty(n, len(features), len(self.types))
        for part in self._parts:
            places = [i for i, column in enumerate(part.columns) if self.chosen[self.types[column]] == part.name]
            if places:
                mean = part.proxy.posterior(features).mean
                drawn = mean + part.factors * (part.proxy.draw(features, n, generator) - mean)
                values[..., [part.columns[i] for i in places]] = drawn[..., places]
        return values

    def path(self, anchors: Tensor, seed: int) -> Path:
        """Return a function from features [N, D] to values [N, M] drawn from these beliefs.

        `anchors` [A, D] are ordinary objects, at which Gaussian beliefs are drawn jointly.
        """
        used = [part for part in self._parts if part.name in self.chosen.values()]
        paths = [sample_path(part.proxy, anchors, seed + place) for place, part in enumerate(used)]

        def drawn(features: Tensor) -> Tensor:
            values = features.new_empty(len(features), len(self.types))
            for part, path in zip(used, paths, strict=True):
                mean = part.proxy.posterior(features).mean
                scaled = mean + part.factors * (path(features) - mean)
                places = [i for i, column in enumerate(part.columns) if self.chosen[self.types[column]] == part.name]
                values[:, [part.columns[i] for i in places]] = scaled[:, places]
            return values

        return drawn

    def interval(self, features: Tensor, level: float = 0.9) -> tuple[Tensor, Tensor]:
        """Return the ends [N, M] of intervals that hold what an assay would report with probability `level`.

        On the modelled scale, as the campaign's `intervals` asks: conformal ones reach as many predictive deviations as
        held-out values needed, and are Gaussian where values are too few for such a quantile. Feature-conformal ones
        are what a network can be moved to, and conformal where there is no network or it cannot be moved far enough.

        Raises:
            ValueError: if the level is not between 0 and 1.
        """
        belief = self.posterior(features)
        half = belief.predictive_sd * torch.tensor([self._radius(kind, level) for kind in self.types]).to(features)
        low, high = belief.mean - half, belief.mean + half
        if self._intervals == "feature_conformal":
            for column, kind in enumerate(self.types):
                if (moved := self._feature_conformal_interval(features, kind, level)) is not None:
                    low[:, column], high[:, column] = (belief.mean[:, column] + change for change in moved)
        return low, high

    def _feature_conformal_interval(self, features: Tensor, kind: str, level: float) -> tuple[Tensor, Tensor] | None:
        """Return how far [N] a network is moved by the distance that held-out values needed, if there is one."""
        chosen = self._part(kind)
        network = next((part for part in self._parts if kind in part.held_out and part.held_out[kind].folds), None)
        if network is None or kind not in chosen.held_out or not isinstance(network.proxy, HasEmbedding):
            return None
        held = chosen.held_out[kind]
        distance = feature_conformal.radius(network.held_out[kind].folds, held.values - held.belief.mean, level)
        if distance is None:
            return None
        return feature_conformal.reach(network.proxy, features, network.columns.index(self.types.index(kind)), distance)

    def _radius(self, kind: str, level: float) -> float:
        gaussian, part = gaussian_radius(level), self._part(kind)
        if self._intervals == "gaussian" or kind not in part.held_out:
            return gaussian
        found = radius(part.held_out[kind], level)
        return gaussian if found is None else found / part.scores[kind].scale

    def hypotheses(self, features: Tensor, kind: str) -> tuple[Hypotheses, ...]:
        """Return what every proxy that learned a type holds possible of it at features [N, D]."""
        column = self.types.index(kind)
        parts = [part for part in self._parts if column in part.columns]
        if kind not in self._weights:
            self._weights[kind] = proxy_weights(parts, kind)
        return plausible_members(parts, self._weights[kind], features, column)

    def held_out(self) -> dict[str, dict[str, Posterior]]:
        """Return what each proxy said of held-out values of each type [n]: with it, `refit` needs no validation."""
        return {part.name: {kind: held.belief for kind, held in part.held_out.items()} for part in self._parts}

    def summary(self) -> dict[str, dict[str, object]]:
        """Return for every type the chosen proxy, everybody's scores and what looks wrong, as plain JSON."""
        warnings = {kind: self._warnings(kind) for kind in self.types}
        return {
            kind: {
                "n_values": self.n_values[kind],
                "chosen": self.chosen[kind],
                "scores": {part.name: asdict(part.scores[kind]) for part in self._parts if kind in part.scores},
                "warnings": texts(warnings[kind]),
                "messages": records(warnings[kind]),
            }
            for kind in self.types
        }

    def _warnings(self, kind: str) -> list[Message]:
        parts = {part.name: part for part in self._parts if kind in part.held_out}
        chosen, check = (parts.get(name) for name in (self.chosen[kind], SANITY_CHECK))
        if chosen is None or check is None or not _is_clearly_better(check.held_out[kind], chosen.held_out[kind]):
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
    """Tell whether squared errors of the same held-out values are smaller by far and by two standard errors."""
    ours, theirs = ((held.values - held.belief.mean).square() for held in (one, other))
    exact = ~one.values.isnan()
    gain = (theirs - ours)[exact]
    error = float(gain.std()) / math.sqrt(max(len(gain), 1))
    by_far = float(ours[exact].mean()) < CLEARLY_BETTER**2 * float(theirs[exact].mean())
    return by_far and float(gain.mean()) > 2 * error


def _sentence(failures: Mapping[str, str]) -> str:
    return "; ".join(f"{name.replace('_', ' ')}: {reason}" for name, reason in failures.items())


def learnable_columns(proxy: Proxy, table: TrainingTable, at_least: int) -> list[int]:
    """Return the columns with at least so many known values, of which the proxy can learn from the number it has."""
    most = math.inf if proxy.maximum is None else proxy.maximum
    together = proxy.columns(table) if isinstance(proxy, JointProxy) else range(len(table.types))
    measured, known = (cells.sum(dim=0).tolist() for cells in (table.measured, table.known))
    return [j for j in together if measured[j] >= proxy.minimum and at_least <= known[j] <= most]


def make_part(
    name: str, fit: Callable[[], FittedProxy], columns: list[int], types: Sequence[str], held_out: Mapping[str, HeldOut]
) -> ProxyFit:
    """Return a proxy on some columns of a table of `types`, its deviations scaled to what it was held to."""
    scores = {kind: score(held) for kind, held in held_out.items()}
    factors = [scores[kind].scale if (kind := types[column]) in scores else 1.0 for column in columns]
    return ProxyFit(name, fit, columns, torch.tensor(factors, dtype=torch.float64), scores, held_out)


def _fit(name: str, proxy: Proxy, table: TrainingTable, seed: int, step: Callable[[str], None]) -> ProxyFit | None:
    """Cross-validate and fit one proxy on the types it can afford; call `step` after each of the fits.

    Raises:
        ProxyError: if it fails.
    """
    columns, validated = learnable_columns(proxy, table, 0), learnable_columns(proxy, table, MINIMUM_TO_VALIDATE)
    held_out = {}
    if validated:
        beliefs = held_out_posteriors(proxy, table, columns, seed=seed, tick=lambda: step(name))
        held_out = {kind: beliefs[kind] for kind in (table.types[column] for column in validated)}
    part = None
    if columns:
        known = table.columns(columns)
        fitted, _ = fit_and_predict(proxy, known, known.rows(torch.arange(len(known.features))[:SEEN_AGAIN]), seed=seed)
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
    """Cross-validate and fit all proxies on all types they can afford, the first being the default.

    A proxy that fails takes no part and is named in `failures`; the others go on.

    Args:
        table: what was measured.
        proxies: that compete, by name.
        seed: of folds and fits.
        tick: called with the share done and what was done.
        intervals: that are displayed.
        spare: learn the types of which every competing proxy failed.

    Raises:
        ProxyError: if a type is left without any proxy. A type that was never measured goes to a proxy that learns
            from nothing (`minimum` 0).
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

    for place, (name, proxy) in enumerate(proxies.items()):
        learn(name, proxy, _progress(tick, place, len(proxies)))
    for name, proxy in (spare or {}).items():
        learned = {column for part in parts for column in part.columns}
        if not learned.issuperset(learnable_columns(proxy, table, 0)):
            learn(name, proxy, lambda name: tick(1.0, f"fitting {name.replace('_', ' ')}"))
    return SelectedProxies(counts(table, table.measured), parts, intervals, counts(table, table.known), failures)


def _progress(tick: Callable[[float, str], None], place: int, n: int) -> Callable[[str], None]:
    """Return what is called after each fit of the proxy at `place` of n; one that fails early skips its share."""
    done = 0

    def step(name: str) -> None:
        nonlocal done
        done += 1
        tick((place + done / (FOLDS + 1)) / n, f"fitting {name.replace('_', ' ')}")

    return step
