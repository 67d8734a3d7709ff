"""The printed output, with a terminal and without."""

import io

from rich.console import Console

from assayflow import Event
from service.demo.labs import open_case
from service.demo.outcome import Line
from service.demo.printing import Printer

EVENTS = [Event(str(i), "training", i / 100, f"step {i} [of] 100") for i in range(101)]
CANDIDATE = {
    "rank": 1,
    "object": "[CH3]" * 20,
    "display": "[CH3]" * 20,
    "predictions": {"activity": {"mean": 1.5, "sd": 0.25}},
    "computed": {"qed": 0.5},
    "nearest_measured": {"object": "C", "similarity": 0.75},
    "reason": "because",
}


def printed(*, is_terminal: bool) -> tuple[Printer, io.StringIO]:
    out = io.StringIO()
    return Printer(Console(file=out, force_terminal=is_terminal, width=120, highlight=False)), out


def test_without_a_terminal_progress_is_a_few_plain_lines():
    printer, out = printed(is_terminal=False)
    with printer.progress("round 1") as show:
        for event in EVENTS:
            show(event)
    assert 10 <= len(out.getvalue().splitlines()) <= 12
    assert "step 100 [of] 100" in out.getvalue()


def test_a_message_that_is_the_name_of_its_state_is_not_printed_twice():
    printer, out = printed(is_terminal=False)
    with printer.progress("round 1") as show:
        show(Event("1", "training", 0.1, "training"))
        show(Event("2", "sampling", 0.8, "drew 64 objects"))
    first, second = out.getvalue().splitlines()
    assert first.endswith("s  training")
    assert second.endswith("s  sampling: drew 64 objects")


def test_on_a_terminal_progress_is_a_bar_that_ends_full():
    printer, out = printed(is_terminal=True)
    with printer.progress("round 1") as show:
        for event in EVENTS:
            show(event)
    assert "100 %" in out.getvalue()


def test_a_batch_is_a_table_with_predictions_and_a_reason():
    printer, out = printed(is_terminal=False)
    printer.batch([CANDIDATE], [{"name": "activity"}, {"name": "druglike", "computed": "qed"}])
    assert "1.50 ± 0.25" in out.getvalue()
    assert "0.50" in out.getvalue()
    assert "0.75" in out.getvalue()
    assert "[CH3][CH3]" in out.getvalue()
    assert "because" in out.getvalue()


def test_the_opening_names_real_and_simulated_data():
    printer, out = printed(is_terminal=False)
    case = open_case("peptides")
    printer.opening(case, case.spec())
    assert f"SIMULATED  the lab that 'measures' the proposals: {case.simulation}" in out.getvalue()
    assert case.source in out.getvalue()


def test_distances_are_marked_in_the_outcome():
    printer, out = printed(is_terminal=False)
    printer.outcome([Line("gap", "round 1", 3, 1.3, 0.2, is_distance=True)], ["gap: better"])
    assert "0.20 away" in out.getvalue()
    assert "- gap: better" in out.getvalue()


def test_advice_is_one_line_for_calibration_and_one_for_stopping():
    printer, out = printed(is_terminal=False)
    scores = {
        "round": 1,
        "n": 14,
        "crps": 0.314,
        "rmse": 0.5,
        "sharpness": 0.42,
        "coverage": {"0.5": 0.5, "0.9": 0.857},
    }
    record = {"rounds": [scores, {"round": 2, "n": 0}], "all": scores, "drift": None}
    stopping = {"advice": "continue", "reasons": ["It rises.", "More may come."], "numbers": {}}
    summary = {"calibration": {"glow": record}, "stopping": stopping, "statements": ["Mind the [gap]."]}
    printer.advice(summary, 1)
    errors = "CRPS 0.31, RMSE 0.50 against ± 0.42 predicted"
    assert out.getvalue().splitlines() == [
        f"calibration of glow, round 1: {errors}; of 14 values, intervals held 50% at 50%, 86% at 90%",
        "advice: continue. It rises. More may come.",
        "note: Mind the [gap].",
    ]


def test_a_round_of_an_older_version_has_no_advice():
    printer, out = printed(is_terminal=False)
    printer.advice({"chosen": 3}, 1)
    assert out.getvalue() == ""
