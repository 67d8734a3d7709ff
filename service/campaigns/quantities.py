"""Whether the units of a specification can be read, and are one for each assay.

Bounds are compared with its values.
"""

import re
from collections.abc import Iterator
from typing import TypeVar

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.specs.base import json_pointer
from models.specs.objectives import Constraint, Guardrail, MeasuredQuantity, Objective
from service.errors import UnprocessableError
from service.exchange.logarithms import check_sign, is_logarithm, is_of_logarithms
from service.exchange.units import UnitsError, check_known, convert, is_concentration, same_units

_SHARE = re.compile(r"(wt|mol|vol|at|w/w|v/v|w/v)?\.?\s*%|%\s*(w/w|v/v|w/v|RH)|% ?of .+", re.IGNORECASE)
_NUMBERS = ("min", "max", "target", "range")
"""What a specification says in the units of an assay."""
_Quantity = TypeVar("_Quantity", Objective, Constraint, Guardrail)
_NO_UNITS = frozenset({"-", "1", "a.u.", "dimensionless", "ratio", "unitless"})


def in_read_units(spec: CampaignSpec, before: CampaignSpec | None = None) -> CampaignSpec:
    """Return a specification whose bounds, ranges and targets are in the units in which values are read.

    The first mention of an assay type decides its units; values in other units of the same dimension are
    converted. What `before`, a stored specification, has as it is stays, and so does what does not convert.
    """
    read_in = {kind: quantity.units for kind, quantity in spec.quantities().items()}
    kept = () if before is None else (*before.objectives, *before.constraints, *before.guardrails)

    def converted(item: _Quantity) -> _Quantity:
        kind = item.assay_type if isinstance(item, Objective) else item.type
        wanted = None if kind is None else read_in[kind]
        if item.units is None or wanted is None or item in kept or _are_one(item.units, wanted):
            return item
        numbers = {name: getattr(item, name) for name in _NUMBERS if getattr(item, name, None) is not None}
        try:
            return item.model_copy(
                update={"units": wanted}
                | {name: _converted(value, item.units, wanted) for name, value in numbers.items()}
            )
        except UnitsError:
            return item

    return spec.model_copy(
        update={
            "objectives": tuple(converted(item) for item in spec.objectives),
            "constraints": tuple(converted(item) for item in spec.constraints),
            "guardrails": tuple(converted(item) for item in spec.guardrails),
        }
    )


def _converted(value: float | tuple[float, float], given: str, wanted: str) -> float | tuple[float, float]:
    if isinstance(value, tuple):
        return convert(value[0], given, wanted), convert(value[1], given, wanted)
    return convert(value, given, wanted)


def check_units(spec: CampaignSpec, below: str = "", before: CampaignSpec | None = None) -> None:
    """Check that all units are known, and that those of one assay convert to each other.

    Args:
        spec: a valid specification.
        below: the JSON pointer at which it stands in what was sent.
        before: the stored specification that this one changes; what an earlier release accepted in it is no
            problem.

    Raises:
        UnprocessableError: naming every place.
    """
    accepted = set() if before is None else set(_problems(before))
    problems = [problem for problem in _problems(in_read_units(spec, before)) if problem not in accepted]
    errors = [{"pointer": f"{below}{pointer}/units", "detail": detail} for pointer, detail in problems]
    if errors:
        raise UnprocessableError(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors)


def _problems(spec: CampaignSpec) -> Iterator[tuple[str, str]]:
    read_in = {kind: quantity.units for kind, quantity in spec.quantities().items()}
    for pointer, kind, quantity in _measured(spec):
        if quantity.units is not None and not _is_known(quantity.units):
            hint = "write them as nM, umol/L, mg/mL, % or kJ/mol, or leave them out"
            yield pointer, f"unknown units {quantity.units[:40]!r}: {hint}"
        elif quantity.units is not None and not _are_one(quantity.units, read_in[kind]):
            yield pointer, _contradiction(kind, quantity, read_in[kind])
        elif quantity.units is not None and (detail := _not_of_logarithms(kind, quantity.units)):
            yield pointer, detail
    yield from _computed(spec)
    yield from _settings(spec)


def _measured(spec: CampaignSpec) -> Iterator[tuple[str, str, MeasuredQuantity]]:
    for index, objective in enumerate(spec.objectives):
        if objective.assay_type is not None:
            yield f"/objectives/{index}", objective.assay_type, objective
        for name, part in (objective.derived.parts if objective.derived else {}).items():
            quantity = MeasuredQuantity(units=part.units, transform=part.transform or "none")
            yield json_pointer("objectives", index, "derived", "parts", name), name, quantity
    for index, constraint in enumerate(spec.constraints):
        if constraint.type is not None:
            yield f"/constraints/{index}", constraint.type, constraint
    for index, guardrail in enumerate(spec.guardrails):
        yield f"/guardrails/{index}", guardrail.type, guardrail


def _computed(spec: CampaignSpec) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with units of computed properties.

    Bounds are compared with them as they are computed.
    """
    known = {name: item.units for name, item in open_domain(spec.domain).computed.items()}
    known |= {scorer.name: scorer.units for scorer in spec.scorers}
    named = [
        (f"/objectives/{index}", item.computed, item.units) for index, item in enumerate(spec.objectives)
    ]
    named += [
        (f"/constraints/{index}", item.property, item.units) for index, item in enumerate(spec.constraints)
    ]
    for pointer, name, units in named:
        if name is not None and units is not None and not _are_one(units, known.get(name)):
            own = known.get(name)
            yield (
                pointer,
                f"{name!r} is computed {f'in {own}' if own else 'without units'}, not in {units[:40]}",
            )


def _settings(spec: CampaignSpec) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with units of what the domain lets be set, such as process variables."""
    for field, items in spec.domain:
        for index, item in enumerate(items if isinstance(items, tuple) else ()):
            units = getattr(item, "units", None)
            if isinstance(units, str) and not (
                _SHARE.fullmatch(units.strip()) or _is_unit_of_settings(units)
            ):
                hint = "write them as °C, min, mL/min or mol%, or leave them out and tell of them in the name"
                yield f"/domain/{field}/{index}", f"unknown units {units[:40]!r}: {hint}"


def _is_unit_of_settings(units: str) -> bool:
    return not units.strip() or units.strip() in _NO_UNITS or _is_known(units)


def _is_known(units: str) -> bool:
    try:
        check_known(units)
    except UnitsError:
        return is_of_logarithms(units)
    return True


def _not_of_logarithms(kind: str, units: str) -> str | None:
    """Return what is wrong with units of a type that is a logarithm by its name, or None."""
    if is_logarithm(kind) and is_concentration(units):
        return (
            f"{kind} is a logarithm and has no units: leave {units[:40]} out, or name the concentration "
            f"itself"
        )
    try:
        check_sign(kind, units)
    except UnitsError as error:
        return str(error)
    return None


def _are_one(units: str, read_in: str | None) -> bool:
    return read_in is not None and (units.strip() == read_in.strip() or same_units(units, read_in))


def _contradiction(kind: str, quantity: MeasuredQuantity, read_in: str | None) -> str:
    if read_in is None:
        return (
            f"values of {kind!r} are read without units by what comes first: give these units there as well"
        )
    detail = f"values of {kind!r} are read in {read_in} here"
    try:
        convert(1.0, quantity.units or "", read_in)
    except UnitsError as error:
        return f"{detail}: {error}"
    return f"{detail}: give everything of it in {read_in}"
