"""Dual ascent converges to the multiplier with the target share of violating samples."""

import math

import pytest
import torch
from torch import Tensor

from models.reward.lagrange_multipliers import (
    BETA_SCALE,
    MOST,
    START,
    TARGET,
    LagrangeMultipliers,
    constraint_cost,
)

OBJECTS = 200
COOL = torch.zeros(1, dtype=torch.float64)
"""An inverse temperature at which penalties are multipliers times costs."""


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
        law = (log_reward - multipliers.penalty(costs, COOL)).softmax(dim=0)
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
        law = (log_reward - multipliers.penalty(costs, COOL)).softmax(dim=0)
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
        multipliers = LagrangeMultipliers(1, beta)
        for _ in range(4000):
            multipliers.update(torch.ones(8, 1, dtype=torch.bool))
        poor, good = (
            beta * torch.tensor([0.0, 1.0])
            - multipliers.penalty(constraint_cost(probability, required, 1e-4), torch.tensor([beta]))
        ).tolist()
        assert poor > good + 10


def test_each_constraint_has_its_own_multiplier():
    multipliers = LagrangeMultipliers(2)
    multipliers.update(torch.tensor([[True, False], [True, False]]))
    assert multipliers.values.tolist() == pytest.approx([START + 1 - TARGET, START - TARGET])
    penalty = multipliers.penalty(torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64), COOL)
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
    assert LagrangeMultipliers(0).penalty(torch.zeros(3, 0, dtype=torch.float64), COOL).tolist() == [
        0.0,
        0.0,
        0.0,
    ]


BETAS = torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0], dtype=torch.float64)


def shares_by_beta(multipliers: LagrangeMultipliers) -> list[float]:
    """Return the exact violating shares at each of `BETAS`."""
    log_reward, probability, required = space()
    costs = constraint_cost(probability, required, 1e-4)
    shares = []
    for beta in BETAS.tolist():
        penalty = multipliers.penalty(costs, torch.tensor([beta]))
        law = (beta * log_reward / 8 - penalty).softmax(dim=0)
        shares.append(float(law[costs[:, 0] > 0].sum()))
    return shares


def test_the_share_in_violation_is_much_the_same_at_every_temperature():
    """A penalty without beta would be negligible at the highest betas and excessive at the lowest."""

    def adapted(beta_scale: float) -> list[float]:
        multipliers = LagrangeMultipliers(1, float(BETAS[-1]))
        multipliers.beta_scale = beta_scale
        for _ in range(1500):
            share = sum(shares_by_beta(multipliers)) / len(BETAS)
            multipliers.update(torch.tensor([[share]], dtype=torch.float64))
        return shares_by_beta(multipliers)

    scaled, unscaled = adapted(BETA_SCALE), adapted(math.inf)
    assert sum(scaled) / len(scaled) == pytest.approx(TARGET, abs=0.01)
    assert max(scaled) < 2 * TARGET
    assert max(unscaled) > 5 * TARGET


def test_where_nothing_is_violated_the_distribution_is_the_rewards():
    log_reward, _, required = space()
    costs = constraint_cost(torch.ones(OBJECTS, 1, dtype=torch.float64), required, 1e-4)
    for beta in BETAS.tolist():
        penalty = LagrangeMultipliers(1, 64.0).penalty(costs, torch.tensor([beta]))
        assert torch.equal((beta * log_reward - penalty).softmax(0), (beta * log_reward).softmax(0))


def test_penalties_rise_with_the_cost_and_leave_the_loss_a_finite_range():
    costs = torch.linspace(1, 10.2, 100, dtype=torch.float64).unsqueeze(1)
    multipliers = LagrangeMultipliers(1)
    multipliers.values[:] = MOST
    for beta in (1.0, 64.0, 1000.0):
        penalty = multipliers.penalty(costs, torch.tensor([beta]))
        assert bool((penalty.diff() > 0).all())
        assert MOST + beta <= float(penalty.min())
        assert float(penalty.max()) < 2.5 * (MOST + beta)


def test_a_state_of_an_earlier_release_weighs_as_it_did():
    multipliers = LagrangeMultipliers(1, 64.0)
    multipliers.restore({"values": [70.0], "shares": [0.1], "n_updates": 400})
    costs = torch.tensor([[10.0], [10.0]], dtype=torch.float64)
    assert multipliers.penalty(costs, torch.tensor([1.0, 64.0])).tolist() == [700.0, 700.0]
