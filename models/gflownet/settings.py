"""How a policy is trained, as one frozen value. Knows no campaign.

Trainer and behaviours read it; what a campaign may set is in `models.specs.sampler`.
"""

from dataclasses import dataclass, field
from typing import final

from models.gflownet.policy import PolicySpec


@final
@dataclass(frozen=True, slots=True)
class TrainerSettings:
    """How a policy is trained; `steps` is the length of the learning-rate decay.

    The shares are of the trajectories of each step; the rest is sampled by the policy with `random_action_probability`,
    and so is a share whose behaviour is not ready. `measured_share` (measured objects) and `replay_share` (the best so
    far) fill in for each other where one kind is missing.
    """

    loss: str = "trajectory_balance"
    steps: int = 2000
    trajectories_per_step: int = 64
    steps_per_draw: int = 4
    """Steps whose trajectories are walked in one go, by the policy before the first of them."""
    conditions_per_trajectory: int = 1
    """Conditions a trajectory is learned from: its own, and others drawn anew, for which its object is scored too."""
    policy: PolicySpec = field(default_factory=PolicySpec)
    learning_rate: float = 3e-3
    log_z_learning_rate: float = 2e-2
    final_rate: float = 0.02
    """Share of the learning rates that is left at the end of the cosine decay."""
    gradient_norm: float = 10.0
    huber_delta: float | None = 1.0
    random_action_probability: float = 0.05
    measured_share: float = 0.1
    replay_share: float = 0.1
    replay_capacity: int = 1000
    diverse_share: float = 0.0
    """Replayed objects of every level of utility; keeps `replay_capacity` of its own."""
    tempered_share: float = 0.0
    temperature: float = 2.0
    averaged_share: float = 0.0
    average_decay: float = 0.99
    local_search_share: float = 0.0
    local_search_depth: int = 3
    local_search_rounds: int = 4
    genetic_share: float = 0.0
    genetic_parents: int = 256
    forbidden_gap: float = 10.0
    """A log-reward of -inf counts as this much less than the lowest log-reward seen."""
    first_estimate: int = 512
    """Trajectories that set log Z(c) near the truth before the first step."""
    group_size: int = 8
    """Trajectories per condition, for losses that compare within a condition."""
