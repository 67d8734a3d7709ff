"""The perceptron gives the numbers, and stores the names, that policies had before trunks were a choice."""

import pytest
import torch
from torch.nn import functional

from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environments.strings import Strings
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.trajectories import Features, featurize

ENVIRONMENT = Strings("ACGT", 4)
CONDITIONS = ConditionSampler((1.0, 8.0), 2)


def drawn(n_in: int, n_out: int, gain: float, generator: torch.Generator) -> torch.Tensor:
    bound = gain / n_in**0.5
    return torch.empty(n_out, n_in).uniform_(-bound, bound, generator=generator)


@pytest.mark.parametrize("has_concatenation", [True, False])
def test_weights_and_hidden_vectors_are_those_of_plain_layers_bit_for_bit(
    has_concatenation: bool,  # noqa: FBT001 - a parameter of the test
    generator: torch.Generator,
):
    spec = PolicySpec(width=16, depth=3, has_concatenation=has_concatenation, precision="float32")
    policy = Policy(ENVIRONMENT, CONDITIONS, spec, torch.Generator().manual_seed(5))
    again = torch.Generator().manual_seed(5)
    n_in = ENVIRONMENT.encoding_width + (CONDITIONS.width if has_concatenation else 0)
    weights = [drawn(n_in, 16, 3**0.5, again)] + [drawn(16, 16, 3**0.5, again) for _ in range(2)]
    vocabulary = drawn(16, 4, 0.1, again)
    stored = policy.state_dict()
    names = ["first.weight", "rest.0.weight", "rest.1.weight", "vocabulary.weight"]
    for name, weight in zip(names, [*weights, vocabulary], strict=True):
        assert torch.equal(stored[name], weight)
    assert list(stored)[:6] == [
        f"{layer}.{part}" for layer in ("first", "rest.0", "rest.1") for part in ("weight", "bias")
    ]
    condition = CONDITIONS.sample(5, generator)
    states = ENVIRONMENT.step(ENVIRONMENT.reset(5), torch.tensor([0, 1, 2, 3, 0]))
    features, context = featurize(ENVIRONMENT, states), policy.context(condition)
    parts = [features.encoding, CONDITIONS.encode(condition)] if has_concatenation else [features.encoding]
    expected = torch.cat(parts, dim=1)
    for weight in weights:
        expected = functional.linear(expected, weight, torch.zeros(16)).relu()
    assert torch.equal(policy.hidden(features, context), expected)


def test_states_repeated_under_other_conditions_are_those_states(generator: torch.Generator):
    policy = Policy(ENVIRONMENT, CONDITIONS, PolicySpec(width=16), generator)
    states = ENVIRONMENT.step(ENVIRONMENT.reset(3), torch.tensor([0, 1, 2]))
    once = featurize(ENVIRONMENT, states)
    position = torch.tensor([0, 1, 2, 2, 1, 0])
    context = policy.context(CONDITIONS.sample(6, generator))
    repeated = policy.hidden(Features(once.encoding, once.slots, position), context)
    assert torch.allclose(
        repeated, policy.hidden(featurize(ENVIRONMENT, states[position]), context), atol=1e-6
    )
