"""The specification of a plate: its size, controls, doses and, where robots fill it, stocks and volumes."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from models.specs.base import field_error
from service.exchange.units import are_convertible, is_concentration
from service.exchange.values import is_missing
from service.plates.geometry import SHAPES, WellCount

MAX_POINTS = 48
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True, pattern=r"^[^\x00-\x1f]+$")
]
Readout = Literal["ic50", "percent_inhibition", "percent_activity"]
Robot = Literal["echo", "biomek"]
_CONCENTRATIONS = (1e-15, 1e12)
"""Beyond these no unit of concentration means anything, and volumes are no numbers."""
MIN_POINTS = 5
"""Doses below which four parameters cannot be separated from noise."""


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Controls(_Spec):
    """Wells whose effect is known: none in the negative ones (vehicle alone), full in the positive ones."""

    positive: int | None = Field(
        default=None, ge=2, le=384, description="wells with full effect, 100 %; half of two outer columns when absent"
    )
    negative: int | None = Field(
        default=None, ge=2, le=384, description="wells of vehicle alone, 0 %; half of two outer columns when absent"
    )
    placement: Literal["columns", "scattered"] = Field(
        default="columns", description="in whole outer columns, which hold nothing else, or spread over the plate"
    )


class DoseSeries(_Spec):
    """Concentrations from the top down, each a constant factor below the one before."""

    top: float = Field(gt=0, le=_CONCENTRATIONS[1], description="highest concentration", examples=[10.0])
    units: Text = Field(default="uM", description="of all concentrations of the plate")
    factor: float = Field(default=3.0, gt=1, le=1000, description="dilution from one dose to the next")
    points: int = Field(default=10, ge=1, le=MAX_POINTS, description="how many doses; 1 measures at `top` alone")

    @field_validator("units")
    @classmethod
    def _are_concentrations(cls, value: str) -> str:
        if not is_concentration(value):
            message = f"{value!r} is no unit of concentration: give uM, nM, mg/mL or the like"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _stay_positive(self) -> Self:
        lowest = self.top / self.factor ** (self.points - 1)
        if lowest < _CONCENTRATIONS[0]:
            message = f"{self.points} doses by a factor of {self.factor:g} end at {lowest:.3g} {self.units}: give fewer"
            raise field_error("/points", message)
        return self

    def concentrations(self) -> list[float]:
        """Return the concentrations, highest first."""
        return [float(f"{self.top / self.factor**point:.6g}") for point in range(self.points)]


class Stocks(_Spec):
    """The source plate that a robot fills wells from, and how much it may take.

    Each candidate has one source well for each stock, in the order of the batch, column by column, unless `wells` says
    where it is; the positive control and the vehicle follow.
    """

    plate: Text = Field(default="Source1", description="name and barcode of the source plate")
    plate_wells: WellCount = Field(default=384, description="size of the source plate in wells")
    plate_type: Text = Field(default="384PP_DMSO2", description="the robot's name of the labware")
    concentrations: list[Annotated[float, Field(ge=_CONCENTRATIONS[0], le=_CONCENTRATIONS[1])]] = Field(
        min_length=1, max_length=8, description="of every candidate in the source plate", examples=[[10.0, 0.1]]
    )
    units: Text = Field(default="mM", description="of the stocks")
    assay_volume_ul: float = Field(ge=0.001, le=1000, description="volume of a filled well", examples=[50.0])
    max_solvent_percent: float = Field(default=1.0, gt=0, le=20, description="most of a well that may be transferred")
    robot: Robot = Field(default="echo", description="echo: multiples of 2.5 nL; biomek: of 0.1 uL, from 0.5 uL on")
    wells: dict[UUID, list[str]] | None = Field(
        default=None, description="candidate -> its source wells, one for each stock"
    )
    positive_well: str | None = Field(default=None, description="where the positive control is")
    vehicle_well: str | None = Field(default=None, description="where the vehicle is")

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if len(set(self.concentrations)) < len(self.concentrations):
            raise field_error("/concentrations", "two stocks have the same concentration")
        return self


EXAMPLE: dict[str, Any] = {
    "name": "P-0001",
    "type": "IC50",
    "wells": 384,
    "doses": {"top": 10, "units": "uM", "factor": 3, "points": 10},
    "replicates": 2,
    "controls": {"positive": 14, "negative": 14, "placement": "columns"},
    "seed": 7,
    "stocks": {"concentrations": [10, 0.1, 0.002], "units": "mM", "assay_volume_ul": 50},
}


class LayoutSpec(_Spec):
    """What is to be laid out on one plate."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Text = Field(description="the plate's name or barcode; unique in the campaign", examples=["P-0001"])
    type: Text = Field(description="the assay of the campaign that the plate measures", examples=["IC50"])
    readout: Readout = Field(
        default="ic50", description="what becomes a result: the IC50 of a dose series, or a percentage at one dose"
    )
    wells: WellCount = Field(default=384, description="size of the plate in wells")
    edge: int = Field(default=1, ge=0, le=8, description="rings of outer wells that stay empty")
    doses: DoseSeries = Field(description="concentrations of every candidate")
    replicates: int = Field(default=2, ge=1, le=64, description="wells of each dose of each candidate")
    controls: Controls = Field(
        default=Controls(), description="wells of known effect; two whole outer columns when absent"
    )
    randomised: bool = Field(default=True, description="false: candidates in order, doses side by side")
    seed: int | None = Field(default=None, ge=0, lt=2**31, description="chosen and answered when absent")
    candidates: list[UUID] | None = Field(
        default=None, min_length=1, max_length=1536, description="all of the batch that wait when absent"
    )
    stocks: Stocks | None = Field(default=None, description="needed for pick lists")
    assay_version: Text | None = Field(default=None, description="kept with every result of the plate")

    @field_validator("name", "type", "assay_version")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and is_missing(value):
            message = f"{value!r} says in tables that there is nothing: give another name"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.readout == "ic50" and self.doses.points < MIN_POINTS:
            message = f"an IC50 needs at least {MIN_POINTS} doses; a percentage at one dose is another readout"
            raise field_error("/doses/points", message)
        if self.readout != "ic50" and self.doses.points != 1:
            message = f"{self.readout} is measured at one dose: give points 1, or ask for the readout ic50"
            raise field_error("/doses/points", message)
        if self.stocks is not None and not are_convertible(self.stocks.units, self.doses.units):
            message = f"stocks in {self.stocks.units} cannot be converted to doses in {self.doses.units}"
            raise field_error("/stocks/units", message)
        if self.candidates is not None and len(set(self.candidates)) < len(self.candidates):
            twice = next(place for place, item in enumerate(self.candidates) if item in self.candidates[:place])
            raise field_error(f"/candidates/{twice}", "a candidate is named twice")
        return self

    def n_controls(self) -> tuple[int, int]:
        """Return how many positive and negative controls there are."""
        height = max(SHAPES[self.wells][0] - 2 * self.edge, 2)
        return self.controls.positive or height, self.controls.negative or height
