"""How a policy is trained, as one frozen value. Knows no campaign.

Trainer and behaviours read it. What a campaign may set has its default in `models.specs`, and only
there.
"""

from dataclasses import dataclass, field
from typing import final

from models.gflownet.policy import PolicySpec
from models.specs.behaviour import USUAL_SHARES, RankWeights
from models.specs.sampler import SamplerSpec

_SAMPLER = SamplerSpec()
_BEHAVIOUR = _SAMPLER.behaviour


@final
@dataclass(frozen=True, slots=True)
class TrainerSettings:
    """How a policy is trained; `steps` is the length of the learning-rate decay.

    The shares are of the trajectories of each step; the policy samples the rest with
    `random_action_probability`, and also the share of a behaviour that is not ready. `measured_share`
    (measured objects) and `replay_share` (the best so far) fill in for each other where one kind is missing.
    """

    loss: str = _SAMPLER.loss
    steps: int = _SAMPLER.steps
    trajectories_per_step: int = _SAMPLER.trajectories_per_step
    steps_per_draw: int = _SAMPLER.steps_per_draw
    """Steps whose trajectories are rolled out at once, by the policy before the first of them."""
    conditions_per_trajectory: int = _SAMPLER.conditions_per_trajectory
    """Conditions per trajectory: its own, and newly sampled ones for which its object is scored as well."""
    policy: PolicySpec = field(
        default_factory=lambda: PolicySpec(
            trunk=_SAMPLER.trunk, width=_SAMPLER.hidden_width, depth=_SAMPLER.hidden_layers
        )
    )
    learning_rate: float = 3e-3
    log_z_learning_rate: float = _SAMPLER.log_z_learning_rate
    final_rate: float = 0.02
    """Share of the learning rates that is left at the end of the cosine decay."""
    gradient_norm: float = 10.0
    huber_delta: float | None = _SAMPLER.huber_delta
    subtb_lambda: float | None = _SAMPLER.subtb_lambda
    """Lambda of sub-trajectory balance; None is the loss's own."""
    random_action_probability: float = _SAMPLER.random_action_probability
    measured_share: float = USUAL_SHARES["measured_share"]
    replay_share: float = USUAL_SHARES["replay_share"]
    replay_capacity: int = 1000
    diverse_share: float = _BEHAVIOUR.diverse_share
    """Replayed objects of every level of utility; keeps `replay_capacity` of its own."""
    tempered_share: float = _BEHAVIOUR.tempered_share
    temperature: float = _BEHAVIOUR.temperature
    averaged_share: float = _BEHAVIOUR.averaged_share
    average_decay: float = _BEHAVIOUR.average_decay
    local_search_share: float = USUAL_SHARES["local_search_share"]
    local_search_depth: int = _BEHAVIOUR.local_search_depth
    local_search_rounds: int = _BEHAVIOUR.local_search_rounds
    genetic_share: float = USUAL_SHARES["genetic_share"]
    genetic_parents: int = _BEHAVIOUR.genetic_parents
    genetic_policy_mates: float = _BEHAVIOUR.genetic_policy_mates
    conservative_share: float = _BEHAVIOUR.conservative_share
    """Edits of the best objects; keeps `genetic_parents` of its own."""
    conservative_delta: float = _BEHAVIOUR.conservative_delta
    conservative_lambda: float = _BEHAVIOUR.conservative_lambda
    rank_weights: RankWeights = _BEHAVIOUR.rank_weights
    forbidden_gap: float = 10.0
    """A log-reward of -inf counts as this much less than the lowest log-reward seen."""
    first_estimate: int = 512
    """Trajectories that set log Z(c) near the truth before the first step."""
    group_size: int = 8
    """Trajectories per condition, for losses that compare within a condition."""
