"""Four-parameter logistic curves.

Least squares within bounds, and the interval of the midpoint by its profile. y(x) = bottom + span / (1 +
10^(hill (m - x))) with x and m = log10 IC50 in decades and y in percent inhibition. Wells are taken to
scatter alike at all doses.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BOTTOM = (-30.0, 30.0)
SPAN = (0.0, 130.0)
HILL = (0.2, 5.0)
"""Bounds in percent and of the steepness: controls define 0 and 100, so a curve beyond is none of these
wells."""
MARGIN = 2.0
"""Decades beyond the doses in which a midpoint is looked for."""
CONFIDENCE = 0.95
N_PARAMETERS = 4
_COARSE = 81
_HILLS = np.geomspace(*HILL, 25)
_FIRST_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted curve: `midpoint`, `low` and `high` in decades; an end that the wells do not set is None."""

    bottom: float
    span: float
    midpoint: float
    hill: float
    squares: float
    low: float | None = None
    high: float | None = None
    log_error: float | None = None

    def at(self, x: Any) -> Any:
        """Return percent inhibition at log10 concentrations."""
        return self.bottom + self.span * _shape(np.asarray(x, dtype=float), self.midpoint, self.hill)

    @property
    def top(self) -> float:
        """The upper plateau, in percent."""
        return self.bottom + self.span


def fit_logistic(x: Array, y: Array) -> Logistic:
    """Return the curve of least squares with the 95 % interval of its midpoint.

    The start is the best of a grid over midpoints, where the other parameters are solved for, so that no
    local minimum is taken for the curve. The interval holds the midpoints whose squares an F-test does not
    tell from the least (Bates & Watts 1988, Nonlinear Regression Analysis, section 6.1).

    Args:
        x: log10 concentrations of the wells, `[N]`.
        y: percent inhibition of the wells, `[N]`, with N > 4.
    """
    from scipy.optimize import least_squares  # type: ignore[import-untyped]
    from scipy.stats import f as f_distribution  # type: ignore[import-untyped]
    from scipy.stats import t as t_distribution

    ends = (float(x.min()) - MARGIN, float(x.max()) + MARGIN)
    profile = _Profile(x, y)
    start = profile.fitted(_coarse(x, y, ends))
    lower, upper = (
        np.array([BOTTOM[0], SPAN[0], ends[0], HILL[0]]),
        np.array([BOTTOM[1], SPAN[1], ends[1], HILL[1]]),
    )
    first = np.array([start.bottom, start.span, start.midpoint, start.hill])
    found = least_squares(_residuals(x, y), np.clip(first, lower + 1e-9, upper - 1e-9), bounds=(lower, upper))
    bottom, span, midpoint, hill = (float(value) for value in found.x)
    squares = min(float(2.0 * found.cost), profile(midpoint))
    freedom = len(x) - N_PARAMETERS
    allowed = squares * (1.0 + float(f_distribution.ppf(CONFIDENCE, 1, freedom)) / freedom)
    if squares <= 1e-9 * float(((y - y.mean()) ** 2).sum()):  # exact data leave no scatter to judge by
        return Logistic(bottom, span, midpoint, hill, squares, midpoint, midpoint, 0.0)
    low, high = (_crossing(profile, midpoint, end, allowed) for end in ends)
    error = None
    if low is not None and high is not None:
        error = (high - low) / (2.0 * float(t_distribution.ppf(0.5 + CONFIDENCE / 2.0, freedom)))
    return Logistic(bottom, span, midpoint, hill, squares, low, high, error)


def _coarse(x: Array, y: Array, ends: tuple[float, float]) -> float:
    """Return the midpoint of the best curve on a grid of midpoints and hills."""
    midpoints = np.linspace(*ends, _COARSE)
    shapes = _shape(x, midpoints[:, None, None], _HILLS[:, None])  # [M, H, N]
    squares = _linear(shapes.reshape(-1, len(x)), y)[2].reshape(_COARSE, -1).min(1)
    return float(midpoints[int(squares.argmin())])


def _shape(x: Array, midpoint: float | Array, hill: float | Array) -> Array:
    shape: Array = 1.0 / (1.0 + np.power(10.0, np.clip(hill * (midpoint - x), -300.0, 300.0)))
    return shape


def _residuals(x: Array, y: Array) -> Callable[[Array], Array]:
    def residuals(parameters: Array) -> Array:
        bottom, span, midpoint, hill = (float(value) for value in parameters)
        return bottom + span * _shape(x, midpoint, hill) - y

    return residuals


class _Profile:
    """The least squares that a midpoint allows.

    A search over hill, within which bottom and span are linear.
    """

    def __init__(self, x: Array, y: Array) -> None:
        self._x, self._y = x, y

    def __call__(self, midpoint: float) -> float:
        return self.fitted(midpoint).squares

    def fitted(self, midpoint: float) -> Logistic:
        """Return the best curve with this midpoint."""
        from scipy.optimize import minimize_scalar

        shapes = _shape(self._x[None, :], midpoint, _HILLS[:, None])
        place = int(np.argmin(_linear(shapes, self._y)[2]))
        ends = (math.log(_HILLS[max(place - 1, 0)]), math.log(_HILLS[min(place + 1, len(_HILLS) - 1)]))
        searched = minimize_scalar(
            lambda log_hill: self._squares(midpoint, log_hill),
            bounds=ends,
            method="bounded",
            options={"xatol": 1e-3},
        )
        hill = math.exp(float(searched.x))
        bottom, span, squares = (
            float(item[0]) for item in _linear(_shape(self._x, midpoint, hill)[None, :], self._y)
        )
        return Logistic(bottom, span, midpoint, hill, squares)

    def _squares(self, midpoint: float, log_hill: float) -> float:
        shape = _shape(self._x, midpoint, math.exp(log_hill))
        return float(_linear(shape[None, :], self._y)[2][0])


def _linear(shapes: Array, y: Array) -> tuple[Array, Array, Array]:
    """Return bottom, span and the sum of squares of the best y = bottom + span * shape within the bounds.

    The squares are convex in both, so the best pair is the free one if it lies within, or else lies on one of
    the four edges, where the other parameter is free or at its end.

    Args:
        shapes: `[K, N]`.
        y: `[N]`.
    """
    mean_g, mean_y = shapes.mean(1), y.mean()
    centred = shapes - mean_g[:, None]
    norm = (centred**2).sum(1)
    slope = np.divide(centred @ (y - mean_y), norm, out=np.zeros_like(norm), where=norm > 0)
    free = mean_y - slope * mean_g, slope
    raw = np.maximum((shapes**2).sum(1), 1e-300)
    at_ends = [np.full_like(norm, end) for end in (*BOTTOM, *SPAN)]
    spans_at = [np.clip((shapes @ y - bottom * shapes.sum(1)) / raw, *SPAN) for bottom in BOTTOM]
    bottoms_at = [np.clip(mean_y - span * mean_g, *BOTTOM) for span in SPAN]
    bottoms = np.stack([np.clip(free[0], *BOTTOM), *at_ends[:2], *bottoms_at])  # [5, K]
    spans = np.stack([np.clip(free[1], *SPAN), *spans_at, *at_ends[2:]])
    squares = ((bottoms[..., None] + spans[..., None] * shapes - y) ** 2).sum(-1)
    best = squares.argmin(0)[None, :]
    return tuple(np.take_along_axis(item, best, 0)[0] for item in (bottoms, spans, squares))


def _crossing(profile: _Profile, midpoint: float, end: float, allowed: float) -> float | None:
    """Return where the profile rises above what is allowed, on the way from the midpoint to an end.

    None if nowhere.
    """
    from scipy.optimize import brentq

    sign = math.copysign(1.0, end - midpoint)
    inside, step = midpoint, _FIRST_STEP
    while True:
        outside = midpoint + sign * step
        if sign * (outside - end) > 0:
            outside = end
        if profile(outside) > allowed:
            break
        if outside == end:
            return None
        inside, step = outside, 2.0 * step
    return float(brentq(lambda m: profile(m) - allowed, inside, outside, xtol=1e-4))
