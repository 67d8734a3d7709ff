"""Review of a batch: what was decided and why, reserves that may take a place, and what was released."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATUSES = "('proposed', 'approved', 'released', 'rejected', 'measured', 'failed', 'withdrawn')"
PURPOSES = "('exploit', 'explore', 'replicate', 'control')"


def upgrade() -> None:
    for name in ("released_by", "batch_sha256"):
        op.add_column("rounds", text(name, nullable=True))
    op.add_column("candidates", sa.Column("replaces", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "fk_candidates_replaces_candidates", "candidates", "candidates", ["replaces"], ["id"], ondelete="SET NULL"
    )
    op.create_unique_constraint("uq_candidates_replaces", "candidates", ["replaces"])
    create_releases()
    create_reserves()
    create_decisions()
    keep_reasons()


def downgrade() -> None:
    for table in ("candidate_decisions", "reserves", "round_releases"):
        op.drop_table(table)
    op.drop_constraint("uq_candidates_replaces", "candidates", type_="unique")
    op.drop_constraint("fk_candidates_replaces_candidates", "candidates", type_="foreignkey")
    op.drop_column("candidates", "replaces")
    for name in ("batch_sha256", "released_by"):
        op.drop_column("rounds", name)


def text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def json(name: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), nullable=False)


def now(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def belongs(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}", ondelete="CASCADE")


def create_releases() -> None:
    op.create_table(
        "round_releases",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        now("created_at"),
        sa.PrimaryKeyConstraint("round_id", name="pk_round_releases"),
        belongs("round_releases", "round_id", "rounds"),
    )


def create_reserves() -> None:
    op.create_table(
        "reserves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        text("object"),
        text("display"),
        json("columns"),
        text("purpose"),
        json("payload"),
        now("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_reserves"),
        belongs("reserves", "round_id", "rounds"),
        sa.UniqueConstraint("round_id", "rank", name="uq_reserves_round_id_rank"),
        sa.CheckConstraint(f"purpose IN {PURPOSES}", name=op.f("ck_reserves_purpose")),
    )


def create_decisions() -> None:
    op.create_table(
        "candidate_decisions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        text("status"),
        text("reason", nullable=True),
        sa.Column("similarity", sa.Float(53), nullable=True),
        sa.Column("because_of", sa.Uuid(), nullable=True),
        text("decided_by", nullable=True),
        now("decided_at"),
        sa.PrimaryKeyConstraint("id", name="pk_candidate_decisions"),
        belongs("candidate_decisions", "candidate_id", "candidates"),
        sa.CheckConstraint(f"status IN {STATUSES}", name=op.f("ck_candidate_decisions_status")),
    )
    op.create_index("ix_candidate_decisions_candidate_id", "candidate_decisions", ["candidate_id"])


def keep_reasons() -> None:
    """Write down the reasons that candidates have now: until now the next change of a status erased them."""
    op.execute("""
        INSERT INTO candidate_decisions (candidate_id, status, reason, decided_at)
        SELECT id, status, status_reason, updated_at FROM candidates
        WHERE status IN ('rejected', 'withdrawn') AND status_reason IS NOT NULL
        """)
