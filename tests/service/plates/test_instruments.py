"""Files of instruments: documents of the Simple Model, and what allotropy makes of a reader's own file."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from plate_readings import COLUMNS, ROWS, name

from service.errors import UnprocessableError
from service.exchange import QuestionError, TableError
from service.plates.allotrope import InstrumentFile, to_asm
from service.plates.analysis import JSON, WellsFile, read_wells
from service.plates.specs import LayoutSpec

SPEC = LayoutSpec.model_validate({"name": "P-1", "type": "IC50", "wells": 96, "doses": {"top": 10}})
ALLOTROPY = os.environ.get("TEST_ALLOTROPY_PYTHON")
"""The interpreter of an environment with allotropy, where there is one."""


def measurement(
    well: str, value: float, kind: str = "absorbance", nm: float | None = 450, plate: str = "P-1"
) -> Any:
    control = {"detector wavelength setting": {"value": nm, "unit": "nm"}} if nm else {}
    return {
        kind: {"value": value, "unit": "mAU"},
        "sample document": {"location identifier": well, "well plate identifier": plate},
        "device control aggregate document": {"device control document": [control]},
    }


def asm(*measurements: Any, outer: str = "plate reader") -> bytes:
    documents = [
        {"measurement aggregate document": {"measurement document": [item]}} for item in measurements
    ]
    inside = {f"{outer} document": documents}
    return json.dumps({"$asm.manifest": "x", f"{outer} aggregate document": inside}).encode()


def read(content: bytes, **options: Any) -> Any:
    return read_wells(WellsFile(content, JSON, **options), SPEC)[0]


def test_single_numbers_of_wells_are_read() -> None:
    found = read(asm(measurement("A1", 0.5), measurement("H12", 0.25)))
    assert (found.values, found.source) == ({"A1": 0.5, "H12": 0.25}, "P-1 absorbance 450 nm")


def test_several_wavelengths_are_a_question() -> None:
    content = asm(
        measurement("A1", 0.5), measurement("A1", 0.1, nm=570), measurement("A1", 9.0, plate="P-10")
    )
    with pytest.raises(QuestionError) as asked:
        read(content)
    assert asked.value.choices[:2] == ("1: P-1 absorbance 450 nm", "2: P-1 absorbance 570 nm")
    assert read(content, block="2").values == {"A1": 0.1}


def test_of_several_plates_the_one_with_the_name_is_read() -> None:
    assert read(asm(measurement("A1", 0.5), measurement("A1", 9.0, plate="P-10"))).values == {"A1": 0.5}


def test_a_document_of_another_plate_alone_is_a_question() -> None:
    content = asm(measurement("A1", 0.5, plate="Plate 1"))
    with pytest.raises(QuestionError, match="names no plate P-1"):
        read(content)
    assert read(content, block="1").values == {"A1": 0.5}
    assert read(asm(measurement("A1", 0.5, plate=""))).values == {"A1": 0.5}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[1, 2]", "each item must be an object"),
        (b'{"value": 1}', "no '[$]asm.manifest'"),
        (asm(measurement("A1", 1), outer="liquid chromatography"), "not of a plate reader"),
        (asm(measurement("A13", 1)), "'A13' is no well"),
        (asm(measurement("A1", 1), measurement("A1", 2)), "measured twice"),
        (asm({"absorption spectrum data cube": {}, "sample document": {}}), "only data cubes"),
        (asm(), "no measurement"),
    ],
)
def test_what_is_no_reading_of_wells_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        read(content)


def mars(plate: str) -> bytes:
    """Return a plate as BMG's MARS exports it."""
    head = [
        "User: USER,Path: data,Test ID: 1234",
        "Test Name: ABS,Date: 09/10/2023,Time: 2:25:32 PM",
        f"ID1: {plate}",
        "Absorbance",
        "",
        "Raw Data (450)",
        "",
        "," + ",".join(str(column + 1) for column in range(COLUMNS[96])),
    ]
    rows = [
        f"{name(row, 0)[0]},"
        + ",".join(f"{1 + row / 10 + column / 1000:.3f}" for column in range(COLUMNS[96]))
        for row in range(ROWS[96])
    ]
    return "\r\n".join((*head, *rows, "")).encode()


@pytest.mark.skipif(ALLOTROPY is None, reason="TEST_ALLOTROPY_PYTHON names no environment with allotropy")
def test_allotropy_reads_a_readers_own_file() -> None:
    assert ALLOTROPY is not None
    document = to_asm(InstrumentFile(mars("P-1"), "BMG_MARS", "wells.csv"), Path(ALLOTROPY))
    found = read(document)
    assert found.source.startswith("P-1")
    assert found.values["A1"] == pytest.approx(1.0)
    assert found.values["H12"] == pytest.approx(1.711)
    assert len(found.values) == 96


@pytest.mark.skipif(ALLOTROPY is None, reason="TEST_ALLOTROPY_PYTHON names no environment with allotropy")
def test_what_allotropy_does_not_read_is_refused_in_its_words() -> None:
    assert ALLOTROPY is not None
    with pytest.raises(UnprocessableError, match="BMG_MARS"):
        to_asm(InstrumentFile(b"nonsense", "BMG_MARS", "wells.csv"), Path(ALLOTROPY))
    with pytest.raises(UnprocessableError, match="no vendor 'NOBODY'; there is AGILENT_GEN5"):
        to_asm(InstrumentFile(b"nonsense", "NOBODY", "wells.csv"), Path(ALLOTROPY))


def test_without_the_environment_it_is_said_how_to_install_one(tmp_path: Path) -> None:
    file = InstrumentFile(b"x", "BMG_MARS", "wells.csv")
    with pytest.raises(UnprocessableError, match=r"pip install allotropy.*ASSAYFLOW_ALLOTROPY_PYTHON"):
        to_asm(file, None)
    with pytest.raises(UnprocessableError, match="names no interpreter that runs"):
        to_asm(file, tmp_path / "python")


def test_an_environment_without_allotropy_is_told_from_a_file_that_is_not_read() -> None:
    with pytest.raises(UnprocessableError, match="not installed"):
        to_asm(InstrumentFile(b"x", "BMG_MARS", "wells.csv"), Path(sys.executable))


def test_a_broken_program_is_told_and_gets_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nenv >&2\nexit 9\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("ASSAYFLOW_DATABASE_URL", "hush")
    with pytest.raises(UnprocessableError, match=r"broke \(9\)") as raised:
        to_asm(InstrumentFile(b"x", "BMG_MARS", "wells.csv"), program)
    assert "hush" not in raised.value.detail
