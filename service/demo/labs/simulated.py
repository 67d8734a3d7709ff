"""SIMULATED assays: fill in a downloaded batch like a lab, with failures and bounds. No value is measured.

This module depends on no domain: the noiseless values come from the demonstration's own model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from service.demo.labs.case import Floats

LABEL = "SIMULATED"
FAILURES = ("failed_synthesis", "insoluble", "assay_failed")
FAILED_SHARE = 0.1
N_BOUNDS = 2
"""Share of values that are only bounds, because the simulated titration stopped early."""


def fill_in(
    rows: Sequence[Mapping[str, str]], column: str, truth: Floats, noise: float, generator: np.random.Generator
) -> list[dict[str, str]]:
    """Return the downloaded rows with the result columns filled in.

    Args:
        rows: the downloaded batch.
        column: the result column of the measured objective.
        truth: noiseless values of the simulated assay [N].
        noise: the assay's standard deviation, in the objective's units.
        generator: random stream of noise, failures and bounds.
    """
    order = generator.permutation(len(rows))
    n_failed = max(1, round(FAILED_SHARE * len(rows))) if len(rows) > 1 else 0
    failed, bounded = set(order[:n_failed].tolist()), set(order[n_failed : n_failed + N_BOUNDS].tolist())
    readings = truth + generator.normal(0.0, noise, len(rows))
    filled = []
    for i, row in enumerate(rows):
        if i in failed:
            outcome = FAILURES[int(generator.integers(len(FAILURES)))]
            results = {"outcome": outcome, "comment": f"{LABEL} failure"}
        elif i in bounded:
            bound = truth[i] - 2 * noise
            results = {column: f"{bound:.3f}", "relation": ">", "comment": f"{LABEL} reading, stopped early: a bound"}
        else:
            results = {column: f"{readings[i]:.3f}", "comment": f"{LABEL} reading"}
        filled.append({**row, **results})
    return filled
