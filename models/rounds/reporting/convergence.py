"""How near the trained policy came to its target: log Z, effective sample share, distances. Decides nothing.

Weights are w = b(x) R(x) P_B(tau | x) / P_F(tau) of trajectories tau drawn by the policy under one inverse
temperature and the even preference; b is the base measure. A policy with a prior has its p(tau) in place of
b(x) P_B(tau | x). Letters: N draws, X final states.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from models.gflownet.exact import (
    by_object,
    log_shares,
    log_target,
    policy_log_probability,
    prior_log_probability,
    total_variation,
)
from models.gflownet.sampler import sample

if TYPE_CHECKING:
    from torch import Tensor

    from models.gflownet.exact import Space
    from models.gflownet.trainer import Trainer
    from models.rounds.training.state_reward import StateReward

WEIGHED = 256
"""Draws behind the estimates."""


def convergence(trainer: Trainer, reward: StateReward, space: Space | None, seed: int) -> dict[str, Any]:
    """Return `log_z` by inverse temperature, and `convergence` with everything else, as plain JSON.

    The distance to the target is told where the whole space is known.
    """
    betas = list(dict.fromkeys(trainer.conditions.beta_range))
    n_objects = None if space is None else len(by_object(space, torch.zeros(len(space))))
    records = [_at(trainer, reward, beta, seed) | {"states": n_objects} for beta in betas]
    for item in records:
        item["total_variation"] = None if space is None else _distance(space, trainer, reward, item["beta"])
    return {"log_z": {f"{item['beta']:g}": item["log_z"] for item in records}, "convergence": records}


@torch.inference_mode()
def _at(trainer: Trainer, reward: StateReward, beta: float, seed: int) -> dict[str, Any]:
    even = [1.0] * trainer.conditions.n_objectives
    generator = torch.Generator(device=trainer.environment.device).manual_seed(seed)
    condition = trainer.conditions.fixed(beta, even, WEIGHED)
    drawn = sample(trainer.policy, trainer.environment, condition, WEIGHED, generator)
    log_weights = reward.log_target(drawn.final_states, condition) + drawn.log_reference - drawn.log_pf
    return {"beta": beta, "samples": WEIGHED, **importance_weight_stats(log_weights.double().cpu())}


def importance_weight_stats(log_weights: Tensor) -> dict[str, float | None]:
    """Return what log-weights [N] tell.

    Log Z, the effective sample share and KL(policy || target) of trajectories. log Z is the logarithm of the
    mean weight, unbiased for Z; the share is (sum w)^2 / (N sum w^2) (Kong, 1992). The divergence log Z -
    E[log w] is an upper bound of that between objects; it is infinite where the policy draws what has no
    reward, which is told as None. Standard errors are by the delta method, one for the difference.
    """
    n = len(log_weights)
    log_z = float(log_weights.logsumexp(dim=0) - math.log(n))
    if not math.isfinite(log_z):
        return {"log_z": log_z, "log_z_error": None, "effective_share": None, "kl": None, "kl_error": None}
    relative = (log_weights - log_z).exp()
    records = {
        "log_z": log_z,
        "log_z_error": float(relative.std()) / math.sqrt(n),
        "effective_share": float(relative.sum().square() / relative.square().sum() / n),
    }
    if not bool(log_weights.isfinite().all()):
        return {**records, "kl": None, "kl_error": None}
    influence = relative - log_weights
    return {
        **records,
        "kl": log_z - float(log_weights.mean()),
        "kl_error": float(influence.std()) / math.sqrt(n),
    }


@torch.inference_mode()
def _distance(space: Space, trainer: Trainer, reward: StateReward, beta: float) -> float | None:
    """Return the exact total variation between policy and target; None where nothing has a reward."""
    even = [1.0] * trainer.conditions.n_objectives
    target = reward.log_target(space.final_states, trainer.conditions.fixed(beta, even, len(space)))
    if not bool(target.isfinite().any()):
        return None
    if trainer.policy.prior is not None:
        target = target + prior_log_probability(space, trainer.policy.prior)
    else:
        target = target + log_shares(space)
    log_p = policy_log_probability(space, trainer.policy, trainer.conditions.fixed(beta, even))
    return total_variation(by_object(space, log_p), by_object(space, log_target(target)))
