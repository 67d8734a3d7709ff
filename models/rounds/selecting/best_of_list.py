"""Of a long list, the objects from which a batch is chosen: memory does not grow with the list.

The most valuable ones for every trade-off, the least known ones, and some that are spread over the list, so
that limits which close whole families leave something to choose. Knows the pool's worth; not the batch.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from models.rounds.selecting.scoring import score_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from models.gflownet.environment import Environment
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.candidate_pool import CandidatePool

VALUABLE, UNKNOWN, SPREAD = 5_000, 1_500, 1_500
"""Objects that are kept for each reason."""
TRADE_OFFS = 0
"""Seed of the trade-offs for which objects are valuable."""


def keeping_best(fitted: RoundModel, environment: Environment) -> Callable[[CandidatePool], Tensor]:
    """Return a function of a pool that returns the rows to keep of it, in ascending order."""
    return partial(_best, fitted=fitted, environment=environment)


def _best(pool: CandidatePool, fitted: RoundModel, environment: Environment) -> Tensor:
    # trade-offs, and objects that are spread over the list, are the same ones whenever this is asked
    scored = score_pool(pool, fitted, TRADE_OFFS)
    mixed = environment.key(pool.states).cpu()
    order = [
        scored.value.argsort(descending=True, stable=True)[:VALUABLE],
        scored.uncertainty.argsort(descending=True, stable=True)[:UNKNOWN],
        (mixed ^ (mixed >> 32)).bitwise_and(2**32 - 1).argsort(stable=True)[:SPREAD],
    ]
    return torch.tensor(sorted(set(torch.cat(order).tolist())), dtype=torch.int64)
