"""Plates as they are answered: their specification, what the wells hold, and what was read."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from service.plates.records import Analysis, Finding, PlateLayout, Quality
from service.plates.specs import LayoutSpec
from service.schemas.base import Answer
from service.schemas.results import UploadReport

PlateState = Literal["laid_out", "filled", "read"]


class PlateSummary(Answer):
    """One plate of a list."""

    id: UUID = Field(description="the plate's id")
    name: str = Field(description="its name or barcode; unique in the campaign")
    type: str = Field(description="the assay that it measures")
    state: PlateState = Field(description="laid_out: nothing more; filled: a robot reported; read: results were stored")
    created_at: datetime = Field(description="when it was laid out")


class Plate(PlateSummary):
    """A plate with everything that is known of it."""

    campaign_id: UUID = Field(description="the campaign that it belongs to")
    round: int = Field(description="number of the round whose batch it measures, from 1")
    spec: LayoutSpec = Field(description="the specification as it was sent, with its defaults")
    layout: PlateLayout = Field(description="what every used well holds, and what fills it")
    failed_wells: dict[str, str] = Field(description="well -> why it was not filled as planned")
    analysis: Analysis | None = Field(description="what its wells came to; null before they were read")


class TransfersReport(BaseModel):
    """What a robot's report says of a plate; with `dry_run` nothing of it was stored."""

    transfers: int = Field(description="transfers into this plate that the report lists")
    failed_wells: dict[str, str] = Field(description="well -> why, as this report says")
    warnings: list[str] = Field(description="what to look at: other plates in the report, unusual statuses")
    report: UploadReport = Field(description="candidates without any filled well became failed results")


class WellsReport(BaseModel):
    """What the wells of a plate came to, and what became of the results; with `dry_run` nothing was stored."""

    source: str = Field(description="which block or measurement of the file was taken")
    quality: Quality = Field(description="what the controls say of the plate")
    findings: list[Finding] = Field(description="one for each candidate of the plate")
    warnings: list[str] = Field(description="what was noticed while the file was read")
    report: UploadReport = Field(description="of the results, one row a candidate")
