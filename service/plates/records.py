"""What is stored and answered of a plate: its wells, the transfers that fill them, and what the readings came to."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from models.records import Relation

Role = Literal["sample", "positive", "negative"]
Verdict = Literal["measured", "censored", "failed"]


class PlateWell(BaseModel):
    """One well that is used; all others stay empty."""

    well: str = Field(description="row and column, such as B2; rows after Z are AA to AF")
    role: Role = Field(description="sample: a candidate at one dose; positive: full effect; negative: vehicle alone")
    candidate_id: UUID | None = Field(default=None, description="of a sample; null in a control")
    dose: int | None = Field(default=None, description="which dose of the series, 1 is the highest; null in a control")
    concentration: float | None = Field(
        default=None, description="in the doses' units; what the robot's volumes come to, where stocks are given"
    )


class Transfer(BaseModel):
    """One volume that a robot moves."""

    source_well: str = Field(description="well of the source plate that the volume is taken from")
    well: str = Field(description="well of this plate that the volume goes into")
    volume_nl: float = Field(description="volume in nL; a multiple of the robot's smallest step")
    sample: str = Field(description="the candidate's id, or what the well is for")


class SourceWell(BaseModel):
    """One well of the source plate with what it must hold."""

    well: str = Field(description="row and column on the source plate, such as A1")
    sample: str = Field(description="the candidate's id, `positive` or `vehicle`")
    concentration: float | None = Field(
        description="of a stock, in the stocks' units; null for a control and the vehicle"
    )
    volume_nl: float = Field(description="taken from it in all, without what the robot cannot reach")


class PlateLayout(BaseModel):
    """Where everything is; the same specification and seed lay out the same plate."""

    seed: int = Field(description="the seed that permuted the samples: the request's, or the service's own choice")
    wells: list[PlateWell] = Field(description="every well that is used, row by row; all others stay empty")
    sources: list[SourceWell] = Field(
        default=[], description="wells of the source plate; empty when the specification has no `stocks`"
    )
    transfers: list[Transfer] = Field(
        default=[], description="volumes that fill the plate; empty when the specification has no `stocks`"
    )


class Quality(BaseModel):
    """Controls of a plate, before any well of it is believed.

    Z' is 1 - 3 (s+ + s-) / |m+ - m-| (Zhang, Chung & Oldenburg 1999, J. Biomol. Screen. 4:67); SSMD is
    (m+ - m-) / sqrt(s+^2 + s-^2) (Zhang 2007, Genomics 89:552).
    """

    n_positive: int = Field(description="positive controls that count: filled, and with a number as signal")
    n_negative: int = Field(description="negative controls that count: filled, and with a number as signal")
    positive_mean: float = Field(description="mean signal of the positive controls, in the reader's units")
    negative_mean: float = Field(description="mean signal of the negative controls, in the reader's units")
    positive_sd: float | None = Field(
        description="standard deviation of the positive controls, in the reader's units; null with fewer than two"
    )
    negative_sd: float | None = Field(
        description="standard deviation of the negative controls, in the reader's units; null with fewer than two"
    )
    z_prime: float | None = Field(description="null with fewer than two wells of a control, or with equal means")
    ssmd: float | None = Field(description="null with fewer than two wells of a control, or without any spread")
    flags: list[str] = Field(description="what a person should look at before the results are believed")


class ReadWell(BaseModel):
    """One used well with its signal; `excluded` says why it does not count."""

    well: str = Field(description="row and column, such as B2")
    role: Role = Field(description="sample: a candidate at one dose; positive: full effect; negative: vehicle alone")
    candidate_id: UUID | None = Field(default=None, description="of a sample; null in a control")
    concentration: float | None = Field(default=None, description="in the doses' units; null in a control")
    signal: float | None = Field(default=None, description="as read, in the reader's units; null without a number")
    inhibition: float | None = Field(default=None, description="percent: 0 at negative, 100 at positive controls")
    excluded: str | None = Field(default=None, description="why the well does not count; null when it does")


class Curve(BaseModel):
    """Four parameters through the wells of one candidate: percent inhibition against concentration."""

    ic50: float = Field(description="concentration halfway between bottom and top")
    low: float | None = Field(description="lower end of the 95 % interval; null when the wells set none")
    high: float | None = Field(description="upper end of the 95 % interval; null when the wells set none")
    log_error: float | None = Field(description="standard error of log10 IC50: the interval's width over that of t")
    hill: float = Field(description="slope at the midpoint, within 0.2 to 5; 1 is simple binding")
    bottom: float = Field(description="percent inhibition far below the IC50, within -30 to 30")
    top: float = Field(description="percent inhibition far above the IC50: `bottom` and a span of 0 to 130")
    residual_sd: float = Field(description="of wells around the curve, in percent")


class Finding(BaseModel):
    """What the wells of one candidate say: a value, a limit, or why there is neither."""

    candidate_id: UUID = Field(description="whose wells these are")
    verdict: Verdict = Field(description="measured: a value; censored: a limit; failed: no number, with the reason")
    relation: Relation = Field(default="=", description="> or < when `value` is a limit; = otherwise")
    value: float | None = Field(default=None, description="concentration in the doses' units, or percent")
    standard_error: float | None = Field(default=None, description="of `value`")
    reason: str | None = Field(default=None, description="why there is a limit or no value")
    flags: list[str] = Field(default=[], description="what a person should look at; they decide nothing")
    n_wells: int = Field(description="wells that count")
    curve: Curve | None = Field(default=None, description="the fit; null at one dose, or when no curve was fitted")


class Analysis(BaseModel):
    """What one reading of a plate came to."""

    source: str = Field(description="which block or measurement of the file was taken")
    quality: Quality = Field(description="what the controls say of the plate")
    findings: list[Finding] = Field(description="one for each candidate of the plate")
    wells: list[ReadWell] = Field(description="every used well with its signal, and why it does not count if so")
    warnings: list[str] = Field(default=[], description="what was noticed while the file was read")
