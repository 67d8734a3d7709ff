"""What the API says of plates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from assayflow.client.shapes.results import UploadReport


class PlateSummary(TypedDict):
    """One plate of a list."""

    id: str
    name: str
    type: str
    state: str
    created_at: str


class Plate(PlateSummary):
    """A plate with everything that is known of it."""

    campaign_id: str
    round: int
    spec: dict[str, Any]
    layout: dict[str, Any]
    failed_wells: dict[str, str]
    analysis: dict[str, Any] | None


class WellsReport(TypedDict):
    """What the wells of a plate came to, and what became of the results."""

    source: str
    quality: dict[str, Any]
    findings: list[dict[str, Any]]
    warnings: list[str]
    report: UploadReport


class TransfersReport(TypedDict):
    """What a robot's report says of a plate; with `dry_run` nothing of it was stored."""

    transfers: int
    failed_wells: dict[str, str]
    warnings: list[str]
    report: UploadReport
