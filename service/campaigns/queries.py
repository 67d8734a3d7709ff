"""What users ask to see of a campaign. Reads only; everything is looked up within a workspace."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy.orm import Session

from service.campaigns.results import standard_by_external_id
from service.errors import NotFoundError
from service.records import IDENTIFYING_FIELDS, StandardResult
from service.store import amendments, campaigns, candidates, results, reviews, rounds
from service.store.paging import Page
from service.store.states import ResultStatus, RoundState
from service.store.tables import Campaign, Candidate, CandidateDecision, Reserve, Result, Round, RoundEvent


def get_campaign(session: Session, workspace_id: UUID, campaign_id: UUID) -> Campaign:
    """Return a campaign with its counts `n_rounds` and `n_results`.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    campaign = campaigns.find(session, workspace_id, campaign_id)
    if campaign is None:
        raise NotFoundError(f"no campaign {campaign_id}")
    return campaign


def check_campaign(session: Session, workspace_id: UUID, campaign_id: UUID) -> None:
    """Check that a campaign is there, without reading it.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    if not campaigns.is_there(session, workspace_id, campaign_id):
        raise NotFoundError(f"no campaign {campaign_id}")


def list_campaigns(
    session: Session, workspace_id: UUID, limit: int, cursor: str | None = None, only: UUID | None = None
) -> Page[Any]:
    """Return one page of campaigns, newest first, as rows without their specifications; or `only` one."""
    return campaigns.page(session, workspace_id, limit, cursor, only)


def get_round(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> Round:
    """Return a round by its number.

    Raises:
        NotFoundError: if there is none.
    """
    row = rounds.shown(session, workspace_id, campaign_id, number)
    return row or _no_round(session, workspace_id, campaign_id, number)


def list_rounds(
    session: Session, workspace_id: UUID, campaign_id: UUID, limit: int, cursor: str | None = None
) -> Page[Round]:
    """Return one page of rounds, newest first."""
    check_campaign(session, workspace_id, campaign_id)
    return rounds.page(session, campaign_id, limit, cursor)


def list_results(
    session: Session,
    workspace_id: UUID,
    campaign_id: UUID,
    limit: int,
    cursor: str | None = None,
    status: ResultStatus | None = None,
) -> Page[Result]:
    """Return one page of results in the order in which they were stored, all or those of one status."""
    check_campaign(session, workspace_id, campaign_id)
    return results.page(session, campaign_id, limit, cursor, status)


def results_changed_since(session: Session, rows: Sequence[Round]) -> Mapping[UUID, tuple[int, int]]:
    """Return how many results that rounds were computed from were withdrawn, and how many corrected, since.

    Rounds without any are left out.
    """
    amended = {key for key in {row.campaign_id for row in rows} if amendments.last_sequence(session, key)}
    if not amended:
        return {}
    return amendments.changed_since(session, [row.id for row in rows if row.campaign_id in amended])


def round_id_and_state(
    session: Session, workspace_id: UUID, campaign_id: UUID, number: int
) -> tuple[UUID, RoundState]:
    """Return the id and state of a round: what one who follows it needs at every look.

    Raises:
        NotFoundError: if there is none.
    """
    found = rounds.id_and_state(session, workspace_id, campaign_id, number)
    return found or _no_round(session, workspace_id, campaign_id, number)


def events_after(
    session: Session, round_id: UUID, last_id: int = 0, limit: int = 200
) -> Sequence[RoundEvent]:
    """Return what happened in a round after event `last_id`, oldest first.

    The stream is over when the last event's state is not one of `states.COMPUTING`.
    """
    return rounds.events_after(session, round_id, last_id, limit)


def batch(session: Session, round_id: UUID) -> Sequence[Candidate]:
    """Return a round's candidates by rank."""
    return candidates.of_round(session, round_id)


def get_candidate(session: Session, workspace_id: UUID, candidate_id: UUID) -> Candidate:
    """Return a candidate.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    item = candidates.find(session, workspace_id, candidate_id)
    if item is None:
        raise NotFoundError(f"no candidate {candidate_id}")
    return item


def results_so_far(session: Session, batch: Collection[Candidate]) -> Mapping[UUID, Sequence[Result]]:
    """Return what was measured of each candidate, in the order in which it was stored."""
    return results.of_candidates(session, [item.id for item in batch])


def reserves(session: Session, round_id: UUID) -> Sequence[Reserve]:
    """Return what could take the place of a candidate of a round, the next best first."""
    return reviews.unused_reserves(session, round_id)


def decisions(session: Session, workspace_id: UUID, candidate_id: UUID) -> Sequence[CandidateDecision]:
    """Return what was decided about a candidate, in order.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    return reviews.decisions(session, get_candidate(session, workspace_id, candidate_id).id)


def released_batch(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> tuple[bytes, str]:
    """Return a released batch byte for byte, and its SHA-256.

    Raises:
        NotFoundError: if there is no such round, or its batch was not released.
    """
    found = reviews.release(session, get_round(session, workspace_id, campaign_id, number).id)
    if found is None:
        raise NotFoundError(
            f"the batch of round {number} was not released, or by a version that kept no copy"
        )
    return found


def candidates_by_id(session: Session, campaign_id: UUID, ids: Collection[UUID]) -> Mapping[UUID, Candidate]:
    """Return those of the given candidates that belong to this campaign."""
    return candidates.by_id(session, campaign_id, ids)


def candidates_by_object(
    session: Session, campaign_id: UUID, objects: Collection[str]
) -> Mapping[str, Candidate]:
    """Return the newest waiting candidate of each proposed object, or the newest if none waits."""
    return candidates.newest_by_object(session, campaign_id, objects)


def results_by_external_id(
    session: Session, campaign_id: UUID, external_ids: Collection[str]
) -> dict[tuple[str, str], StandardResult]:
    """Return assay type and external id -> the result of this campaign that has them."""
    return standard_by_external_id(session, campaign_id, external_ids)


def own_ids(session: Session, campaign_id: UUID, objects: Collection[str]) -> Mapping[str, str]:
    """Return the id that a laboratory gave each of these objects with its results.

    Those without are left out.
    """
    return results.own_ids(session, campaign_id, set(objects)) if objects else {}


def objects_by_own_id(session: Session, campaign_id: UUID, own_ids: Collection[str]) -> dict[str, set[str]]:
    """Return id of a laboratory -> the objects whose results came with it."""
    return results.objects_by_own_id(session, campaign_id, own_ids) if own_ids else {}


def are_stored(session: Session, campaign_id: UUID, given: Sequence[StandardResult]) -> list[bool]:
    """Return for each result whether the campaign has an equal one of its object, under any external id.

    What was corrected or withdrawn is not looked at, and one stored result is not taken for two of those
    given.
    """
    identifying_values = attrgetter(*IDENTIFYING_FIELDS)
    objects = {item.object for item in given}
    left = results.about(session, campaign_id, objects, IDENTIFYING_FIELDS) if given else Counter()
    found = []
    for values in map(identifying_values, given):
        found.append(left[values] > 0)
        left[values] -= 1
    return found


def _no_round(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> NoReturn:
    check_campaign(session, workspace_id, campaign_id)
    raise NotFoundError(f"the campaign has no round {number}")
