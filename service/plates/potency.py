"""From the wells of one candidate to a finding: an IC50 with its interval, a limit, or why there is neither.

A number is given only where the wells set it: the curve crosses 50 % between the doses, its midpoint is among them and
the interval is closed at both ends. A curve whose plateau is missing sets one end of the interval, which is a limit.
"""

import math
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import numpy as np

from service.plates.logistic import HILL, N_PARAMETERS, Array, Logistic, fit_logistic
from service.plates.records import Curve, Finding
from service.plates.specs import MIN_POINTS, Readout

HALF = 50.0
MIN_WELLS = 6
SIGNIFICANCE = 0.01
"""Of the tests for a trend: a hundred flat candidates make one curve."""
MIN_FALL = 25.0
"""Percent by which inhibition must fall over the doses before that is called a fall."""
WINDOW = (-50.0, 150.0)
"""Percent between which inhibition can be, noise included: a signal far beyond the controls is not the assay's."""
MAX_BEYOND = 0.2
"""Share of a candidate's wells that may lie beyond the window."""
MIN_TOP = 80.0
MAX_RESIDUAL_SD = 15.0
MAX_INTERVAL_RATIO = 10.0

Doses = Sequence[tuple[float, float]]
"""(concentration, percent inhibition) of the wells that count."""


def find_ic50(candidate_id: UUID, wells: Doses) -> Finding:
    """Return what a dose series says."""
    n_doses = len({concentration for concentration, _ in wells})
    if n_doses < MIN_POINTS or len(wells) < MIN_WELLS:
        reason = f"{len(wells)} wells at {n_doses} doses count; a curve needs {MIN_WELLS} at {MIN_POINTS}"
        return _failed(candidate_id, wells, reason)
    x = np.log10([concentration for concentration, _ in wells])
    y = np.array([inhibition for _, inhibition in wells])
    flags = _beyond(y)
    if flags and np.mean((y < WINDOW[0]) | (y > WINDOW[1])) > MAX_BEYOND:
        reason = f"{flags[0]}: the candidate disturbs the signal, or the wells hold something else"
        return _failed(candidate_id, wells, reason)
    found = _series(candidate_id, wells, x, y)
    return found.model_copy(update={"flags": [*found.flags, *flags]})


def _series(candidate_id: UUID, wells: Doses, x: Array, y: Array) -> Finding:
    if _falls(x, y):
        return _failed(candidate_id, wells, "inhibition falls as the concentration rises")
    curve = fit_logistic(x, y)
    if not _is_trend(curve, y):
        return _flat(candidate_id, wells, y)
    record = _curve_record(curve, len(wells))
    return _limit_or_failure(candidate_id, wells, curve, record) or _measured(candidate_id, wells, curve, record)


def _beyond(y: Array) -> list[str]:
    """Return a flag that names the wells far outside of the controls, if there are any."""
    low, high = WINDOW
    outside = y[(y < low) | (y > high)]
    if not len(outside):
        return []
    farthest = outside[np.argmax(np.abs(outside))]
    return [f"{len(outside)} of {len(y)} wells beyond {low:.0f} to {high:.0f} %, the farthest at {farthest:.3g} %"]


def find_percentage(candidate_id: UUID, wells: Doses, readout: Readout) -> Finding:
    """Return the mean of the wells at one dose, with its standard error."""
    if not wells:
        return _failed(candidate_id, wells, "no well counts")
    percent = np.array([inhibition for _, inhibition in wells])
    percent = 100.0 - percent if readout == "percent_activity" else percent
    error = float(percent.std(ddof=1) / math.sqrt(len(percent))) if len(percent) > 1 else None
    return Finding(
        candidate_id=candidate_id,
        verdict="measured",
        value=float(percent.mean()),
        standard_error=error or None,
        flags=_beyond(percent),
        n_wells=len(wells),
    )


def _falls(x: Array, y: Array) -> bool:
    """Return whether a line through the wells falls, by more than noise and by enough to matter."""
    from scipy.stats import linregress  # type: ignore[import-untyped]

    line = linregress(x, y)
    fall = -float(line.slope) * float(np.ptp(x))
    return fall > MIN_FALL and float(line.pvalue) < SIGNIFICANCE


def _is_trend(curve: Logistic, y: Array) -> bool:
    """Return whether the curve explains more than a constant does, by an F-test."""
    from scipy.stats import f as f_distribution

    freedom = len(y) - N_PARAMETERS
    constant = float(((y - y.mean()) ** 2).sum())
    if curve.squares <= 1e-12 * constant:
        return constant > 0
    ratio = (constant - curve.squares) / (N_PARAMETERS - 1) / (curve.squares / freedom)
    return float(f_distribution.sf(ratio, N_PARAMETERS - 1, freedom)) < SIGNIFICANCE


def _flat(candidate_id: UUID, wells: Doses, y: Array) -> Finding:
    """Return the limit that wells without a trend set, where all of them are on one side of 50 %."""
    from scipy.stats import t as t_distribution

    mean = float(y.mean())
    reach = float(t_distribution.ppf(0.975, len(y) - 1)) * float(y.std(ddof=1)) / math.sqrt(len(y))
    reason = f"no trend over the doses; mean inhibition {round(mean)} %"
    if mean + reach < HALF:
        return _limit(candidate_id, wells, ">", reason)
    if mean - reach > HALF:
        return _limit(candidate_id, wells, "<", reason)
    return _failed(candidate_id, wells, f"{reason}, which may be on either side of 50 %")


def _limit_or_failure(candidate_id: UUID, wells: Doses, curve: Logistic, record: Curve) -> Finding | None:
    """Return the limit that a curve sets, or why it sets none; None where the doses hold its midpoint and interval."""
    lowest, highest = (math.log10(end(concentration for concentration, _ in wells)) for end in (min, max))
    first, last = float(curve.at(lowest)), float(curve.at(highest))
    if last < HALF:
        return _limit(candidate_id, wells, ">", f"inhibition reaches {last:.0f} % at the highest dose", record)
    if first > HALF:
        return _limit(candidate_id, wells, "<", f"inhibition is {first:.0f} % at the lowest dose already", record)
    if not lowest <= curve.midpoint <= highest or record.low is None or record.high is None:
        return _one_sided(candidate_id, wells, curve, record)
    return None


def _measured(candidate_id: UUID, wells: Doses, curve: Logistic, record: Curve) -> Finding:
    error = record.ic50 * math.log(10.0) * curve.log_error if curve.log_error else None
    return Finding(
        candidate_id=candidate_id,
        verdict="measured",
        value=record.ic50,
        standard_error=error,
        flags=_flags(curve, record),
        n_wells=len(wells),
        curve=record,
    )


def _one_sided(candidate_id: UUID, wells: Doses, curve: Logistic, record: Curve) -> Finding:
    """Return the end of the interval that is set, where the plateau beyond the other end is missing."""
    lowest, highest = (end(concentration for concentration, _ in wells) for end in (min, max))
    is_above = record.high is None or curve.midpoint > math.log10(highest)
    is_below = record.low is None or curve.midpoint < math.log10(lowest)
    end = record.low if is_above else record.high
    if is_above == is_below or end is None or not lowest <= end <= highest:
        reason = "the wells set no end to the interval of the IC50: a plateau is missing, or they scatter too much"
        return _failed(candidate_id, wells, reason, record)
    side = "upper" if is_above else "lower"
    reason = f"the {side} plateau is not reached within the doses: only one end of the 95 % interval is known"
    return _limit(candidate_id, wells, ">" if is_above else "<", reason, record, end)


def _curve_record(curve: Logistic, n_wells: int) -> Curve:
    low, high = (None if end is None else _significant(10.0**end) for end in (curve.low, curve.high))
    return Curve(
        ic50=_significant(10.0**curve.midpoint),
        low=low,
        high=high,
        log_error=curve.log_error,
        hill=curve.hill,
        bottom=curve.bottom,
        top=curve.top,
        residual_sd=math.sqrt(curve.squares / (n_wells - N_PARAMETERS)),
    )


def _flags(curve: Logistic, record: Curve) -> list[str]:
    flags = []
    if record.top < MIN_TOP:
        flags.append(f"partial: the curve ends at {record.top:.0f} %")
    if min(curve.hill / HILL[0], HILL[1] / curve.hill) < 1.01:  # noqa: PLR2004 - at a bound, but for rounding
        flags.append(f"the steepness is at its bound, {curve.hill:.1f}")
    if record.residual_sd > MAX_RESIDUAL_SD:
        flags.append(f"wells scatter by {record.residual_sd:.0f} % around the curve")
    if record.low and record.high and record.high > MAX_INTERVAL_RATIO * record.low:
        flags.append(f"the interval spans a factor of {record.high / record.low:.0f}")
    return flags


def _limit(
    candidate_id: UUID,
    wells: Doses,
    relation: Literal["<", ">"],
    reason: str,
    curve: Curve | None = None,
    value: float | None = None,
) -> Finding:
    """Return a limit: the highest or lowest dose, unless another value is given."""
    if value is None:
        value = (max if relation == ">" else min)(concentration for concentration, _ in wells)
    return Finding(
        candidate_id=candidate_id,
        verdict="censored",
        relation=relation,
        value=value,
        reason=reason,
        n_wells=len(wells),
        curve=curve,
    )


def _failed(candidate_id: UUID, wells: Doses, reason: str, curve: Curve | None = None) -> Finding:
    return Finding(candidate_id=candidate_id, verdict="failed", reason=reason, n_wells=len(wells), curve=curve)


def _significant(value: float) -> float:
    """Return six digits: the same wells give the same text on every machine."""
    return float(f"{value:.6g}")
