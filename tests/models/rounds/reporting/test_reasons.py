"""The reason of each candidate says what it was chosen for and how far to trust it."""

from models.messages.message import message, texts
from models.records import Prediction
from models.rounds.reporting.reasons import SelectionReason, reason
from models.specs.objectives import Objective

OBJECTIVES = (
    Objective(name="signal", units="mV"),
    Objective(name="few", computed="ones", direction="minimize"),
)
PREDICTIONS = {"signal": Prediction(3.0, 1.0, 1.5, 4.5), "few": Prediction(2.0, 0.0, 2.0, 2.0)}
NEAREST = message("measured_before")


def _text(aim: SelectionReason, *, feasibility: float = 1.0) -> str:
    return " ".join(texts(reason(aim, OBJECTIVES, PREDICTIONS, [NEAREST], feasibility)))


def test_a_pick_for_value_states_its_trade_off() -> None:
    assert _text(SelectionReason("exploit", (0.25, 0.75))) == (
        "Expected signal 3 mV (90 % between 1.5 and 4.5). Computed few 2. Chosen to exploit: among the most "
        "promising "
        "when weighing signal 25% and few 75%. It has been measured before."
    )


def test_other_purposes_differ() -> None:
    assert "least known" in _text(SelectionReason("explore", (0.5, 0.5)))
    assert "unlike the rest" in _text(SelectionReason("explore", (0.5, 0.5), is_space_filling=True))
    again = _text(SelectionReason("replicate", why=message("chosen_as_replicate", count=1)))
    assert "a replicate: among the best measured, with only 1 result so far" in again
    assert "exploit" not in again


def test_doubts_are_stated_only_where_there_are_any() -> None:
    plain = _text(SelectionReason("exploit", (0.5, 0.5)))
    assert "outside" not in plain
    assert "probability" not in plain
    assert "with probability 40%" in _text(SelectionReason("exploit", (0.5, 0.5)), feasibility=0.4)


def test_what_is_not_known_is_not_invented() -> None:
    found = reason(SelectionReason("explore", (0.5, 0.5)), OBJECTIVES, {}, [NEAREST], 1.0)
    assert [item.code for item in found[:2]] == ["value_without_results", "value_not_computable"]
