"""Presets: which one a round has, what it sets, and that everything stated wins."""

from typing import Any

import pytest
from pydantic import ValidationError

from models.campaign.round_settings import Situation, round_settings
from models.campaign.spec import CampaignSpec
from models.domains.molecules.presets import DESIGNS
from models.specs.behaviour import USUAL_SHARES
from models.specs.designs import ENOUGH, EVERYWHERE

MANY, FEW = Situation(measured=ENOUGH), Situation(measured=ENOUGH - 1)


def spec_of(kind: str = "molecules", **sections: Any) -> CampaignSpec:
    domain = {"kind": kind} if kind == "molecules" else {"kind": kind, "n": 7}
    fields = {"name": "leads", "domain": domain, "objectives": [{"name": "logD"}]}
    return CampaignSpec.model_validate(fields | sections)


@pytest.mark.parametrize(
    ("stated", "situation", "expected"),
    [
        (None, FEW, "explore"),
        (None, MANY, "hit_to_lead"),
        ("explore", MANY, "explore"),
        ("lead_optimisation", FEW, "lead_optimisation"),
        (None, Situation(listed=900, measured=ENOUGH), None),
        ("hit_to_lead", Situation(listed=900, measured=ENOUGH), "hit_to_lead"),
    ],
)
def test_the_preset_is_stated_or_follows_from_what_is_measured(
    stated: str | None, situation: Situation, expected: str | None
) -> None:
    assert round_settings(spec_of(design=stated), situation).design == expected


@pytest.mark.parametrize("name", DESIGNS)
def test_a_preset_sets_what_is_left_open(name: str) -> None:
    preset, settings = DESIGNS[name], round_settings(spec_of(design=name), MANY)
    assert settings.similarity_window == preset.similarity_window
    assert (settings.diversity, settings.exploration) == (preset.diversity, preset.exploration)
    assert dict(settings.shares) == {**USUAL_SHARES, **preset.shares}
    assert settings.applied(spec_of()).sampler.behaviour.genetic_share == settings.shares["genetic_share"]


def test_what_is_stated_wins_and_shares_of_the_preset_give_way() -> None:
    stated = spec_of(
        design="hit_to_lead",
        applicability={"similarity_window": [0.2, 0.9]},
        batch={"diversity": 0.1, "exploration": 0.0},
        sampler={"behaviour": {"genetic_share": 0.0, "averaged_share": 0.85}},
    )
    settings = round_settings(stated, MANY)
    assert settings.similarity_window == (0.2, 0.9)
    assert (settings.diversity, settings.exploration) == (0.1, 0.0)
    behaviour = settings.applied(stated).sampler.behaviour
    assert behaviour.genetic_share == 0.0
    assert behaviour.measured_share == pytest.approx(0.1)
    assert behaviour.replay_share == pytest.approx(0.05)
    assert settings.decided() == [
        "sampler.behaviour.measured_share 0.1",
        "sampler.behaviour.replay_share 0.05",
        "sampler.behaviour.local_search_share 0",
    ]


def test_a_window_that_a_preset_set_says_what_happens_outside_it() -> None:
    decided = round_settings(spec_of(design="hit_to_lead"), MANY).decided()
    window = "applicability.similarity_window 0.4 to 0.65"
    assert f"{window} (objects outside it count for less and are not refused)" in decided
    explored = round_settings(spec_of(design="explore"), MANY).decided()
    assert "applicability.similarity_window none" in explored


def test_a_stored_campaign_keeps_its_meaning_and_one_of_today_stays_open() -> None:
    before = spec_of().model_dump(mode="json")
    for field in ("measured_share", "replay_share", "local_search_share", "genetic_share"):
        before["sampler"]["behaviour"][field] = 0.1
    del before["design"]
    del before["applicability"]["similarity_window"], before["applicability"]["learned_from"]
    stored = CampaignSpec.from_stored(before)
    assert stored.design == "explore"
    assert stored.applicability.learned_from == "distances"
    settings = round_settings(stored, MANY)
    assert settings.similarity_window == EVERYWHERE
    assert (settings.diversity, settings.exploration, settings.shares) == (0.5, 0.2, {})
    assert CampaignSpec.from_stored(spec_of().model_dump(mode="json")) == spec_of()


def test_a_domain_without_presets_refuses_them_and_has_none() -> None:
    with pytest.raises(
        ValidationError, match="no preset of switches, which has no presets: leave design out"
    ):
        spec_of("switches", design="hit_to_lead")
    assert round_settings(spec_of("switches"), MANY).design is None


def test_a_window_needs_a_width() -> None:
    with pytest.raises(ValidationError, match="low < high"):
        spec_of(applicability={"similarity_window": [0.6, 0.4]})
