"""What reading results needs to know of a campaign, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.records import StandardResult


@dataclass(frozen=True, slots=True)
class CampaignView:
    """What reading results needs to know of a campaign.

    `candidates` maps the id of every candidate to its canonical text; `stored` maps assay type and external
    id to the result that has them already; `own_ids` the id of an object in its laboratory to the objects
    that had it; `predicted` the id of a candidate to its predicted means by objective.
    """

    spec: CampaignSpec
    domain: Domain
    candidates: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[tuple[str, str], StandardResult] = field(default_factory=dict)
    own_ids: Mapping[str, Collection[str]] = field(default_factory=dict)
    predicted: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
