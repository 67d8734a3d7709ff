"""The transformer reads all beginnings of a sequence in one pass, and nothing after or beside them."""

import pytest
import torch

from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.sampler import rollout_backward, rollout_forward
from models.gflownet.structures import Tokens
from models.gflownet.trajectories import featurize, join
from models.gflownet.trunks.contract import UnservedTrunkError

ENVIRONMENT = PeptidesEnvironment(PeptidesSpec(min_length=2, max_length=5, alphabet="ADG"))
CONDITIONS = ConditionSampler((1.0, 8.0), 2)
SPEC = PolicySpec(trunk="transformer", width=32)


@pytest.fixture
def policy(generator: torch.Generator) -> Policy:
    built = Policy(ENVIRONMENT, CONDITIONS, SPEC, generator)
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return built


def test_a_trajectory_in_one_pass_is_its_states_one_by_one(policy: Policy, generator: torch.Generator):
    condition = CONDITIONS.sample(9, generator)
    walked = rollout_forward(policy, ENVIRONMENT, condition, generator)
    assert isinstance(walked.features.structure, Tokens)
    assert len(walked.features.structure.ids) == 9
    owners = torch.cat([walked.trajectory, torch.arange(9)])
    context = policy.context(condition).at(owners)
    together = policy.hidden(walked.features, context)
    for row, state in enumerate(walked.states):
        alone = featurize(ENVIRONMENT, state[None], reads="tokens")
        hidden = policy.hidden(alone, policy.context(condition.at(owners[row : row + 1])))
        assert torch.allclose(hidden[0], together[row], atol=1e-5)


def test_a_state_does_not_depend_on_longer_ones_in_its_batch(policy: Policy, generator: torch.Generator):
    short, long = ENVIRONMENT.states(["AD", "ADGGA"])[0]
    condition = CONDITIONS.sample(1, generator)
    alone = policy.hidden(featurize(ENVIRONMENT, short[None], reads="tokens"), policy.context(condition))
    both = featurize(ENVIRONMENT, torch.stack([short, long]), reads="tokens")
    beside = policy.hidden(both, policy.context(condition.repeat(2)))
    assert torch.allclose(alone[0], beside[0], atol=1e-6)
    assert not torch.allclose(beside[0], beside[1], atol=1e-2)


def test_sampling_and_scoring_see_the_same_logits(policy: Policy, generator: torch.Generator):
    states = ENVIRONMENT.step(ENVIRONMENT.reset(6), torch.tensor([0, 1, 2, 0, 1, 2]))
    condition, rows = CONDITIONS.sample(8, generator), torch.tensor([0, 2, 3, 5, 6, 7])
    features = featurize(ENVIRONMENT, states, reads=policy.reads)
    logits = [
        policy.forward_logits(policy.hidden(features, context), features, context)
        for context in (policy.context(condition).at(rows), policy.sampling_context(condition).at(rows))
    ]
    assert torch.allclose(*logits, atol=1e-5)


def test_repeated_split_and_joined_trajectories_keep_their_states(policy: Policy, generator: torch.Generator):
    condition = CONDITIONS.sample(4, generator)
    walked = rollout_forward(policy, ENVIRONMENT, condition, generator)
    back = rollout_backward(policy, ENVIRONMENT, walked.final_states, condition, generator)
    joined = join([walked, back])
    assert isinstance(joined.features.structure, Tokens)
    assert len(joined.features.structure.ids) == 8
    repeated = joined.repeat(2)
    conditions = CONDITIONS.sample(16, generator)
    for some in (joined, repeated, *joined.split(2)):
        owners = torch.cat([some.trajectory, torch.arange(len(some))])
        context = policy.context(conditions.at(slice(0, len(some)))).at(owners)
        alone = featurize(ENVIRONMENT, some.states, reads="tokens")
        assert torch.allclose(policy.hidden(some.features, context), policy.hidden(alone, context), atol=1e-5)


def test_an_environment_without_sequences_is_refused(generator: torch.Generator):
    with pytest.raises(UnservedTrunkError, match="Hypergrid offers no tokens"):
        Policy(Hypergrid(2, 4), CONDITIONS, SPEC, generator)
    with pytest.raises(UnservedTrunkError, match="Hypergrid offers no graph"):
        Policy(Hypergrid(2, 4), CONDITIONS, PolicySpec(trunk="message_passing"), generator)
