"""Jobs beside rounds, the tables that come with them, and what rounds trained."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_jobs()
    create_job_inputs()
    create_round_artefacts()


def downgrade() -> None:
    for table in ("round_artefacts", "job_inputs", "jobs"):
        op.drop_table(table)


def text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def json(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), nullable=nullable)


def time(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True))


def now(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def belongs(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}", ondelete="CASCADE"
    )


def create_jobs() -> None:
    states = "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')"
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        text("kind"),
        text("queue"),
        text("state"),
        sa.Column("progress", sa.Float(53), nullable=False),
        text("message"),
        json("request"),
        json("context"),
        json("result", nullable=True),
        json("failure", nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        text("lease_owner", nullable=True),
        time("lease_until"),
        time("heartbeat_at"),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        json("versions", nullable=True),
        now("created_at"),
        now("queued_at"),
        time("started_at"),
        time("finished_at"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        belongs("jobs", "workspace_id", "workspaces"),
        belongs("jobs", "campaign_id", "campaigns"),
        sa.CheckConstraint(states, name=op.f("ck_jobs_state")),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_jobs_progress")),
    )
    for owner in ("workspace_id", "campaign_id"):
        op.create_index(f"ix_jobs_{owner}_kind_created_at_id", "jobs", [owner, "kind", "created_at", "id"])
    unfinished = sa.text("state IN ('queued', 'running')")
    op.create_index("ix_jobs_unfinished", "jobs", ["state"], postgresql_where=unfinished)


def create_job_inputs() -> None:
    op.create_table(
        "job_inputs",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        text("media_type"),
        text("sha256"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_inputs"),
        belongs("job_inputs", "job_id", "jobs"),
    )


def create_round_artefacts() -> None:
    op.create_table(
        "round_artefacts",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        text("sha256"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        now("created_at"),
        sa.PrimaryKeyConstraint("round_id", name="pk_round_artefacts"),
        belongs("round_artefacts", "round_id", "rounds"),
    )
