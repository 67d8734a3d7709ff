"""A model whose predictions are the truth, for tests of what is made of predictions."""

from collections.abc import Mapping, Sequence

import torch

from models.proxies.contract import Posterior
from models.reward.evaluation import Evaluation


class NoRules:
    """A domain in which every object is allowed."""

    def check(self, _: str) -> list[str]:
        """Return no violations."""
        return []


class TrueValues:
    """True values [M] of each object by its text, certain and attainable."""

    domain = NoRules()
    required = torch.zeros(0, dtype=torch.float64)
    probability_columns: tuple[int, ...] = ()
    lagrangian_columns: tuple[int, ...] = ()
    guarded_columns: tuple[int, ...] = ()

    def __init__(self, values: Mapping[str, Sequence[float]]) -> None:
        self.values = values

    def evaluate(self, texts: Sequence[str]) -> Evaluation:
        """Return the evaluation of objects [N]."""
        mean = torch.tensor([self.values[text] for text in texts], dtype=torch.float64)
        one, sure = torch.ones(len(mean), dtype=torch.float64), torch.zeros_like(mean)
        return Evaluation(mean, Posterior(mean, sure, sure), one, mean[:, :0], one > 0, one, one, one)
