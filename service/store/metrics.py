"""SQL of metrics for operators, over all workspaces."""

from sqlalchemy import func, select

from service.store.session import Sessions
from service.store.tables import Job, Round


def count_rounds(sessions: Sessions) -> dict[tuple[str, ...], int]:
    """Return the number of rounds in each state that occurs."""
    with sessions.begin() as session:
        rows = session.execute(select(Round.state, func.count()).group_by(Round.state))
        return {(row[0],): row[1] for row in rows}


def count_jobs(sessions: Sessions) -> dict[tuple[str, ...], int]:
    """Return the number of jobs of each kind and state that occurs."""
    with sessions.begin() as session:
        rows = session.execute(select(Job.kind, Job.state, func.count()).group_by(Job.kind, Job.state))
        return {(row[0], row[1]): row[2] for row in rows}
