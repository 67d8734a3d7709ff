"""Assemble one table from raw results: partial, replicated, censored and failed ones.

A failure is never a value: it is a label for the feasibility model. Values are not negated here (directions
belong to the reward) and log10 is increasing, so relations are preserved. Each cell of the table is one of:

- a value: the object has exact results, pooled. `~` counts as exact, because its uncertainty is unknown. A
  range no wider than the type's own spread is its middle with the variance of a uniform distribution, which a
  normal likelihood describes well.
- bounds: the object has only `<`, `>` or wider ranges. They are the intersection of all of its bounds; bounds
  that contradict each other (> 10 and < 5) are measurements that disagree, and the value is taken to lie
  between them.

Knows no features and no domain.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from models.records import OBJECT_FAILURES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    import numpy.typing as npt

    from models.records import Measurement
    from models.specs.objectives import MeasuredQuantity, Transform

    Floats = npt.NDArray[np.float64]

CENSORED = ("<", "<=", ">", ">=")
KINDS = ("results", "censored", "failed", "not_tested", "unusable", "contradictory")
MINIMUM_FOR_SPREAD = 3
"""Fewer values than this do not determine which ranges are wide."""
ASSAY_FAILURE = 0.75
"""Feasibility label of an attempt in which only the assay failed: a quarter are due to the object."""
SHRINKAGE = 4.0
"""Prior degrees of freedom of the pooled replicate variance beside an object's own spread."""


@dataclass(frozen=True, slots=True)
class MeasuredTable:
    """Pooled results on the modelled scale: `values` and `noise` variances [N, M], NaN where unknown.

    Where an object has bounds instead of a value they are `lower` and `upper` [N, M], infinite where open,
    else NaN.
    """

    objects: tuple[str, ...]
    types: tuple[str, ...]
    values: Floats
    noise: Floats
    lower: Floats
    upper: Floats
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Per type: objects, results, censored, failed, not_tested, unusable, assay_versions, contradictory."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """The table's cell of one object and type."""

    value: float = math.nan
    noise: float = math.nan
    lower: float = math.nan
    upper: float = math.nan


def to_model_scale(value: float, transform: Transform) -> float:
    """Return a value on the modelled scale; NaN where log10 does not exist."""
    if transform == "none":
        return value
    return math.log10(value) if value > 0 else math.nan


def limits(low: float | None, high: float | None, transform: Transform) -> tuple[float, float]:
    """Return bounds on the modelled scale, infinite where there is none; log10 of 0 is -inf."""
    edges = [
        math.nan
        if edge is None
        else -math.inf
        if transform == "log10" and edge <= 0
        else to_model_scale(edge, transform)
        for edge in (low, high)
    ]
    return (-math.inf if math.isnan(edges[0]) else edges[0], math.inf if math.isnan(edges[1]) else edges[1])


def to_units(value: float, transform: Transform) -> float:
    """Return a modelled value in the campaign's units."""
    return value if transform == "none" else 10.0 ** min(value, 300.0)


def value_and_variance(result: Measurement, transform: Transform) -> tuple[float, float]:
    """Return an exact value and its known variance (NaN when unknown) on the modelled scale.

    A range becomes its middle with the variance of a uniform distribution. A standard error is transformed to
    first order (d log10 v = dv / (v ln 10)).
    """
    assert result.value is not None
    value = to_model_scale(result.value, transform)
    if result.upper_value is not None:
        upper = to_model_scale(result.upper_value, transform)
        return (value + upper) / 2, (upper - value) ** 2 / 12
    if result.standard_error is None:
        return value, math.nan
    slope = 1.0 if transform == "none" else 1.0 / (result.value * math.log(10)) if result.value > 0 else math.nan
    return value, (result.standard_error * slope) ** 2


def bounds(result: Measurement, transform: Transform) -> tuple[float, float]:
    """Return the interval (low, high) of a censored result or a range, on the modelled scale.

    Infinite on both sides when uninformative (a log10 quantity > 0); the upper end is NaN for an empty
    interval (a log10 quantity < 0).
    """
    is_below = result.relation in ("<", "<=")
    low, high = (None, result.value) if is_below else (result.value, result.upper_value)
    if high is not None and math.isnan(to_model_scale(high, transform)):
        return -math.inf, math.nan
    return limits(low, high, transform)


def _pooled_variance(groups: Iterable[Sequence[float]]) -> float:
    """Return the variance of one measurement, pooled over objects with replicates; NaN without any."""
    replicated = [np.asarray(group) for group in groups if len(group) > 1]
    freedom = sum(len(group) - 1 for group in replicated)
    if freedom == 0:
        return math.nan
    return float(sum(((group - group.mean()) ** 2).sum() for group in replicated) / freedom)


def _pooled(observations: Sequence[tuple[float, float]], common: float) -> tuple[float, float]:
    """Return the mean of an object's observations and the variance of that mean.

    Known variances weight the mean by their inverse; otherwise each variance is the spread of replicates,
    shrunk towards that of all objects (`common`).
    """
    values, variances = np.asarray(observations).T
    if np.isfinite(variances).all() and (variances > 0).all():
        weights = 1.0 / variances
        return float((weights * values).sum() / weights.sum()), float(1.0 / weights.sum())
    mean, n = float(values.mean()), len(values)
    if math.isnan(common):
        return mean, math.nan
    spread = float(((values - mean) ** 2).sum())
    return mean, (SHRINKAGE * common + spread) / (SHRINKAGE + n - 1) / n


def _intersection(intervals: Sequence[tuple[float, float]]) -> tuple[_Cell, bool]:
    """Return the intersection of an object's bounds, and whether they contradict each other."""
    lower, upper = max(low for low, _ in intervals), min(high for _, high in intervals)
    if lower == upper:
        return _Cell(value=lower), False
    return _Cell(lower=min(lower, upper), upper=max(lower, upper)), lower > upper


def _is_wide_range(result: Measurement, transform: Transform, spread: float) -> bool:
    low, high = bounds(result, transform) if result.upper_value is not None else (0.0, 0.0)
    return high - low > spread


def _spread(results: Iterable[Measurement], transform: Transform) -> float:
    """Return the deviation of a type's values, ranges at their middle; infinite with too few values."""
    values = [
        value_and_variance(result, transform)[0]
        for result in results
        if classify_result(result, transform) == "results"
    ]
    return float(np.std(values)) if len(values) >= MINIMUM_FOR_SPREAD and np.ptp(values) > 0 else math.inf


def classify_result(result: Measurement, transform: Transform) -> str:
    """Classify a result: results (exact), censored, unusable, not_tested or failed."""
    if result.outcome != "ok":
        return "not_tested" if result.outcome == "not_tested" else "failed"
    if result.value is None:
        return "unusable"
    if result.relation not in CENSORED and math.isfinite(to_model_scale(result.value, transform)):
        return "results"
    if result.relation not in CENSORED and result.upper_value is None:
        return "unusable"
    low, high = bounds(result, transform)
    return "censored" if low < high and math.isfinite(low) + math.isfinite(high) > 0 else "unusable"


def _column(
    results: Sequence[Measurement], transform: Transform, shift: Callable[[Measurement], float]
) -> tuple[dict[str, _Cell], dict[str, int]]:
    """Return the cells by object and the counts of one assay type."""
    exact: dict[str, list[tuple[float, float]]] = defaultdict(list)
    between: dict[str, list[tuple[float, float]]] = defaultdict(list)
    spread = _spread(results, transform)
    counts: Counter[str] = Counter()
    for result in results:
        kind = classify_result(result, transform)
        if kind == "results" and _is_wide_range(result, transform, spread):
            kind = "censored"
        counts[kind] += 1
        if kind == "results":
            value, variance = value_and_variance(result, transform)
            exact[result.object].append((value - shift(result), variance))
        elif kind == "censored":
            low, high = bounds(result, transform)
            between[result.object].append((low - shift(result), high - shift(result)))
    common = _pooled_variance([[value for value, _ in group] for group in exact.values()])
    cells = {name: _Cell(*_pooled(group, common)) for name, group in exact.items()}
    judged = {name: _intersection(intervals) for name, intervals in between.items() if name not in exact}
    cells |= {name: cell for name, (cell, _) in judged.items()}
    counts["contradictory"] = sum(is_contradictory for _, is_contradictory in judged.values())
    return cells, {
        "objects": len(cells),
        **{kind: counts[kind] for kind in KINDS},
        "assay_versions": _versions(results),
    }


def _versions(results: Iterable[Measurement]) -> int:
    """Return the number of assay versions with results; unnamed ones count as one more beside named ones."""
    versions = {result.assay_version for result in results if result.outcome == "ok"}
    return 0 if versions == {None} else len(versions)


def no_offset(_: Measurement) -> float:
    """Return 0: the value is used as measured."""
    return 0.0


def tabulate(
    measurements: Sequence[Measurement],
    quantities: Mapping[str, MeasuredQuantity],
    shift: Callable[[Measurement], float] = no_offset,
) -> MeasuredTable:
    """Return the table of all types in `quantities`, one row per object in order of first appearance.

    `shift` is the offset of a result on the modelled scale (of its assay version and plate): it is subtracted
    from values and bounds alike.
    """
    columns, counts = {}, {}
    for kind, quantity in quantities.items():
        results = [result for result in measurements if result.type == kind]
        columns[kind], counts[kind] = _column(results, quantity.transform, shift)
    objects = tuple(
        dict.fromkeys(result.object for result in measurements if result.object in columns.get(result.type, {}))
    )
    table = np.full((len(objects), len(columns), 4), math.nan)
    for j, column in enumerate(columns.values()):
        for i, name in enumerate(objects):
            table[i, j] = astuple(column.get(name, _Cell()))
    values, noise, lower, upper = np.moveaxis(table, -1, 0)
    return MeasuredTable(objects, tuple(columns), values, noise, lower, upper, counts)


def relevant(measurements: Iterable[Measurement], types: Collection[str]) -> list[Measurement]:
    """Return the results that are attempts at the assays of a campaign.

    A result or a failed assay of another type does not count. Failed synthesis or solubility counts for every
    assay. A campaign without assays takes every result as an attempt.
    """
    return [item for item in measurements if not types or item.type in types or item.outcome in OBJECT_FAILURES]


def success_rates(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Return the share of attempts that gave a result per object (1 all, 0 none), without untested ones.

    A censored value is a result: the object could be made and measured.
    """
    attempts: dict[str, list[bool]] = defaultdict(list)
    for result in measurements:
        if result.outcome != "not_tested":
            attempts[result.object].append(result.outcome == "ok")
    return {name: sum(tries) / len(tries) for name, tries in attempts.items()}


def feasibility_labels(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Return the feasibility label of every attempted object (1 made and measured, 0 not).

    Failure in synthesis, quality control or solubility is a property of the object and counts 0. An object
    whose assay failed was made. Most assay failures are due to plate or instrument, some to the object (it
    fluoresces, aggregates or kills the cells), so such an attempt counts `ASSAY_FAILURE`.
    """
    attempts: dict[str, list[float]] = defaultdict(list)
    for result in measurements:
        if result.outcome != "not_tested":
            label = 1.0 if result.outcome == "ok" else ASSAY_FAILURE if result.outcome == "assay_failed" else 0.0
            attempts[result.object].append(label)
    return {name: sum(tries) / len(tries) for name, tries in attempts.items()}


def failures(measurements: Sequence[Measurement]) -> dict[str, int]:
    """Return counts of objects per failure, descending; one object may fail in several ways."""
    failed = {(result.object, result.outcome) for result in measurements if result.outcome not in ("ok", "not_tested")}
    counts = Counter(outcome for _, outcome in failed)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def complete_objects(results: Iterable[Measurement], types: Iterable[str]) -> list[str]:
    """Return the objects with a result of every type or a failure, in order of their first result."""
    wanted, measured = set(types), defaultdict[str, set[str]](set)
    for result in results:
        measured[result.object] |= wanted if result.outcome != "ok" else {result.type}
    return [name for name, seen in measured.items() if wanted <= seen]
