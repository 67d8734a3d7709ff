"""Measured and predicted stages are distinguished by their kind, not by their name."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from service.demo import run
from service.demo.outcome import Stage, verdicts


def test_verdicts_are_of_measured_stages_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    printed: list[list[str]] = []
    printer = SimpleNamespace(head=lambda _: None, outcome=lambda _, said: printed.append(said))
    monkeypatch.setattr(run, "plot_predictions", lambda *_: None)
    spec: dict[str, Any] = {"objectives": [{"name": "y", "type": "predicted_y"}]}
    nothing: Any = None
    played = run._DemoRun(nothing, spec, tmp_path, nothing, nothing, cast("Any", printer))
    played.stages.extend(
        [
            Stage("predicted_y, initial data", [{"y": 1.0}, {"y": 2.0}]),
            Stage("predicted_y, round 1", [{"y": 3.0}, {"y": 4.0}]),
            Stage("round 2, model", [{"y": -9.0}], kind="predicted"),
        ]
    )
    played._compare()
    measured = [stage for stage in played.stages if stage.kind == "measured"]
    assert printed == [verdicts(spec["objectives"], measured)]
    assert printed != [verdicts(spec["objectives"], played.stages)]
