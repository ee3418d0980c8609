"""numbers at shops that are not known to be right are found by index

Revision ID: 0051
Revises: 0050

"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_stock_cells_differs")
        op.create_index(
            "ix_stock_cells_differs",
            "stock_cells",
            ["account_id", "variant_id"],
            postgresql_where=sa.text("state <> 'active' OR dirty_since IS NOT NULL OR drift <> 0"),
            postgresql_concurrently=True,
        )


def downgrade():
    op.drop_index("ix_stock_cells_differs", "stock_cells")
