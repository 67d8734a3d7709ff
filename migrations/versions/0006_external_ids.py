"""An external id may stand for a result of several assays: it is unique beside the assay's type."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OLD, NEW = "uq_results_campaign_id_external_id", "uq_results_campaign_id_type_external_id"


def upgrade() -> None:
    op.drop_index(OLD, "results")
    # until now the results of a wide row had their type behind the id that stood in the row
    op.execute("""
        UPDATE results SET external_id = left(external_id, -(length(type) + 1))
        WHERE right(external_id, length(type) + 1) = '/' || type AND length(external_id) > length(type) + 1
            AND NOT EXISTS (
                SELECT 1 FROM results AS other
                WHERE other.campaign_id = results.campaign_id AND other.type = results.type
                    AND other.external_id = left(results.external_id, -(length(results.type) + 1))
            )
        """)
    index(NEW, ["campaign_id", "type", "external_id"])


def downgrade() -> None:
    op.drop_index(NEW, "results")
    op.execute("""
        UPDATE results SET external_id = external_id || '/' || type
        WHERE EXISTS (
            SELECT 1 FROM results AS other
            WHERE other.campaign_id = results.campaign_id AND other.external_id = results.external_id
                AND other.id <> results.id
        )
        """)
    index(OLD, ["campaign_id", "external_id"])


def index(name: str, columns: list[str]) -> None:
    op.create_index(
        name, "results", columns, unique=True, postgresql_where=sa.text("external_id IS NOT NULL")
    )
