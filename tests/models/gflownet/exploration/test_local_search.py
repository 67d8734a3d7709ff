"""Local search leaves the target invariant, whatever the policy, and all that it scores is learned from."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space
from models.gflownet.exploration.local_search import LocalSearch, rebuild, undo_steps
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer

CONDITIONS = ConditionSampler((1.0, 4.0), 1)
LETTERS = Strings("AB", 4)
SPACES: dict[str, Environment] = {
    "one length": LETTERS,
    "several lengths, a tree": PeptidesEnvironment(
        PeptidesSpec(kind="peptides", min_length=1, max_length=3, alphabet="AC")
    ),
    "several lengths, many paths": Hypergrid(2, 4),
}
N_CHAINS = 20_000


def a_count(states: Tensor, condition: Condition) -> Tensor:
    return condition.beta * (states[:, :-1] == 1).sum(1) * 3


def sharp_policy(environment: Environment, generator: torch.Generator, *, is_learned: bool = False) -> Policy:
    """Return an untrained policy whose P_F and P_B are far from uniform."""
    policy = Policy(environment, CONDITIONS, PolicySpec(width=16, has_learned_backward=is_learned), generator)
    with torch.no_grad():
        for head in (policy.vocabulary, policy.backward_vocabulary):
            if head is not None:
                head.weight.mul_(20.0)
    return policy


@pytest.mark.parametrize("is_learned", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("space", SPACES)
def test_chains_leave_the_target_as_it_is(
    space: str,
    depth: int,
    is_learned: bool,  # noqa: FBT001
    generator: torch.Generator,
) -> None:
    environment = SPACES[space]
    objects = enumerate_space(environment).final_states
    log_reward = 2 * torch.rand(len(objects), generator=generator)
    keys, order = environment.key(objects).sort()

    def log_target(states: Tensor, condition: Condition) -> Tensor:
        return condition.beta * log_reward[order][torch.searchsorted(keys, environment.key(states))]

    policy = sharp_policy(environment, generator, is_learned=is_learned)
    search = LocalSearch(log_target, depth, 1)
    condition = CONDITIONS.fixed(2.0, n=N_CHAINS)
    target = log_target(objects, CONDITIONS.fixed(2.0, n=len(objects))).double().softmax(0)
    present = objects[target.multinomial(N_CHAINS, replacement=True, generator=generator)]
    for _ in range(8):
        present, _ = search.move(policy, environment, present, condition, generator)
    rows = torch.searchsorted(keys, environment.key(present))
    counts = torch.bincount(rows, minlength=len(objects)).double()
    expected = target[order] * N_CHAINS
    chi_squared = float(((counts - expected).square() / expected).sum())
    degrees = len(objects) - 1
    assert chi_squared < degrees + 5 * (2 * degrees) ** 0.5


def test_chains_reach_the_target_from_elsewhere(generator: torch.Generator) -> None:
    policy = sharp_policy(LETTERS, generator)
    search = LocalSearch(a_count, depth=4, n_rounds=1)
    present, condition = LETTERS.states(["BBBB"] * 4000)[0], CONDITIONS.fixed(1.0, n=4000)
    for _ in range(60):
        present, _ = search.move(policy, LETTERS, present, condition, generator)
    share = float((present[:, :-1] == 1).float().mean())
    assert share == pytest.approx(float(torch.tensor(3.0).sigmoid()), abs=0.02)


def test_every_sample_and_every_proposal_is_learned_from_at_one_call_each(
    generator: torch.Generator,
) -> None:
    scored: set[int] = set()

    def log_target(states: Tensor, condition: Condition) -> Tensor:
        scored.update(environment.key(states).tolist())
        return torch.zeros(len(condition))

    environment = Strings("ABCDEFGH", 12)
    search = LocalSearch(log_target, depth=3, n_rounds=4)
    policy = sharp_policy(environment, generator)
    result = search.trajectories(policy, environment, CONDITIONS.sample(50, generator), generator)
    assert len(result) == 50
    assert set(environment.key(result.final_states).tolist()) == scored
    assert len(scored) <= 50 * search.reward_calls
    starts, last = result.final_states[:10, :9], result.final_states[40:, :9]
    assert torch.equal(starts, last), "a chain keeps what lies deeper than its steps"


def test_fewer_trajectories_than_a_chain_are_the_first_of_it(generator: torch.Generator) -> None:
    search = LocalSearch(a_count, depth=2, n_rounds=8)
    policy = sharp_policy(LETTERS, generator)
    for n in (1, 2, 5):
        assert len(search.trajectories(policy, LETTERS, CONDITIONS.sample(n, generator), generator)) == n


def test_searching_counts_each_trajectory_once() -> None:
    settings = TrainerSettings(
        steps=9, trajectories_per_step=16, policy=PolicySpec(width=16), first_estimate=64
    )
    trainer = Trainer(LETTERS, CONDITIONS, a_count, replace(settings, local_search_share=0.5), 0)
    trainer.run(3)
    assert trainer.reward_calls == 64 + 3 * 16


def test_steps_are_undone_and_rebuilt(generator: torch.Generator) -> None:
    policy = sharp_policy(LETTERS, generator)
    states, condition = LETTERS.states(["ABAB"] * 64)[0], CONDITIONS.fixed(1.0, n=64)
    depth = torch.tensor([2, 99]).repeat(32)
    short = undo_steps(policy, LETTERS, states, condition, depth, generator)
    assert short.states[::2, :2].tolist() == [[1, 2]] * 32
    assert torch.equal(short.states[1::2], LETTERS.reset(32))
    assert short.n_steps.tolist() == [2, 4] * 32
    again = rebuild(policy, LETTERS, short.states, condition, generator)
    assert {text[:2] for text in LETTERS.objects(again.states)[::2]} == {"AB"}
    assert again.n_steps.tolist() == [2, 4] * 32
    assert bool((again.log_pf < 0).all())
    assert bool((again.log_pb == 0).all())
