"""Small files in the styles of vendors and laboratories, each with the report that it must have.

`golden/NAME.report.json` says for which campaign a file is read and how, and what becomes of it: what is
stored, the reason of each row that is not, warnings and questions. `python
tests/service/exchange/test_golden.py` writes what the reports are today, to be looked through line by line
before they are kept.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import CampaignView, QuestionError, ReadingOptions, Report, TableError, read_results

FOLDER = Path(__file__).parent / "golden"
REPORTS = sorted(FOLDER.glob("*.report.json"))
IC50 = {"name": "IC50", "units": "nM", "transform": "log10", "direction": "minimize"}
CAMPAIGNS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "molecules": ({"kind": "molecules"}, [IC50, {"name": "logS"}]),
    "ic50": ({"kind": "molecules"}, [IC50]),
    "peptides": (
        {"kind": "peptides", "min_length": 2, "max_length": 20},
        [{"name": "MIC", "units": "ug/mL", "direction": "minimize"}],
    ),
    "materials": (
        {"kind": "materials", "space": "composition", "elements": ["Ga", "As", "N", "Zn", "O"]},
        [{"name": "band_gap", "units": "eV"}],
    ),
}


@cache
def view_of(campaign: str) -> CampaignView:
    domain, objectives = CAMPAIGNS[campaign]
    spec = CampaignSpec.model_validate({"name": campaign, "domain": domain, "objectives": objectives})
    return CampaignView(spec, open_domain(spec.domain))


def file_of(report: Path) -> Path:
    (found,) = (
        each for each in FOLDER.glob(f"{report.name.removesuffix('.report.json')}.*") if each != report
    )
    return found


def outcome_of(case: dict[str, Any], content: bytes) -> dict[str, Any]:
    """Return what becomes of a file, in the words that its report has."""
    options = ReadingOptions.model_validate(case.get("options", {}))
    try:
        report = read_results(content, case["media_type"], view_of(case["campaign"]), options)
    except QuestionError as error:
        return {"asks": error.parameter, "detail": error.detail, "choices": list(error.choices)}
    except TableError as error:
        return {"refused": error.detail}
    return {
        "rows": [_line(row) for row in report.rows],
        "warnings": list(report.warnings),
        "questions": [question["detail"] for question in _questions(report)],
    }


def _questions(report: Report) -> list[dict[str, Any]]:
    return [] if report.reading is None else [dict(each) for each in report.reading.questions]


def _line(row: Any) -> str:
    result = row.result
    if result is None:
        return f"{row.row} {row.status}: {row.reason}" + (f" [{row.column}]" if row.column else "")
    names = ("upper_value", "standard_error", "replicate", "lot", "external_id", "measured_at", "comment")
    further = [f"{name}={value}" for name in names if (value := getattr(result, name)) is not None]
    measured = (
        result.outcome if result.value is None else f"{result.relation} {result.value:g} {result.units or ''}"
    )
    told = [f"({text})" for text in row.warnings]
    return " ".join([f"{row.row}", result.object, result.type, measured.strip(), *further, *told])


@pytest.mark.parametrize("report", REPORTS, ids=lambda path: path.name.removesuffix(".report.json"))
def test_a_file_has_the_report_that_it_must_have(report: Path):
    case = json.loads(report.read_text(encoding="utf-8"))
    assert outcome_of(case, file_of(report).read_bytes()) == case["report"]


def test_there_are_files_in_many_styles():
    assert len(REPORTS) >= 60


def _write() -> None:
    for report in REPORTS:
        case = json.loads(report.read_text(encoding="utf-8"))
        case["report"] = outcome_of(case, file_of(report).read_bytes())
        report.write_text(json.dumps(case, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
