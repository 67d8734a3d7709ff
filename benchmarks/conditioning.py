"""One policy for every temperature and preference, against dedicated ones, by exact distributions.

The table is TFBind8. Temperature: base reward 10 y^3 (SIX6), target (10 y^3)^beta, beta uniform in [1, 10]. A
dedicated policy has the same network, steps, trajectories and replay as the conditional one, but a single
beta.

Offline: trained only on the 32,768 strings at or below the median, by backward rollouts, beta log-uniform in
[10, 50], with the log-partition variance loss. That loss does not fix the total weight of the training half.

Preferences: utilities are two measured bindings over their maxima, target exp(beta u(y, omega)), beta
log-uniform in [4, 32]. The hypervolume is that of 128 samples for each of ten preferences at beta 32; total
variation is at beta 16. The concave front is constructed: a grid of two coordinates in which the second
objective is at most (1 - sqrt(first))^2.

Settings were chosen on seed 0. The policy's features are 1- to 3-grams of a string by position, except
offline, where they are letters. `docs/benchmarks/appendix.md` lists further experiments.

Each part runs alone: `--part concave`, `preferences`, `policies`, `offline` or `temperatures`. The last takes
about 20 core-minutes of 40 in all.
"""

from benchmarks.exact.preference_policies import preference_policies
from benchmarks.exact.preferences import concave_front, preferences
from benchmarks.exact.targets import TFBIND8
from benchmarks.exact.temperatures import offline_half, temperatures
from benchmarks.parts import run_parts

PARTS = {
    "concave": (concave_front, None),
    "preferences": (preferences, TFBIND8),
    "policies": (preference_policies, TFBIND8),
    "offline": (offline_half, TFBIND8),
    "temperatures": (temperatures, TFBIND8),
}
"""Each part and the measured table it needs."""


if __name__ == "__main__":
    run_parts(__doc__.splitlines()[0], PARTS)
