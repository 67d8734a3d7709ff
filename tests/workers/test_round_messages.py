"""What a worker adds to the summary of a round: a checkpoint that failed, and from which round it began."""

from uuid import UUID, uuid4

import pytest

from models.messages.message import as_summary, message
from models.records import Proposal
from service.campaigns.starts import RoundStart
from workers.rounds import _messages, _with_messages, _with_source

CAMPAIGN = UUID("11111111-2222-3333-4444-555555555555")


def test_a_failed_checkpoint_is_the_last_message() -> None:
    before = Proposal((), {"chosen": 0, **as_summary([message("plateau_no_candidate")])})
    after = _with_messages(before, _messages(None, "No space left on device")).summary
    assert [item["code"] for item in after["messages"]] == ["plateau_no_candidate", "checkpoint_not_saved"]
    assert after["messages"][-1]["params"] == {"error": "No space left on device"}
    assert after["statements"] == [item["text"] for item in after["messages"]]
    assert "make room in the artefacts folder" in after["statements"][-1]
    assert after["chosen"] == 0


def test_a_round_without_incidents_says_nothing_more() -> None:
    started = RoundStart(uuid4(), 1, b"whole")
    assert _messages(None, None) == _messages(started, None) == []


@pytest.mark.parametrize(
    ("start", "code", "words"),
    [
        (RoundStart(CAMPAIGN, 3, None), "start_missing", "round 3"),
        (RoundStart(CAMPAIGN, None, None), "start_missing", f"campaign {CAMPAIGN}"),
        (RoundStart(CAMPAIGN, 3, None, "it is damaged"), "start_damaged", "it is damaged"),
    ],
)
def test_a_policy_that_is_not_there_is_told(start: RoundStart, code: str, words: str) -> None:
    (told,) = _messages(start, None)
    assert told.code == code
    assert words in told.text


def test_the_round_that_training_began_from_is_named() -> None:
    begun = Proposal((), {"start": {"sha256": "a", "campaign_id": None, "round": None}})
    named = _with_source(begun, RoundStart(CAMPAIGN, 3, b"")).summary["start"]
    assert named == {"sha256": "a", "campaign_id": str(CAMPAIGN), "round": 3}
    cold = Proposal((), {"start": None})
    assert _with_source(cold, RoundStart(CAMPAIGN, 3, b"")) is cold
    assert _with_source(begun, None) is begun
