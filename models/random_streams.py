"""Named random streams.

Every stage of a computation draws from a seed of its own, derived from one seed and a name.
"""

from __future__ import annotations

import numpy as np


def stream(seed: int, name: str) -> int:
    """Return the seed of a named stream, in [0, 2^32).

    Seeds of different names or of different computations are as good as independent, which `seed + 1` is not
    (`numpy.random.SeedSequence`).

    Args:
        seed: of the whole computation, not negative.
        name: of the stage, such as "sampling".
    """
    return int(np.random.SeedSequence([seed, *name.encode()]).generate_state(1)[0])
