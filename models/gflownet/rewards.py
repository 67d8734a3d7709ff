"""Log-rewards for losses: of finished objects, of stopped prefixes, or partial ones. Knows no proxy.

Letters: B trajectories, N transitions in total, W state width.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.losses.contract import Loss
from models.gflownet.trajectories import Trajectories

LogRewardFn = Callable[[Tensor, Condition], Tensor]
"""Log-rewards [B] of final states [B, W] under conditions [B], scaled by beta; -inf if forbidden."""


class InvalidLogRewardError(ValueError):
    """A log-reward is NaN or +inf, or there is not exactly one per trajectory."""


class IncompatibleLossError(ValueError):
    """The loss needs something that the environment or the reward does not provide."""


@runtime_checkable
class PartialLogReward(Protocol):
    """A log-reward that is also defined for unfinished states, such as a sum over the parts built so far.

    For any other reward, forward-looking losses learn a potential (`models.gflownet.potential`).
    """

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards [B] of final states [B, W]."""

    def partial(self, states: Tensor, condition: Condition) -> Tensor:
        """Return finite partial log-rewards [N] of any states [N, W]: for a final one, its log-reward."""


@runtime_checkable
class PreparedLogReward(Protocol):
    """A log-reward that caches object evaluations and evaluates many objects at less cost than one by one."""

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards [B] of final states [B, W]."""

    def prepare(self, states: Tensor) -> None:
        """Compute what no condition changes for final states [B, W] whose log-rewards are needed soon."""


@runtime_checkable
class UncertainLogReward(Protocol):
    """A log-reward that rests on predictions and tells how uncertain they are."""

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards [B] of final states [B, W]."""

    def uncertainty(self, states: Tensor) -> Tensor:
        """Return the uncertainty [B], from 0 to 1, of final states [B, W]; no condition changes it."""


@runtime_checkable
class PriorLogReward(Protocol):
    """A log-reward beside a prior (`models.gflownet.prior`): the policy's target is the product of both.

    Ranking and comparisons over temperatures use the log-reward alone.
    """

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards [B] of final states [B, W]."""

    def log_prior(self, states: Tensor) -> Tensor:
        """Return finite log-densities [B] of final states [B, W]; no condition changes them."""


def check_loss(name: str, loss: Loss, environment: Environment, *, has_prior: bool = False) -> None:
    """Raise if a loss cannot be used here; `has_prior` says whether the policy has a prior.

    Raises:
        IncompatibleLossError: if the loss needs a stop action or a prior that is missing, or cannot use one.
    """
    if loss.needs_prior and not has_prior:
        raise IncompatibleLossError(f"loss {name!r} needs a policy with a prior")
    if has_prior and not loss.allows_prior:
        raise IncompatibleLossError(f"loss {name!r} has no form for a policy with a prior")
    if loss.rewards_of == "stopped" and environment.stop_action is None:
        raise IncompatibleLossError(
            f"loss {name!r} needs an environment in which every state may stop at once (stop_action); "
            f"{type(environment).__name__} has states that may not"
        )


def log_priors(log_reward: LogRewardFn, states: Tensor) -> Tensor:
    """Return the log-prior [B] of final states [B, W]; 0 where the reward has no prior.

    Raises:
        InvalidLogRewardError: if there is not one finite number per state.
    """
    if not isinstance(log_reward, PriorLogReward):
        return torch.zeros(len(states), device=states.device)
    densities = log_reward.log_prior(states).detach().float()
    if densities.shape != (len(states),) or not bool(densities.isfinite().all()):
        raise InvalidLogRewardError(f"log_prior must be {len(states)} finite numbers, one per final state")
    return densities


def uncertainties(log_reward: LogRewardFn, states: Tensor) -> Tensor:
    """Return the uncertainty [B] of final states [B, W]; 0 where the reward has none.

    Raises:
        InvalidLogRewardError: if there is not one number from 0 to 1 per state.
    """
    if not isinstance(log_reward, UncertainLogReward):
        return torch.zeros(len(states), device=states.device)
    numbers = log_reward.uncertainty(states).detach().float()
    if numbers.shape != (len(states),) or not bool(((numbers >= 0) & (numbers <= 1)).all()):
        raise InvalidLogRewardError(f"uncertainty must be {len(states)} numbers from 0 to 1")
    return numbers


def stopped_log_rewards(
    trajectories: Trajectories, final: Tensor, condition: Condition, log_reward: LogRewardFn
) -> Tensor:
    """Return the log-rewards [N + B] of stopping in each of the visited states; -inf where one cannot stop.

    Args:
        trajectories: in an environment with a `stop_action`.
        final: log-rewards [B] of the final states, prior included, which are not evaluated again.
        condition: of each trajectory [B].
        log_reward: evaluated once for every state before the last; must return finite values.
    """
    environment, n = trajectories.environment, trajectories.n_transitions
    stop = environment.stop_action
    assert stop is not None
    is_stop = trajectories.actions == stop
    values = torch.where(is_stop, final[trajectories.trajectory], -torch.inf)
    rows = (trajectories.forward_mask[:, stop] & ~is_stop).nonzero().squeeze(1)
    if len(rows):
        objects = environment.step(trajectories.states[rows], torch.full_like(rows, stop))
        values[rows] = log_reward(objects, condition.at(trajectories.trajectory[rows]))
    return torch.cat([values[:n], final])


def partial_log_rewards(
    trajectories: Trajectories, final: Tensor, condition: Condition, log_reward: PartialLogReward
) -> Tensor:
    """Return the partial log-rewards of the visited states [N + B]; for final states they are `final` [B].

    Raises:
        InvalidLogRewardError: if there is not one finite partial log-reward per state.
    """
    n = trajectories.n_transitions
    parts = (
        log_reward.partial(trajectories.states[:n], condition.at(trajectories.trajectory)).detach().float()
    )
    if parts.shape != (n,) or not bool(parts.isfinite().all()):
        raise InvalidLogRewardError(f"partial log-rewards must be {n} finite numbers, one per visited state")
    return torch.cat([parts, final])
