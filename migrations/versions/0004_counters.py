"""Counters of a campaign's rounds and results, and indexes for what is asked often.

No read counts rows any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COUNTED = {"n_rounds": "rounds", "n_results": "results"}
INDEXES = (("candidates", "campaign_id", "status"), ("rounds", "state"), ("jobs", "kind", "state"))


def upgrade() -> None:
    for column in COUNTED:
        op.add_column("campaigns", sa.Column(column, sa.Integer(), server_default="0", nullable=False))
    # nothing may be added between the count and the commit
    op.execute(f"LOCK TABLE {', '.join(COUNTED.values())} IN SHARE MODE")
    for column, table in COUNTED.items():
        op.execute(f"""
            UPDATE campaigns SET {column} = counted.number
            FROM (SELECT campaign_id, count(*) AS number FROM {table} GROUP BY campaign_id) AS counted
            WHERE counted.campaign_id = campaigns.id
        """)  # noqa: S608 - the names are constants of this file
    for table, *columns in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def downgrade() -> None:
    for table, *columns in INDEXES:
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
    for column in COUNTED:
        op.drop_column("campaigns", column)
