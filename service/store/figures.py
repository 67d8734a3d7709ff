"""SQL of figures for operators, over all workspaces."""

from sqlalchemy import func, select

from service.store.session import Sessions
from service.store.tables import Round


def count_rounds(sessions: Sessions) -> dict[str, int]:
    """Return the number of rounds in each state that any round is in."""
    with sessions.begin() as session:
        rows = session.execute(select(Round.state, func.count()).group_by(Round.state))
        return {row[0]: row[1] for row in rows}
