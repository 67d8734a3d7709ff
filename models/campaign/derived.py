"""Parts of derived objectives within a campaign: what their names mean, and how they are read. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from models.specs.base import field_error
from models.specs.columns import key
from models.specs.combinations import part_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from models.campaign.spec import CampaignSpec
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


def parts_of(spec: CampaignSpec) -> list[tuple[str, str]]:
    """Return pointer and assay type of every measured part of a derived objective."""
    properties, found = set(spec.computed()), []
    for index, objective in enumerate(spec.objectives):
        if objective.derived is not None:
            derived = by_own_names(objective.derived, spec.objectives)
            place = f"/objectives/{index}/derived"
            names = [name for name, _ in derived.weighted() if name not in properties]
            found += [(place + derived.pointer(name), name) for name in names]
    return found


def check_derived(spec: CampaignSpec) -> None:
    """Check that the parts of every derived objective fit each other.

    Raises:
        PydanticCustomError: with the pointer of the part that does not.
    """
    derived = {item.name for item in spec.objectives if item.derived is not None}
    for index, objective in enumerate(spec.objectives):
        if objective.derived is None:
            continue
        place = f"/objectives/{index}/derived"
        _check_names(spec, objective.derived, place, derived)
        try:
            found = spec.combination_of(objective)
        except PydanticCustomError as error:
            context = error.context or {}
            raise field_error(place + str(context["pointer"]), str(context["message"])) from error
        if found is not None and not found.measured:
            raise field_error(place, "all parts are computed: a scorer of your own can combine them")


def _check_names(spec: CampaignSpec, derived: Derived, place: str, others: Collection[str]) -> None:
    """Check that each part names one thing, and all of them different things."""
    stated = {item.name for item in spec.objectives} | set(derived.parts)
    stated |= {kind for item in spec.objectives if (kind := item.assay_type) is not None}
    stated |= {item.type for item in spec.constraints if item.type is not None}
    stated |= {item.type for item in spec.guardrails}
    properties = {key(name): name for name in spec.computed()}
    for name, _ in derived.weighted():
        pointer = place + derived.pointer(name)
        if name in others:
            raise field_error(pointer, f"{name!r} is derived itself: name its parts")
        meant = properties.get(key(name), name)
        if name not in stated and meant != name:
            detail = f"write {meant!r} for the computed property; if {name!r} is measured, name it in parts"
            raise field_error(pointer, detail)
    own = [name for name, _ in by_own_names(derived, spec.objectives).weighted()]
    if len(set(own)) < len(own):
        raise field_error(place, f"two parts are the same: {', '.join(own)}")
