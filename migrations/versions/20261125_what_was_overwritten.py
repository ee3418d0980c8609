"""which effects a write overwrote; what the last recorded reading was

Revision ID: 0006
Revises: 0005

"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "cell_effects", sa.Column("overwritten", sa.Boolean, nullable=False, server_default=sa.text("false"))
    )
    op.add_column("stock_cells", sa.Column("read_quantity", sa.Integer))
    op.add_column("stock_cells", sa.Column("read_until", sa.DateTime(timezone=True)))


def downgrade():
    op.drop_column("stock_cells", "read_until")
    op.drop_column("stock_cells", "read_quantity")
    op.drop_column("cell_effects", "overwritten")
