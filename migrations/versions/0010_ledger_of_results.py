"""Corrections and withdrawals of results, the bytes of uploads, and rows that the database lets nobody change."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OLD, NEW = "uq_results_campaign_id_type_external_id", "uq_results_campaign_id_type_external_id_revision"
REPLACED = "(kind = 'correction') = (replacement_id IS NOT NULL)"
APPEND_ONLY = ("results", "uploads", "amendments")


def upgrade() -> None:
    create_blobs()
    op.add_column("uploads", text("blob", nullable=True))
    op.create_foreign_key("fk_uploads_blob_blobs", "uploads", "blobs", ["blob"], ["sha256"])
    op.add_column("uploads", text("sheet", nullable=True))
    op.create_index("ix_uploads_campaign_id_sha256", "uploads", ["campaign_id", "sha256"])
    op.add_column("results", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.add_column("results", sa.Column("other_columns", postgresql.JSONB(), nullable=True))
    op.add_column("candidates", text("status_before_results", nullable=True))
    index(NEW, ["campaign_id", "type", "external_id", "revision"])
    # of the digest: an object's text may be longer than an entry of an index
    op.create_index("ix_results_campaign_id_object_digest", "results", ["campaign_id", sa.text("md5(object)")])
    op.drop_index(OLD, "results")
    create_amendments()
    refuse_changes()


def downgrade() -> None:
    refuse_to_forget()
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    op.execute("DROP FUNCTION refuse_change()")
    op.drop_table("amendments")
    index(OLD, ["campaign_id", "type", "external_id"])
    op.drop_index(NEW, "results")
    op.drop_column("candidates", "status_before_results")
    op.drop_index("ix_results_campaign_id_object_digest", "results")
    for column in ("other_columns", "revision"):
        op.drop_column("results", column)
    op.drop_index("ix_uploads_campaign_id_sha256", "uploads")
    op.drop_constraint("fk_uploads_blob_blobs", "uploads", type_="foreignkey")
    for column in ("sheet", "blob"):
        op.drop_column("uploads", column)
    op.drop_table("blobs")


def text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def now(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def index(name: str, columns: list[str]) -> None:
    op.create_index(name, "results", columns, unique=True, postgresql_where=sa.text("external_id IS NOT NULL"))


def belongs(column: str, other: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    name = f"fk_amendments_{column}_{other}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def create_blobs() -> None:
    op.create_table(
        "blobs",
        text("sha256"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("is_packed", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        now("created_at"),
        sa.PrimaryKeyConstraint("sha256", name="pk_blobs"),
    )
    # it is packed already where that helps
    op.execute("ALTER TABLE blobs ALTER COLUMN content SET STORAGE EXTERNAL")


def create_amendments() -> None:
    op.create_table(
        "amendments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        text("kind"),
        sa.Column("result_id", sa.Uuid(), nullable=False),
        sa.Column("replacement_id", sa.Uuid(), nullable=True),
        sa.Column("origin_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=True),
        text("reason"),
        text("api_key_id", nullable=True),
        now("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_amendments"),
        belongs("campaign_id", "campaigns"),
        belongs("result_id", "results"),
        belongs("replacement_id", "results"),
        belongs("origin_id", "results"),
        belongs("upload_id", "uploads"),
        belongs("api_key_id", "api_keys", "SET NULL"),
        sa.UniqueConstraint("sequence", name="uq_amendments_sequence"),
        sa.UniqueConstraint("result_id", name="uq_amendments_result_id"),
        sa.UniqueConstraint("replacement_id", name="uq_amendments_replacement_id"),
        sa.CheckConstraint("kind IN ('correction', 'withdrawal')", name=op.f("ck_amendments_kind")),
        sa.CheckConstraint(REPLACED, name=op.f("ck_amendments_correction_has_replacement")),
    )
    op.create_index("ix_amendments_campaign_id_sequence", "amendments", ["campaign_id", "sequence"])
    op.create_index("ix_amendments_origin_id", "amendments", ["origin_id"])


def refuse_changes() -> None:
    """Let nobody change or delete a row; what a foreign key does with its table is no change of a person."""
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % are only added: correct or withdraw instead', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$
    """)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
            " WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_change()"
        )


def refuse_to_forget() -> None:
    """Stop where something was corrected or withdrawn: an older version would count it again."""
    op.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT 1 FROM amendments) OR EXISTS (SELECT 1 FROM results WHERE revision > 0) THEN
                RAISE EXCEPTION 'results were corrected or withdrawn, which an older version would count again: '
                    'restore a backup instead of downgrading';
            END IF;
        END $$
    """)
