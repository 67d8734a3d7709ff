"""Conformance of every environment: masks, steps and inverses, exactness on enumerable spaces."""

from collections import Counter

import pytest
import torch
from domain_examples import Example, examples_of
from environment_walks import (
    Space,
    check_backward,
    check_forward,
    check_states,
    edges,
    list_space,
    pick,
    walk,
)
from torch import Tensor

from models.domains.contract import Plugin, Violation
from models.gflownet.environment import Environment


@pytest.fixture(scope="session")
def env(example: Example) -> Environment:
    return example.domain.environment(example.texts)


@pytest.fixture(scope="session")
def batches(env: Environment) -> list[Tensor]:
    return walk(env, seed=7)


@pytest.fixture(scope="session")
def spaces(plugin: Plugin) -> list[Space]:
    return [space for space in map(list_space, examples_of(plugin.kind)) if space is not None]


def test_the_start_is_one_state_that_nothing_can_be_taken_from(env: Environment):
    states = env.reset(3)
    check_states(env, states)
    assert not env.backward_mask(states).any()
    assert not env.is_final(states).any()
    assert len(env.key(states).unique()) == 1
    check_states(env, env.reset(0))


def test_walks_keep_the_masks_and_finish_in_time(env: Environment, batches: list[Tensor]):
    for states in batches:
        check_states(env, states)
    assert env.is_final(batches[-1]).all()
    assert len(batches) - 1 <= env.max_steps


def test_walks_back_reach_the_start_in_time(env: Environment, batches: list[Tensor]):
    generator = torch.Generator().manual_seed(11)
    states = batches[-1]
    for _ in range(env.max_steps):
        states = states[env.backward_mask(states).any(dim=1)]
        if not len(states):
            break
        states = check_backward(env, states, pick(env.backward_mask(states), generator))
        check_states(env, states)
    assert not env.backward_mask(states).any()


def test_a_stop_action_finishes_every_state_but_perhaps_the_first(env: Environment, batches: list[Tensor]):
    if env.stop_action is None:
        pytest.skip("this environment has no stop action for every state")
    for states in batches[1:]:
        unfinished = states[~env.is_final(states)]
        assert env.forward_mask(unfinished)[:, env.stop_action].all()
        assert env.is_final(env.step(unfinished, torch.full((len(unfinished),), env.stop_action))).all()


def test_equal_keys_have_equal_encodings(env: Environment, batches: list[Tensor]):
    states = torch.cat([*batches, *walk(env, seed=8)])
    keys, encoded = env.key(states), env.encode(states)
    _, group = keys.unique(return_inverse=True)
    first = torch.full_like(keys, len(keys)).scatter_reduce(0, group, torch.arange(len(keys)), "amin")
    torch.testing.assert_close(encoded, encoded[first[group]], rtol=0, atol=1e-6)


def test_sizes_depend_on_the_object_alone(example: Example, env: Environment, batches: list[Tensor]):
    """However its parts are numbered, and whichever way it was built."""
    finals = batches[-1]
    sizes = env.size(finals)
    assert sizes.dtype == torch.int64
    assert sizes.shape == (len(finals),)
    assert int(sizes.min()) >= 0
    assert torch.equal(env.size(rebuilt(env, finals)), sizes)
    assert env.size(finals[:0]).shape == (0,)
    possible = example.domain.sizes
    if possible is not None:
        assert possible.least <= int(sizes.min()) <= int(sizes.max()) <= possible.most


def rebuilt(env: Environment, states: Tensor) -> Tensor:
    """Return the same objects, decomposed and rebuilt in another order."""
    generator, actions = torch.Generator().manual_seed(3), []
    while bool((rows := env.backward_mask(states).any(dim=1)).any()):
        before = states.clone()
        before[rows], forward = env.backward_step_with_forward(
            states[rows], pick(env.backward_mask(states[rows]), generator)
        )
        actions.append((rows, forward))
        states = before
    for rows, forward in reversed(actions):
        states = states.clone()
        states[rows] = env.step(states[rows], forward)
    return states


def _broken(example: Example, text: str) -> list[Violation]:
    """Return the rules that an object breaks although an environment must know them."""
    return [item for item in example.domain.check(text) if not item.is_policy]


def test_finished_objects_are_allowed_and_lead_back_to_their_states(
    example: Example, env: Environment, batches: list[Tensor]
):
    finals = batches[-1]
    texts = env.objects(finals)
    made = [row for row, text in enumerate(texts) if text]
    assert made, "not one of the random walks made an allowed object"
    for row in made:
        text = example.domain.standard_form(texts[row])
        fields = {name: str(value) for name, value in example.domain.columns(text).items()}
        assert example.domain.parse(fields) == text
        assert _broken(example, text) == []
    states, is_known = env.states([texts[row] for row in made])
    assert is_known.all()
    if env.has_aliases:
        every, owners = env.aliases(finals[made])
        pairs = set(zip(owners.tolist(), env.key(every).tolist(), strict=True))
        assert pairs.issuperset(enumerate(env.key(states).tolist()))
        assert pairs.issuperset(enumerate(env.key(finals[made]).tolist()))
    else:
        assert torch.equal(env.key(states), env.key(finals[made]))


def test_standard_forms_of_finished_objects_lead_back_to_themselves(
    example: Example, env: Environment, batches: list[Tensor]
):
    """What is built may be another form of the object that a campaign knows, with another state."""
    texts = sorted({example.domain.standard_form(text) for text in env.objects(batches[-1]) if text})
    states, is_known = env.states(texts)
    known = [text for text, has_state in zip(texts, is_known.tolist(), strict=True) if has_state]
    assert known
    assert [example.domain.standard_form(text) for text in env.objects(states[is_known])] == known


def test_measured_objects_become_finished_states(example: Example, env: Environment):
    states, is_known = env.states(example.texts)
    assert states.shape == (len(example.texts), env.state_width)
    assert states.dtype == torch.int64
    assert is_known.dtype == torch.bool
    assert is_known.any(), "an example should show at least one object that its environment can build"
    assert env.is_final(states[is_known]).all()
    known = [example.texts[row] for row in is_known.nonzero().squeeze(1).tolist()]
    assert env.objects(states[is_known]) == known
    assert [_broken(example, text) for text in known] == [[] for _ in known]
    nothing, none = env.states([])
    assert nothing.shape == (0, env.state_width)
    assert none.shape == (0,)


def test_the_same_history_gives_the_same_environment(example: Example, batches: list[Tensor]):
    again = walk(example.domain.environment(example.texts), seed=7)
    assert len(again) == len(batches)
    assert torch.equal(again[-1], batches[-1])


def test_a_campaign_can_start_without_results(example: Example):
    env = example.domain.environment([])
    finals = walk(env, seed=9)[-1]
    check_states(env, finals)
    assert any(env.objects(finals))


def test_every_domain_offers_a_space_small_enough_to_list(spaces: list[Space]):
    assert spaces


def test_different_actions_lead_to_different_states(spaces: list[Space]):
    for space in spaces:
        assert len(set(space.forward)) == len(space.forward)


def test_backward_edges_are_the_forward_edges(spaces: list[Space]):
    for space in spaces:
        _, backward = edges(space.env, space.states, forward=False)
        assert len(set(backward)) == len(backward)
        assert set(backward) == set(space.forward)


def test_every_state_keeps_the_masks_and_inverses(spaces: list[Space]):
    for space in spaces:
        env, states = space.env, space.states
        check_states(env, states)
        rows, actions = env.forward_mask(states).nonzero().unbind(dim=1)
        check_forward(env, states[rows], actions)
        rows, actions = env.backward_mask(states).nonzero().unbind(dim=1)
        check_backward(env, states[rows], actions)


def test_every_object_has_as_many_final_states_as_it_says_and_is_allowed(spaces: list[Space]):
    for space in spaces:
        texts = [text for text in space.env.objects(space.finals) if text]
        assert texts
        counted = Counter(texts)
        is_object = torch.tensor([bool(text) for text in space.env.objects(space.finals)])
        counts = space.env.log_multiplicity(space.finals[is_object]).exp().round()
        assert counts.tolist() == [counted[text] for text in texts]
        assert space.env.has_aliases or set(counted.values()) == {1}
        assert [space.example.domain.check(text) for text in texts] == [[] for _ in texts]
        states, is_known = space.env.states(texts)
        assert is_known.all()
        assert space.env.objects(states) == texts


def test_the_space_holds_every_measured_object_that_can_be_built(spaces: list[Space]):
    for space in spaces:
        _, is_known = space.env.states(space.example.texts)
        buildable = {
            text for text, known in zip(space.example.texts, is_known.tolist(), strict=True) if known
        }
        assert buildable <= set(space.env.objects(space.finals))
