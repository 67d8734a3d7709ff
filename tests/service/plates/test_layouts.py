"""A layout holds every dose of every candidate as often as was asked, on the wells that may be used."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.specs.base import json_pointer
from service.errors import UnprocessableError
from service.plates.geometry import SHAPES, read_well, row_name, well_name
from service.plates.layouts import lay_out
from service.plates.specs import EXAMPLE, LayoutSpec

DOSES = {"top": 10, "units": "uM", "points": 10, "factor": 3}


def spec(**changes: Any) -> LayoutSpec:
    return LayoutSpec.model_validate({"name": "P", "type": "IC50", "doses": DOSES, **changes})


def ids(number: int) -> list[UUID]:
    return [UUID(int=place + 1) for place in range(number)]


@given(st.sampled_from(list(SHAPES)), st.integers(0, 31), st.integers(0, 47))
def test_a_well_is_read_as_it_is_named(wells: int, row: int, column: int) -> None:
    rows, columns = SHAPES[wells]
    place = (row % rows, column % columns)
    name = well_name(place)
    for text in (name, name.lower(), f"{row_name(place[0])}{place[1] + 1:02d}", f" {name} "):
        assert read_well(text, wells) == place


@pytest.mark.parametrize(
    ("text", "wells"),
    [("I1", 96), ("A13", 96), ("Q1", 384), ("A25", 384), ("AG1", 1536), ("A0", 96), ("1A", 96), ("", 96)],
)
def test_a_well_that_a_plate_does_not_have_is_none(text: str, wells: int) -> None:
    assert read_well(text, wells) is None


def test_rows_beyond_z_have_two_letters() -> None:
    assert (well_name((26, 0)), well_name((31, 47))) == ("AA1", "AF48")


@pytest.mark.parametrize("placement", ["columns", "scattered"])
@pytest.mark.parametrize("randomised", [True, False])
@pytest.mark.parametrize(("wells", "edge", "candidates"), [(96, 1, 2), (96, 0, 3), (384, 1, 10), (1536, 2, 50)])
def test_everything_is_on_the_plate_once(
    wells: int, edge: int, candidates: int, placement: str, *, randomised: bool
) -> None:
    asked = spec(wells=wells, edge=edge, randomised=randomised, controls={"placement": placement})
    layout = lay_out(asked, ids(candidates), seed=3)
    places = [read_well(well.well, wells) for well in layout.wells]
    assert None not in places
    assert len(set(places)) == len(places)
    rows, columns = SHAPES[wells]
    assert all(edge <= row < rows - edge and edge <= column < columns - edge for row, column in filter(None, places))
    held = Counter((well.candidate_id, well.concentration) for well in layout.wells if well.role == "sample")
    assert held == Counter(dict.fromkeys(((c, d) for c in ids(candidates) for d in asked.doses.concentrations()), 2))
    roles = Counter(well.role for well in layout.wells)
    assert (roles["positive"], roles["negative"]) == asked.n_controls() == (rows - 2 * edge, rows - 2 * edge)


def test_control_columns_hold_both_controls_on_both_sides_and_nothing_else() -> None:
    layout = lay_out(spec(), ids(14), seed=1)
    columns: dict[int, set[str]] = {}
    for well in layout.wells:
        place = read_well(well.well, 384)
        assert place is not None
        columns.setdefault(place[1], set()).add(well.role)
    assert columns[1] == columns[22] == {"positive", "negative"}
    assert all(roles == {"sample"} for column, roles in columns.items() if column not in (1, 22))


def test_the_seed_decides_where_samples_are() -> None:
    first, again, other = (lay_out(spec(), ids(5), seed) for seed in (1, 1, 2))
    assert first == again
    assert [well for well in first.wells if well.role != "sample"] == [w for w in other.wells if w.role != "sample"]
    assert first.wells != other.wells


def test_without_randomisation_doses_are_side_by_side() -> None:
    layout = lay_out(spec(randomised=False, edge=0, controls={"positive": 16, "negative": 16}), ids(1), seed=1)
    samples = [well for well in layout.wells if well.role == "sample"]
    assert [well.well for well in samples[:10]] == [f"A{column}" for column in range(2, 12)]
    assert [well.dose for well in samples[:10]] == list(range(1, 11))


def test_what_does_not_fit_says_what_would() -> None:
    with pytest.raises(
        UnprocessableError, match=r"15 candidates x 10 doses x 2 replicates need 300 wells.* at most 14 in"
    ):
        lay_out(spec(), ids(15), seed=1)
    lay_out(spec(), ids(14), seed=1)
    with pytest.raises(UnprocessableError, match="ask for fewer doses or replicates"):
        lay_out(spec(wells=96, replicates=6), ids(1), seed=1)
    with pytest.raises(UnprocessableError, match="/controls"):
        lay_out(spec(wells=96, controls={"positive": 50, "negative": 50}), ids(1), seed=1)
    with pytest.raises(UnprocessableError, match="/edge: a plate of 96 wells has none left inside 4 rings"):
        lay_out(spec(wells=96, edge=4), ids(1), seed=1)


def test_the_documented_example_fits() -> None:
    asked = LayoutSpec.model_validate(EXAMPLE)
    assert len(lay_out(asked, ids(14), seed=7).wells) == 308


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"doses": {**DOSES, "points": 4}}, "at least 5 doses"),
        ({"readout": "percent_inhibition"}, "at one dose"),
        ({"doses": {**DOSES, "units": "degC"}}, "no unit of concentration"),
        ({"doses": {**DOSES, "units": "furlongs"}}, "no unit of concentration"),
        ({"doses": {**DOSES, "factor": 1}}, "greater than 1"),
        ({"doses": {**DOSES, "top": 1e-300, "points": 48, "factor": 1000}}, "end at 0 uM: give fewer"),
        ({"wells": 48}, "96, 384 or 1536"),
        ({"candidates": [str(UUID(int=1))] * 2}, "named twice"),
        ({"edges": 1}, "not permitted"),
        ({"name": "n/a"}, "another name"),
        ({"stocks": {"concentrations": [10], "units": "mg/mL", "assay_volume_ul": 50}}, "cannot be converted"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        spec(**changes)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"doses": {"top": 10, "points": 3}}, "/doses/points"),
        ({"readout": "percent_inhibition"}, "/doses/points"),
        ({"doses": {"top": 10, "factor": 1000, "points": 10}}, "/doses/points"),
        ({"stocks": {"concentrations": [1], "units": "mg/mL", "assay_volume_ul": 50}}, "/stocks/units"),
        ({"stocks": {"concentrations": [1, 1], "assay_volume_ul": 50}}, "/stocks/concentrations"),
        ({"candidates": [str(each) for each in (*ids(2), ids(1)[0])]}, "/candidates/2"),
    ],
)
def test_what_does_not_go_together_names_its_field(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ValidationError) as refused:
        spec(**changes)
    (error,) = refused.value.errors()
    assert json_pointer(*error["loc"]) + error["ctx"]["pointer"] == pointer


@pytest.mark.parametrize(
    "changes",
    [
        {"doses": {**DOSES, "top": 1e300}},
        {"stocks": {"concentrations": [1e300], "assay_volume_ul": 50}},
        {"stocks": {"concentrations": [1e-300], "assay_volume_ul": 50}},
        {"stocks": {"concentrations": [1], "assay_volume_ul": 1e-300}},
    ],
)
def test_amounts_that_nothing_has_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="should be"):
        spec(**changes)
