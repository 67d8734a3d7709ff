"""The preferred proxy yields only to one that is clearly better."""

import math

import pytest
import torch
from torch import Tensor

from models.proxies.contract import FittedProxy, Posterior
from models.proxies.proxy_fit import ProxyFit
from models.proxies.selection_rules import Rule, best_proxy
from models.proxies.validation import HeldOut, score
from models.specs.decisions import ProxySpec


def _never() -> FittedProxy:
    raise AssertionError("a choice needs no fit")


def _part(name: str, errors: Tensor) -> ProxyFit:
    none = torch.full_like(errors, math.nan)
    held = HeldOut(Posterior(0 * errors, torch.ones_like(errors), 0 * errors), errors, none, none)
    return ProxyFit(name, _never, [0], torch.ones(1), {"a": score(held)}, {"a": held})


def _normal(n: int, seed: int) -> Tensor:
    return torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("rule", "expected"), [("one_standard_error", "first"), ("best", "second")])
def test_scores_that_differ_by_chance_leave_the_first(rule: Rule, expected: str) -> None:
    errors = _normal(50, 0)
    parts = [_part("first", errors), _part("second", 0.97 * errors.roll(1))]
    assert best_proxy(parts, "a", rule).name == expected


@pytest.mark.parametrize("rule", ["one_standard_error", "best"])
def test_a_clearly_better_proxy_is_chosen_by_either_rule(rule: Rule) -> None:
    parts = [_part("first", _normal(50, 0)), _part("second", 0.3 * _normal(50, 1))]
    assert best_proxy(parts, "a", rule).name == "second"


def test_a_better_likelihood_with_worse_predictions_leaves_the_first() -> None:
    """The second has the likelier deviations: it knows which errors are large, but errs more."""
    errors = _normal(60, 0) * torch.where(torch.arange(60) % 10 == 0, 6.0, 1.0)
    sure = _part("first", errors)
    none = torch.full_like(errors, math.nan)
    wider = (1.05 * errors).abs().clamp_min(0.3)
    held = HeldOut(Posterior(0 * errors, wider, 0 * errors), 1.05 * errors, none, none)
    knowing = ProxyFit("second", _never, [0], torch.ones(1), {"a": score(held)}, {"a": held})
    assert best_proxy([sure, knowing], "a", "best") is knowing
    assert best_proxy([sure, knowing], "a", "one_standard_error") is sure


def test_without_exact_values_likelihood_decides() -> None:
    """All values are above 3, which the second predicts."""
    zero, one = torch.zeros(30, dtype=torch.float64), torch.ones(30, dtype=torch.float64)

    def above(name: str, mean: float) -> ProxyFit:
        held = HeldOut(Posterior(mean * one, one, zero), one * math.nan, 3 * one, one * math.inf)
        return ProxyFit(name, _never, [0], torch.ones(1), {"a": score(held)}, {"a": held})

    assert best_proxy([above("first", 0.0), above("second", 5.0)], "a", "one_standard_error").name == "second"


def test_one_that_was_not_judged_gives_way() -> None:
    unjudged = ProxyFit("unjudged", _never, [0], torch.ones(1), {}, {})
    judged = _part("judged", _normal(20, 0))
    assert best_proxy([unjudged, judged], "a", "one_standard_error") is judged
    assert best_proxy([unjudged], "a", "one_standard_error") is unjudged


def test_stored_specifications_keep_their_proxies() -> None:
    assert ProxySpec().selection == "one_standard_error"
    assert ProxySpec.model_validate({"plate_offsets": False}).selection == "one_standard_error"
    assert ProxySpec.from_stored({"plate_offsets": False}).selection == "best"
    assert ProxySpec.from_stored({"selection": "one_standard_error"}).selection == "one_standard_error"
