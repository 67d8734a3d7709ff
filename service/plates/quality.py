"""Controls of a plate: how far they are apart, and signals as percent between them."""

import math
from collections.abc import Sequence

import numpy as np

from service.exchange.tables import TableError
from service.plates.records import Quality

GOOD_Z_PRIME = 0.5
GOOD_SSMD = 3.0
"""For strong positive controls; below 2 is inferior (Zhang 2007, table 1)."""


def judge(positive: Sequence[float], negative: Sequence[float]) -> Quality:
    """Return what the controls say of their plate.

    Raises:
        TableError: if a control has no well that counts, or both have one signal.
    """
    for name, signals in (("positive", positive), ("negative", negative)):
        if not signals:
            raise TableError(f"no {name} control has a reading that counts: signals have no percentages")
    high, low = np.asarray(positive), np.asarray(negative)
    if float(np.median(high)) == float(np.median(low)):
        raise TableError(
            f"positive and negative controls have one signal, {np.median(low):g}: signals have no percentages"
        )
    spreads = [float(item.std(ddof=1)) if len(item) > 1 else None for item in (high, low)]
    distance = float(high.mean() - low.mean())
    z_prime = ssmd = None
    if spreads[0] is not None and spreads[1] is not None:
        z_prime = 1.0 - 3.0 * (spreads[0] + spreads[1]) / abs(distance) if distance else None
        variance = spreads[0] ** 2 + spreads[1] ** 2
        ssmd = distance / math.sqrt(variance) if variance else None
    return Quality(
        n_positive=len(high),
        n_negative=len(low),
        positive_mean=float(high.mean()),
        negative_mean=float(low.mean()),
        positive_sd=spreads[0],
        negative_sd=spreads[1],
        z_prime=z_prime,
        ssmd=ssmd,
        flags=_flags(z_prime, ssmd, has_spread=None not in spreads),
    )


def percent_inhibition(
    signals: Sequence[float], positive: Sequence[float], negative: Sequence[float]
) -> list[float]:
    """Return signals as percent: 0 at the median of negative controls, 100 at that of positive ones.

    Medians, so that one control with a bubble does not move a whole plate.
    """
    none, full = float(np.median(negative)), float(np.median(positive))
    return [100.0 * (signal - none) / (full - none) for signal in signals]


def _flags(z_prime: float | None, ssmd: float | None, *, has_spread: bool) -> list[str]:
    flags = []
    if not has_spread:
        flags.append("a control has one well that counts: there is neither Z' nor SSMD")
    if z_prime is not None and z_prime < GOOD_Z_PRIME:
        said = "the controls overlap" if z_prime <= 0 else "the plate is marginal"
        flags.append(f"Z' is {z_prime:.2f}, below {GOOD_Z_PRIME}: {said}")
    if ssmd is not None and abs(ssmd) < GOOD_SSMD:
        flags.append(f"SSMD is {ssmd:.1f}, nearer to zero than {GOOD_SSMD:g}: the controls are not far apart")
    return flags
