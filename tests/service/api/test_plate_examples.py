"""The examples of plates are what the code computes: layout, transfers, readings, pick list and map."""

import json
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from service.api.plate_examples import PLATE_ANSWERS, PLATE_REQUESTS, PLATE_TEXTS
from service.exchange.registry import written_formats
from service.plates.analysis import JSON, WellsFile, analyse
from service.plates.layouts import lay_out
from service.plates.maps import map_rows
from service.plates.pick_lists import write_pick_list
from service.plates.records import Analysis, PlateLayout
from service.plates.specs import LayoutSpec
from service.plates.transfer_reports import read_transfer_report

PLATE = PLATE_ANSWERS["Plate"]
SPEC = LayoutSpec.model_validate(PLATE_REQUESTS["lay_out_plate"])
LAYOUT = PlateLayout.model_validate(PLATE["layout"])


def rounded(value: Any) -> Any:
    """Numbers that agree to three digits are the same."""
    if isinstance(value, BaseModel):
        return rounded(value.model_dump(mode="json"))
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return pytest.approx(value, rel=5e-3, abs=0.06) if isinstance(value, float) else value


def test_the_layout_is_that_of_the_request() -> None:
    candidate = next(UUID(well["candidate_id"]) for well in PLATE["layout"]["wells"] if well["candidate_id"])
    assert PLATE["spec"] == SPEC.model_dump(mode="json")
    assert PLATE["layout"] == lay_out(SPEC, [candidate], 7).model_dump(mode="json")


def test_the_report_of_the_robot_says_what_the_answer_says() -> None:
    found = read_transfer_report(PLATE_TEXTS["upload_transfers"]["text/csv"].encode(), SPEC.name, SPEC.wells)
    answer = PLATE_ANSWERS["TransfersReport"]
    assert (found.n_transfers, found.failed, list(found.warnings)) == (
        answer["transfers"],
        answer["failed_wells"],
        answer["warnings"],
    )


@pytest.mark.parametrize("media_type", [*PLATE_TEXTS["upload_wells"], JSON])
def test_the_readings_come_to_what_the_answers_say(media_type: str) -> None:
    texts = PLATE_TEXTS["upload_wells"]
    content = json.dumps(PLATE_REQUESTS["upload_wells"]).encode() if media_type == JSON else texts[media_type].encode()
    found = analyse(WellsFile(content, media_type, None, None, None), SPEC, LAYOUT, PLATE["failed_wells"])
    assert PLATE["analysis"] == rounded(found)
    answer = {name: item for name, item in PLATE_ANSWERS["WellsReport"].items() if name != "report"}
    assert answer == {name: rounded(found)[name] for name in answer}
    assert set(PLATE["analysis"]) == set(Analysis.model_fields)


def test_files_are_excerpts_of_what_is_written() -> None:
    pick_list = write_pick_list(SPEC, LAYOUT, "echo").decode()
    plate_map = written_formats()["csv"][1](map_rows(SPEC, LAYOUT, PLATE["failed_wells"])).decode()
    for call, whole in (("download_pick_list", pick_list), ("download_plate_map", plate_map)):
        lines = whole.replace("\r", "").splitlines()
        shown = PLATE_TEXTS[call]["text/csv"].splitlines()
        assert shown[0] == lines[0]
        assert set(shown) <= set(lines)
