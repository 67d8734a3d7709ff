"""Judgements of anybody's objects say what a batch says of its own, and all that speaks against them."""

from dataclasses import asdict, replace

import pytest
from played import EVERYTHING, Played


def _silent(share: float, message: str) -> None:
    assert 0 <= share <= 1
    assert message


def test_judgements_repeat_what_the_round_said_of_its_batch(played: Played) -> None:
    proposed = played.proposal.candidates
    judged = played.instrument.predict([item.object for item in proposed], played.history, _silent)
    for said, now in zip(proposed, judged, strict=True):
        assert now.object == said.object
        assert now.refused == ()
        assert now.computed == said.computed
        assert now.nearest_measured == said.nearest_measured
        assert now.in_domain == said.in_domain
        assert now.guardrails == pytest.approx(said.guardrails)
        for name, prediction in said.predictions.items():
            other = now.predictions[name]
            parts = [
                (getattr(prediction, part), getattr(other, part)) for part in ("mean", "sd", "low", "high")
            ]
            assert all(one == pytest.approx(two, abs=1e-12) for one, two in parts)


def test_a_judgement_names_every_reason(played: Played) -> None:
    measured = played.history.measurements[0].object
    pending, other = (text for text in EVERYTHING[1:3])
    now = replace(played.history, pending=(pending,), excluded=("01",))
    judged = played.instrument.predict([measured, pending, "01", other, measured], now, _silent)
    assert judged[0].refused[0] == "already measured"
    for name, told in judged[0].predictions.items():  # nearly: products round rows of one batch differently
        assert asdict(judged[4].predictions[name]) == pytest.approx(asdict(told), rel=1e-9)
    assert judged[4].refused == judged[0].refused
    assert judged[4].nearest_measured == judged[0].nearest_measured
    assert "pending" in judged[1].refused
    assert [item["code"] for item in judged[2].messages[:2]] == ["refused_as_excluded", "refused_by_rule"]
    assert judged[2].messages[1]["params"]["detail"] == "2 switches, not 7"
    assert [len(item.messages) for item in judged] == [len(item.refused) for item in judged]
    assert judged[2].refused[:2] == ("excluded", "2 switches, not 7")
    assert judged[0].nearest_measured is not None
    assert judged[0].nearest_measured.similarity == 1.0
    assert played.instrument.predict([], now, _silent) == ()


def test_many_objects_are_judged_part_by_part(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[float] = []
    whole = played.instrument.predict(EVERYTHING, played.history, _silent)
    monkeypatch.setattr("models.inference.trained_campaign.JUDGED", 10)
    parts = played.instrument.predict(EVERYTHING, played.history, lambda share, _: heard.append(share))
    assert len(heard) == 14
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert [item.object for item in parts] == [item.object for item in whole] == EVERYTHING
    for one, other in zip(parts, whole, strict=True):
        assert one.predictions["signal"].high == pytest.approx(other.predictions["signal"].high, abs=1e-9)
        assert one.refused == other.refused
