"""A policy with a prior: it starts as the prior, and learns prior times reward, in trees and graphs.

Letters: X final states.
"""

from dataclasses import replace

import pytest
import torch
from exactness import SETTINGS, assert_exact
from loss_spaces import ArbitraryPrior, grid, letter_reward
from torch import Tensor

from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.density import log_density as policy_density
from models.gflownet.environment import Environment
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space, policy_log_probability, prior_log_probability
from models.gflownet.losses import get_loss
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.prior_fit import fit_prior
from models.gflownet.rewards import IncompatibleLossError
from models.gflownet.sampler import log_probability, rollout_backward, rollout_forward
from models.gflownet.scoring import score
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer
from models.gflownet.trajectories import Trajectories

BOTH = ["trajectory_balance", "relative_trajectory_balance"]
ONE = [(1.0,)]


def fitted_prior(environment: Environment, texts: list[str], sizes: dict[int, float]):
    states, known = environment.states(texts)
    prior, record = fit_prior(environment, states[known], sizes, torch.Generator().manual_seed(0))
    assert prior is not None, record
    return prior


def alternating(low: int, high: int) -> list[str]:
    """Return strings in which A and C, and G and T, follow each other more often than not."""
    generator = torch.Generator().manual_seed(5)
    after = {"A": "CCCCA", "C": "AAAGC", "G": "TTTTA", "T": "GGGGT"}
    texts = []
    for _ in range(60):
        length = int(torch.randint(low, high + 1, (), generator=generator))
        text = "ACGT"[int(torch.randint(4, (), generator=generator))]
        while len(text) < length:
            text += after[text[-1]][int(torch.randint(5, (), generator=generator))]
        texts.append(text)
    return list(dict.fromkeys(texts))


@pytest.mark.parametrize("environment", [Strings("ACGT", 4), Hypergrid(2, 5)], ids=["tree", "graph"])
def test_an_untrained_policy_is_its_prior(environment: Environment):
    prior = ArbitraryPrior(environment)
    policy = Policy(
        environment, ConditionSampler((1.0, 64.0), 2), PolicySpec(), torch.Generator().manual_seed(0), prior
    )
    space = enumerate_space(environment)
    condition = policy.conditions.fixed(8.0, (0.3, 0.7))
    with torch.no_grad():
        log_p = policy_log_probability(space, policy, condition)
    torch.testing.assert_close(log_p, prior_log_probability(space, prior), atol=1e-5, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("loss", BOTH)
def test_strings_of_6_over_4_letters_are_within_total_variation_005_of_prior_times_reward(loss: str):
    environment = Strings("ACGT", 6)
    reward = letter_reward(environment)
    utilities = reward.utilities(enumerate_space(environment).final_states)[:, :1]
    result = assert_exact(
        environment,
        utilities,
        preferences=ONE,
        settings=replace(SETTINGS, loss=loss, steps=3000),
        prior=fitted_prior(environment, alternating(6, 6), {}),
    )
    assert max(abs(deviation.log_z_error) for deviation in result) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("loss", BOTH)
def test_peptides_of_several_lengths_are_within_total_variation_005_of_prior_times_reward(loss: str):
    environment = PeptidesEnvironment(PeptidesSpec(min_length=2, max_length=5, alphabet="ACGT"))
    space = enumerate_space(environment)
    texts = environment.objects(space.final_states)
    utilities = torch.tensor([[text.count("T") / len(text) + 0.3 * text.count("CA")] for text in texts])
    prior = fitted_prior(environment, alternating(2, 5), {2: 0.1, 3: 0.2, 4: 0.4, 5: 0.3})
    assert_exact(environment, utilities, preferences=ONE, settings=replace(SETTINGS, loss=loss), prior=prior)


@pytest.mark.slow
@pytest.mark.parametrize("loss", BOTH)
def test_objects_of_many_trajectories_are_within_total_variation_005_of_their_sum(loss: str):
    environment, reward = grid(8)
    utilities = reward.utilities(enumerate_space(environment).final_states)[:, :1]
    assert_exact(
        environment,
        utilities,
        preferences=ONE,
        settings=replace(SETTINGS, loss=loss),
        prior=ArbitraryPrior(environment),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["diverse_share", "tempered_share", "averaged_share", "local_search_share", "genetic_share"]
)
def test_every_behaviour_leaves_prior_times_reward_exact(name: str):
    environment, reward = grid(5)
    utilities = reward.utilities(enumerate_space(environment).final_states)[:, :1]
    settings = replace(SETTINGS, replay_capacity=15, **{name: 0.4})
    assert_exact(
        environment, utilities, preferences=ONE, settings=settings, prior=ArbitraryPrior(environment)
    )


def test_a_policy_s_density_of_given_objects_is_exact_beside_a_prior():
    environment, generator = Hypergrid(2, 4), torch.Generator().manual_seed(0)
    policy = perturbed(environment, ArbitraryPrior(environment))
    space = enumerate_space(environment)
    condition = policy.conditions.fixed(2.0, n=len(space))
    with torch.no_grad():
        exact = policy_log_probability(space, policy, condition.at(slice(0, 1)))
    found, is_exact = policy_density(policy, environment, space.final_states, condition, generator)
    assert bool(is_exact.all())
    torch.testing.assert_close(found, exact, atol=1e-4, rtol=0)
    estimated = log_probability(policy, environment, space.final_states, condition, generator, k=2_000)
    torch.testing.assert_close(estimated, exact, atol=0.15, rtol=0)


def test_training_is_the_same_whether_or_not_it_was_interrupted(generator: torch.Generator):  # noqa: ARG001 - one thread
    environment, reward = grid(5)
    settings = TrainerSettings(
        steps=40,
        loss="relative_trajectory_balance",
        policy=PolicySpec(width=16),
        genetic_share=0.2,
        local_search_share=0.2,
        tempered_share=0.1,
    )

    def build() -> Trainer:
        conditions = ConditionSampler((1.0, 4.0), 2)
        return Trainer(environment, conditions, reward, settings, 0, prior=ArbitraryPrior(environment))

    whole, first, second = build(), build(), build()
    whole.run(20)
    first.run(9)
    second.load(first.save())
    second.run(11)
    for name, tensor in whole.policy.state_dict().items():
        assert torch.equal(tensor, second.policy.state_dict()[name])


def test_what_cannot_be_balanced_is_refused():
    environment, reward = grid(4)
    conditions = ConditionSampler((1.0, 4.0), 2)
    alone = TrainerSettings(loss="relative_trajectory_balance")
    with pytest.raises(IncompatibleLossError, match="needs a policy with a prior"):
        Trainer(environment, conditions, reward, alone, 0)
    beside = TrainerSettings(loss="flow_matching")
    with pytest.raises(IncompatibleLossError, match="no form for a policy with a prior"):
        Trainer(environment, conditions, reward, beside, 0, prior=ArbitraryPrior(environment))


def gradients(loss: Tensor, policy: Policy) -> Tensor:
    """Return the gradient of the policy's parameters, log Z apart, as one vector."""
    parameters = [item for name, item in policy.named_parameters() if not name.startswith("partition")]
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    parts = (
        torch.zeros_like(item) if part is None else part for item, part in zip(parameters, found, strict=True)
    )
    return torch.cat([part.flatten() for part in parts])


def perturbed(environment: Environment, prior: ArbitraryPrior | None) -> Policy:
    """Return a policy at one inverse temperature that is neither uniform nor its prior."""
    generator = torch.Generator().manual_seed(3)
    policy = Policy(environment, ConditionSampler((2.0, 2.0), 1), PolicySpec(width=32), generator, prior)
    torch.nn.init.normal_(policy.vocabulary.weight, std=0.3, generator=generator)
    return policy


def letters(states: Tensor, condition: Condition) -> Tensor:
    """Return the log-reward [B] of the first objective alone."""
    first = torch.tensor([[1.0, 0.0]]).expand(len(states), 2)
    return letter_reward(STRINGS)(states, replace(condition, preference=first))


STRINGS = Strings("ACGT", 4)
SPACE = enumerate_space(STRINGS)


def divergence_from(policy: Policy) -> tuple[Tensor, Tensor]:
    """Return KL(policy || prior * R / Z) over all 256 strings, with its gradient, and log Z."""
    condition = policy.conditions.fixed(2.0, n=len(SPACE))
    target = letters(SPACE.final_states, condition).double()
    if policy.prior is not None:
        target = target + prior_log_probability(SPACE, policy.prior)
    log_p = policy_log_p(policy, everything(policy)).double()
    return (log_p.exp() * (log_p - target.log_softmax(0))).sum(), target.logsumexp(0)


def everything(policy: Policy) -> Trajectories:
    """Return the trajectory of every string."""
    condition = policy.conditions.fixed(2.0, n=len(SPACE))
    return rollout_backward(policy, STRINGS, SPACE.final_states, condition, torch.Generator())


def policy_log_p(policy: Policy, trajectories: Trajectories) -> Tensor:
    condition = policy.conditions.fixed(2.0, n=len(trajectories))
    return trajectories.total(score(policy, trajectories, condition).log_pf)


def balance(loss: str, policy: Policy, trajectories: Trajectories) -> Tensor:
    """Return the squared residuals [B]."""
    condition = policy.conditions.fixed(2.0, n=len(trajectories))
    log_reward = letters(trajectories.final_states, condition)
    return get_loss(loss, delta=None)(trajectories, log_reward, policy, condition)


@pytest.mark.parametrize(
    ("loss", "has_prior"),
    [("trajectory_balance", False), ("trajectory_balance", True), ("relative_trajectory_balance", True)],
)
@pytest.mark.parametrize("log_z", [-3.0, 2.0])
def test_on_policy_gradients_are_those_of_the_kl_divergence(loss: str, has_prior: bool, log_z: float):  # noqa: FBT001
    """Whatever log Z is (Malkin et al., arXiv:2210.00580); all 256 strings are weighed by the policy."""
    policy = perturbed(STRINGS, ArbitraryPrior(STRINGS) if has_prior else None)
    torch.nn.init.constant_(policy.partition.offset, log_z)
    trajectories = everything(policy)
    weights = policy_log_p(policy, trajectories).exp().detach()
    exact = gradients(divergence_from(policy)[0], policy)
    found = gradients((weights * balance(loss, policy, trajectories)).sum(), policy)
    assert float(exact.norm()) > 0.1
    assert float((found - exact).norm() / exact.norm()) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "has_prior"), [("trajectory_balance", False), ("relative_trajectory_balance", True)]
)
def test_the_gradient_of_samples_estimates_that_of_the_kl_divergence(loss: str, has_prior: bool):  # noqa: FBT001
    """Of 400,000 trajectories of the policy itself, with log Z where the variance is least."""
    policy = perturbed(STRINGS, ArbitraryPrior(STRINGS) if has_prior else None)
    divergence, log_z = divergence_from(policy)
    exact = gradients(divergence, policy)
    torch.nn.init.constant_(policy.partition.offset, float((log_z - divergence).detach()))
    generator, found = torch.Generator().manual_seed(1), torch.zeros_like(exact)
    for _ in range(20):
        condition = policy.conditions.fixed(2.0, n=20_000)
        drawn = rollout_forward(policy, STRINGS, condition, generator)
        found += gradients(balance(loss, policy, drawn).mean(), policy) / 20
    assert float((found - exact).norm() / exact.norm()) < 0.02
