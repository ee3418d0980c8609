"""find the cells that a shop refuses

Revision ID: 0024
Revises: 0023

"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index(
        "ix_stock_cells_failed", "stock_cells", ["connection_id"], postgresql_where=sa.text("state = 'failed'")
    )


def downgrade():
    op.drop_index("ix_stock_cells_failed", table_name="stock_cells")
