"""The sampler's specification reaches the trainer, and a loss that does not fit is refused before fitting."""

from dataclasses import fields
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.gflownet.losses import get_loss
from models.gflownet.rewards import IncompatibleLossError
from models.gflownet.sampler import sample
from models.gflownet.settings import TrainerSettings
from models.gflownet.trunks.contract import UnservedTrunkError
from models.propose import propose
from models.records import History, Measurement
from models.rounds.training.state_reward import StateReward
from models.rounds.training.train import RewardShape, build_trainer, check_sampler, trained_policy
from models.specs.behaviour import BehaviourSpec
from models.specs.sampler import LOSSES, NEEDS_PRIOR, REFUSES_PRIOR, SamplerSpec

DOMAIN = {"kind": "peptides", "min_length": 1, "max_length": 3, "alphabet": "AG"}


def _body(loss: str, **domain: int) -> dict[str, Any]:
    return {
        "name": "A campaign",
        "domain": DOMAIN | domain,
        "objectives": [{"name": "potency"}],
        "sampler": {"loss": loss, "steps": 3, "trajectories_per_step": 4},
    }


def campaign(loss: str, **domain: int) -> CampaignSpec:
    """Return a campaign as an earlier release may have stored it."""
    return CampaignSpec.from_stored(_body(loss, **domain))


def build(spec: SamplerSpec) -> TrainerSettings:
    environment = open_domain(campaign("trajectory_balance").domain).environment([], "cpu")
    reward = StateReward(environment, lambda texts, beta, preference: torch.zeros(len(texts)))  # noqa: ARG005 - as called
    return build_trainer(spec.with_beta((1.0, 64.0)), environment, reward, RewardShape(1), 0, []).settings


def test_a_plain_specification_is_the_trainer_s_own_defaults() -> None:
    assert build(SamplerSpec()) == TrainerSettings()


def test_every_choice_is_passed_on() -> None:
    behaviour = BehaviourSpec(
        diverse_share=0.2, local_search_share=0.1, local_search_depth=2, temperature=3.0
    )
    settings = build(SamplerSpec(behaviour=behaviour, huber_delta=None, backward_policy="learned"))
    for name, chosen in behaviour.model_dump(exclude_unset=True).items():
        assert getattr(settings, name) == chosen
    assert settings.huber_delta is None
    assert settings.policy.has_learned_backward
    chosen = {"hidden_width": 48, "hidden_layers": 3, "log_z_learning_rate": 0.1, "subtb_lambda": 0.5}
    settings = build(SamplerSpec(**chosen))
    assert (settings.policy.width, settings.policy.depth) == (48, 3)
    assert (settings.log_z_learning_rate, settings.subtb_lambda) == (0.1, 0.5)
    assert set(BehaviourSpec.model_fields) <= {field.name for field in fields(TrainerSettings)}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("min_length", [1, 2])
def test_a_campaign_is_refused_exactly_where_its_rounds_would_fail(loss: str, min_length: int) -> None:
    environment = open_domain(campaign(loss, min_length=min_length).domain).environment([], "cpu")
    try:
        check_sampler(campaign(loss).sampler, environment)
    except IncompatibleLossError:
        with pytest.raises(ValidationError) as caught:
            CampaignSpec.model_validate(_body(loss, min_length=min_length))
        (error,) = caught.value.errors()
        assert error["ctx"]["pointer"] == "/sampler/loss"
        assert loss in error["msg"]
    else:
        assert CampaignSpec.model_validate(_body(loss, min_length=min_length)).sampler.loss == loss


@pytest.mark.parametrize("loss", LOSSES)
def test_specifications_know_which_losses_go_with_a_prior(loss: str) -> None:
    assert get_loss(loss).needs_prior == (loss in NEEDS_PRIOR)
    assert get_loss(loss).allows_prior != (loss in REFUSES_PRIOR)
    default = "measured" if loss in NEEDS_PRIOR else "none" if loss in REFUSES_PRIOR else SamplerSpec().prior
    assert SamplerSpec(loss=loss).prior == default
    assert SamplerSpec(backward_policy="learned").prior == "none"


@pytest.mark.parametrize("loss", LOSSES)
def test_the_name_of_a_loss_tells_what_it_takes(loss: str) -> None:
    taken = {"forward": "partial", "prefix": "stopped"}
    assert get_loss(loss).rewards_of == taken.get(loss.split("_", maxsplit=1)[0], "final")


@pytest.mark.parametrize("loss", LOSSES)
def test_what_fits_a_campaign_is_told_before_fitting(loss: str) -> None:
    for min_length in (1, 2):
        spec = campaign(loss, min_length=min_length)
        wanted = get_loss(loss).rewards_of
        environment = open_domain(spec.domain).environment([], "cpu")
        if wanted == "stopped" and min_length == 2:
            with pytest.raises(IncompatibleLossError, match=loss):
                check_sampler(spec.sampler, environment)
        else:
            check_sampler(spec.sampler, environment)


def test_a_round_with_an_unfit_loss_fails_at_once() -> None:
    spec = campaign("prefix_sub_trajectory_balance", min_length=2)
    heard: list[str] = []
    with pytest.raises(IncompatibleLossError, match="PeptidesEnvironment has states that may not"):
        propose(
            spec,
            History((Measurement("AG", "potency", 1.0),)),
            seed=0,
            report=lambda _stage, _progress, message: heard.append(message),
        )
    assert len(heard) <= 1


@pytest.mark.parametrize("trunk", ["mlp", "transformer"])
def test_a_trained_policy_opens_from_its_weights(trunk: str) -> None:
    spec = SamplerSpec(trunk=trunk, hidden_width=32, beta=(1.0, 64.0))
    environment = open_domain(campaign("trajectory_balance").domain).environment([], "cpu")
    reward = StateReward(environment, lambda texts, beta, preference: torch.zeros(len(texts)))  # noqa: ARG005 - as called
    trainer = build_trainer(spec, environment, reward, RewardShape(1), 5, [])
    again = trained_policy(spec, environment, RewardShape(1), trainer.policy.state_dict())
    condition = trainer.conditions.fixed(2.0, n=3)
    draws = [
        sample(policy, environment, condition, 3, torch.Generator().manual_seed(1))
        for policy in (trainer.policy, again.policy)
    ]
    assert torch.equal(draws[0].final_states, draws[1].final_states)
    assert torch.equal(draws[0].log_pf, draws[1].log_pf)


def test_a_trunk_without_its_structure_is_told_before_fitting() -> None:
    environment = open_domain(campaign("trajectory_balance").domain).environment([], "cpu")
    with pytest.raises(UnservedTrunkError, match="PeptidesEnvironment offers no graph"):
        check_sampler(SamplerSpec(trunk="message_passing"), environment)
    with pytest.raises(ValidationError, match="trunk must be one of mlp"):
        SamplerSpec(trunk="convolution")


def test_the_shape_of_the_network_and_its_conditions_reach_a_trained_policy() -> None:
    spec = SamplerSpec(beta=(1, 64), hidden_width=48, hidden_layers=3, preference_concentration=5.0)
    environment = open_domain(campaign("trajectory_balance").domain).environment([], "cpu")
    reward = StateReward(environment, lambda texts, beta, preference: torch.zeros(len(texts)))  # noqa: ARG005 - as called
    trainer = build_trainer(spec, environment, reward, RewardShape(2), 0, [])
    assert [layer.out_features for layer in (trainer.policy.first, *trainer.policy.rest)] == [48, 48, 48]
    weights = trainer.policy.state_dict()
    again = trained_policy(spec, environment, RewardShape(2), weights)
    assert again.conditions.concentration == trainer.conditions.concentration == 5.0
    assert again.policy.state_dict().keys() == weights.keys()
