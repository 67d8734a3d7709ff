"""Every measured object in one table: pooled values, utilities, and the round that proposed it. Torch-free.

A bound counts as the worst it allows: `> 5` of something to maximise is 5, and says nothing of something to
minimise. An object counts where all objectives are known and nothing known of it breaks a constraint or a
guardrail. Assay versions are pooled as they are, unless the campaign reads the latest one only; offsets are
the proxies' business. Letters: N objects, M objectives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np

from models.data.tables import limits, tabulate, to_model_scale
from models.data.versions import only_latest
from models.insights.utilities import scalarise, utility_scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from models.campaign.spec import CampaignSpec
    from models.data.tables import MeasuredTable
    from models.domains.contract import Domain
    from models.insights.records import PastRound
    from models.insights.utilities import UtilityScale
    from models.records import Measurement
    from models.specs.combinations import Combination
    from models.specs.objectives import Constraint, Guardrail, Objective, Transform

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]


@final
@dataclass(frozen=True, slots=True)
class MeasuredObjects:
    """N objects with at least one usable value or bound.

    `rounds` [N] is the round that proposed each as something new, 0 for what was measured without being
    proposed; `values` [N, M] are on the modelled scale, NaN where unknown, and `is_bound` [N, M] tells which
    are bounds. `utility` [N] is all objectives together. `is_allowed` [N]: no known value breaks a constraint
    or a guardrail.
    """

    objects: tuple[str, ...]
    rounds: npt.NDArray[np.int64]
    values: Floats
    is_bound: Flags
    utilities: Floats
    utility: Floats
    is_allowed: Flags
    scales: tuple[UtilityScale, ...]

    @property
    def counts(self) -> Flags:
        """Which objects [N] are compared: allowed, and known in all objectives."""
        return np.asarray(self.is_allowed & np.isfinite(self.utilities).all(axis=1))

    def at(self, rows: Flags) -> MeasuredObjects:
        """Return the objects where `rows` [N] is true."""
        objects = tuple(name for name, kept in zip(self.objects, rows.tolist(), strict=True) if kept)
        columns = ("rounds", "values", "is_bound", "utilities", "utility", "is_allowed")
        return replace(self, objects=objects, **{name: getattr(self, name)[rows] for name in columns})


def measured(
    spec: CampaignSpec, domain: Domain, measurements: Sequence[Measurement], rounds: Sequence[PastRound]
) -> MeasuredObjects:
    """Return what was measured of a campaign."""
    kept = only_latest(measurements)[0] if spec.proxies.assay_versions == "latest" else measurements
    table = tabulate(kept, spec.quantities())
    known = {item.object: item.computed for past in rounds for item in past.candidates}
    properties = _properties(spec, domain, table.objects, known)
    pairs = [_pessimistic(spec, objective, table, properties) for objective in spec.objectives]
    values = np.stack([value for value, _ in pairs], axis=1)
    scales = tuple(utility_scale(spec, domain, item, values[:, m]) for m, item in enumerate(spec.objectives))
    utilities = np.stack([scale.utility.of(values[:, m]) for m, scale in enumerate(scales)], axis=1)
    return MeasuredObjects(
        objects=table.objects,
        rounds=_rounds(table.objects, kept, rounds),
        values=values,
        is_bound=np.stack([is_bound for _, is_bound in pairs], axis=1),
        utilities=utilities,
        utility=scalarise(utilities, spec.acquisition.scalarisation),
        is_allowed=_allowed(spec, table, properties),
        scales=scales,
    )


def _properties(
    spec: CampaignSpec, domain: Domain, objects: Sequence[str], known: Mapping[str, Mapping[str, float]]
) -> dict[str, Floats]:
    """Return the computed properties that the campaign reads [N] each; those of candidates were stored."""
    names = [name for item in spec.objectives for name in spec.properties_of(item)]
    names += [item.property for item in spec.constraints if item.property is not None]
    found = {}
    for name in dict.fromkeys(names):
        column = {text: known[text][name] for text in objects if name in known.get(text, {})}
        new = [text for text in objects if text not in column]
        is_here = name in domain.computed  # a scorer's values are known of candidates alone
        values = domain.properties(new, [name])[name].tolist() if is_here else [math.nan] * len(new)
        column.update(zip(new, values, strict=True))
        found[name] = np.array([column[text] for text in objects], dtype=np.float64)
    return found


def _pessimistic(
    spec: CampaignSpec, objective: Objective, table: MeasuredTable, properties: Mapping[str, Floats]
) -> tuple[Floats, Flags]:
    """Return modelled values [N] of one objective, bounds as the worst they allow, and which are bounds."""
    kind, combination = objective.assay_type, spec.combination_of(objective)
    if combination is not None:
        return _worst(objective, spec.transform_of(objective), *_combined(combination, table, properties))
    if kind is None:
        assert objective.computed is not None
        column = properties[objective.computed]
        values = [to_model_scale(value, objective.transform) for value in column.tolist()]
        return np.array(values, dtype=np.float64), np.zeros(len(values), dtype=np.bool_)
    place = table.types.index(kind)
    edges = (table.lower[:, place], table.upper[:, place])
    return _worst(objective, spec.transform_of(objective), table.values[:, place], *edges)


def _combined(
    found: Combination, table: MeasuredTable, properties: Mapping[str, Floats]
) -> tuple[Floats, Floats, Floats]:
    """Return value, lower and upper bound [N] of a derived objective; a value needs all parts exactly."""
    exact, least, most = {}, {}, {}
    for kind, weight in found.measured:
        place = table.types.index(kind)
        exact[kind] = table.values[:, place]
        bounds = (table.lower[:, place], table.upper[:, place])
        low, high = (np.where(np.isnan(exact[kind]), edge, exact[kind]) for edge in bounds)
        least[kind], most[kind] = (low, high) if weight > 0 else (high, low)
    value = found.of(exact, properties)
    known = np.isnan(value)
    lower, upper = (np.where(known, found.of(edges, properties), math.nan) for edges in (least, most))
    return value, lower, upper


def _worst(
    objective: Objective, transform: Transform, exact: Floats, lower: Floats, upper: Floats
) -> tuple[Floats, Flags]:
    """Return values [N] with bounds as the worst that they allow, and which are bounds."""
    if objective.direction == "target":
        assert objective.target is not None
        target = to_model_scale(objective.target, transform)
        worst = np.where(target - lower > upper - target, lower, upper)
        worst = np.where(np.isfinite(lower) & np.isfinite(upper), worst, math.nan)
    else:
        worst = lower if objective.direction == "maximize" else upper
    is_bound = np.isnan(exact) & np.isfinite(worst)
    return np.where(is_bound, worst, exact), is_bound


def _rounds(
    objects: Sequence[str], measurements: Sequence[Measurement], rounds: Sequence[PastRound]
) -> npt.NDArray[np.int64]:
    proposed = {(past.number, item.object) for past in rounds for item in past.proposed}
    first: dict[str, int] = {}
    for result in measurements:
        if result.outcome == "ok":
            number = result.round if (result.round, result.object) in proposed else 0
            assert number is not None
            first[result.object] = min(number, first.get(result.object, number))
    return np.array([first.get(name, 0) for name in objects], dtype=np.int64)


def _allowed(spec: CampaignSpec, table: MeasuredTable, properties: Mapping[str, Floats]) -> Flags:
    """Return which objects [N] no known value forbids."""
    allowed = np.ones(len(table.objects), dtype=np.bool_)
    for constraint in spec.constraints:
        if constraint.property is not None:
            low, high = limits(constraint.min, constraint.max, "none")
            column = properties[constraint.property]
            allowed &= (column >= low) & (column <= high)
    bounds: list[Constraint | Guardrail] = [item for item in spec.constraints if item.type is not None]
    for bound in [*bounds, *spec.guardrails]:
        assert bound.type is not None
        place = table.types.index(bound.type)
        low, high = limits(bound.min, bound.max, spec.quantities()[bound.type].transform)
        exact, lower, upper = table.values[:, place], table.lower[:, place], table.upper[:, place]
        allowed &= ~((exact < low) | (exact > high) | (lower > high) | (upper < low))
    return allowed
