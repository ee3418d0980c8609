"""authorisations are found by their state

Revision ID: 0030
Revises: 0029

"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index(
        "uq_connections_connect_state",
        "connections",
        ["connect_state_hash"],
        unique=True,
        postgresql_where=sa.text("connect_state_hash IS NOT NULL"),
    )


def downgrade():
    op.drop_index("uq_connections_connect_state", "connections")
