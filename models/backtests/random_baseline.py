"""The random baseline: objects drawn from the table, or by random rollouts of the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

from models.backtests.contract import Choice, Strategy, tried, untried
from models.backtests.variation import Builder

if TYPE_CHECKING:
    from models.backtests.contract import BacktestTask
    from models.records import History

WALKS = 50
"""Attempts at enough new objects by random rollouts."""


@final
class RandomBaseline(Strategy):
    """Choose uniformly among untried objects."""

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        """Return k objects; or fewer if exhausted."""
        if task.objects is not None:
            left = untried(task, history)
            order = torch.randperm(len(left), generator=torch.Generator().manual_seed(seed)).tolist()
            return Choice(tuple(left[index] for index in order[:k]))
        return Choice(random_objects(Builder(task.domain), k, seed, tried(history)))


STRATEGIES = {"random": RandomBaseline}


def random_objects(builder: Builder, k: int, seed: int, closed: set[str]) -> tuple[str, ...]:
    """Return up to k distinct allowed objects of uniform random rollouts that are not in `closed`."""
    generator = torch.Generator().manual_seed(seed)
    result: dict[str, None] = {}
    for _ in range(WALKS):
        texts = builder.texts(builder.complete(builder.environment.reset(2 * k), generator))
        result.update(dict.fromkeys(text for text in texts if text and text not in closed))
        if len(result) >= k:
            break
    return tuple(result)[:k]
