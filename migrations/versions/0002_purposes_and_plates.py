"""What a candidate is for, so that controls and replicates may wait in several rounds.

The plate of a result.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LIVE = "status IN ('proposed', 'approved', 'released')"
NEW = "purpose IN ('exploit', 'explore')"


def upgrade() -> None:
    op.add_column("results", sa.Column("plate", sa.Text(), nullable=True))
    op.add_column("candidates", sa.Column("purpose", sa.Text(), nullable=False, server_default="exploit"))
    # until now a candidate's sentence was the only place that said what it was for
    op.execute(
        "UPDATE candidates SET purpose = 'explore' WHERE payload ->> 'reason' LIKE '%chosen to explore%'"
    )
    op.alter_column("candidates", "purpose", server_default=None)
    op.create_check_constraint(
        op.f("ck_candidates_purpose"), "candidates", f"{NEW[:-1]}, 'replicate', 'control')"
    )
    index_live(f"{LIVE} AND {NEW}")
    forget_digests()


def downgrade() -> None:
    withdraw_copies()
    index_live(LIVE)
    op.drop_constraint(op.f("ck_candidates_purpose"), "candidates", type_="check")
    op.drop_column("candidates", "purpose")
    op.drop_column("results", "plate")
    forget_digests()


def index_live(condition: str) -> None:
    op.drop_index("uq_candidates_live_object", "candidates")
    op.create_index(
        "uq_candidates_live_object",
        "candidates",
        ["campaign_id", "object"],
        unique=True,
        postgresql_where=sa.text(condition),
    )


def forget_digests() -> None:
    """Let unfinished rounds name their data anew.

    A history has other fields than before, which is no change of it.
    """
    op.execute(
        "UPDATE rounds SET snapshot = snapshot - 'digest' WHERE state NOT IN ('awaiting_results', "
        "'completed')"
    )


def withdraw_copies() -> None:
    """Withdraw what waits twice, all but the newest: the older tables let an object wait once."""
    op.execute(f"""
        UPDATE candidates SET status = 'withdrawn', status_reason = 'waits in a later round as well',
            version = version + 1, updated_at = now()
        FROM (
            SELECT id, row_number() OVER (
                PARTITION BY campaign_id, object ORDER BY created_at DESC, id DESC
            ) AS place
            FROM candidates WHERE {LIVE}
        ) AS waiting
        WHERE waiting.id = candidates.id AND waiting.place > 1
    """)  # noqa: S608 - the condition is a constant of this file
