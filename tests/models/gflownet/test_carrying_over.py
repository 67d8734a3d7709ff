"""A policy that begins from another one: the same function where names are alike, and refused elsewhere."""

from dataclasses import replace

import pytest
import torch
from domain_examples import names, open_example
from torch import Tensor

from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.carrying_over import CarriedOver, OtherPolicyError, PolicyNames, carry_over
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.policy import Policy, PolicySpec, masked_log_softmax
from models.gflownet.trajectories import featurize

ONE = ConditionSampler((1.0, 16.0), 1)
TWO = ConditionSampler((1.0, 16.0), 2)
SPEC = PolicySpec(width=16, has_learned_backward=True, has_flow=True)


def peptides(alphabet: str, most: int = 4) -> PeptidesEnvironment:
    return PeptidesEnvironment(PeptidesSpec(min_length=1, max_length=most, alphabet=alphabet))


def policy(environment: Environment, seed: int, conditions: ConditionSampler = ONE) -> Policy:
    made = Policy(environment, conditions, SPEC, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for parameter in made.parameters():  # as after training: no parameter is zero
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed)))
    return made


def carried(
    before: tuple[Environment, Policy],
    after: tuple[Environment, Policy],
    conditions: tuple[ConditionSampler, ConditionSampler] = (ONE, ONE),
    objectives: tuple[tuple[str, ...], tuple[str, ...]] = (("a",), ("a",)),
) -> CarriedOver:
    theirs, ours = (
        PolicyNames.of(environment, its, named)
        for (environment, _), its, named in zip((before, after), conditions, objectives, strict=True)
    )
    return carry_over(before[1].state_dict(), theirs, after[1].state_dict(), ours)


def log_policy(environment: Environment, made: Policy, states: Tensor, beta: float = 4.0) -> Tensor:
    features, context = featurize(environment, states), made.context(ONE.fixed(beta, n=len(states)))
    logits = made.forward_logits(made.hidden(features, context), features, context)
    return masked_log_softmax(logits, environment.forward_mask(states))


@pytest.mark.parametrize(("kind", "index"), names())
def test_every_domain_names_its_inputs_and_actions(kind: str, index: int):
    example = open_example(kind, index)
    environment = example.domain.environment(example.texts)
    inputs, actions = list(environment.input_names()), list(environment.action_names())
    assert len(inputs) == len(set(inputs)) == environment.encoding_width
    assert len(actions) == len(set(actions)) == environment.n_actions - environment.n_slots


def test_conditions_name_every_column():
    samplers = [ONE, TWO, ConditionSampler((2.0, 2.0), 1), ConditionSampler((1.0, 16.0), 2, n_functions=3)]
    for conditions in samplers:
        named = conditions.input_names(("a", "b")[: conditions.n_objectives])
        assert len(named) == len(set(named)) == conditions.width


@pytest.mark.parametrize("kind", ["molecules", "peptides", "materials", "switches"])
def test_the_same_space_gets_the_same_policy(kind: str):
    example = open_example(kind, 0)
    environment = example.domain.environment(example.texts)
    before, after = policy(environment, 1), policy(environment, 2)
    result = carried((environment, before), (environment, after))
    assert result.n_known == result.n_actions == environment.n_actions - environment.n_slots
    after.load_state_dict(result.weights)
    assert all(torch.equal(after.state_dict()[name], value) for name, value in before.state_dict().items())


def test_sampled_functions_are_others_in_each_round():
    space, functions = peptides("ADG"), ConditionSampler((1.0, 16.0), 1, n_functions=3)
    before, after = policy(space, 1, functions), policy(space, 2, functions)
    made = carried((space, before), (space, after), (functions, functions)).weights["first.weight"]
    assert torch.equal(made[:, :-3], before.first.weight[:, :-3])
    assert not made[:, -3:].any()


def test_a_grown_vocabulary_keeps_what_is_known():
    """New residues change places of all; between the known ones, every old state has the old odds."""
    small, large = peptides("ADG"), peptides("ACDGK", most=5)
    before, after = policy(small, 1), policy(large, 2)
    result = carried((small, before), (large, after))
    assert (result.n_actions, result.n_known) == (6, 4)
    after.load_state_dict(result.weights)
    texts = ["A", "GD", "DAG"]
    old, new = (
        space.backward_step(space.states(texts)[0], torch.zeros(3).long()) for space in (small, large)
    )
    known = [list(large.action_names()).index(name) for name in small.action_names()]
    # shares of residues count by the longest chain, whose length differs
    scale = torch.ones(small.encoding_width)
    first = list(small.input_names()).index("share of A")
    scale[first : first + 3] = 4 / 5
    with torch.no_grad():
        before.first.weight[:, : small.encoding_width] *= scale
    one = log_policy(small, before, old)
    other = log_policy(large, after, new)[:, known].log_softmax(dim=1)
    assert torch.allclose(one, other, atol=1e-5)
    fresh = list(large.action_names()).index("K")
    assert torch.equal(result.weights["vocabulary.weight"][fresh], policy(large, 2).vocabulary.weight[fresh])


def test_a_measured_molecule_adds_fragments_and_changes_none():
    example = open_example("molecules", 0)
    spiro = example.domain.parse({"smiles": "c1ccc2c(c1)CC1(CCNCC1)O2"})
    small, large = (example.domain.environment([*example.texts, *more]) for more in ((), (spiro,)))
    before, after = policy(small, 1), policy(large, 2)
    result = carried((small, before), (large, after))
    assert result.n_known == len(small.action_names()) < result.n_actions == len(large.action_names())
    after.load_state_dict(result.weights)
    old, new = (space.reset(1) for space in (small, large))
    known = [list(large.action_names()).index(name) + large.n_slots for name in small.action_names()]
    one = log_policy(small, before, old)[:, small.n_slots :].exp()
    other = log_policy(large, after, new)[:, known].exp()
    assert torch.allclose(one, other / other.sum(), atol=1e-5)


def test_another_number_of_objectives_keeps_what_is_shared():
    space = peptides("ADG")
    before, after = policy(space, 1, ONE), policy(space, 2, TWO)
    result = carried((space, before), (space, after), (ONE, TWO), (("a",), ("a", "b")))
    width = space.encoding_width + ONE.width
    assert torch.equal(result.weights["first.weight"][:, :width], before.first.weight)
    assert not result.weights["first.weight"][:, width:].any()
    after.load_state_dict(result.weights)


def test_another_objective_has_no_weights_of_its_own():
    space = peptides("ADG")
    before, after = policy(space, 1, TWO), policy(space, 2, TWO)
    swapped = carried((space, before), (space, after), (TWO, TWO), (("a", "b"), ("b", "c")))
    named = TWO.input_names(("b", "c"))
    column = space.encoding_width + named.index("weight of b")
    theirs = space.encoding_width + TWO.input_names(("a", "b")).index("weight of b")
    made = swapped.weights["first.weight"]
    assert torch.equal(made[:, column], before.first.weight[:, theirs])
    assert not made[:, space.encoding_width + named.index("weight of c")].any()


def test_what_cannot_be_carried_over_is_said():
    space = peptides("ADG")
    before = policy(space, 1)
    other = open_example("switches", 0).domain.environment([])
    with pytest.raises(OtherPolicyError, match="built in another way"):
        carried((other, policy(other, 1)), (space, before))
    strange = peptides("CEFHIKLMNPQ")
    with pytest.raises(OtherPolicyError, match="building blocks"):
        carried((strange, policy(strange, 1)), (space, before))
    wide = Policy(space, ONE, replace(SPEC, width=32), torch.Generator().manual_seed(0))
    with pytest.raises(OtherPolicyError, match=r"another shape.*first\.bias"):
        carried((space, wide), (space, before))
    deep = Policy(space, ONE, replace(SPEC, depth=3), torch.Generator().manual_seed(0))
    for one, two in ((deep, before), (before, deep)):
        with pytest.raises(OtherPolicyError, match=r"another shape.*rest\.1"):
            carried((space, one), (space, two))


def test_heads_that_only_one_policy_has_are_left():
    space = peptides("ADG")
    bare = Policy(
        space, ConditionSampler((2.0, 2.0), 1), PolicySpec(width=16), torch.Generator().manual_seed(0)
    )
    whole = policy(space, 1)
    fixed = ConditionSampler((2.0, 2.0), 1)
    more = carried((space, bare), (space, whole), (fixed, ONE))
    assert torch.equal(more.weights["flow.weight"], whole.flow.weight)
    less = carried((space, whole), (space, bare), (ONE, fixed))
    assert less.weights.keys() == bare.state_dict().keys()
