"""Installed functions are listed by name, imported when needed, and named in errors."""

import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from models.scorers import entry_points
from models.scorers.contract import ScorerError
from models.scorers.entry_points import GROUP, FunctionScorer, installed
from models.specs.scorers import ScorerSpec

HERE = "scorers_of_a_user"


def length(rows: Sequence[dict[str, Any]]) -> list[float | None]:
    return [float(len(row["smiles"])) or None for row in rows]


def broken(_rows: Sequence[dict[str, Any]]) -> list[float]:
    raise ZeroDivisionError("no pocket")


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, HERE, sys.modules[__name__])
    names = {"length": f"{HERE}:length", "broken": f"{HERE}:broken", "number": f"{HERE}:GROUP", "gone": "no_module:f"}
    result = EntryPoints(EntryPoint(name, value, GROUP) for name, value in names.items())
    monkeypatch.setattr(entry_points, "entry_points", lambda group: result.select(group=group))


def opened(entry_point: str) -> FunctionScorer:
    return FunctionScorer(ScorerSpec(name="size", entry_point=entry_point, units="letters", batch_size=7))


def test_a_function_scores():
    scorer = opened("length")
    assert list(scorer([{"smiles": "CCO", "object": "CCO"}, {"smiles": "", "object": ""}])) == [3.0, None]
    assert (scorer.batch_size, scorer.computes.units) == (7, "letters")


def test_all_are_listed_and_none_is_imported():
    assert set(installed()) == {"length", "broken", "number", "gone"}
    assert "no_module" not in sys.modules


@pytest.mark.parametrize(
    ("entry_point", "why"),
    [
        ("none", "no entry point 'none' of the group assayflow.scorers is installed"),
        ("gone", "cannot be imported .ModuleNotFoundError"),
        ("number", "is a str, not a function"),
    ],
)
def test_unusable_entry_points_are_named(entry_point: str, why: str):
    with pytest.raises(ScorerError, match=f"scorer 'size': .*{why}"):
        opened(entry_point)


def test_a_function_that_fails_is_named():
    with pytest.raises(ScorerError, match="scorer 'size': ZeroDivisionError: no pocket"):
        opened("broken")([{"smiles": "C", "object": "C"}])
