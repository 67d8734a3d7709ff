"""What a round does with settings that a campaign leaves open, in listed and in sampled spaces."""

from typing import Any

import pytest

from models.campaign.round_settings import FEW_RESULTS, RoundSettings, Situation, round_settings
from models.campaign.spec import CampaignSpec
from models.specs.decisions import PROXIES

LISTED, SAMPLED = Situation(listed=1728, measured=40), Situation(measured=40)
CAREFUL = {"kind": "upper_confidence_bound", "kappa": 0.2}


def spec_of(**sections: Any) -> CampaignSpec:
    fields = {
        "name": "switches",
        "domain": {"kind": "switches", "n": 7},
        "objectives": [{"name": "signal"}],
        **sections,
    }
    return CampaignSpec.model_validate(fields)


def found(situation: Situation, **sections: Any) -> RoundSettings:
    return round_settings(spec_of(**sections), situation)


def test_nothing_set_in_a_listed_space_is_exactly_what_did_best_there() -> None:
    documented = found(
        LISTED,
        proxies={"kinds": ["gaussian_process"]},
        batch={"selector": "hypervolume", "exploration": 0.0},
        applicability={"min_similarity": 0.0},
    )
    default = found(LISTED)
    values = ("mode", "selector", "diversity", "exploration", "kinds", "min_similarity")
    assert [getattr(default, name) for name in values] == [getattr(documented, name) for name in values]
    assert default.is_joint_by_default
    assert not documented.is_joint_by_default
    assert documented.by_default == ("batch.diversity",)


def test_nothing_set_in_a_sampled_space_weighs_value_and_diversity() -> None:
    default = found(SAMPLED)
    assert (default.selector, default.diversity, default.exploration) == ("greedy", 0.5, 0.2)
    assert default.kinds == PROXIES
    assert default.min_similarity is None
    assert not default.is_joint_by_default


def test_many_results_let_all_models_compete() -> None:
    assert found(Situation(3000, FEW_RESULTS)).kinds == ("gaussian_process",)
    assert found(Situation(3000, FEW_RESULTS + 1)).kinds == PROXIES


@pytest.mark.parametrize(
    ("section", "value", "name", "expected"),
    [
        ("batch", {"selector": "dpp"}, "selector", "dpp"),
        ("batch", {"diversity": 0.0}, "selector", "greedy"),
        ("batch", {"diversity": 0.3}, "diversity", 0.3),
        ("batch", {"exploration": 0.1}, "exploration", 0.1),
        ("batch", {"exploration": 0.1}, "selector", "hypervolume"),
        ("acquisition", {"kind": "expected_improvement"}, "selector", "greedy"),
        ("acquisition", CAREFUL, "selector", "greedy"),
        ("acquisition", {"scalarisation": "weighted_sum"}, "selector", "hypervolume"),
        ("proxies", {"kinds": ["random_forest"]}, "kinds", ("random_forest",)),
        ("applicability", {"min_similarity": 0.4}, "min_similarity", 0.4),
        ("applicability", {"outside_share": 0.1}, "min_similarity", None),
        ("applicability", {"if_listed": "learned"}, "min_similarity", None),
    ],
)
def test_what_is_set_holds_in_a_listed_space(section: str, value: dict[str, Any], name: str, expected: Any):
    assert getattr(found(LISTED, **{section: value}), name) == expected


@pytest.mark.parametrize("situation", [LISTED, SAMPLED])
@pytest.mark.parametrize("sections", [{}, {"batch": {"size": 5}, "proxies": {}, "applicability": {}}])
def test_a_specification_from_before_keeps_its_meaning(
    situation: Situation, sections: dict[str, Any]
) -> None:
    old = spec_of().model_dump(mode="json", exclude={"batch", "proxies", "applicability"}) | sections
    settings = round_settings(CampaignSpec.from_stored(old), situation)
    assert (settings.selector, settings.diversity, settings.exploration) == ("greedy", 0.5, 0.2)
    assert settings.kinds == PROXIES
    assert settings.min_similarity is None


def test_a_specification_of_today_stays_open_when_it_is_stored() -> None:
    stored = CampaignSpec.from_stored(spec_of().model_dump(mode="json"))
    assert stored == spec_of()
    assert round_settings(stored, LISTED).selector == "hypervolume"


def test_the_summary_names_what_was_left_open() -> None:
    assert found(LISTED, batch={"exploration": 0.1}).summary() == {
        "mode": "listed",
        "selector": "hypervolume",
        "diversity": 0.5,
        "exploration": 0.1,
        "proxies": ["gaussian_process"],
        "min_similarity": 0.0,
        "design": None,
        "similarity_window": [0.0, 1.0],
        "shares": {
            "measured_share": 0.1,
            "replay_share": 0.1,
            "local_search_share": 0.0,
            "genetic_share": 0.0,
        },
        "by_default": [
            "batch.selector",
            "batch.diversity",
            "proxies.kinds",
            "applicability.min_similarity",
        ],
    }
