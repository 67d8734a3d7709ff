"""Playing a trained campaign: what is asked of it becomes a job, and what a worker opens it from.

A job freezes what is known when it is asked for, so that one that is done again answers the same.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.campaign.requests import SampleRequest
from models.campaign.spec import CampaignSpec
from models.inference import UnservableError, requests
from models.inference.requests import is_relative, resolved
from models.records import History
from models.summaries.round import read_round_summary
from service.campaigns import jobs, queries
from service.campaigns.history import load_history, load_known, take_snapshot
from service.campaigns.jobs import ClaimedJob, JobScope, NewJob
from service.campaigns.uploads import Mode
from service.errors import ConflictError, NotFoundError, UnprocessableError
from service.store import artefacts, campaigns, rounds
from service.store import jobs as job_rows
from service.store import leases as lease_rows
from service.store.paging import Page
from service.store.states import TRAINED
from service.store.tables import Campaign, Job, Json, Round

SAMPLES, PREDICTIONS = "samples", "predictions"


@dataclass(frozen=True, slots=True)
class TrainedRound:
    """What an instrument is opened from; it holds no connection."""

    spec: CampaignSpec
    history: History
    seed: int
    artefact: bytes | None


def enqueue_samples(
    session: Session,
    scope: JobScope,
    sample_request: SampleRequest,
    check: Callable[[SampleRequest, CampaignSpec], None] = requests.check,
) -> Job:
    """Queue the drawing of samples; `check` finds what no policy could serve.

    Raises:
        NotFoundError: if the workspace has no such campaign.
        ConflictError: if it is archived, or no round of it has trained a policy.
        UnprocessableError: if its policies cannot serve the request; the errors name the fields.
    """
    campaign = _locked(session, scope)
    row = _sampling_round(session, campaign.id, sample_request.round)
    spec = CampaignSpec.from_stored(row.spec)
    try:
        check(sample_request, spec)
        exact = _with_betas(session, sample_request, row, spec)
    except UnservableError as error:
        raise UnprocessableError(
            error.detail, [{"pointer": error.pointer, "detail": error.detail}]
        ) from error
    seed = secrets.randbelow(2**31) if exact.seed is None else exact.seed
    exact = exact.model_copy(update={"seed": seed, "round": row.number})
    context = {"round_id": str(row.id), "now": take_snapshot(session, campaign.id)}
    return jobs.enqueue(
        session, scope, NewJob(queue="fast", request=exact.model_dump(mode="json"), context=context)
    )


def enqueue_predictions(
    session: Session,
    scope: JobScope,
    request: Json,
    table: tuple[bytes, str],
    unread_mode: Mode | None = None,
) -> Job:
    """Queue the judging of a table of objects.

    By the latest round's beliefs, or by new ones when there is no round. `table` is the report of what was
    read or, with a mode, the file as it was sent, which the worker then reads.

    Raises:
        NotFoundError: if the workspace has no such campaign.
        ConflictError: if it is archived, or it has neither a round nor results.
    """
    campaign = _locked(session, scope)
    row = artefacts.newest_round(session, campaign.id) or rounds.newest_in(session, campaign.id, TRAINED)
    if row is None and not campaign.n_results:
        raise ConflictError("nothing is known yet: upload results or start a round first")
    basis = {"round_id": str(row.id)} if row else {"round_id": None, "spec": campaign.spec}
    context = {**basis, "now": take_snapshot(session, campaign.id)}
    if unread_mode is not None:
        context["unread_mode"] = unread_mode
    completed_request = {**request, "round": row.number if row else None}
    return jobs.enqueue(
        session, scope, NewJob(queue="fast", request=completed_request, context=context, table=table)
    )


def page(session: Session, scope: JobScope, limit: int, cursor: str | None) -> Page[Any]:
    """Return one page of a campaign's jobs of one kind, newest first.

    Raises:
        NotFoundError: if the workspace has no such campaign.
    """
    assert scope.campaign_id is not None
    queries.check_campaign(session, scope.workspace_id, scope.campaign_id)
    return jobs.page(session, scope, limit, cursor)


def spec_of(session: Session, scope: JobScope) -> CampaignSpec:
    """Return the campaign's specification as it is now.

    Raises:
        NotFoundError: if the workspace has no such campaign.
    """
    assert scope.campaign_id is not None
    return CampaignSpec.from_stored(queries.get_campaign(session, scope.workspace_id, scope.campaign_id).spec)


def load_current_history(session: Session, job: ClaimedJob) -> History:
    """Return what the campaign knew when the job was asked for."""
    assert job.campaign_id is not None
    return load_known(session, job.campaign_id, job.context["now"])


def cache_key(session: Session, job: ClaimedJob, now: History) -> tuple[str, str]:
    """Return a name of what `load_trained_round` loads.

    The round (or campaign), and the digest of what it knew.
    """
    if job.context["round_id"] is None:
        return str(job.campaign_id), now.digest()
    row = lease_rows.get(session, Round, UUID(job.context["round_id"]))
    return str(row.id), str(row.snapshot["digest"])


def load_trained_round(session: Session, job: ClaimedJob, now: History) -> TrainedRound:
    """Return what the instrument of a job is opened from.

    Raises:
        artefacts.DamagedError: if what the round trained is not what it stored.
    """
    if job.context["round_id"] is None:
        spec = CampaignSpec.from_stored(job.context["spec"])
        return TrainedRound(spec, now, spec.seed, None)
    row = lease_rows.get(session, Round, UUID(job.context["round_id"]))
    spec = CampaignSpec.from_stored(row.spec)
    return TrainedRound(spec, load_history(session, row), row.seed, artefacts.load(session, row.id))


def spec_of_job(session: Session, job: ClaimedJob) -> CampaignSpec:
    """Return the specification of a job's campaign as it is now."""
    assert job.campaign_id is not None
    return CampaignSpec.from_stored(campaigns.get(session, job.campaign_id).spec)


def is_unread(row: Job | ClaimedJob) -> bool:
    """Tell whether a job's table is a file that the worker is to read."""
    return "unread_mode" in row.context


def load_objects(session: Session, job_id: UUID) -> Mapping[str, Any]:
    """Return the report of a job's table, whose accepted rows are to be judged."""
    content, _ = job_rows.load_input(session, job_id)
    report: Mapping[str, Any] = json.loads(content)
    return report


def _locked(session: Session, scope: JobScope) -> Campaign:
    """Return the campaign, locked so that its snapshot is of one moment."""
    assert scope.campaign_id is not None
    campaign = campaigns.lock(session, scope.workspace_id, scope.campaign_id)
    if campaign is None:
        raise NotFoundError(f"no campaign {scope.campaign_id}")
    if campaign.state != "active":
        raise ConflictError("the campaign is archived")
    return campaign


def _sampling_round(session: Session, campaign_id: UUID, number: int | None) -> Round:
    if number is None:
        newest = artefacts.newest_round(session, campaign_id)
        if newest is None:
            raise ConflictError("no round of this campaign has trained a policy that was kept; start one")
        return newest
    row = rounds.find(session, campaign_id, number)
    if row is None or not artefacts.is_there(session, row.id):
        detail = f"there is no round {number}" if row is None else f"no policy of round {number} was kept"
        raise UnprocessableError(detail, [{"pointer": "/round", "detail": detail}])
    return row


def _with_betas(
    session: Session, sample_request: SampleRequest, row: Round, spec: CampaignSpec
) -> SampleRequest:
    """Return a request with numbers for its inverse temperatures, on the range of the round's policy.

    Raises:
        UnservableError: if they depend on that range and the round does not tell it.
    """
    if not is_relative(sample_request):
        return sample_request
    chosen = read_round_summary(row.summary or {}).beta_range
    if chosen is None and spec.sampler.beta == "auto":
        field = "boldness" if sample_request.beta is None else "beta"
        raise UnservableError(
            f"/{field}", f"round {row.number} does not tell its range of beta: ask for numbers"
        )
    trained = spec.sampler.beta_range if chosen is None else (chosen.low, chosen.high)
    return resolved(sample_request, _last_betas(session, row.campaign_id), trained)


def _last_betas(session: Session, campaign_id: UUID) -> tuple[float, ...]:
    """Return the inverse temperatures that were asked for last."""
    last = job_rows.newest_with(session, campaign_id, SAMPLES, "beta")
    beta = last.request["beta"] if last else ()
    return tuple(beta) if isinstance(beta, list | tuple) else (float(beta),)
