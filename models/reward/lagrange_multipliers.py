"""Lagrange multipliers of measured constraints, adapted by dual ascent.

Knows costs and shares, but no proxy, policy or domain. Letters: N objects, L constraints enforced by a
multiplier.

A sampler with reward R(x) exp(-sum_l m_l c_l(x)), with c = 0 for satisfied and c >= 1 for violated
constraints, is the closest to R with a limited expected cost: m is the constraint's Lagrange multiplier (Boyd
& Vandenberghe 2004, chapter 5), learned on a slower scale than the policy as in reward constrained policy
optimisation (arXiv:1805.11074). Here m follows the share of samples in violation, which falls as m grows,
until that share is on target. One policy serves many inverse temperatures, and a violation gains up to beta:
the penalty of a cost is therefore m (1 + beta / BETA_SCALE).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, final

import torch

from models.reward.compression import root_compressed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

START = 1.0
"""The initial multiplier: missing probability has the weight that it has in a candidate filter."""
MOST = 20.0
"""The greatest multiplier. At every beta its penalty exceeds the range of utilities, beta, by as much."""
BETA_SCALE = 8.0
"""Inverse temperature at which penalties have doubled.

Where most objects violate, about 5 nats suppress them at beta 0, and a violation that gains the larger part
of the range needs as much again near beta 8. On an enumerable space the shares in violation are then even.
"""
TARGET = 0.1
"""The share of on-policy samples that may violate a constraint; the candidate filter rejects them."""
RATE = 1.0
"""Growth of the penalty at the greatest beta in one update if all samples violate and none may."""
MEMORY = 0.9
"""Decay of the moving average of the reported share."""


def constraint_cost(probability: Tensor, required: Tensor, least: float) -> Tensor:
    """Return 0 [N, L] where a constraint has the required probability, else 1 + log(required / probability).

    The step by 1 makes small violations costly, because their share counts in full. Probabilities are clipped
    to `least` from below.
    """
    missing = required.log() - probability.clamp_min(least).log()
    return torch.where(probability < required, 1.0 + missing, 0.0)


@final
class LagrangeMultipliers:
    """One multiplier per constraint, at least 0 and at most `MOST`.

    Args:
        n: L.
        most_beta: the greatest inverse temperature of training, which limits the rate.
    """

    def __init__(self, n: int, most_beta: float = 0.0) -> None:
        self.serve(most_beta)
        self.beta_scale = BETA_SCALE
        """Infinite for states of earlier releases, whose penalties were the same at every beta."""
        self.values = torch.full((n,), START, dtype=torch.float64)
        self.shares = torch.ones(n, dtype=torch.float64)
        """The running share [L] of samples that violate each constraint."""
        self.n_updates = 0

    def __len__(self) -> int:
        """Return L."""
        return len(self.values)

    def serve(self, most_beta: float) -> None:
        """Limit the rate for training up to an inverse temperature, at which penalties are the largest."""
        self.rate = RATE / (1 + most_beta / BETA_SCALE)

    def penalty(self, costs: Tensor, beta: Tensor) -> Tensor:
        """Return the penalty [N] of the log-reward for costs [N, L] at inverse temperatures [N].

        What exceeds the penalty that outweighs every utility is compressed by a root, so that objects in
        violation keep their order and do not dominate the loss.
        """
        beta = beta.to(costs)
        penalty = (costs @ self.values) * (1 + beta / self.beta_scale)
        return penalty if math.isinf(self.beta_scale) else root_compressed(penalty, MOST + beta)

    def update(self, violates: Tensor) -> None:
        """Take one step for on-policy samples [N, L] (bool, or shares of exact distributions [1, L])."""
        share = violates.to(torch.float64).mean(dim=0)
        self.values = (self.values + self.rate * (share - TARGET)).clamp(0.0, MOST)
        memory = MEMORY if self.n_updates else 0.0
        self.shares = memory * self.shares + (1 - memory) * share
        self.n_updates += 1

    def state(self) -> dict[str, Any]:
        """Return the mutable state as plain JSON; floats are preserved bit for bit."""
        return {
            "values": self.values.tolist(),
            "shares": self.shares.tolist(),
            "n_updates": self.n_updates,
            "beta_scale": self.beta_scale,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned; multipliers of earlier releases weigh the same at every beta."""
        self.values = torch.tensor(state["values"], dtype=torch.float64)
        self.shares = torch.tensor(state["shares"], dtype=torch.float64)
        self.n_updates = int(state["n_updates"])
        self.beta_scale = float(state.get("beta_scale", math.inf))
