"""The base measure of a round: what each size of objects weighs before any reward, and what came of it.

b(x) is the weight of the size of x, shared evenly among all objects of that size; the policy is to sample
b(x) R(x). Knows the specification and how many objects there are; no reward.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from models.gflownet.counting import Counts, count_objects
from models.gflownet.prior import SizePrior
from models.messages.message import Message, message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain, Sizes
    from models.gflownet.environment import Environment
    from models.gflownet.prior import LogPrior
    from models.specs.decisions import BaseMeasureSpec

UNIT = "building steps"
"""What sizes count where a domain does not say."""
CROWDED = 0.9
"""Share of what the policy drew above which one size is worth a sentence."""
UNCERTAIN = 0.25
"""Relative standard error of a number of objects above which the round says so."""


@final
@dataclass(frozen=True, slots=True)
class BaseMeasure:
    """The weights of sizes, which sum to 1 over `counts`; without counts every object weighs the same.

    `log_densities` are those of one object of each size from 0 on; without them a prior shares the weight of
    a size among its objects, and without weights it decides about sizes as well.
    """

    kind: str
    unit: str
    counts: Counts | None
    weights: Mapping[int, float]
    log_densities: tuple[float, ...] = ()

    def prior(self, environment: Environment) -> LogPrior | None:
        """Return the log-density of final states.

        None where it is the same for all, which changes no distribution.
        """
        has_choice = len(self.weights) > 1 and len(self.log_densities) > 0
        return SizePrior(environment, self.log_densities) if has_choice else None

    def summary(self, **seen: Iterable[int]) -> dict[str, Any]:
        """Return everything as plain JSON; `log_density` is what one object of a size adds to its log-reward.

        Args:
            seen: sizes of objects, by what became of them (drawn, allowed, chosen): they are counted by size.
        """
        counters = {name: Counter(sizes) for name, sizes in seen.items()}
        sizes = sorted(set(self.weights).union(*counters.values()))
        rows = [self._row(size) | {name: found[size] for name, found in counters.items()} for size in sizes]
        counted = None if self.counts is None else self.counts.how
        return {"kind": self.kind, "unit": self.unit, "counted": counted, "sizes": rows}

    def _row(self, size: int) -> dict[str, Any]:
        if self.counts is None or size not in self.weights:
            return {"size": size} | dict.fromkeys(("weight", "log_count", "log_count_error", "log_density"))
        return {
            "size": size,
            "weight": self.weights[size],
            "log_count": self.counts.log_counts[size],
            "log_count_error": self.counts.errors.get(size, 0.0),
            "log_density": self.log_densities[size] if self.log_densities else None,
        }

    def state(self) -> dict[str, Any]:
        """Return what an artefact keeps, as plain JSON."""
        counts = self.counts or Counts({}, "exact")
        rows = [
            [size, weight, counts.log_counts[size], counts.errors.get(size)]
            for size, weight in self.weights.items()
        ]
        how = None if self.counts is None else {"how": counts.how, "n_walks": counts.n_walks}
        return {
            "kind": self.kind,
            "unit": self.unit,
            "counts": how,
            "sizes": rows,
            "densities": [*self.log_densities],
        }

    def messages(self, drawn: Mapping[int, int], possible: Sizes | None) -> list[Message]:
        """Return what a reader should know of sizes.

        Args:
            drawn: how many objects of each size the policy drew.
            possible: sizes that the domain allows, if it says so.
        """
        return [*self._on_counts(), *self._on_one_size(drawn, possible)]

    def _on_counts(self) -> list[Message]:
        errors = {} if self.counts is None else self.counts.errors
        if not (unsure := [size for size, error in sorted(errors.items()) if error > UNCERTAIN]):
            return []
        return [message("size_counts_uncertain", sizes=unsure, unit=self.unit, error=max(errors.values()))]

    def _on_one_size(self, drawn: Mapping[int, int], possible: Sizes | None) -> list[Message]:
        total = sum(drawn.values())
        size = max(drawn, key=lambda size: drawn[size], default=0)
        if not total or drawn[size] < CROWDED * total:
            return []
        share, weight = drawn[size] / total, self.weights.get(size, 1.0)
        if weight < CROWDED:
            return [message("one_size_by_predictions", share=share, size=size, unit=self.unit, weight=weight)]
        if self.kind == "objects" and possible is not None and possible.least < possible.most:
            return [message("one_size_by_number", share=share, size=size, unit=self.unit)]
        return []


EVERY_OBJECT = BaseMeasure("objects", UNIT, None, {})
"""What was meant before a campaign could say: all objects weigh the same."""


def base_measure(
    spec: CampaignSpec, domain: Domain, environment: Environment, measured: Sequence[str], seed: int
) -> BaseMeasure:
    """Return the base measure that a campaign asks for.

    Args:
        spec: says how sizes weigh.
        domain: says what sizes count.
        environment: of the round, with what the measured objects added to it.
        measured: canonical texts; those that the environment cannot build have no size.
        seed: of the walks behind estimated numbers.
    """
    unit = UNIT if domain.sizes is None else domain.sizes.unit
    requested = spec.base_measure
    if requested.kind == "objects":
        return BaseMeasure("objects", unit, None, {})
    counts = count_objects(environment, seed)
    raw = _Weights(requested, _sizes_of(environment, measured) if requested.kind == "measured" else {})
    total = sum(raw.of(size) for size in counts.log_counts)
    # walks may have missed a size, which is at most the longest way to an object
    largest = max([*counts.log_counts, environment.max_steps if counts.how == "estimated" else 0])
    densities = tuple(math.log(raw.of(size) / total) - counts.log_count(size) for size in range(largest + 1))
    weights = {size: raw.of(size) / total for size in counts.log_counts}
    return BaseMeasure(requested.kind, unit, counts, weights, densities)


@final
@dataclass(frozen=True, slots=True)
class _Weights:
    """Weights of sizes that are not normalised.

    Each size counts as measured once more than it was (Laplace).
    """

    requested: BaseMeasureSpec
    measured: Mapping[int, int]

    def of(self, size: int) -> float:
        return self.requested.weights.get(size, 1.0) * (1 + self.measured.get(size, 0))


def _sizes_of(environment: Environment, texts: Sequence[str]) -> Counter[int]:
    """Return how many of the objects have each size."""
    states, is_known = environment.states(texts)
    return Counter(environment.size(states[is_known]).tolist())


def restore(state: Mapping[str, Any] | None) -> BaseMeasure:
    """Return the base measure of an artefact's `state`.

    Older ones have none, and weighed all objects the same.
    """
    if state is None:
        return EVERY_OBJECT
    counts, rows = state["counts"], state["sizes"]
    if counts is not None:
        log_counts = {size: log_count for size, _, log_count, _ in rows}
        errors = {size: error for size, _, _, error in rows if error is not None}
        counts = Counts(log_counts, counts["how"], errors, counts["n_walks"])
    weights = {size: weight for size, weight, _, _ in rows}
    return BaseMeasure(state["kind"], state["unit"], counts, weights, tuple(state["densities"]))
