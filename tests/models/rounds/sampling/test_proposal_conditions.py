"""Where a batch is sampled: at the upper half of beta, but for the share that explores."""

import pytest
import torch

from models.gflownet.conditioning import ConditionSampler
from models.rounds.sampling.candidate_pool import proposal_conditions
from models.specs.sampler import SamplerSpec

CONDITIONS = ConditionSampler((1.0, 64.0), 2)


@pytest.mark.parametrize(("lower_share", "below"), [(0.0, 0.0), (0.2, 0.1), (0.5, 0.25)])
def test_only_the_exploring_share_may_be_at_low_betas(lower_share: float, below: float) -> None:
    condition = proposal_conditions(CONDITIONS, 512, lower_share, torch.Generator().manual_seed(4))
    assert len(condition) == 512
    assert float((condition.beta < 7.999).float().mean()) == pytest.approx(below, abs=0.01)
    torch.testing.assert_close(condition.preference.sum(dim=1), torch.ones(512))


def test_sampling_as_trained_draws_the_same_conditions_as_training() -> None:
    one, other = (torch.Generator().manual_seed(4) for _ in range(2))
    drawn = proposal_conditions(CONDITIONS, 512, 1.0, one)
    trained = CONDITIONS.sample(512, other)
    assert torch.equal(drawn.beta, trained.beta)
    assert torch.equal(drawn.preference, trained.preference)


def test_one_temperature_has_no_halves() -> None:
    generator = torch.Generator().manual_seed(4)
    condition = proposal_conditions(ConditionSampler((4.0, 4.0), 1), 64, 0.2, generator)
    assert condition.beta.tolist() == [4.0] * 64


def test_stored_specifications_without_the_choice_sample_as_they_did() -> None:
    assert SamplerSpec().proposal_beta == "by_purpose"
    assert SamplerSpec.model_validate({"steps": 5}).proposal_beta == "by_purpose"
    assert SamplerSpec.from_stored({"steps": 5}).proposal_beta == "as_trained"
    kept = SamplerSpec.from_stored(SamplerSpec().model_dump(mode="json"))
    assert kept == SamplerSpec()
