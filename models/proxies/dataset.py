"""From results as they are to one table: partial, replicated, censored and failed results each in their place.

A failure is never a value: it is a label for the feasibility model. Nothing is negated here (directions belong to the
reward), so relations keep their sense; log10 is increasing and keeps it as well. Censored values are left out of the
table and counted; the round says how many. Knows no features and no domain.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from models.records import Measurement
    from models.specs import MeasuredQuantity, Transform

    Floats = npt.NDArray[np.float64]

CENSORED = ("<", "<=", ">", ">=")
SHRINKAGE = 4.0
"""Degrees of freedom that the pooled replicate variance counts for beside an object's own spread."""


@dataclass(frozen=True, slots=True)
class MeasuredTable:
    """Pooled results on the modelled scale: `values` and `noise` variances [N, M], NaN where unknown."""

    objects: tuple[str, ...]
    types: tuple[str, ...]
    values: Floats
    noise: Floats
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """For every type: objects, results, censored, failed, not_tested, unusable, assay_versions."""


def transformed(value: float, transform: Transform) -> float:
    """Return a value on the modelled scale; NaN where log10 does not exist."""
    if transform == "none":
        return value
    return math.log10(value) if value > 0 else math.nan


def limits(low: float | None, high: float | None, transform: Transform) -> tuple[float, float]:
    """Return bounds on the modelled scale, infinite where there is none; nothing lies below a log10 of 0."""
    edges = [
        math.nan if edge is None else -math.inf if transform == "log10" and edge <= 0 else transformed(edge, transform)
        for edge in (low, high)
    ]
    return (-math.inf if math.isnan(edges[0]) else edges[0], math.inf if math.isnan(edges[1]) else edges[1])


def restored(value: float, transform: Transform) -> float:
    """Return a modelled value in the campaign's units."""
    return value if transform == "none" else 10.0 ** min(value, 300.0)


def _observation(result: Measurement, transform: Transform) -> tuple[float, float]:
    """Return a value and its known variance (NaN when unknown) on the modelled scale.

    A range is the middle of it with the variance of a uniform distribution; a standard error passes the transform to
    first order (d log10 v = dv / (v ln 10)).
    """
    assert result.value is not None
    value = transformed(result.value, transform)
    if result.upper_value is not None:
        upper = transformed(result.upper_value, transform)
        return (value + upper) / 2, (upper - value) ** 2 / 12
    if result.standard_error is None:
        return value, math.nan
    slope = 1.0 if transform == "none" else 1.0 / (result.value * math.log(10)) if result.value > 0 else math.nan
    return value, (result.standard_error * slope) ** 2


def _pooled_variance(groups: Iterable[Sequence[float]]) -> float:
    """Return the variance of one measurement, pooled over objects with replicates; NaN without any."""
    replicated = [np.asarray(group) for group in groups if len(group) > 1]
    freedom = sum(len(group) - 1 for group in replicated)
    if freedom == 0:
        return math.nan
    return float(sum(((group - group.mean()) ** 2).sum() for group in replicated) / freedom)


def _pooled(observations: Sequence[tuple[float, float]], common: float) -> tuple[float, float]:
    """Return the mean of an object's observations and the variance of that mean.

    Known variances weight the mean by their inverse; otherwise the spread of replicates, shrunk towards what
    replicates of all objects say (`common`), is the variance of each.
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


def _column(
    results: Sequence[Measurement], transform: Transform
) -> tuple[dict[str, tuple[float, float]], dict[str, int]]:
    """Return pooled (value, variance) by object and the counts of one assay type."""
    by_object: dict[str, list[tuple[float, float]]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for result in results:
        kind = _kind(result, transform)
        counts[kind] += 1
        if kind == "results":
            by_object[result.object].append(_observation(result, transform))
    common = _pooled_variance([[value for value, _ in group] for group in by_object.values()])
    pooled = {name: _pooled(group, common) for name, group in by_object.items()}
    kinds = ("results", "censored", "failed", "not_tested", "unusable")
    versions = len({result.assay_version for result in results if result.assay_version is not None})
    return pooled, {"objects": len(pooled), **{kind: counts[kind] for kind in kinds}, "assay_versions": versions}


def _kind(result: Measurement, transform: Transform) -> str:
    if result.outcome != "ok":
        return "not_tested" if result.outcome == "not_tested" else "failed"
    if result.relation in CENSORED:
        return "censored"
    if result.value is None or not math.isfinite(transformed(result.value, transform)):
        return "unusable"
    return "results"


def tabulate(measurements: Sequence[Measurement], quantities: Mapping[str, MeasuredQuantity]) -> MeasuredTable:
    """Return the usable values of every type in `quantities`, pooled per object in order of first appearance."""
    columns, counts = {}, {}
    for kind, quantity in quantities.items():
        results = [result for result in measurements if result.type == kind]
        columns[kind], counts[kind] = _column(results, quantity.transform)
    objects = tuple(
        dict.fromkeys(result.object for result in measurements if result.object in _keys(columns, result.type))
    )
    table = np.full((len(objects), len(columns), 2), math.nan)
    for j, column in enumerate(columns.values()):
        for i, name in enumerate(objects):
            table[i, j] = column.get(name, (math.nan, math.nan))
    return MeasuredTable(objects, tuple(columns), table[..., 0], table[..., 1], counts)


def _keys(columns: Mapping[str, Mapping[str, object]], kind: str) -> Mapping[str, object]:
    return columns.get(kind, {})


def outcomes(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Return for every object the share of its attempts that gave a result (1 all, 0 none); untested ones are absent.

    A censored value is a result: the object could be made and measured.
    """
    attempts: dict[str, list[bool]] = defaultdict(list)
    for result in measurements:
        if result.outcome != "not_tested":
            attempts[result.object].append(result.outcome == "ok")
    return {name: sum(tries) / len(tries) for name, tries in attempts.items()}
