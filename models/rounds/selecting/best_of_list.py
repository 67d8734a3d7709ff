"""Of a long list, the objects from which a batch is chosen: memory does not grow with the list.

The most valuable ones for every trade-off, the least known ones, and some that are spread over the list, so
that limits which close whole families leave something to choose. Knows the pool's worth; not the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.rounds.selecting.scoring import score_pool

if TYPE_CHECKING:
    from torch import Tensor

    from models.gflownet.environment import Environment
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.candidate_pool import CandidatePool

VALUABLE, UNKNOWN, SPREAD = 5_000, 1_500, 1_500
"""Objects that are kept for each reason."""


def best_of_list(pool: CandidatePool, fitted: RoundModel, environment: Environment, seed: int) -> Tensor:
    """Return the rows of a pool that are kept, in ascending order.

    Which objects are spread over the list depends on their states alone, so that repeated choices keep them.
    """
    scored = score_pool(pool, fitted, seed)
    mixed = environment.key(pool.states).cpu()
    order = [
        scored.value.argsort(descending=True, stable=True)[:VALUABLE],
        scored.uncertainty.argsort(descending=True, stable=True)[:UNKNOWN],
        (mixed ^ (mixed >> 32)).bitwise_and(2**32 - 1).argsort(stable=True)[:SPREAD],
    ]
    return torch.tensor(sorted(set(torch.cat(order).tolist())), dtype=torch.int64)
