"""How the generative policy is trained and what its training trajectories come from. Torch-free."""

import math
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from models.specs.base import FrozenModel, Text, field_error, is_stored

_LOSS_FILES = (Path(__file__).parents[1] / "gflownet" / "losses").glob("[a-z]*.py")


LOSSES = tuple(sorted(file.stem for file in _LOSS_FILES if file.stem != "contract"))
"""Names of the training losses: one file each, so a new loss needs no registry. The name tells what a loss takes:
`forward_looking_*` partial log-rewards, `prefix_*` those of prefixes, every one of which may stop."""


MOST_BETA = 1_000.0
"""The greatest inverse temperature: single precision tells beta u to .0005 up to u = 8, far beyond the range."""


class BehaviourSpec(FrozenModel):
    """Where training trajectories come from: shares of each step; the policy itself samples what is left.

    Replay costs no new proxy call where scores are cached; a sampled trajectory costs one per new object; local search
    costs up to `local_search_rounds` per trajectory.
    """

    measured_share: float = Field(default=0.1, ge=0, le=1, description="walks back from measured objects")
    replay_share: float = Field(default=0.1, ge=0, le=1, description="walks back from the best objects so far")
    diverse_share: float = Field(default=0.0, ge=0, le=1, description="walks back from objects of every utility")
    tempered_share: float = Field(default=0.0, ge=0, le=1, description="sampled with logits / temperature")
    temperature: float = Field(default=2.0, gt=0, le=100)
    averaged_share: float = Field(default=0.0, ge=0, le=1, description="sampled by the policy's moving average")
    average_decay: float = Field(default=0.99, ge=0, lt=1)
    local_search_share: float = Field(
        default=0.0, ge=0, le=1, description="the best objects, their last steps undone and rebuilt"
    )
    local_search_depth: int = Field(default=3, ge=1, le=1000, description="steps that are undone")
    local_search_rounds: int = Field(default=4, ge=1, le=100, description="proposals per trajectory")
    genetic_share: float = Field(
        default=0.0, ge=0, le=1, description="the best objects, their building steps recombined and mutated"
    )
    genetic_parents: int = Field(default=256, ge=2, le=100_000, description="how many of the best are bred from")

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        shares = {name: getattr(self, name) for name in type(self).model_fields if name.endswith("_share")}
        if sum(shares.values()) > 1 + 1e-9:
            largest = max(shares, key=lambda name: shares[name])
            raise field_error(f"/{largest}", f"{', '.join(shares)} must sum to at most 1, not {sum(shares.values()):g}")
        return self


class SamplerSpec(FrozenModel):
    """How the generative policy is trained."""

    loss: Text = Field(
        default="trajectory_balance",
        description="prefix_sub_trajectory_balance needs a domain where every prefix may stop (peptides of min_length "
        "1), forward_looking_* a reward with partial log-rewards",
        json_schema_extra={"enum": list(LOSSES)},
    )
    huber_delta: float | None = Field(
        default=1.0, gt=0, description="where a residual's penalty turns from squared to linear; null for never"
    )
    backward_policy: Literal["uniform", "learned"] = "uniform"
    behaviour: BehaviourSpec = BehaviourSpec()
    steps: int = Field(default=2000, ge=1, le=1_000_000)
    trajectories_per_step: int = Field(default=64, ge=1, le=4096)
    steps_per_draw: int = Field(
        default=4,
        ge=1,
        le=64,
        description="steps whose trajectories are sampled in one go, by a policy that is so many steps behind: up to 4 "
        "are not seen to cost anything and save a third of the time; 1 samples anew for each step",
    )
    conditions_per_trajectory: int = Field(
        default=1,
        ge=1,
        le=16,
        description="conditions under which each object is learned from: its own and others drawn anew. More make the "
        "policy better at every temperature and preference for the same objects, and a step slower",
    )
    beta: tuple[float, float] = Field(
        default=(1.0, 64.0),
        description=f"range of inverse temperatures to serve, at most {MOST_BETA:g}: utilities of 0 and 1, the ends of "
        "an objective's range, differ by beta in log-reward",
    )
    beta_law: Literal["log_uniform", "uniform"] = Field(
        default="log_uniform", description="how training draws from that range; uniform practises high ones more"
    )
    random_action_probability: float = Field(default=0.05, ge=0, lt=1)
    precision: Literal["fastest", "float32"] = Field(
        default="fastest",
        description="of hidden layers while learning: fastest rounds the factors of large batches to bfloat16 on "
        "processors made for it where beta stays at or below 32",
    )
    exhaustive: bool = Field(
        default=True,
        description="in a space of at most 5,000 objects, choose the batch among all of them and not among what the "
        "policy draws; it is trained all the same, for samples",
    )

    @model_validator(mode="after")
    def _is_consistent(self, info: ValidationInfo) -> Self:
        if self.loss not in LOSSES:
            raise field_error("/loss", f"loss must be one of {', '.join(LOSSES)}")
        most = math.inf if is_stored(info) else MOST_BETA
        if not 0 < self.beta[0] <= self.beta[1] <= most:
            raise field_error("/beta", f"beta must be [low, high] with 0 < low <= high <= {MOST_BETA:g}")
        return self
