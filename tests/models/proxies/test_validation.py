"""Held-out scores: the shrunken scale in closed form, and the interval likelihood of censored values."""

import math

import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm
from torch import Tensor

from models.proxies.contract import Posterior
from models.proxies.validation import HeldOut, score

NAN = math.nan


def _held(values: list[float], lower: list[float], upper: list[float], sd: float = 1.0) -> HeldOut:
    ends: list[Tensor] = [torch.tensor(column, dtype=torch.float64) for column in (values, lower, upper)]
    zero = torch.zeros_like(ends[0])
    return HeldOut(Posterior(zero, zero + sd, zero), *ends)


def test_measured_values_alone_have_a_closed_form() -> None:
    values = [1.0, -2.0, 0.5, 3.0]
    result = score(_held(values, [NAN] * 4, [NAN] * 4, sd=0.5))
    scale = math.sqrt((10 + sum((v / 0.5) ** 2 for v in values)) / 14)
    assert result.scale == pytest.approx(scale)
    assert result.nll == pytest.approx(-norm.logpdf(values, scale=0.5 * scale).mean())
    assert result.rmse == pytest.approx(math.sqrt(sum(v * v for v in values) / 4))


def test_censored_values_count_their_probability() -> None:
    result = score(_held([0.5, NAN, NAN, NAN], [NAN, 1.0, -math.inf, -0.5], [NAN, math.inf, -2.0, 0.75]))
    s = result.scale
    expected = [norm.logpdf(0.5, scale=s), norm.logsf(1, scale=s), norm.logcdf(-2, scale=s)]
    expected.append(math.log(quad(lambda v: float(norm.pdf(v, scale=s)), -0.5, 0.75)[0]))
    assert result.nll == pytest.approx(-sum(expected) / 4)
    assert result.n == 4


def test_a_far_bound_is_unlikely_and_finite() -> None:
    result = score(_held([NAN, 0.0], [30.0, NAN], [math.inf, NAN], sd=1e-2))
    assert math.isfinite(result.nll)
    assert result.scale > 30


@pytest.mark.parametrize("true_scale", [0.3, 1.0, 4.0])
def test_the_scale_survives_censoring(true_scale: float) -> None:
    """With values beyond a threshold censored, the scale is recovered; dropping them would shrink it."""
    generator = torch.Generator().manual_seed(0)
    values = true_scale * torch.randn(2000, generator=generator, dtype=torch.float64)
    above = values > 0.5 * true_scale
    lower = torch.where(above, 0.5 * true_scale, NAN)
    upper = torch.where(above, math.inf, NAN)
    zero = torch.zeros_like(values)
    seen = torch.where(above, NAN, values)
    result = score(HeldOut(Posterior(zero, zero + 1, zero), seen, lower, upper))
    assert result.scale == pytest.approx(true_scale, rel=0.06)


def test_bounds_alone_give_no_error() -> None:
    result = score(_held([NAN, NAN], [0.0, -1.0], [math.inf, math.inf]))
    assert result.rmse is None
    assert result.coverage_90 is None
    assert math.isfinite(result.nll)
