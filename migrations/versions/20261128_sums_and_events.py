"""sums of money without an end, and an index of events that did not go well

Revision ID: 0031
Revises: 0030

"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SUMS = {
    "order_sums": ("total_minor", "refunded_minor"),
    "variant_values": ("value_minor",),
    "stock_values": ("value_minor",),
}


def upgrade():
    for table, columns in SUMS.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.Numeric(38, 0), existing_server_default="0")
    op.create_index(
        "ix_inbound_events_not_well",
        "inbound_events",
        ["account_id", "id"],
        postgresql_where=sa.text("state IN ('retrying', 'dead')"),
    )


def downgrade():
    op.drop_index("ix_inbound_events_not_well", "inbound_events")
    for table, columns in SUMS.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.BigInteger(), existing_server_default="0")
