"""In worlds sampled from the prior of a process, accepted objects violate at most at the stated rate.

Letters: W worlds, N objects.
"""

import math
from functools import cache
from typing import NamedTuple

import pytest
import torch
from gpytorch.kernels import RBFKernel
from torch import Tensor

from models.proxies.contract import TrainingTable
from models.proxies.gaussian_process import GaussianProcess
from models.proxies.model_selection import SelectedProxies, make_part
from models.safety.guardrails import bound
from models.specs.objectives import Guardrail

WORLDS, AT_ONCE = 240, 12
MEASURED, NEW = 30, 40
NOISE = 0.5
LIMIT = 0.8
"""Values above this are harmful: about a fifth of all objects."""
PROPOSED = 5


class Worlds(NamedTuple):
    """True values [W, N] of new objects, expectations [W, N], and the fitted process of each world."""

    truth: Tensor
    expected: Tensor
    proxies: list[SelectedProxies]
    new: Tensor


def _kernel() -> RBFKernel:
    kernel = RBFKernel().double()
    kernel.lengthscale = 0.6
    return kernel.requires_grad_(requires_grad=False)


@cache
def worlds() -> Worlds:
    generator = torch.Generator().manual_seed(0)
    indices = 3 * torch.rand(MEASURED + NEW, 2, generator=generator, dtype=torch.float64)
    gram = _kernel()(indices).to_dense() + 1e-8 * torch.eye(len(indices), dtype=torch.float64)
    values = torch.linalg.cholesky(gram) @ torch.randn(len(indices), WORLDS, generator=generator, dtype=torch.float64)
    readings = values[:MEASURED] + NOISE * torch.randn(MEASURED, WORLDS, generator=generator, dtype=torch.float64)
    known, new = indices[:MEASURED], indices[MEASURED:]
    proxies, expected = [], []
    for start in range(0, WORLDS, AT_ONCE):
        part = readings[:, start : start + AT_ONCE]
        types, one = tuple(f"w{number}" for number in range(AT_ONCE)), torch.ones(AT_ONCE, dtype=torch.float64)
        table = TrainingTable(types, known, part, torch.full_like(part, math.nan), 0 * one, one)
        fitted = GaussianProcess(_kernel).fit(table, seed=0)
        one_part = make_part("gaussian_process", lambda fitted=fitted: fitted, list(range(AT_ONCE)), types, {})
        proxies.append(SelectedProxies(dict.fromkeys(types, MEASURED), [one_part]))
        expected.append(fitted.posterior(new).mean.T)
    return Worlds(values[MEASURED:].T, torch.cat(expected), proxies, new)


def _bounds(**fields: object) -> Tensor:
    """Return the bounds [W, N] of new objects in all worlds."""
    drawn = worlds()
    rows = []
    for proxies in drawn.proxies:
        for kind in proxies.types:
            rail = Guardrail.model_validate({"name": "harm", "type": kind, "max": LIMIT, **fields})
            rows.append(bound(proxies, rail, (-math.inf, LIMIT), drawn.new))
    return torch.stack(rows)


def _violating(passed: Tensor) -> float:
    return float((worlds().truth > LIMIT)[passed].double().mean())


@pytest.mark.parametrize("risk", [0.01, 0.05, 0.2])
def test_what_passes_violates_in_at_most_one_of_twenty(risk: float) -> None:
    passed = _bounds(risk=risk) <= risk
    assert 0.1 < float((worlds().truth > LIMIT).double().mean()) < 0.4
    assert float(passed.double().mean()) > 0.1
    assert _violating(passed) <= 0.05


def test_also_what_a_round_would_propose_that_wants_what_harms() -> None:
    """The most promising accepted objects are at the edge, where a bound fails first."""
    passed = _bounds() <= 0.05
    wanted = worlds().expected.masked_fill(~passed, -math.inf)
    proposed = torch.zeros_like(passed).scatter(1, wanted.topk(PROPOSED, dim=1).indices, value=True) & passed
    assert int(proposed.sum()) > WORLDS
    assert _violating(proposed) <= 0.05


def test_alpha_and_risk_decide_how_many_pass_and_noise_does_not_close_the_door() -> None:
    shares = [float((_bounds(alpha=alpha) <= 0.05).double().mean()) for alpha in (0.01, 0.04, 0.1, 0.3, 1.0)]
    assert shares == sorted(shares)
    assert len(set(shares)) == len(shares)
    careful, bold = (float((_bounds() <= risk).double().mean()) for risk in (0.01, 0.3))
    assert careful < bold
    values, readings = (_bounds(applies_to=what) <= 0.05 for what in ("value", "reading"))
    assert bool((values | ~readings).all())
    assert float(readings.double().mean()) < 0.8 * float(values.double().mean())


def test_where_danger_is_real_the_bound_is_more_cautious_than_the_probability() -> None:
    (proxies, *_), new = worlds().proxies, worlds().new
    probability = 1 - proxies.posterior(new).without_noise().at(0).probability_within(-math.inf, LIMIT)
    heard = [_bounds(alpha=alpha)[0] for alpha in (0.01, 0.1)]
    assert bool((heard[0] >= heard[1]).all())
    is_doubtful = probability > 0.1
    assert int(is_doubtful.sum()) > 5
    assert bool((heard[1] >= probability)[is_doubtful].all())
    assert float((heard[1] - probability).max()) > 0.2
