"""Ehrlich functions of 15 and 32 residues, 10 x 128: the campaigns of `benchmarks.campaigns.ehrlich`.

Beside the best values: how many draws of the first policy are infeasible, how many of the first batch fail,
and #Circles of the best hundred.
"""

from functools import partial

from benchmarks.campaigns import ehrlich
from benchmarks.campaigns.framework import Session
from benchmarks.policy.comparison import CONTROL, Bar, Comparison, Generated

FIGURES = (*ehrlich.FIGURES, "infeasible_draws")
BARS = {
    32: (
        Bar("best_value", ">=", 0.65),
        Bar("best_value", ">=", 0.10, less=CONTROL),
        Bar("infeasible_draws", "<=", 0.02, n_round=1),
        Bar("infeasible", "<=", 0.10, n_round=1),
        Bar("circles_of_top_100", ">=", 6.0),
    ),
    15: (
        Bar("best_value", ">=", 0.85),
        Bar("best_value", ">=", 0.0, less=CONTROL),
        Bar("circles_of_top_100", ">=", 8.0),
    ),
}


def run(length: int, session: Session) -> None:
    """Replay one length."""
    comparison = Comparison(f"Ehrlich {length}", FIGURES, BARS[length], controls=(CONTROL, "genetic"))
    comparison.report(session, ehrlich.replay(session, length))


TASKS = {f"ehrlich-{length}": partial(run, length) for length in BARS}
GENERATED = {
    f"Ehrlich {length}": Generated("assayflow", CONTROL, partial(ehrlich.replay, length=length))
    for length in BARS
}
