"""The loss interface. A loss knows trajectories, their log-rewards and a policy, not where either comes from."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.policy import Policy
from models.gflownet.trajectories import Trajectories


class Loss(ABC):
    """A loss whose minimum over every trajectory makes the policy sample in proportion to the reward."""

    needs_flow: bool = False
    """Whether the policy must have a log-flow head."""
    needs_log_z: bool = True
    """Whether log Z(c) is learned."""
    needs_groups: bool = False
    """Whether it compares trajectories of one condition, so that every condition must occur several times."""

    def __init__(self, delta: float | None) -> None:
        self.delta = delta

    @abstractmethod
    def __call__(self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition) -> Tensor:
        """Return one loss per trajectory [B] for finite log-rewards [B] under conditions [B]."""


def penalty(residual: Tensor, delta: float | None) -> Tensor:
    """Return half the squared residual, growing only linearly beyond `delta` (Huber) unless that is None."""
    if delta is None:
        return 0.5 * residual.square()
    return torch.nn.functional.huber_loss(residual, torch.zeros_like(residual), reduction="none", delta=delta)
