"""Densities of objects agree with dynamic programming over every enumerable space."""

import pytest
import torch
from domain_examples import Example, names, open_example

from models.gflownet import density
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.density import log_density
from models.gflownet.environment import Environment
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.exact import enumerate_space, policy_log_probability
from models.gflownet.policy import Policy, PolicySpec

MOST = 50_000


def _policy(environment: Environment, conditions: ConditionSampler) -> Policy:
    """Return a policy that is far from uniform."""
    generator = torch.Generator().manual_seed(1)
    policy = Policy(environment, conditions, PolicySpec(width=32), torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return policy


def _check(environment: Environment) -> None:
    conditions = ConditionSampler((1.0, 16.0), 2)
    policy = _policy(environment, conditions)
    space = enumerate_space(environment, MOST)
    rows = torch.arange(len(space))[:: max(1, len(space) // 60)]
    for beta, preference in ((1.0, [0.5, 0.5]), (9.0, [0.1, 0.9])):
        expected = policy_log_probability(space, policy, conditions.fixed(beta, preference))
        assert float(expected.exp().sum()) == pytest.approx(1.0, abs=1e-5)
        if environment.has_aliases:
            texts = environment.objects(space.final_states)
            same = torch.tensor([[one == other for other in texts] for one in texts])
            expected = expected.masked_fill(~same, -torch.inf).logsumexp(dim=1)
        condition = conditions.fixed(beta, preference, len(rows))
        generator = torch.Generator().manual_seed(0)
        result, is_exact = log_density(policy, environment, space.final_states[rows], condition, generator)
        assert bool(is_exact.all())
        assert result.dtype == torch.float64
        torch.testing.assert_close(result, expected[rows], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("kind", "index"), names())
def test_density_is_that_of_the_whole_space(kind: str, index: int) -> None:
    example: Example = open_example(kind, index)
    environment = example.domain.environment(example.texts)
    try:
        enumerate_space(environment, MOST)
    except ValueError:
        pytest.skip("this example is too large to list")
    _check(environment)


def test_many_ways_to_one_object_are_added_up() -> None:
    """A corner of a grid has 20 trajectories or more; objects on the edges have one."""
    _check(Hypergrid(3, 4))


def test_what_has_too_many_ways_is_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(density, "MOST_EDGES", 12)
    environment, conditions = Hypergrid(2, 4), ConditionSampler((1.0, 1.0), 1)
    policy = _policy(environment, conditions)
    space = enumerate_space(environment)
    expected = policy_log_probability(space, policy, conditions.fixed(1.0))
    generator = torch.Generator().manual_seed(0)
    result, is_exact = log_density(
        policy, environment, space.final_states, conditions.fixed(1.0, None, len(space)), generator
    )
    assert 0 < int(is_exact.sum()) < len(space)
    torch.testing.assert_close(result[is_exact], expected[is_exact], rtol=0, atol=1e-5)
    assert bool(result.isfinite().all())
    assert float((result - expected).abs().max()) < 2.0


def test_nothing_is_no_density() -> None:
    environment, conditions = Hypergrid(2, 3), ConditionSampler((1.0, 1.0), 1)
    policy, generator = _policy(environment, conditions), torch.Generator()
    result, is_exact = log_density(
        policy, environment, environment.reset(0), conditions.fixed(1.0, None, 1).at(slice(0, 0)), generator
    )
    assert len(result) == len(is_exact) == 0
