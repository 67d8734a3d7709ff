"""Campaigns from before there was a base measure weigh all objects the same, as they did.

New ones weigh sizes.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COUNTING = """'{"kind": "objects", "weights": {}}'::jsonb"""
SPECS = (("campaigns", "spec"), ("rounds", "spec"))
NESTED = (("jobs", "request"), ("jobs", "context"))
"""Columns that may hold a specification under `spec`: of a backtest, and of what an instrument was opened
for."""


def upgrade() -> None:
    for table, column in SPECS:
        op.execute(
            f"UPDATE {table} SET {column} = {column} || jsonb_build_object('base_measure', "  # noqa: S608 - our own
            f"{COUNTING})"
            f" WHERE {column} -> 'base_measure' IS NULL"
        )
    for table, column in NESTED:
        op.execute(
            f"UPDATE {table} SET {column} = jsonb_set({column}, '{{spec,base_measure}}', "  # noqa: S608 - our own
            f"{COUNTING})"
            f" WHERE jsonb_typeof({column} -> 'spec') = 'object' AND {column} #> '{{spec,base_measure}}' IS "
            f"NULL"
        )


def downgrade() -> None:
    for table, column in SPECS:
        op.execute(f"UPDATE {table} SET {column} = {column} - 'base_measure'")  # noqa: S608 - our own names
    for table, column in NESTED:
        op.execute(f"UPDATE {table} SET {column} = {column} #- '{{spec,base_measure}}'")  # noqa: S608 - our own names
