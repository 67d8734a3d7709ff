"""Conservative search erases fewer steps of uncertain objects, keeps the others and walks valid steps."""

from collections.abc import Callable

import pytest
import torch
from domain_examples import names, open_example
from torch import Tensor

from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.environments.strings import Strings
from models.gflownet.exploration.conservative import Conservative, Refill, kept_log_prior
from models.gflownet.genetic_operators import NONE, complete, decompose, step_log_priors
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.sampler import rollout_backward, rollout_forward
from models.gflownet.trajectories import Trajectories

CONDITIONS = ConditionSampler((1.0, 4.0), 1)
LETTERS = Strings("ABCD", 8)
CHAINS = PeptidesEnvironment(PeptidesSpec(min_length=1, max_length=8, alphabet="ACDE"))


def certain(states: Tensor) -> Tensor:
    return torch.zeros(len(states))


def preferring(environment: Environment, action: int, generator: torch.Generator) -> Policy:
    """Return a policy that takes one word of the vocabulary wherever it is allowed."""
    policy = Policy(environment, CONDITIONS, PolicySpec(width=16), generator)
    assert policy.vocabulary is not None
    with torch.no_grad():
        policy.vocabulary.weight.zero_()
        policy.vocabulary.bias.zero_()
        policy.vocabulary.bias[action] = 60.0
    return policy


def refilled(
    environment: Environment, texts: list[str], kept: list[list[int]], action: int, seed: int = 0
) -> list[str]:
    """Return the objects after the steps that are not kept were chosen by `preferring`."""
    generator = torch.Generator().manual_seed(seed)
    states, is_known = environment.states(texts)
    assert bool(is_known.all())
    actions = decompose(environment, states, generator)
    is_kept = torch.zeros(actions.shape, dtype=torch.bool)
    for row, steps in enumerate(kept):
        is_kept[row, steps] = True
    policy = preferring(environment, action, generator)
    condition = CONDITIONS.fixed(1.0, n=len(texts))
    refill = Refill(environment, actions, is_kept)
    final = rollout_forward(policy, environment, condition, generator, revise=refill).final_states
    return environment.objects(final)


def assert_valid(result: Trajectories, environment: Environment) -> None:
    """Check that every trajectory is a walk of allowed steps from the start to its final state."""
    n = result.n_transitions
    before, after = result.states[:n], environment.step(result.states[:n], result.actions)
    assert bool(environment.forward_mask(before).gather(1, result.actions.unsqueeze(1)).all())
    assert bool(environment.backward_mask(after).gather(1, result.backward_actions.unsqueeze(1)).all())
    undone = environment.backward_step(after, result.backward_actions)
    assert torch.equal(environment.key(undone), environment.key(before))
    assert bool(environment.is_final(result.final_states).all())
    assert bool((environment.key(before[result.time == 0]) == environment.key(environment.reset(1))).all())
    last = result.lengths[result.trajectory] - 1 == result.time
    order = result.trajectory[last].argsort()
    assert torch.equal(environment.key(after[last])[order], environment.key(result.final_states))


def observing(
    environment: Environment, states: Tensor, uncertainty: Callable[[Tensor], Tensor], *, delta: float
) -> Conservative:
    search = Conservative(environment.state_width, 64, (delta, 1.0), uncertainty)
    search.observe(environment, states, CONDITIONS.fixed(1.0, n=len(states)), torch.zeros(len(states)))
    return search


def test_kept_steps_stay_and_the_policy_refills_the_others() -> None:
    assert refilled(LETTERS, ["ABCDABCD", "DCBADCBA"], [[0, 2, 7], [1, 2, 3, 4, 5, 6]], 3) == [
        "ADCDDDDD",
        "DCBADCBD",
    ]


def test_an_erased_step_ends_an_object_only_where_nothing_kept_follows() -> None:
    stop = CHAINS.stop
    assert refilled(CHAINS, ["ACDE", "ACDE", "ACDE"], [[0, 3], [0, 1], [0, 1, 2, 3, 4]], stop) == [
        "ACDE",
        "AC",
        "ACDE",
    ]
    assert refilled(CHAINS, ["ACDE"], [[0, 1, 2, 3]], CHAINS.residues.index("D")) == ["ACDEDDDD"]


def test_what_is_no_longer_allowed_is_chosen_anew() -> None:
    grid = Hypergrid(2, 3)
    assert grid.stop_action is not None
    # after two steps along the first axis, a third is impossible
    actions = torch.tensor([[0, 0, 0, grid.stop_action]])
    policy = preferring(grid, 1, torch.Generator().manual_seed(0))
    refill = Refill(grid, actions, torch.ones(actions.shape, dtype=torch.bool))
    result = rollout_forward(
        policy, grid, CONDITIONS.fixed(1.0), torch.Generator().manual_seed(0), revise=refill
    )
    assert grid.objects(result.final_states) == ["2,1"]


def test_fewer_steps_are_erased_where_predictions_are_uncertain(generator: torch.Generator) -> None:
    sigma = torch.tensor([0.0, 0.1, 0.3, 0.9])
    search = Conservative(LETTERS.state_width, 8, (0.5, 1.5), lambda _: sigma)
    assert search.erased_share(LETTERS.reset(4)).tolist() == pytest.approx([0.5, 0.35, 0.05, 0.0])
    states, _ = LETTERS.states(["AAAAAAAA"])
    policy = preferring(LETTERS, 1, generator)
    for level, share in ((0.0, 0.5), (0.3, 0.2), (1.0, 0.0)):
        edits = observing(
            LETTERS, states, lambda some, level=level: torch.full((len(some),), level), delta=0.5
        )
        texts = LETTERS.objects(
            edits.trajectories(policy, LETTERS, CONDITIONS.fixed(1.0, n=2000), generator).final_states
        )
        assert sum(text.count("B") for text in texts) / 16_000 == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(("kind", "index"), names())
def test_edits_are_valid_walks_in_every_domain(kind: str, index: int, generator: torch.Generator) -> None:
    example = open_example(kind, index)
    environment = example.domain.environment(example.texts)
    states = complete(environment, environment.reset(12), generator)
    policy = Policy(environment, CONDITIONS, PolicySpec(width=16), generator)
    condition = CONDITIONS.sample(24, generator)
    edited = observing(environment, states, certain, delta=0.4)
    assert_valid(edited.trajectories(policy, environment, condition, generator), environment)
    unchanged = observing(environment, states, lambda some: torch.ones(len(some)), delta=0.4)
    same = unchanged.trajectories(policy, environment, condition, generator)
    assert_valid(same, environment)
    assert set(environment.key(same.final_states).tolist()) <= set(environment.key(states).tolist())


def test_steps_of_objects_of_several_lengths_end_where_they_end() -> None:
    states, _ = CHAINS.states(["A", "ACDE"])
    actions = decompose(CHAINS, states, torch.Generator().manual_seed(0))
    assert (actions[0] == NONE).tolist() == [False, False, True, True, True]
    assert refilled(CHAINS, ["A", "ACDE"], [[0, 1], [0, 1, 2, 3, 4]], 0) == ["A", "ACDE"]


def test_its_state_comes_back_and_it_needs_an_object() -> None:
    one = Conservative(LETTERS.state_width, 2, (0.5, 1.0), certain)
    other = Conservative(LETTERS.state_width, 2, (0.5, 1.0), certain)
    assert not one.is_ready()
    states, _ = LETTERS.states(["AAAAAAAA", "BBBBBBBB", "CCCCCCCC"])
    one.observe(LETTERS, states, CONDITIONS.fixed(1.0, n=3), torch.tensor([1.0, 3.0, 2.0]))
    other.load_state_dict(one.state_dict())
    assert one.is_ready()
    assert [LETTERS.objects(part) for part in other.elites()] == [["BBBBBBBB", "CCCCCCCC"]]


@pytest.mark.parametrize("probability", [(0.0, 1.0), (1.5, 1.0), (0.5, -0.1)])
def test_wrong_settings_are_refused(probability: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="delta"):
        Conservative(LETTERS.state_width, 2, probability, certain)


class AsTheOneBefore:
    """A prior over four letters: nearly always the same letter as before, each as often at the start."""

    def __call__(self, states: Tensor, mask: Tensor) -> Tensor:
        length = (states[:, :-1] > 0).sum(dim=1, keepdim=True)
        previous = states.gather(1, (length - 1).clamp_min(0)) - 1
        repeats = torch.arange(4) == previous
        log_p = torch.where(repeats, 0.97, 0.01).log()
        return torch.where(length == 0, torch.tensor(0.25).log(), log_p).where(mask, 0.0)


def test_the_log_prior_of_each_step_is_that_of_its_state() -> None:
    states, _ = LETTERS.states(["AAABBBBB"])
    actions = decompose(LETTERS, states, torch.Generator().manual_seed(0))
    log_p = step_log_priors(LETTERS, actions, AsTheOneBefore())
    expected = torch.tensor([0.25, 0.97, 0.97, 0.01, 0.97, 0.97, 0.97, 0.97])
    assert torch.allclose(log_p[0].exp(), expected)


def test_what_is_kept_counts_by_its_prior_and_as_impossible_where_it_was_not_taken(
    generator: torch.Generator,
) -> None:
    policy = Policy(LETTERS, CONDITIONS, PolicySpec(width=16), generator, AsTheOneBefore())
    states, _ = LETTERS.states(["AAAABBBB", "AAAABBBB"])
    walked = rollout_backward(policy, LETTERS, states, CONDITIONS.fixed(1.0, n=2), generator)
    ways = decompose(LETTERS, LETTERS.states(["AAAABBBB", "AAAABBBC"])[0], generator)
    is_kept = torch.zeros(ways.shape, dtype=torch.bool)
    is_kept[:, [4, 7]] = True
    kept = kept_log_prior(walked, ways, is_kept)
    assert float(kept[0].exp()) == pytest.approx(0.01 * 0.97)
    assert kept[1].isneginf()


def test_with_a_prior_refills_that_it_refuses_are_rare_and_something_changes(
    generator: torch.Generator,
) -> None:
    policy = Policy(LETTERS, CONDITIONS, PolicySpec(width=16), generator, AsTheOneBefore())
    states, _ = LETTERS.states(["AAAAAAAA"])
    edits = observing(LETTERS, states, certain, delta=0.3)
    final = edits.trajectories(policy, LETTERS, CONDITIONS.fixed(1.0, n=2000), generator).final_states
    log_p = step_log_priors(LETTERS, decompose(LETTERS, final, generator), AsTheOneBefore())
    n_breaks = (log_p < -3).sum(dim=1)
    # a refilled letter that differs breaks the run, and again where a kept one follows: a hundred times rarer
    assert float((n_breaks > 1).double().mean()) < 0.02
    assert float((LETTERS.key(final) != LETTERS.key(states)).double().mean()) > 0.02
