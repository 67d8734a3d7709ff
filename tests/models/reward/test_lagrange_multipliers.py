"""Dual ascent converges to the multiplier with the target share of violating samples."""

import math

import pytest
import torch
from torch import Tensor

from models.reward.lagrange_multipliers import (
    MOST,
    START,
    TARGET,
    LagrangeMultipliers,
    constraint_cost,
    greatest_multiplier,
)

OBJECTS = 200


def space() -> tuple[Tensor, Tensor, Tensor]:
    """Return log-rewards, probabilities and required ones: better objects satisfy constraints less."""
    utility = torch.linspace(0, 1, OBJECTS, dtype=torch.float64)
    return 8.0 * utility, (1.0 - 0.95 * utility).unsqueeze(-1), torch.tensor([0.9], dtype=torch.float64)


def violating(multiplier: float) -> float:
    """Return the exact share of violating samples under one multiplier."""
    log_reward, probability, required = space()
    costs = constraint_cost(probability, required, 1e-4)
    law = (log_reward - multiplier * costs[:, 0]).softmax(dim=0)
    return float(law[costs[:, 0] > 0].sum())


def test_what_satisfies_costs_nothing_and_what_violates_at_least_one():
    required = torch.tensor([0.9, 0.5], dtype=torch.float64)
    missing = constraint_cost(torch.tensor([[0.95, 0.25], [0.0, 0.5]], dtype=torch.float64), required, 1e-4)
    expected = torch.tensor([[0.0, 1 + math.log(2)], [1 + math.log(0.9 / 1e-4), 0.0]], dtype=torch.float64)
    torch.testing.assert_close(missing, expected)


def test_dual_ascent_reaches_the_target_share_on_a_space_that_can_be_summed():
    assert violating(START) > 0.5
    log_reward, probability, required = space()
    costs = constraint_cost(probability, required, 1e-4)
    multipliers = LagrangeMultipliers(1)
    for _ in range(400):
        law = (log_reward - multipliers.penalty(costs)).softmax(dim=0)
        multipliers.update((law @ (costs > 0).double()).unsqueeze(0))
    assert violating(float(multipliers.values)) == pytest.approx(TARGET, abs=0.005)
    assert float(multipliers.shares) == pytest.approx(TARGET, abs=0.01)
    below, above = float(multipliers.values) - 0.5, float(multipliers.values) + 0.5
    assert violating(below) > TARGET > violating(above)


def test_dual_ascent_reaches_it_from_samples_too():
    log_reward, probability, required = space()
    costs = constraint_cost(probability, required, 1e-4)
    multipliers, generator = LagrangeMultipliers(1), torch.Generator().manual_seed(0)
    seen = []
    for _ in range(400):
        law = (log_reward - multipliers.penalty(costs)).softmax(dim=0)
        drawn = law.multinomial(64, replacement=True, generator=generator)
        multipliers.update(costs[drawn] > 0)
        seen.append(violating(float(multipliers.values)))
    assert sum(seen[200:]) / 200 == pytest.approx(TARGET, abs=0.02)


def test_a_constraint_that_nobody_violates_costs_nothing_and_an_impossible_one_stays_bounded():
    easy, impossible = LagrangeMultipliers(1), LagrangeMultipliers(1)
    for _ in range(200):
        easy.update(torch.zeros(8, 1, dtype=torch.bool))
        impossible.update(torch.ones(8, 1, dtype=torch.bool))
    assert easy.values.tolist() == [0.0]
    assert impossible.values.tolist() == [MOST]
    assert impossible.shares.tolist() == pytest.approx([1.0])


def test_the_greatest_multiplier_outweighs_the_whole_range_of_utilities_at_every_temperature():
    probability, required = (
        torch.tensor([[0.99], [0.85]], dtype=torch.float64),
        torch.tensor([0.9], dtype=torch.float64),
    )
    for beta in (1.0, 64.0, 128.0, 1000.0):
        multipliers = LagrangeMultipliers(1, greatest_multiplier(beta))
        for _ in range(2000):
            multipliers.update(torch.ones(8, 1, dtype=torch.bool))
        poor, good = (
            beta * torch.tensor([0.0, 1.0]) - multipliers.penalty(constraint_cost(probability, required, 1e-4))
        ).tolist()
        assert poor > good + 10


def test_each_constraint_has_its_own_multiplier():
    multipliers = LagrangeMultipliers(2)
    multipliers.update(torch.tensor([[True, False], [True, False]]))
    assert multipliers.values.tolist() == pytest.approx([START + 1 - TARGET, START - TARGET])
    penalty = multipliers.penalty(torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64))
    assert penalty.tolist() == pytest.approx([START + 1 - TARGET, 2 * (START - TARGET)])


def test_a_state_survives_bit_for_bit():
    multipliers, again = LagrangeMultipliers(2), LagrangeMultipliers(2)
    for share in (0.3, 1 / 3, 0.77):
        multipliers.update(torch.tensor([[share, 1 - share]], dtype=torch.float64))
    again.restore(multipliers.state())
    for one in (multipliers, again):
        one.update(torch.tensor([[True, False]]))
    assert torch.equal(multipliers.values, again.values)
    assert torch.equal(multipliers.shares, again.shares)


def test_without_constraints_nothing_is_lost():
    assert LagrangeMultipliers(0).penalty(torch.zeros(3, 0, dtype=torch.float64)).tolist() == [0.0, 0.0, 0.0]
