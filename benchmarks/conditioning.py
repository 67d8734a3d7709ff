"""One policy for every temperature and preference: against dedicated policies, by exact distributions on TFBind8.

Temperature: base reward 10 y^3 (SIX6), target (10 y^3)^beta, beta uniform in [1, 10]. A dedicated policy has the same
network, steps, trajectories and replay as the conditional one, and its one beta. Offline: trained on the 32,768 strings
at or below the median alone, walked backward, beta log-uniform in [10, 50] (the issue says uniform), by log-partition
variance, which does not say how much of the whole the known half weighs. Preferences:
utilities are two measured bindings over their maxima, target exp(beta u(y, omega)), beta log-uniform in [4, 32]; the
hypervolume is that of 128 samples for each of ten preferences at beta 32, total variation is at beta 16. The concave
front is made: a grid of two coordinates in which the second objective is at most (1 - sqrt(first))^2.

Settings were chosen on seed 0. A policy sees 1- to 3-grams of a string by place, except offline, where it sees letters.
For temperature that takes 2,000 steps where letters took 4,000: TV .17 to .20 at every beta, E[y] 2.1 % low at beta 1
and 1.2 % at 2, else within .5 %. With 4-grams TV is .16 to .20 and E[y] 1.9 % low; with a Huber delta of .3 TV is .16
to .19, yet E[y] 2.4 % low, with 5 TV is .20 to .26, with squared residuals .20 to .33 and E[y] 5 % low; a wider range
of beta, [.7, 14], 3.9 % low; half the steps with twice the trajectories 4.3 %, twice the steps with half of them 1.9 %;
a half of diverse replay TV .20 to .23. Offline, E[y] at beta 10, 30, 50: log-partition variance .597, .646, .641 after
150 steps and .597, .652, .660 after 600, with 2-grams .586, .650, .654 after 150; trajectory balance with log Z started
from the known half .571, .629, .657.

Temperature again, later, TV at beta 1, 2, 3, 5, 10 with seed 1: beta log-uniform .184, .200, .187, .174, .178; with the
betas of a step stratified .182, .198, .187, .171, .174; uniform as well .196, .211, .189, .156, .150; with replay that
leans towards the best the more the higher beta .194, .212, .187, .155, .133, which is what is measured now. Four
conditions for every trajectory instead, at 1.8 times the time of a step: .190, .204, .177, .140, .130. A
gate on the last hidden layer changes nothing (.177, .200, .185, .172, .187), twice the width little (.183, .193, .179,
.163, .165). The dedicated policy for beta 10 gains nothing from such replay (.087 without, .092 with it).

Each part runs alone: `--part concave`, `preferences`, `offline` or `temperatures`. The last takes about 20 core-minutes
of 25 in all.
"""

from collections.abc import Sequence

from benchmarks.exact.preferences import concave_front, preferences
from benchmarks.exact.targets import TFBIND8
from benchmarks.exact.temperatures import offline_half, temperatures
from benchmarks.report import Report, run
from benchmarks.tables.catalogue import why_absent

PARTS = {
    "concave": (concave_front, None),
    "preferences": (preferences, TFBIND8),
    "offline": (offline_half, TFBIND8),
    "temperatures": (temperatures, TFBIND8),
}
"""Each part and the measured table it needs."""


def measure(report: Report, quick: bool, parts: Sequence[str]) -> None:  # noqa: FBT001 - the harness's signature
    """Fill the report with the chosen parts."""
    for name in parts:
        action, table = PARTS[name]
        if table is not None and (absent := why_absent(table)):
            report.notes.append(f"{name}: {absent}")
        else:
            action(report, quick=quick)


if __name__ == "__main__":
    run(__doc__.splitlines()[0], measure, parts=tuple(PARTS))
