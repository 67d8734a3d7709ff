"""Look at the system of a connector, and write down what was found."""

from uuid import UUID

from service.campaigns.jobs import ClaimedJob
from service.errors import ConflictError
from service.integrations import checks
from service.integrations.checks import Found
from service.integrations.opening import Outside, UnusableConnectorError, account_of
from service.outbound.pinned_http import Exchange
from service.sealing import open_sealer
from service.store import lims
from workers.context import WorkerContext
from workers.handlers import Finalizer
from workers.progress import JobProgress


def handle(
    context: WorkerContext, job: ClaimedJob, progress: JobProgress, outside: Outside | None = None
) -> Finalizer:
    """Return a finalizer that stores the connector's standing and fields; `outside` is replaced by tests."""
    found, exchanges = None, list[Exchange]()
    with context.sessions.begin() as session:
        workspace_id, connector_id = UUID(job.context["workspace_id"]), UUID(job.request["connector_id"])
        row = lims.find(session, workspace_id, connector_id)
        if row is None:
            raise ConflictError("the connector was deleted")
        try:
            account = account_of(session, row, open_sealer(context.settings), context.settings)
        except UnusableConnectorError as error:
            found = Found("unusable", str(error))
        session.expunge(row)
    if found is None:
        progress(0.1, "looking")
        given = outside or Outside()
        watched = Outside(
            on_exchange=exchanges.append,
            check_cancelled=progress.raise_if_cancelled,
            resolve=given.resolve,
            transport=given.transport,
        )
        found = checks.look(account, context.settings, watched)
    return lambda session: checks.store(session, row, found, exchanges)
