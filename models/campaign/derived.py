"""Parts of derived objectives within a campaign: what their names mean, and how they are read. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from models.specs.base import field_error
from models.specs.columns import key
from models.specs.combinations import combination, part_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from models.specs.derived import Derived
    from models.specs.objectives import MeasuredQuantity, Objective


def with_parts(
    objectives: Sequence[Objective],
    known: dict[str, MeasuredQuantity],
    computed: Callable[[], Iterable[str]],
) -> dict[str, MeasuredQuantity]:
    """Return quantities with those of parts that no objective, constraint or guardrail is about."""
    found = dict(known)
    for objective in objectives:
        if objective.derived is None:
            continue
        derived, properties = by_own_names(objective.derived, objectives), set(computed())
        for name, _ in derived.weighted():
            if name not in properties:
                found.setdefault(name, part_quantity(derived, name, known))
    return found


def by_own_names(derived: Derived, objectives: Sequence[Objective]) -> Derived:
    """Return a derived quantity with the assay types and properties of the objectives that it names."""
    others = [item for item in objectives if item.derived is None]
    return derived.renamed({item.name: item.computed or item.assay_type or item.name for item in others})


def parts_of(objectives: Sequence[Objective], computed: Collection[str]) -> list[tuple[str, str]]:
    """Return pointer and assay type of every measured part of a derived objective."""
    parts = []
    for index, objective in enumerate(objectives):
        if objective.derived is not None:
            derived = by_own_names(objective.derived, objectives)
            place = f"/objectives/{index}/derived"
            names = [name for name, _ in derived.weighted() if name not in computed]
            parts += [(place + derived.pointer(name), name) for name in names]
    return parts


def check_derived(
    objectives: Sequence[Objective],
    bounded: Collection[str],
    computed: Collection[str],
    quantities: Mapping[str, MeasuredQuantity],
) -> None:
    """Check that the parts of every derived objective fit each other.

    Args:
        objectives: of the campaign.
        bounded: assay types of its constraints and guardrails.
        computed: names of computed properties.
        quantities: how every assay type is read.

    Raises:
        PydanticCustomError: with the pointer of the part that does not.
    """
    stated = {item.name for item in objectives} | set(bounded)
    stated |= {kind for item in objectives if (kind := item.assay_type) is not None}
    others = {item.name for item in objectives if item.derived is not None}
    for index, objective in enumerate(objectives):
        if objective.derived is None:
            continue
        place = f"/objectives/{index}/derived"
        try:
            _check_names(objective.derived, stated, others, computed)
            named = by_own_names(objective.derived, objectives)
            _check_distinct(named)
            combination(named, quantities, computed)
        except PydanticCustomError as error:
            context = error.context or {}
            raise field_error(place + str(context["pointer"]), str(context["message"])) from error


def _check_names(
    derived: Derived, stated: Collection[str], others: Collection[str], computed: Collection[str]
) -> None:
    """Check that each part names one thing."""
    properties = {key(name): name for name in computed}
    for name, _ in derived.weighted():
        if name in others:
            raise field_error(derived.pointer(name), f"{name!r} is derived itself: name its parts")
        meant = properties.get(key(name), name)
        if meant != name and name not in (*stated, *derived.parts):
            detail = f"write {meant!r} for the computed property; if {name!r} is measured, name it in parts"
            raise field_error(derived.pointer(name), detail)
    if all(name in computed for name, _ in derived.weighted()):
        raise field_error("", "all parts are computed: a scorer of your own can combine them")


def _check_distinct(derived: Derived) -> None:
    names = [name for name, _ in derived.weighted()]
    if len(set(names)) < len(names):
        raise field_error("", f"two parts are the same: {', '.join(names)}")
