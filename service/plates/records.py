"""What is stored and answered of a plate: its wells, the transfers that fill them, and what the readings came to."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from models.records import Relation

Role = Literal["sample", "positive", "negative"]
Verdict = Literal["measured", "censored", "failed"]


class PlateWell(BaseModel):
    """One well that is used; all others stay empty."""

    well: str
    role: Role
    candidate_id: UUID | None = Field(default=None, description="of a sample")
    dose: int | None = Field(default=None, description="which dose of the series, 1 is the highest")
    concentration: float | None = Field(
        default=None, description="in the doses' units; what the robot's volumes come to, where stocks are given"
    )


class Transfer(BaseModel):
    """One volume that a robot moves."""

    source_well: str
    well: str
    volume_nl: float
    sample: str = Field(description="the candidate's id, or what the well is for")


class SourceWell(BaseModel):
    """One well of the source plate with what it must hold."""

    well: str
    sample: str = Field(description="the candidate's id, `positive` or `vehicle`")
    concentration: float | None = Field(description="of a stock, in the stocks' units")
    volume_nl: float = Field(description="taken from it in all, without what the robot cannot reach")


class PlateLayout(BaseModel):
    """Where everything is; the same specification and seed lay out the same plate."""

    seed: int
    wells: list[PlateWell]
    sources: list[SourceWell] = []
    transfers: list[Transfer] = []


class Quality(BaseModel):
    """Controls of a plate, before any well of it is believed.

    Z' is 1 - 3 (s+ + s-) / |m+ - m-| (Zhang, Chung & Oldenburg 1999, J. Biomol. Screen. 4:67); SSMD is
    (m+ - m-) / sqrt(s+^2 + s-^2) (Zhang 2007, Genomics 89:552).
    """

    n_positive: int
    n_negative: int
    positive_mean: float
    negative_mean: float
    positive_sd: float | None
    negative_sd: float | None
    z_prime: float | None = Field(description="null with fewer than two wells of a control, or with equal means")
    ssmd: float | None = Field(description="null with fewer than two wells of a control, or without any spread")
    flags: list[str] = Field(description="what a person should look at before the results are believed")


class ReadWell(BaseModel):
    """One used well with its signal; `excluded` says why it does not count."""

    well: str
    role: Role
    candidate_id: UUID | None = None
    concentration: float | None = None
    signal: float | None = None
    inhibition: float | None = Field(default=None, description="percent: 0 at negative, 100 at positive controls")
    excluded: str | None = None


class Curve(BaseModel):
    """Four parameters through the wells of one candidate: percent inhibition against concentration."""

    ic50: float = Field(description="concentration halfway between bottom and top")
    low: float | None = Field(description="lower end of the 95 % interval; null when the wells set none")
    high: float | None = Field(description="upper end of the 95 % interval; null when the wells set none")
    log_error: float | None = Field(description="standard error of log10 IC50: the interval's width over that of t")
    hill: float
    bottom: float
    top: float
    residual_sd: float = Field(description="of wells around the curve, in percent")


class Finding(BaseModel):
    """What the wells of one candidate say: a value, a limit, or why there is neither."""

    candidate_id: UUID
    verdict: Verdict
    relation: Relation = "="
    value: float | None = Field(default=None, description="concentration in the doses' units, or percent")
    standard_error: float | None = Field(default=None, description="of `value`")
    reason: str | None = Field(default=None, description="why there is a limit or no value")
    flags: list[str] = []
    n_wells: int = Field(description="wells that count")
    curve: Curve | None = None


class Analysis(BaseModel):
    """What one reading of a plate came to."""

    source: str = Field(description="which block or measurement of the file was taken")
    quality: Quality
    findings: list[Finding]
    wells: list[ReadWell]
    warnings: list[str] = []
