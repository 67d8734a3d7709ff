"""The first tables: workspaces, keys, campaigns, rounds, candidates and results."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NEWEST_LAST = (
    "workspaces",
    "api_keys",
    "idempotency_keys",
    "campaigns",
    "uploads",
    "rounds",
    "round_events",
    "candidates",
    "results",
)


def upgrade() -> None:
    create_workspaces()
    create_api_keys()
    create_idempotency_keys()
    create_campaigns()
    create_uploads()
    create_rounds()
    create_round_events()
    create_candidates()
    create_results()


def downgrade() -> None:
    for table in reversed(NEWEST_LAST):
        op.drop_table(table)


def json(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), nullable=nullable)


def text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def number(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Float(53), nullable=nullable)


def time(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True))


def now(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def identity(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), sa.Identity(always=True), nullable=False)


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def belongs(table: str, column: str, other: str, *, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}", ondelete=ondelete
    )


def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def unique_where(name: str, table: str, columns: list[str], condition: str) -> None:
    op.create_index(name, table, columns, unique=True, postgresql_where=sa.text(condition))


def create_workspaces() -> None:
    op.create_table(
        "workspaces",
        sa.Column("id", sa.Uuid(), nullable=False),
        text("name"),
        now("created_at"),
        key("workspaces", "id"),
        unique("workspaces", "name"),
    )


def create_api_keys() -> None:
    op.create_table(
        "api_keys",
        text("id"),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        text("name"),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        now("created_at"),
        time("expires_at"),
        time("revoked_at"),
        time("last_used_at"),
        key("api_keys", "id"),
        belongs("api_keys", "workspace_id", "workspaces"),
    )
    index("api_keys", "workspace_id")


def create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        text("key"),
        text("request_hash"),
        sa.Column("status", sa.Integer(), nullable=False),
        json("headers"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        now("created_at"),
        key("idempotency_keys", "workspace_id", "key"),
        belongs("idempotency_keys", "workspace_id", "workspaces"),
    )
    index("idempotency_keys", "created_at")


def create_campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        text("name"),
        text("domain_kind"),
        json("spec"),
        text("state"),
        sa.Column("version", sa.Integer(), nullable=False),
        now("created_at"),
        now("updated_at"),
        key("campaigns", "id"),
        belongs("campaigns", "workspace_id", "workspaces"),
        check("campaigns", "state", "state IN ('active', 'archived')"),
    )
    index("campaigns", "workspace_id", "created_at", "id")


def create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        text("api_key_id", nullable=True),
        text("filename", nullable=True),
        text("media_type"),
        text("sha256"),
        sa.Column("n_accepted", sa.Integer(), nullable=False),
        sa.Column("n_rejected", sa.Integer(), nullable=False),
        now("created_at"),
        key("uploads", "id"),
        belongs("uploads", "campaign_id", "campaigns"),
        belongs("uploads", "api_key_id", "api_keys", ondelete="SET NULL"),
    )
    index("uploads", "campaign_id")


def create_rounds() -> None:
    computing = "'queued', 'fitting', 'training', 'sampling', 'selecting'"
    op.create_table(
        "rounds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        text("state"),
        number("progress"),
        text("message"),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        json("spec"),
        json("snapshot"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        text("lease_owner", nullable=True),
        time("lease_until"),
        time("heartbeat_at"),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        json("summary", nullable=True),
        json("failure", nullable=True),
        json("versions", nullable=True),
        now("created_at"),
        now("queued_at"),
        time("started_at"),
        time("finished_at"),
        time("released_at"),
        key("rounds", "id"),
        belongs("rounds", "campaign_id", "campaigns"),
        unique("rounds", "campaign_id", "number"),
        check("rounds", "progress", "progress BETWEEN 0 AND 1"),
        check(
            "rounds",
            "state",
            f"state IN ({computing}, 'awaiting_results', 'completed', 'failed', 'cancelled')",
        ),
    )
    unique_where("uq_rounds_computing", "rounds", ["campaign_id"], f"state IN ({computing})")


def create_round_events() -> None:
    op.create_table(
        "round_events",
        identity("id"),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        text("state"),
        number("progress"),
        text("message"),
        now("at"),
        key("round_events", "id"),
        belongs("round_events", "round_id", "rounds"),
    )
    index("round_events", "round_id", "id")


def create_candidates() -> None:
    live = "'proposed', 'approved', 'released'"
    op.create_table(
        "candidates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        text("object"),
        text("display"),
        json("columns"),
        text("status"),
        text("status_reason", nullable=True),
        json("payload"),
        sa.Column("version", sa.Integer(), nullable=False),
        now("created_at"),
        now("updated_at"),
        key("candidates", "id"),
        belongs("candidates", "campaign_id", "campaigns"),
        belongs("candidates", "round_id", "rounds"),
        unique("candidates", "round_id", "rank"),
        unique("candidates", "round_id", "object"),
        check("candidates", "status", f"status IN ({live}, 'rejected', 'measured', 'failed', 'withdrawn')"),
    )
    index("candidates", "campaign_id", "object")
    unique_where("uq_candidates_live_object", "candidates", ["campaign_id", "object"], f"status IN ({live})")


def create_results() -> None:
    outcomes = "'ok', 'failed_synthesis', 'failed_qc', 'insoluble', 'assay_failed', 'not_tested'"
    op.create_table(
        "results",
        sa.Column("id", sa.Uuid(), nullable=False),
        identity("sequence"),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=False),
        json("verbatim"),
        text("object"),
        text("type"),
        number("value", nullable=True),
        text("relation"),
        number("upper_value", nullable=True),
        number("standard_error", nullable=True),
        text("units", nullable=True),
        text("outcome"),
        text("replicate", nullable=True),
        text("assay_version", nullable=True),
        time("measured_at"),
        text("lot", nullable=True),
        text("external_id", nullable=True),
        text("comment", nullable=True),
        now("created_at"),
        key("results", "id"),
        belongs("results", "campaign_id", "campaigns"),
        belongs("results", "upload_id", "uploads"),
        belongs("results", "candidate_id", "candidates", ondelete="SET NULL"),
        unique("results", "sequence"),
        check("results", "relation", "relation IN ('=', '<', '<=', '>', '>=', '~')"),
        check("results", "outcome", f"outcome IN ({outcomes})"),
        check("results", "ok_has_value", "outcome <> 'ok' OR value IS NOT NULL"),
    )
    index("results", "campaign_id", "sequence")
    index("results", "candidate_id")
    index("results", "upload_id")
    unique_where(
        "uq_results_campaign_id_external_id",
        "results",
        ["campaign_id", "external_id"],
        "external_id IS NOT NULL",
    )
