"""when effects were known; privacy requests in a lane of their own

Revision ID: 0005
Revises: 0004

"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("cell_effects", sa.Column("known_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE cell_effects SET known_at = learned_at")
    op.alter_column("cell_effects", "known_at", nullable=False)
    op.execute(
        """
        UPDATE inbound_events SET lane = 'privacy' WHERE state IN ('pending', 'retrying', 'dead')
            AND topic IN ('customers/data_request', 'customers/redact', 'shop/redact')
        """
    )


def downgrade():
    op.execute("UPDATE inbound_events SET lane = 'orders' WHERE lane = 'privacy'")
    op.drop_column("cell_effects", "known_at")
