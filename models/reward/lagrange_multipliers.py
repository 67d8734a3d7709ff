"""Multipliers of measured constraints, adapted by dual ascent while the sampler violates them.

Knows costs and shares; no proxy, policy or domain. Letters: N objects, L constraints enforced by a multiplier.

A sampler with reward R(x) exp(-sum_l m_l c_l(x)), c being 0 for what satisfies a constraint and at least 1 for what
violates it, is the one nearest to R with a limited expected cost: m is the constraint's Lagrange multiplier (Boyd &
Vandenberghe 2004, chapter 5), learned on a slower scale than the policy as in reward constrained policy optimisation
(arXiv:1805.11074). What moves it here is the share of samples that violate, which falls whenever m grows: it rests
where that share is on target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

START = 1.0
"""The first multiplier: a missing probability weighs as it does under enforcement by a gate."""
MOST = 20.0
"""The greatest multiplier where beta weighs nothing: no object that violates is worth its while."""
TARGET = 0.1
"""The share of on-policy samples that may violate a constraint; they are refused anyway."""
RATE = 1.0
"""How much a multiplier grows in one update if every sample violates the constraint and none may."""
MEMORY = 0.9
"""What the reported share keeps of its past at each update."""


def constraint_cost(probability: Tensor, required: Tensor, least: float) -> Tensor:
    """Return 0 [N, L] where a constraint is as probable as asked, else 1 + log asked - log probability.

    The step keeps what barely violates from being free, as its share counts in full. Probabilities below `least` count
    as that.
    """
    missing = required.log() - probability.clamp_min(least).log()
    return torch.where(probability < required, 1.0 + missing, 0.0)


def greatest_multiplier(beta: float) -> float:
    """Return the bound of multipliers for inverse temperatures up to beta: it outweighs the whole range of utilities.

    What violates costs at least one multiplier, and gains at most beta by being as good as hoped for in place of poor.
    """
    return MOST + beta


@final
class LagrangeMultipliers:
    """One multiplier per constraint, at least 0 and at most `greatest`."""

    def __init__(self, n: int, greatest: float = MOST) -> None:
        self.greatest = greatest
        self.values = torch.full((n,), START, dtype=torch.float64)
        self.shares = torch.ones(n, dtype=torch.float64)
        """The running share [L] of samples that violate each constraint."""
        self.n_updates = 0

    def __len__(self) -> int:
        """Return L."""
        return len(self.values)

    def penalty(self, costs: Tensor) -> Tensor:
        """Return what the log-reward loses [N] for costs [N, L]."""
        return costs @ self.values

    def update(self, violates: Tensor) -> None:
        """Take one step up or down for on-policy samples [N, L] (bool, or shares of exact distributions [1, L])."""
        share = violates.to(torch.float64).mean(dim=0)
        self.values = (self.values + RATE * (share - TARGET)).clamp(0.0, self.greatest)
        memory = MEMORY if self.n_updates else 0.0
        self.shares = memory * self.shares + (1 - memory) * share
        self.n_updates += 1

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain JSON; floats survive it bit for bit."""
        return {"values": self.values.tolist(), "shares": self.shares.tolist(), "n_updates": self.n_updates}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self.values = torch.tensor(state["values"], dtype=torch.float64)
        self.shares = torch.tensor(state["shares"], dtype=torch.float64)
        self.n_updates = int(state["n_updates"])
