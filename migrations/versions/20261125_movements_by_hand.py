"""an index of the movements that no order caused

Revision ID: 0013
Revises: 0012

"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index(
        "ix_stock_movements_by_hand",
        "stock_movements",
        ["level_id", "created_at"],
        postgresql_where=sa.text("cause NOT IN ('order', 'fulfillment', 'return', 'import')"),
    )


def downgrade():
    op.drop_index("ix_stock_movements_by_hand", table_name="stock_movements")
