"""Laying out a plate: which well holds what. Knows no campaign: candidates are ids in the order of their batch."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import numpy as np

from service.errors import UnprocessableError
from service.plates.geometry import SHAPES, Place, inner, well_name
from service.plates.problems import invalid
from service.plates.records import PlateLayout, PlateWell, Role
from service.plates.specs import LayoutSpec
from service.plates.volumes import plan_transfers


def lay_out(spec: LayoutSpec, candidates: Sequence[UUID], seed: int) -> PlateLayout:
    """Return where everything goes; equal arguments give equal plates.

    Args:
        spec: the plate's specification.
        candidates: whose wells are wanted, in order.
        seed: of the permutation of samples, and of scattered controls.

    Raises:
        UnprocessableError: if it does not fit on the plate, or a robot cannot make a dose from the stocks.
    """
    generator = np.random.default_rng(seed)
    controls, free = _places(spec, generator)
    wells = [(place, PlateWell(well=well_name(place), role=role)) for place, role in controls]
    samples = list(_samples(spec, candidates))
    if len(samples) > len(free):
        raise _too_many(spec, len(candidates), len(free))
    if spec.randomised:
        free = [free[index] for index in generator.permutation(len(free))]
    for place, sample in zip(free, samples, strict=False):
        wells.append((place, sample.model_copy(update={"well": well_name(place)})))
    layout = PlateLayout(seed=seed, wells=[well for _, well in sorted(wells, key=lambda pair: pair[0])])
    return layout if spec.stocks is None else plan_transfers(layout, spec, spec.stocks, candidates)


def _samples(spec: LayoutSpec, candidates: Sequence[UUID]) -> Iterator[PlateWell]:
    """Yield the wells of samples without their places: doses side by side, replicates below each other."""
    doses = list(enumerate(spec.doses.concentrations(), 1))
    for candidate_id in candidates:
        for _ in range(spec.replicates):
            for dose, concentration in doses:
                yield PlateWell(
                    well="", role="sample", candidate_id=candidate_id, dose=dose, concentration=concentration
                )


def _places(spec: LayoutSpec, generator: np.random.Generator) -> tuple[list[tuple[Place, Role]], list[Place]]:
    """Return the places of controls, and those that are left for samples.

    Raises:
        UnprocessableError: if the controls do not fit.
    """
    usable = inner(spec.wells, spec.edge) if 2 * spec.edge < min(SHAPES[spec.wells]) else []
    if not usable:
        raise invalid("/edge", f"a plate of {spec.wells} wells has none left inside {spec.edge} rings: use fewer")
    number = sum(spec.n_controls())
    if number >= len(usable):
        raise invalid(
            "/controls",
            f"{number} controls and no sample fit into {len(usable)} usable wells: use fewer, or a smaller edge",
        )
    roles = _mixed(*spec.n_controls())
    if spec.controls.placement == "scattered":
        taken = _scattered(usable, number, generator if spec.randomised else None)
        if spec.randomised:
            roles = [roles[index] for index in generator.permutation(number)]
        left = sorted(set(usable) - set(taken))
        return list(zip(taken, roles, strict=True)), left
    columns = _outer_columns(usable, number)
    taken = [place for column in columns for place in usable if place[1] == column]
    left = [place for place in usable if place[1] not in columns]
    return list(zip(_spread(taken, number), roles, strict=True)), left


def _outer_columns(usable: Sequence[Place], number: int) -> list[int]:
    """Return as many columns as controls need, from the left and the right in turn."""
    columns = sorted({column for _, column in usable})
    rows = len({row for row, _ in usable})
    in_turn = [column for pair in zip(columns, reversed(columns), strict=True) for column in pair]
    wanted = max(-(-number // rows), min(2, len(columns)))  # both sides, so that a drift across the plate is seen
    return list(dict.fromkeys(in_turn))[:wanted]


def _spread(places: Sequence[Place], number: int) -> list[Place]:
    """Return evenly spaced ones of the places, in order."""
    return [places[index * len(places) // number] for index in range(number)]


def _scattered(places: Sequence[Place], number: int, generator: np.random.Generator | None) -> list[Place]:
    if generator is None:
        return _spread(places, number)
    return [places[index] for index in sorted(generator.choice(len(places), number, replace=False))]


def _mixed(positive: int, negative: int) -> list[Role]:
    """Return the roles of controls in turn, however many there are of each (Bresenham's line)."""
    total, given = positive + negative, 0
    roles: list[Role] = []
    for index in range(1, total + 1):
        is_positive = index * positive // total > given
        given += is_positive
        roles.append("positive" if is_positive else "negative")
    return roles


def _too_many(spec: LayoutSpec, n_candidates: int, n_free: int) -> UnprocessableError:
    each = spec.doses.points * spec.replicates
    fitting = n_free // each
    advice = f"name at most {fitting} in candidates" if fitting else "ask for fewer doses or replicates"
    return invalid(
        "/candidates",
        f"{n_candidates} candidates x {spec.doses.points} doses x {spec.replicates} replicates need "
        f"{n_candidates * each} wells: {_room(spec, n_free)}; "
        f"{advice}, or take a larger plate",
    )


def _room(spec: LayoutSpec, n_left: int) -> str:
    rings = "ring stays" if spec.edge == 1 else f"{spec.edge} rings stay"
    edge = f", of which the outer {rings} empty," if spec.edge else ""
    return f"a plate of {spec.wells} wells{edge} has {n_left} beside {sum(spec.n_controls())} controls"
