"""lanes of inbound events

Revision ID: 0002
Revises: 0001

"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UNPROCESSED = sa.text("state IN ('pending', 'retrying')")


def upgrade():
    op.add_column(
        "inbound_events",
        sa.Column("lane", sa.String(length=8), server_default=sa.text("'orders'"), nullable=False),
    )
    op.drop_index("ix_inbound_events_unprocessed", table_name="inbound_events")
    op.create_index(
        "ix_inbound_events_unprocessed",
        "inbound_events",
        ["connection_id", "lane", "id"],
        postgresql_where=_UNPROCESSED,
    )


def downgrade():
    op.drop_index("ix_inbound_events_unprocessed", table_name="inbound_events")
    op.create_index(
        "ix_inbound_events_unprocessed",
        "inbound_events",
        ["connection_id", "id"],
        postgresql_where=_UNPROCESSED,
    )
    op.drop_column("inbound_events", "lane")
