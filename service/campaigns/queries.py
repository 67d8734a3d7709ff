"""What users ask to see of a campaign. Reads only; everything is looked up within a workspace."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from service.store.paging import Page
from service.store.tables import Campaign, Candidate, Result, Round, RoundEvent


def get_campaign(session: Session, workspace_id: UUID, campaign_id: UUID) -> Campaign:
    """Return a campaign with its counts `n_rounds` and `n_results`.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """


def list_campaigns(session: Session, workspace_id: UUID, limit: int, cursor: str | None = None) -> Page[Campaign]:
    """Return one page of campaigns, newest first."""


def get_round(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> Round:
    """Return a round by its number.

    Raises:
        NotFoundError: if there is none.
    """


def list_rounds(
    session: Session, workspace_id: UUID, campaign_id: UUID, limit: int, cursor: str | None = None
) -> Page[Round]:
    """Return one page of rounds, newest first."""


def list_results(
    session: Session, workspace_id: UUID, campaign_id: UUID, limit: int, cursor: str | None = None
) -> Page[Result]:
    """Return one page of results in the order in which they were stored."""


def events_after(session: Session, round_id: UUID, last_id: int = 0, limit: int = 200) -> Sequence[RoundEvent]:
    """Return what happened in a round after event `last_id`, oldest first.

    The stream is over when the last event's state is not one of `states.COMPUTING`.
    """


def batch(session: Session, round_id: UUID) -> Sequence[Candidate]:
    """Return a round's candidates by rank."""


def get_candidate(session: Session, workspace_id: UUID, candidate_id: UUID) -> Candidate:
    """Return a candidate.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """


def candidates_by_id(session: Session, campaign_id: UUID, ids: Collection[UUID]) -> Mapping[UUID, Candidate]:
    """Return those of the given candidates that belong to this campaign."""


def candidates_by_object(session: Session, campaign_id: UUID, objects: Collection[str]) -> Mapping[str, Candidate]:
    """Return the newest candidate for each object that was ever proposed."""


def known_external_ids(session: Session, campaign_id: UUID, external_ids: Collection[str]) -> set[str]:
    """Return those external ids that stored results of this campaign have already."""
