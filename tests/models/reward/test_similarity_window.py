"""The similarity window: a factor on value and weight, exact in the reward and in what a policy samples."""

import math
from dataclasses import replace

import pytest
import torch
from exactness import SETTINGS, TOLERANCE, deviations

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.exact import enumerate_space
from models.gflownet.trainer import Trainer
from models.records import History, Measurement
from models.reward.applicability import FALL, applicability
from models.reward.log_reward import LEAST_PROBABILITY
from models.rounds.fitting.fit import RoundModel, fit
from models.rounds.training.state_reward import StateReward

BUILT = [f"{number:07b}" for number in range(2, 128, 9)]
"""Measured objects."""
WINDOW = (0.5, 0.75)


def fitted(window: tuple[float, float]) -> RoundModel:
    fields = {
        "name": "switches",
        "domain": {"kind": "switches", "n": 7},
        "objectives": [{"name": "glow", "range": [0, 7]}],
        "applicability": {"similarity_window": window, "min_similarity": 0.0},
        "proxies": {"kinds": ["gaussian_process"]},
    }
    spec = CampaignSpec.model_validate(fields)
    domain = open_domain(spec.domain)
    known = History(tuple(Measurement(text, "glow", float(text.count("1"))) for text in BUILT))
    return fit(spec, domain, domain.environment([]), known, 0, lambda *_: None)


def test_the_weight_is_one_inside_and_falls_like_a_gaussian_to_both_sides() -> None:
    domain = open_domain(CampaignSpec.model_validate(fields_of("1" * 7)).domain)
    near = applicability(0.0, domain, ["0000000"], WINDOW)
    nearest = near.nearest(["0000000", "1000000", "1100000", "1111100", "1111111"])
    assert nearest.tolist() == pytest.approx([1.0, 6 / 7, 5 / 7, 2 / 7, 0.0])
    distances = [0.25, 6 / 7 - 0.75, 0.0, 0.5 - 2 / 7, 0.5]
    expected = [math.exp(-0.5 * (distance / FALL) ** 2) for distance in distances]
    assert near.window_weight(nearest).tolist() == pytest.approx(expected)
    nothing = applicability(None, domain, [], WINDOW)
    assert nothing.window_weight(nothing.nearest(["1111111"])).tolist() == [1.0]


def fields_of(text: str) -> dict[str, object]:
    return {
        "name": "switches",
        "domain": {"kind": "switches", "n": len(text)},
        "objectives": [{"name": "glow"}],
    }


def test_the_factor_multiplies_value_and_weight_of_every_object() -> None:
    plain, windowed = fitted((0.0, 1.0)), fitted(WINDOW)
    texts = [f"{number:07b}" for number in range(128)]
    even = torch.ones(len(texts), 1)
    value, log_weight = plain.reward.factors(texts, even)
    found_value, found_weight = windowed.reward.factors(texts, even)
    near = windowed.model.applicability
    weight = near.window_weight(near.nearest(texts))
    assert 0 < int((weight < 1).sum()) < len(texts)
    expected = weight * value.clamp_min(0.0) + value.clamp_max(0.0)
    assert torch.allclose(found_value, expected, atol=2e-6)
    assert torch.allclose(found_weight, log_weight + weight.clamp_min(LEAST_PROBABILITY).log(), atol=2e-6)


@pytest.mark.slow
def test_a_policy_samples_the_windowed_target_at_every_temperature() -> None:
    model = fitted(WINDOW)
    environment = model.domain.environment([])
    space, reward = enumerate_space(environment), StateReward(environment, model.reward)
    trainer = Trainer(
        environment, ConditionSampler((1.0, 4.0), 1), reward, replace(SETTINGS, steps=800), seed=0
    )
    trainer.run(800)
    found = deviations(trainer, space, reward, ((1.0,),))
    assert max(item.total_variation for item in found) <= TOLERANCE
