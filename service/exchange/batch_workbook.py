"""A batch as a workbook that a lab works with: results to fill in, samples, a plate map, and the request.

The sheet of results comes first: it is the one that programs open, and the one that is read back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from models.records import Outcome
from models.specs.columns import RESULT_FIELDS, SO_FAR
from service.exchange.requested_results import requested_results
from service.exchange.sheets import PLATE_MAP, REQUEST, RESULTS, SAMPLES, WrittenSheet, write_sheets
from service.exchange.units import are_molar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.specs.objectives import Objective
    from service.exchange.requested_results import RequestedResult

OWN_FIELDS = ("relation", "units")
"""What a sheet says of each objective's value in a column of its own."""
RELATIONS = ("<", "<=", ">", ">=", "~")
"""Blank is `=`, which a spreadsheet program takes for the beginning of a formula."""
_MOLAR = ("pM", "nM", "uM", "mM", "M")
_NOT_MADE = frozenset(("rejected", "withdrawn"))
_PLATES = ((8, 12), (16, 24), (32, 48))
_FIRST_ROWS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What a lab should know of a batch beside its candidates."""

    campaign_id: str
    round: int
    state: str
    released_at: str | None = None
    sha256: str | None = None


def write_workbook(
    rows: Sequence[Mapping[str, Any]], spec: CampaignSpec, domain: Domain, request: BatchRequest
) -> bytes:
    """Return flat rows with typed result columns as a workbook."""
    return write_sheets([_results(rows, spec, domain), *_others(rows, spec, domain, request)])


def _results(rows: Sequence[Mapping[str, Any]], spec: CampaignSpec, domain: Domain) -> WrittenSheet:
    names = list(rows[0]) if rows else []
    measured = requested_results(spec)
    before = names[: -len(RESULT_FIELDS)]
    own = before[len(before) - len(measured) * (1 + len(OWN_FIELDS)) :]
    shared = names[-len(RESULT_FIELDS) :]
    choices: dict[str, Sequence[str]] = {"outcome": get_args(Outcome)}
    prompts = {}
    for item, place in zip(measured, range(0, len(own), 1 + len(OWN_FIELDS)), strict=False):
        value, relation, units = own[place : place + 1 + len(OWN_FIELDS)]
        choices |= {relation: RELATIONS, units: _units(item)}
        prompts[value] = _prompt(item, units)
    to_fill_in = [*own, *(name for name in shared if name not in OWN_FIELDS)]
    shown = {*_identities(names, domain), *to_fill_in, *(f"{item.name}_{SO_FAR}" for item in measured)}
    return WrittenSheet(
        RESULTS,
        rows,
        to_fill_in=frozenset(to_fill_in),
        changeable=frozenset((*domain.settings, *shared)),
        choices=choices,
        prompts=prompts,
        folded=frozenset(names) - shown,
        frozen=_after_rank(names),
    )


def _identities(names: Sequence[str], domain: Domain) -> set[str]:
    """Return the columns that say which candidate a row is about: ids, rank, what it is and its status."""
    plain = {
        name
        for name in names
        if name.removeprefix("batch_") in ("candidate_id", "rank", "compound_id", "status")
    }
    return plain | set(domain.object_columns)


def _after_rank(names: Sequence[str]) -> str | None:
    place = next((place for place, name in enumerate(names) if name.removeprefix("batch_") == "rank"), None)
    return None if place is None or place + 1 == len(names) else names[place + 1]


def _assay(objective: Objective) -> str:
    if objective.derived is not None:
        return objective.derived.described()
    return objective.assay_type or "computed"


def _prompt(requested: RequestedResult, units: str) -> str:
    if requested.units is None:
        return f"{requested.type}: a number without units"
    return f"{requested.type} in {requested.units}, unless {units} says otherwise"


def _units(requested: RequestedResult) -> tuple[str, ...]:
    if requested.units is None:
        return ()
    others = _MOLAR if are_molar(requested.units) else ()
    return (requested.units, *(unit for unit in others if unit != requested.units))


def _others(
    rows: Sequence[Mapping[str, Any]], spec: CampaignSpec, domain: Domain, request: BatchRequest
) -> Iterator[WrittenSheet]:
    wells = _wells(rows)
    samples = [_sample(row, well, spec, domain) for row, well in zip(rows, wells, strict=True)]
    names = list(samples[0]) if samples else []
    reasons = frozenset(name for name in names if name.removeprefix("batch_") == "reason")
    yield WrittenSheet(SAMPLES, samples, frozen=_after_rank(names), wrapped=reasons)
    grid = list(_plate_rows(rows, wells))
    plates = frozenset(place for place, line in enumerate(grid) if str(line["0"]).startswith("Plate "))
    yield WrittenSheet(PLATE_MAP, grid, has_header=False, headings=plates, width=6)
    lines = list(_request_rows(rows, spec, request))
    objectives = frozenset(place for place, line in enumerate(lines) if line["0"] == "Objective")
    yield WrittenSheet(REQUEST, lines, has_header=False, headings=objectives, width=20)


def _sample(
    row: Mapping[str, Any], well: tuple[int, str] | None, spec: CampaignSpec, domain: Domain
) -> dict[str, Any]:
    """Return what the bench needs of a candidate.

    Its well, what it is, what is expected and why it was chosen.
    """
    plate, place = well or (None, None)
    expected = {f"{item.name}_mean" for item in spec.objectives}
    kept = {*_identities(list(row), domain), *expected}
    kept |= {name for name in row if name.removeprefix("batch_") in ("purpose", "reason")}
    columns = {name: value for name, value in row.items() if name in kept}
    return {"suggested_plate": plate, "suggested_well": place, **columns}


def _shape(n: int) -> tuple[int, int]:
    """Return rows and columns of the smallest plate that takes n samples, or of the largest."""
    return next(((high, wide) for high, wide in _PLATES if high * wide >= n), _PLATES[-1])


def _wells(rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, str] | None]:
    """Return plate and well of every candidate that is to be made, row by row from A1."""
    made = [_status(row) not in _NOT_MADE for row in rows]
    high, wide = _shape(sum(made))
    found: list[tuple[int, str] | None] = []
    place = 0
    for is_made in made:
        plate, rest = divmod(place, high * wide)
        found.append((plate + 1, f"{_row_name(rest // wide)}{rest % wide + 1}") if is_made else None)
        place += is_made
    return found


def _status(row: Mapping[str, Any]) -> str:
    return str(row.get("batch_status", row.get("status")))


def _row_name(number: int) -> str:
    return _FIRST_ROWS[number] if number < len(_FIRST_ROWS) else f"A{_FIRST_ROWS[number - len(_FIRST_ROWS)]}"


def _plate_rows(
    rows: Sequence[Mapping[str, Any]], wells: Sequence[tuple[int, str] | None]
) -> Iterator[dict[str, Any]]:
    """Yield a grid of ranks for each plate: a suggestion, to be changed by whoever pipettes."""
    high, wide = _shape(sum(well is not None for well in wells))
    ranks = {
        well: row.get("batch_rank", row.get("rank")) for row, well in zip(rows, wells, strict=True) if well
    }
    yield _line(["Wells by rank, as a suggestion"], wide)
    for plate in range(1, max((well[0] for well in ranks), default=0) + 1):
        yield _line([None], wide)
        yield _line([f"Plate {plate}", *range(1, wide + 1)], wide)
        for number in range(high):
            name = _row_name(number)
            yield _line(
                [name, *(ranks.get((plate, f"{name}{column}")) for column in range(1, wide + 1))], wide
            )


def _line(values: Sequence[Any], wide: int) -> dict[str, Any]:
    return {str(place): values[place] if place < len(values) else None for place in range(wide + 1)}


def _request_rows(
    rows: Sequence[Mapping[str, Any]], spec: CampaignSpec, request: BatchRequest
) -> Iterator[dict[str, Any]]:
    n_made = sum(_status(row) not in _NOT_MADE for row in rows)
    lines: list[Sequence[Any]] = [
        ("Campaign", spec.name),
        ("Campaign id", request.campaign_id),
        ("Round", str(request.round)),
        ("State", request.state),
        ("Released", request.released_at or "not yet: it may still change"),
        ("SHA-256", request.sha256 or "a batch has one when it is released"),
        ("Candidates", str(len(rows))),
        ("To be made", str(n_made)),
        (),
        ("Objective", "Assay", "Units", "Wanted"),
        *((item.name, _assay(item), item.units, _wanted(item)) for item in spec.objectives),
        (),
        (
            "How to fill in",
            f"Write values into the sheet {RESULTS}, in the units above or with their own beside them.",
        ),
        (None, "A limit has its sign in the column of relations; a blank one means that the value is exact."),
        (None, "What could not be made or measured has an outcome and no value. Leave the rest blank."),
        (None, "Settings of a recipe may be overwritten with what was really used."),
        (
            None,
            (
                "Send the file back as it is: other sheets are not read. Behind the plus sign are the "
                "predictions."
            ),
        ),
    ]
    for line in lines:
        yield _line(line, 3)


def _wanted(objective: Objective) -> str:
    if objective.direction == "target":
        return f"as near to {objective.target:g} as can be"
    return objective.direction
