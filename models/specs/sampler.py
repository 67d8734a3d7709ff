"""How the generative policy is trained and what its training trajectories come from. Torch-free."""

import math
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import (
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from models.specs.base import FrozenModel, Text, field_error, is_stored
from models.specs.behaviour import BehaviourSpec
from models.specs.variants import texts_of_variants, variants

LOSSES = variants("gflownet/losses", "LOSS")
"""Names of the training losses. The name tells what a loss takes:
`forward_looking_*` partial log-rewards, `prefix_*` those of prefixes, every one of which may stop."""

TRUNKS = texts_of_variants("gflownet/trunks", "READS")
"""What each trunk of the policy reads of states, by its name: `encoding`, which every domain has, or a
`Domain.structure`."""

NEEDS_PRIOR = ("relative_trajectory_balance",)
REFUSES_PRIOR = ("flow_matching",)
"""Losses that only balance against a prior, and those that have no form for one."""

MOST_BETA = 1_000.0
"""The greatest inverse temperature: single precision tells beta u to .0005 up to u = 8, far beyond the range.
"""
USUAL_BETA = (1.0, 64.0)
"""The range of specifications older than `auto`, and of rounds whose reward gives no range a meaning."""


BETA_IS = f'beta must be "auto" or [low, high] with 0 < low <= high <= {MOST_BETA:g}'
OWN_STARTS = ("nothing", "previous")
"""Values of `start_from` that name no other campaign."""
WARM_SHARE = 0.3
"""A round that begins from an earlier policy takes this share of the steps of a new one."""
LEAST_WARM = 200
"""Steps of it at least, where a new one takes as many: a short training is also a search."""
OLDER = {
    "proposal_beta": "as_trained",
    "start_from": "nothing",
    "prior": "none",
    "beta": USUAL_BETA,
}
"""What a stored specification means that lacks these fields."""


class SamplerSpec(FrozenModel):
    """How the generative policy is trained."""

    loss: Text = Field(
        default="trajectory_balance",
        description="Training loss. `prefix_*` needs a domain in which every prefix is an object, such as "
        "peptides of min_length 1. `forward_looking_*` learns a potential beside the policy, which shares "
        "the log-reward of an object among its building steps (learned energy decomposition).",
        json_schema_extra={"enum": list(LOSSES)},
    )
    prior: Literal["none", "measured", "common", "checkpoint"] = Field(
        default="none",
        description="What the policy starts from and its target contains. `measured`: the building steps "
        "that objects with a result have in common, those of rounds left out if ten others remain; "
        "the target is that probability times the reward, and an untrained policy proposes objects like "
        "them. `common`: also how often chemists use fragments of molecules, which weighs as much as 100 "
        "measured ones; sizes follow both unless `base_measure` weighs them. `checkpoint`: the prior of "
        "the round that `start_from` names. Where held-out objects show "
        "nothing in common, and for `none`, `base_measure` is all there is before the reward.",
    )
    huber_delta: float | None = Field(
        default=1.0,
        gt=0,
        description="Residual, in nats, above which the penalty is linear instead of squared; null is "
        "always squared.",
    )
    backward_policy: Literal["uniform", "learned"] = Field(
        default="uniform",
        description="Backward policy P_B: uniform over the allowed actions, or learned with P_F.",
    )
    behaviour: BehaviourSpec = Field(
        default=BehaviourSpec(), description="Where training trajectories come from, as shares of each step."
    )
    steps: int = Field(
        default=2000,
        ge=1,
        le=1_000_000,
        description="Training steps per round, which set its time and its quality.",
    )
    start_from: Text = Field(
        default="previous",
        description="Policy from which training begins. `previous`: that of the campaign's last finished "
        "round, if there is one and it builds the same kind of objects. `nothing`: a new policy each round. "
        "The id of another campaign of the same workspace and domain, best one with similar objectives: its "
        "last policy for the first round, and `previous` from then on.",
    )
    warm_steps: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Training steps of a round that begins from an earlier policy, instead of `steps`; null "
        f"is three tenths of them, and at least {LEAST_WARM} where `steps` are as many.",
    )
    trajectories_per_step: int = Field(
        default=64, ge=1, le=4096, description="Trajectories of each training step."
    )
    steps_per_draw: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Steps whose trajectories are sampled in one rollout, by a policy that is up to so "
        "many steps old. Up to 4 save a third of the time without a measured loss; 1 samples "
        "anew for each step.",
    )
    conditions_per_trajectory: int = Field(
        default=1,
        ge=1,
        le=16,
        description="Conditions under which each sampled object is learned: its own and others sampled "
        "anew. More bring the policy closer to its target at every condition, and make a step "
        "slower.",
    )
    beta: tuple[float, float] | Literal["auto"] = Field(
        default="auto",
        description="Range of inverse temperatures to serve. `auto`: chosen in each round, so that samples "
        "are as good as an even draw from the better half of some thousand reference objects at the low end, "
        "and from the best of them, about as many as a batch, at the high end. Or two numbers, low to high, "
        f"at most {MOST_BETA:g}: utilities of 0 and 1, the ends of an objective's range, differ by beta in "
        "log-reward.",
    )
    proposal_beta: Literal["by_purpose", "as_trained"] = Field(
        default="by_purpose",
        description="Inverse temperatures at which objects for a batch are sampled. `by_purpose`: all but "
        "the share `batch.exploration` at the upper half of `beta_law`, where the batch is to be good, and "
        "that share over all of it. `as_trained`: all over all of it.",
    )
    beta_law: Literal["log_uniform", "uniform"] = Field(
        default="log_uniform",
        description="Distribution of beta in training; `uniform` has more samples at high values.",
    )
    preference_concentration: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="Concentration of the Dirichlet distribution of preferences in training: 1 is uniform on "
        "the simplex, more prefers even weights, less single objectives.",
    )
    subtb_lambda: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Lambda of the losses `*sub_trajectory_balance`: a sub-trajectory of n steps weighs "
        "lambda^n. null is the loss's own: 0.9, and 1 for `prefix_sub_trajectory_balance`.",
    )
    log_z_learning_rate: float = Field(
        default=0.02,
        gt=0,
        le=1,
        description="Learning rate of log Z; that of the policy is 0.003, and both decay together.",
    )
    trunk: Text = Field(
        default="mlp",
        description="Network between a state and its actions. `mlp` reads counts and positions in every "
        "domain. `transformer` reads the sequence of building steps where each is appended: compositions, "
        "mixtures, and peptides unless built in any order. `message_passing` reads the tree of fragments "
        "of a molecule. Both share weights between places, and a step takes longer.",
        json_schema_extra={"enum": list(TRUNKS)},
    )
    hidden_width: int = Field(
        default=256,
        ge=8,
        le=4096,
        description="Units of each hidden layer of the policy; of the transformer, the width of a token.",
    )
    hidden_layers: int = Field(
        default=2, ge=1, le=8, description="Hidden layers of the policy; of the transformer, its blocks."
    )
    random_action_probability: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="Probability of a random action at each step of a training rollout: drawn from the "
        "prior if there is one, else uniformly.",
    )
    precision: Literal["fastest", "float32"] = Field(
        default="fastest",
        description="Precision of hidden layers in training. `fastest` rounds the factors of large batches "
        "to bfloat16 on processors with units for it, where beta is at most 32.",
    )
    exhaustive: bool = Field(
        default=True,
        description="Whether to choose the batch among all objects of a space of at most 5,000, instead of "
        "among samples of the policy. The policy is trained in any case, for later samples.",
    )

    @property
    def steps_when_warm(self) -> int:
        """Training steps of a round that begins from an earlier policy."""
        return self.warm_steps or min(self.steps, max(LEAST_WARM, round(WARM_SHARE * self.steps)))

    @property
    def other_campaign(self) -> UUID | None:
        """The campaign whose last policy the first round begins from; None without one."""
        return None if self.start_from in OWN_STARTS else UUID(self.start_from)

    @field_validator("beta", mode="wrap")
    @classmethod
    def _is_a_range(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise field_error("", BETA_IS) from None

    @model_validator(mode="before")
    @classmethod
    def _keeps_its_proposals(cls, value: Any, info: ValidationInfo) -> Any:
        # Specifications older than these choices sampled as trained, over one range of beta and by a new
        # policy without a prior in each round, and their rounds must keep their batches.
        if not isinstance(value, dict):
            return value
        return (OLDER if is_stored(info) else {}) | _prior_that_fits(value) | value

    @model_validator(mode="after")
    def _is_consistent(self, info: ValidationInfo) -> Self:
        if self.start_from not in OWN_STARTS and not _is_uuid(self.start_from):
            raise field_error(
                "/start_from", f"start_from must be {', '.join(OWN_STARTS)} or the id of a campaign"
            )
        if self.loss not in LOSSES:
            raise field_error("/loss", f"loss must be one of {', '.join(LOSSES)}")
        if self.trunk not in TRUNKS:
            raise field_error("/trunk", f"trunk must be one of {', '.join(TRUNKS)}")
        most = math.inf if is_stored(info) else MOST_BETA
        if self.beta != "auto" and not 0 < self.beta[0] <= self.beta[1] <= most:
            raise field_error("/beta", BETA_IS)
        return self

    @model_validator(mode="after")
    def _prior_is_used(self) -> Self:
        if self.prior == "none" and self.loss in NEEDS_PRIOR:
            raise field_error("/loss", f"{self.loss} needs a prior: set prior to measured or checkpoint")
        if self.prior != "none" and self.loss in REFUSES_PRIOR:
            raise field_error("/loss", f"{self.loss} has no form for a prior: set prior to none")
        if self.prior == "checkpoint" and self.start_from == "nothing":
            raise field_error("/prior", "checkpoint is the prior of another round: set start_from to it")
        if self.prior != "none" and self.backward_policy == "learned":
            detail = "with a prior no loss uses the backward policy: set it to uniform, or prior to none"
            raise field_error("/backward_policy", detail)
        return self

    @property
    def beta_range(self) -> tuple[float, float]:
        """The range of inverse temperatures as numbers.

        Raises:
            ValueError: if it is `auto`: a round chooses it (`with_beta`).
        """
        if self.beta == "auto":
            raise ValueError("the range of beta is chosen in a round, from its reward")
        return self.beta

    def with_beta(self, beta_range: tuple[float, float]) -> Self:
        """Return the specification of a round that serves a range of inverse temperatures."""
        return self.model_copy(update={"beta": beta_range})


def _prior_that_fits(fields: dict[str, Any]) -> dict[str, str]:
    """Return the prior that a loss or a backward policy leaves no choice about."""
    if fields.get("loss") in NEEDS_PRIOR:
        return {"prior": "measured"}
    if fields.get("loss") in REFUSES_PRIOR or fields.get("backward_policy") == "learned":
        return {"prior": "none"}
    return {}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
