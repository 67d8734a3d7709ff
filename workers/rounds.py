"""Computes one round: claim, load, call the science, store. Safe to deliver twice, and to be killed at any moment."""

from uuid import UUID, uuid4

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import DBAPIError

from models.records import Cancelled
from service.campaigns import rounds
from service.campaigns.rounds import Lease
from service.store.tables import Json
from workers.checkpoints import FileCheckpoint
from workers.process import Process, installed_versions, process_name
from workers.progress import Progress, Stop

_LONGEST_DETAIL = 1000
_log = structlog.get_logger(__name__)


def compute_round(process: Process, round_id: UUID) -> None:
    """Compute a round if it is queued; a message about any other round is old news."""
    lease = Lease(round_id, f"{process_name()}:{uuid4().hex[:8]}", process.settings.lease_seconds)
    with process.sessions.begin() as session:
        if not rounds.claim(session, lease, installed_versions()):
            return
    log = _log.bind(round=str(round_id), owner=lease.owner)
    log.info("round claimed")
    checkpoint = FileCheckpoint(process.settings.artefacts, round_id)
    progress = Progress(process.sessions, lease, process.settings, process.is_stopping)
    try:
        with progress:
            _propose_and_store(process, lease, progress, checkpoint)
        log.info("round finished")
    except Cancelled:
        _stop(process, lease, progress.stop, checkpoint)
        log.info("round stopped", why=progress.stop)
    except Exception as error:
        log.exception("round failed")
        _fail(process, lease, error, checkpoint)


def _propose_and_store(process: Process, lease: Lease, progress: Progress, checkpoint: FileCheckpoint) -> None:
    with process.sessions.begin() as session:
        claimed = rounds.load(session, lease)
    device = process.prepare_science()
    from models.propose import propose

    proposal = propose(
        claimed.spec,
        claimed.history,
        seed=claimed.seed,
        report=progress,
        checkpoint=checkpoint,
        device=device,
        hazards=process.hazards(),
    )
    with process.sessions.begin() as session:
        rounds.finish(session, lease, claimed.spec, proposal)
    checkpoint.delete()


def _stop(process: Process, lease: Lease, why: Stop | None, checkpoint: FileCheckpoint) -> None:
    """End or give back a round whose work was stopped; a lost one is somebody else's."""
    if why == "cancelled":
        with process.sessions.begin() as session:
            rounds.cancel(session, lease)
        checkpoint.delete()
    elif why == "stopping":
        with process.sessions.begin() as session:
            rounds.give_back(session, lease)


def _fail(process: Process, lease: Lease, error: Exception, checkpoint: FileCheckpoint) -> None:
    checkpoint.delete()  # it may be the cause: a retry starts afresh
    with process.sessions.begin() as session:
        rounds.fail(session, lease, _problem(error))


def _problem(error: Exception) -> Json:
    """Return what went wrong as a problem (RFC 9457). Of the database's errors, which quote data, only the name."""
    if isinstance(error, SoftTimeLimitExceeded):
        title, detail = "The round took too long", "it was stopped at the operator's time limit; train fewer steps"
    elif isinstance(error, DBAPIError):
        title, detail = "The batch could not be stored", type(error.orig).__name__
    else:
        title, detail = "The round could not be computed", f"{type(error).__name__}: {error}"[:_LONGEST_DETAIL]
    return {"type": "about:blank", "title": title, "status": 500, "detail": detail}
