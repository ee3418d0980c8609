"""sums of money without an end, an index of events that did not go well, views of two more lists

Revision ID: 0031
Revises: 0030

"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

VIEWED = ("connections", "events", "listings", "orders", "products", "stock", "sync_runs")
MORE = ("movements", "variants")
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
    _allow_views_of(VIEWED + MORE)


def downgrade():
    op.execute(f"DELETE FROM saved_views WHERE resource IN {MORE}")
    _allow_views_of(VIEWED)
    op.drop_index("ix_inbound_events_not_well", "inbound_events")
    for table, columns in SUMS.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.BigInteger(), existing_server_default="0")


def _allow_views_of(resources):
    op.drop_constraint(op.f("ck_saved_views_resource"), "saved_views", type_="check")
    op.create_check_constraint(op.f("ck_saved_views_resource"), "saved_views", f"resource IN {resources}")
