"""Readings: how files from one source are read. Results are found by the ids that laboratories give their objects."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "readings",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", moment, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", moment, server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_readings_campaign_id_campaigns", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "name", name="pk_readings"),
    )

    op.create_index(
        "ix_results_campaign_id_compound_id",
        "results",
        ["campaign_id", sa.text("(verbatim ->> 'compound_id')")],
        postgresql_where=sa.text("verbatim ->> 'compound_id' IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_results_campaign_id_compound_id", "results")
    op.drop_table("readings")
