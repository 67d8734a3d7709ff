"""The bound holds where hyperparameters and noise are fitted, in worlds that differ in both."""

from functools import cache

import pytest
import torch

from benchmarks import guardrail_worlds
from models.specs.objectives import ALPHAS, Guardrail


@cache
def worlds() -> guardrail_worlds.Worlds:
    return guardrail_worlds.worlds(20, 80, torch.Generator().manual_seed(103))


def rail(applies_to: str, alpha: float | None = None) -> Guardrail:
    return Guardrail.model_validate(
        {
            "name": "harm",
            "type": "any",
            "max": guardrail_worlds.LIMIT,
            "alpha": alpha,
            "applies_to": applies_to,
        }
    )


@pytest.mark.parametrize("applies_to", ALPHAS)
def test_at_most_one_of_twenty_proposals_violates(applies_to: str) -> None:
    result = guardrail_worlds.played(worlds(), rail(applies_to))
    assert result.violating <= 0.05
    assert result.passing > 0.2


def test_the_bound_on_values_fails_seldom_and_that_on_readings_needs_more_hypotheses() -> None:
    assert guardrail_worlds.played(worlds(), rail("value")).first <= 0.075
    few, more = (guardrail_worlds.played(worlds(), rail("reading", alpha)).first for alpha in (1.0, 0.05))
    assert few > 2 * more


def test_guarded_rounds_have_more_safe_hits_than_open_ones() -> None:
    guarded, unguarded = (guardrail_worlds.played(worlds(), one) for one in (rail("value"), None))
    assert unguarded.violating > 0.4
    assert guarded.safe_hits > unguarded.safe_hits
