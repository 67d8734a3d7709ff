"""From which earlier round a round's training begins: found when the round starts, and frozen with its data.

Knows which rounds may serve; not what is in their artefacts.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.errors import UnprocessableError
from service.store import artefacts, campaigns, rounds
from service.store import leases as lease_rows
from service.store.states import TRAINED
from service.store.tables import Campaign, Json, Round

POINTER = "/sampler/start_from"


@dataclass(frozen=True, slots=True)
class RoundStart:
    """The round whose policy another one begins from; `artefact` is None where none was kept.

    `failure` says why one that was kept cannot be read.
    """

    campaign_id: UUID
    round: int | None
    artefact: bytes | None
    failure: str | None = None

    @property
    def source(self) -> str:
        """The round in words."""
        return f"campaign {self.campaign_id}" if self.round is None else f"round {self.round}"


def check_start(
    session: Session, workspace_id: UUID, spec: CampaignSpec, bound_to: UUID | None = None
) -> None:
    """Check the other campaign that a specification names.

    Args:
        session: of the caller.
        workspace_id: where it must be.
        spec: of the campaign that begins from it.
        bound_to: the only campaign that the caller may see, if there is one.

    Raises:
        UnprocessableError: if there is no such campaign for this caller, or it builds other objects.
    """
    other = spec.sampler.other_campaign
    if other is None:
        return
    found = campaigns.find(session, workspace_id, other) if bound_to in (None, other) else None
    if found is None:
        raise _refused(f"no campaign {other}")
    if found.domain_kind != spec.domain.kind:
        raise _refused(f"campaign {other} is about {found.domain_kind}, not {spec.domain.kind}")


def freeze_start(session: Session, campaign: Campaign, spec: CampaignSpec) -> Json:
    """Return which round a new round of a campaign begins from, as its snapshot keeps it.

    The campaign's own last round that trained a policy comes first; without one, that of the campaign that
    its specification names. The caller holds the campaign's lock.
    """
    if spec.sampler.start_from == "nothing":
        return {}
    if own := artefacts.newest_round(session, campaign.id):
        return _named(campaign.id, own)
    if (other := spec.sampler.other_campaign) is not None:
        found = campaigns.find(session, campaign.workspace_id, other)
        is_alike = found is not None and found.domain_kind == spec.domain.kind
        return _named(other, artefacts.newest_round(session, other) if is_alike else None)
    untrained = rounds.newest_in(session, campaign.id, TRAINED)
    return {} if untrained is None else _named(campaign.id, untrained)


def load_start(session: Session, row: Round) -> RoundStart | None:
    """Return what a round begins from; None for a new policy."""
    start = row.snapshot.get("start")
    if start is None:
        return None
    if start["round_id"] is None:
        return RoundStart(UUID(start["campaign_id"]), None, None)
    earlier = lease_rows.get(session, Round, UUID(start["round_id"]))
    try:
        content, failure = artefacts.load(session, earlier.id), None
    except artefacts.DamagedError as error:
        content, failure = None, str(error)
    return RoundStart(earlier.campaign_id, earlier.number, content, failure)


def _named(campaign_id: UUID, row: Round | None) -> Json:
    return {"start": {"campaign_id": str(campaign_id), "round_id": None if row is None else str(row.id)}}


def _refused(detail: str) -> UnprocessableError:
    return UnprocessableError(detail, [{"pointer": POINTER, "detail": detail}])
