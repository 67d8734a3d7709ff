"""The part of a round's summary about the trained policy: convergence, base measure, multipliers, reach."""

from typing import Literal

from pydantic import Field

from models.summaries.base import Number, SummaryPart


class Convergence(SummaryPart):
    """How near a round's policy came to its target at one inverse temperature and the even preference."""

    beta: float = Field(description="the inverse temperature of the samples")
    samples: int | None = Field(default=None, description="trajectories behind the estimates")
    log_z: Number = Field(default=None, description="importance-weighted estimate of log Z")
    log_z_error: Number = Field(default=None, description="standard error of `log_z`")
    effective_share: Number = Field(
        default=None, description="(sum w)^2 / (N sum w^2) of the importance weights: 1 is perfect"
    )
    kl: Number = Field(
        default=None,
        description="estimated KL(policy || target) of trajectories in nats, 0 is perfect; null where it is "
        "infinite",
    )
    kl_error: Number = Field(default=None, description="standard error of `kl`")
    total_variation: Number = Field(default=None, description="exact, where the space could be enumerated")
    states: int | None = Field(default=None, description="objects of the enumerated space")


class EffectiveObjects(SummaryPart):
    """Of how many best objects of the reference pool an even draw is as good, by its mean rank."""

    preference: dict[str, float] = Field(description="weight of each objective")
    without_reward: float = Field(description="at inverse temperature 0")
    at_low: float = Field(description="at the low end of the range")
    at_high: float = Field(description="at the high end of the range")


class BetaRangeUsed(SummaryPart):
    """The inverse temperatures that the policy serves, and how many objects count at both ends."""

    low: float = Field(description="lowest inverse temperature: the boldest samples")
    high: float = Field(description="greatest inverse temperature: the most careful samples")
    choice: Literal["stated", "effective_number", "usual"] = Field(
        description="`stated` in the specification; chosen by `effective_number`; the `usual` one, because "
        "the reward hardly differs between objects"
    )
    pool: int = Field(description="objects of the reference pool; 0 where none were compared")
    wanted_at_high: Number = Field(
        default=None, description="objects that should count at a chosen high end, about a batch"
    )
    effective_objects: list[EffectiveObjects] = Field(
        description="under the even preference, then for each objective alone"
    )


class SizeShare(SummaryPart):
    """Objects of one size: what they weigh in the sampler's target before any reward, and what came of it."""

    size: int = Field(description="in the unit of the base measure")
    weight: Number = Field(default=None, description="of the whole size; all weights sum to 1")
    log_count: Number = Field(default=None, description="natural logarithm of the number of such objects")
    log_count_error: Number = Field(default=None, description="its standard error; 0 where it is exact")
    log_density: Number = Field(
        default=None,
        description="what one such object adds to its log-reward; null beside a prior, which tells objects "
        "of one size apart",
    )
    drawn: int | None = Field(default=None, description="by the policy; null in summaries of samples")
    allowed: int | None = Field(
        default=None, description="that might have been chosen; null in summaries of samples"
    )
    chosen: int | None = Field(default=None, description="for the batch or the answer; null without any")


class BaseMeasureUsed(SummaryPart):
    """How the sampler's target weighed sizes before any reward."""

    kind: Literal["sizes", "measured", "objects"] = Field(description="what the weights follow")
    unit: str = Field(description="what sizes count, such as residues")
    counted: Literal["exact", "listed", "estimated"] | None = Field(
        description="how the numbers of objects are known; null where they were not needed"
    )
    sizes: list[SizeShare] = Field(description="by size, the smallest first")


class PriorUsed(SummaryPart):
    """What the sampler's policy started from, and how it was chosen."""

    kind: Literal["none", "measured", "common", "checkpoint"] = Field(
        description="what the specification asks for"
    )
    used: bool = Field(
        description="whether there was one; else the base measure is all there is before the reward"
    )
    objects: int | None = Field(default=None, description="measured objects that it was fitted on")
    order: int | None = Field(
        default=None,
        description="what a building step depends on: 0 nothing, 1 its own frequency, more contexts above",
    )
    perplexity: Number = Field(
        default=None,
        description="equally probable building steps that leave the same doubt, of objects held out",
    )
    uniform_perplexity: Number = Field(
        default=None, description="geometric mean of the number of building steps to choose from"
    )


class MultiplierSummary(SummaryPart):
    """A constraint that a Lagrange multiplier enforces."""

    type: str = Field(description="assay type of the constraint")
    min: Number = Field(default=None, description="least allowed value in the units of the assay")
    max: Number = Field(default=None, description="largest allowed value in the units of the assay")
    probability: Number = Field(default=None, description="with which it must hold (0-1)")
    multiplier: Number = Field(
        default=None,
        description="at the end of training, from 0 to 20; the penalty is that times 1 + beta / 8",
    )
    violating_share: Number = Field(
        default=None, description="share (0-1) of the policy's samples that violate it"
    )
    target_share: Number = Field(default=None, description="share (0-1) that the multiplier works towards")


class Reach(SummaryPart):
    """How many measured objects the campaign's space holds."""

    sought: int | None = Field(default=None, description="measured objects that were looked for")
    reached: int | None = Field(default=None, description="of these, objects that can be built")
    outside_limits: int | None = Field(default=None, description="that break a rule or limit of the campaign")
    other_parts: int | None = Field(
        default=None, description="that keep all rules and need other building blocks"
    )
    broken_rules: dict[str, int] = Field(
        default_factory=dict, description="measured objects that break each rule, buildable or not"
    )
    reasons: dict[str, int] | None = Field(
        default=None, description="how many of the others each reason keeps out, where a domain names reasons"
    )


class TrainingStart(SummaryPart):
    """The earlier round from whose policy and best objects a round's training began."""

    sha256: str | None = Field(default=None, description="checksum of what the earlier round kept")
    campaign_id: str | None = Field(
        default=None, description="campaign of the earlier round; null where none is known"
    )
    round: int | None = Field(default=None, description="number of the earlier round, null likewise")
    actions: int | None = Field(default=None, description="building blocks and other actions of the policy")
    known_actions: int | None = Field(default=None, description="of these, known to the earlier policy")
    best_objects: int | None = Field(
        default=None, description="best objects of the earlier training that were scored anew and replayed"
    )
    steps: int | None = Field(default=None, description="training steps that this round takes")


class TrainingSummary(SummaryPart):
    """The training of the policy."""

    steps: int | None = Field(default=None, description="training steps")
    loss: list[Number] = Field(description="mean loss of successive stretches of equally many steps")


class ComputationCost(SummaryPart):
    """What the round took since it was last started."""

    seconds: dict[str, float] = Field(description="by stage of the computation")
    objects_scored: int | None = Field(default=None, description="objects that the proxies were asked about")


class HazardListUsed(SummaryPart):
    """A hazard list that was in force."""

    name: str = Field(description="of the list")
    version: str = Field(description="of the list")
    sha256: str = Field(description="checksum of its content, in hexadecimal digits")
