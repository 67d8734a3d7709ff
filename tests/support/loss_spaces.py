"""A small space that fits every loss, and rewards that add up along the way.

Letters: B states, M objectives.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.environments.strings import Strings
from models.gflownet.losses.contract import Loss
from models.gflownet.rewards import partial_log_rewards, stopped_log_rewards
from models.gflownet.trajectories import Trajectories


@dataclass(frozen=True)
class GridReward:
    """On a grid.

    Log R = beta * sum over axes of a bounded function of the coordinate, so every point has its part.
    """

    side: int

    def utilities(self, states: Tensor) -> Tensor:
        """Return two utilities [B, 2], each a sum over the axes."""
        x = states[:, :-1].float() / (self.side - 1)
        axis = torch.arange(x.shape[1])
        one = -3 * (x - 0.2 - 0.5 * axis).square()
        return torch.stack([one.sum(1), 0.5 * torch.sin(5 * x + axis).sum(1)], dim=1)

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards [B]."""
        return condition.beta * (self.utilities(states) * condition.preference).sum(1)

    def partial(self, states: Tensor, condition: Condition) -> Tensor:
        """Return the log-reward of the point reached so far [B]."""
        return self(states, condition)


@dataclass(frozen=True)
class LetterReward:
    """On strings: log R = beta * mean over positions of a weight of the letter there."""

    weights: Tensor
    """[M, L, V + 1]; the last axis is 0 for an empty place."""

    def utilities(self, states: Tensor) -> Tensor:
        """Return the utilities [B, M] of the letters written so far."""
        letters = states[:, :-1]
        return self.weights[:, torch.arange(letters.shape[1]), letters].mean(2).T

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards [B]."""
        return condition.beta * (self.utilities(states) * condition.preference).sum(1)

    def partial(self, states: Tensor, condition: Condition) -> Tensor:
        """Return the part of the log-reward that the letters written so far earn [B]."""
        return self(states, condition)


def letter_reward(environment: Strings, scale: float = 3.0) -> LetterReward:
    """Return a reward of two objectives with fixed random weights."""
    generator = torch.Generator().manual_seed(3)
    weights = scale * torch.rand(2, environment.length, environment.n_actions + 1, generator=generator)
    weights[:, :, 0] = 0.0
    return LetterReward(weights)


def grid(side: int = 5) -> tuple[Hypergrid, GridReward]:
    """Return a grid, where every state may stop and every point has its part: it fits every loss."""
    return Hypergrid(2, side), GridReward(side)


@dataclass(frozen=True)
class ArbitraryPrior:
    """An action prior that depends on all of a state, as no table of contexts does."""

    environment: Environment
    scale: float = 1.0

    def __call__(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return log-probabilities [B, A], 0 where an action is not allowed."""
        generator = torch.Generator().manual_seed(11)
        weights = torch.randn(self.environment.encoding_width, mask.shape[1], generator=generator)
        logits = self.scale * self.environment.encode(states) @ weights
        log_p = logits.masked_fill(~mask, -torch.inf).log_softmax(dim=1)
        return log_p.masked_fill(~mask, 0.0)


def loss_log_rewards(
    loss: Loss, trajectories: Trajectories, final: Tensor, condition: Condition, reward: GridReward
) -> Tensor:
    """Return the log-rewards that a loss takes, given those of the final states [B]."""
    if loss.rewards_of == "stopped":
        return stopped_log_rewards(trajectories, final, condition, reward)
    if loss.rewards_of == "partial":
        return partial_log_rewards(trajectories, final, condition, reward)
    return final
