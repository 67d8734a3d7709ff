"""Results that a downloaded batch requests: of measured objectives, and of parts of derived ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.campaign.spec import CampaignSpec


@dataclass(frozen=True, slots=True)
class RequestedResult:
    """The name that heads a result's column, its assay type and its units."""

    name: str
    type: str
    units: str | None


def requested_results(spec: CampaignSpec) -> list[RequestedResult]:
    """Return the results of measured objectives in their order, then of parts that are no objective."""
    found = [
        RequestedResult(item.name, item.assay_type, item.units)
        for item in spec.objectives
        if item.assay_type is not None
    ]
    parts = dict.fromkeys(kind for item in spec.objectives if item.derived for kind in spec.types_of(item))
    known = {item.type for item in found}
    read = spec.quantities()
    return [*found, *(RequestedResult(kind, kind, read[kind].units) for kind in parts if kind not in known)]
