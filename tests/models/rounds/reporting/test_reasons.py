"""The one sentence of each candidate says what it was chosen for and how far to trust it."""

from models.records import Prediction
from models.rounds.reporting.reasons import SelectionReason, reason
from models.specs.objectives import Objective

OBJECTIVES = (Objective(name="signal", units="mV"), Objective(name="few", computed="ones", direction="minimize"))
PREDICTIONS = {"signal": Prediction(3.0, 1.0, 1.5, 4.5), "few": Prediction(2.0, 0.0, 2.0, 2.0)}


def _told(aim: SelectionReason, *, feasibility: float = 1.0, is_outside: bool = False) -> str:
    return reason(aim, OBJECTIVES, PREDICTIONS, "NEAREST", feasibility, is_outside=is_outside)


def test_a_pick_for_value_tells_its_trade_off() -> None:
    assert _told(SelectionReason("exploit", (0.25, 0.75))) == (
        "Expected signal 3 mV (90 % between 1.5 and 4.5), few 2 (computed); chosen to exploit: among the most "
        "promising when weighing signal 25% and few 75%; NEAREST."
    )


def test_other_purposes_are_told_apart() -> None:
    assert "least known" in _told(SelectionReason("explore", (0.5, 0.5)))
    assert "fills the space" in _told(SelectionReason("explore", (0.5, 0.5), is_space_filling=True))
    again = _told(SelectionReason("replicate", why="a replicate: BECAUSE"))
    assert "a replicate: BECAUSE" in again
    assert "exploit" not in again


def test_doubts_are_told_only_where_there_are_any() -> None:
    plain = _told(SelectionReason("exploit", (0.5, 0.5)))
    assert "outside" not in plain
    assert "probability" not in plain
    assert "outside the domain" in _told(SelectionReason("exploit", (0.5, 0.5)), is_outside=True)
    assert "with probability 40%" in _told(SelectionReason("exploit", (0.5, 0.5)), feasibility=0.4)


def test_what_is_not_known_is_not_invented() -> None:
    told = reason(SelectionReason("explore", (0.5, 0.5)), OBJECTIVES, {}, "NEAREST", 1.0, is_outside=False)
    assert "signal unknown (no results yet)" in told
