"""A round whose training could not be saved says so beside everything else that it says."""

from models.messages.message import as_summary, message
from models.records import Proposal
from workers.rounds import _with_checkpoint_failure


def test_a_failed_checkpoint_is_the_last_message() -> None:
    before = Proposal((), {"chosen": 0, **as_summary([message("plateau_no_candidate")])})
    after = _with_checkpoint_failure(before, "No space left on device").summary
    assert [item["code"] for item in after["messages"]] == ["plateau_no_candidate", "checkpoint_not_saved"]
    assert after["messages"][-1]["params"] == {"error": "No space left on device"}
    assert after["statements"] == [item["text"] for item in after["messages"]]
    assert "make room in the artefacts folder" in after["statements"][-1]
    assert after["chosen"] == 0


def test_a_round_that_was_saved_is_left_as_it_is() -> None:
    proposal = Proposal((), as_summary([]))
    assert _with_checkpoint_failure(proposal, None) is proposal
