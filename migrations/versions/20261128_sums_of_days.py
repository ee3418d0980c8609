"""sums of orders by day, state and payment

Revision ID: 0033
Revises: 0032

"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

COUNTED = {"counted_state": sa.String(16), "counted_payment": sa.String(24)}
KEY = ("account_id", "at", "connection_id", "currency", "state", "payment")
# As they are now, also where that is not what was counted: the fold goes on from there. What was no sale had
# no amounts so far.
COUNT = """
    UPDATE orders SET counted_state = state, counted_payment = payment,
        counted_total_minor = CASE counted_sales WHEN 0 THEN total_minor ELSE counted_total_minor END,
        counted_refunded_minor = CASE counted_sales WHEN 0 THEN refunded_minor ELSE counted_refunded_minor END
    WHERE counted_at IS NOT NULL
"""
ADD_UP = """
    INSERT INTO order_day_sums (account_id, at, connection_id, currency, state, payment, orders, total_minor,
        refunded_minor)
    SELECT account_id, date_bin('1 day', counted_at, timestamptz '2000-01-01 00:00:00+00'), connection_id,
        counted_currency, counted_state, counted_payment, count(*), sum(counted_total_minor),
        sum(counted_refunded_minor)
    FROM orders WHERE counted_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
"""
WITHOUT_AMOUNTS = """
    UPDATE orders SET counted_total_minor = 0, counted_refunded_minor = 0 WHERE counted_sales = 0
"""


def upgrade():
    for name, kind in COUNTED.items():
        op.add_column("orders", sa.Column(name, kind))
    op.create_index(
        "ix_orders_uncounted_of_account",
        "orders",
        ["account_id", "id"],
        postgresql_where=sa.text("counted_hash IS DISTINCT FROM content_hash"),
    )
    op.create_table(
        "order_day_sums",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("connection_id", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("payment", sa.String(24), nullable=False),
        sa.Column("orders", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("total_minor", sa.Numeric(38, 0), server_default="0", nullable=False),
        sa.Column("refunded_minor", sa.Numeric(38, 0), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_order_day_sums_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "connection_id"],
            ["connections.account_id", "connections.id"],
            name=op.f("fk_order_day_sums_account_id_connection_id_connections"),
        ),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("pk_order_day_sums")),
        postgresql_with={"fillfactor": "70"},
    )
    op.execute(COUNT)
    op.execute(ADD_UP)


def downgrade():
    op.execute(WITHOUT_AMOUNTS)
    op.drop_table("order_day_sums")
    op.drop_index("ix_orders_uncounted_of_account", table_name="orders")
    for name in reversed(COUNTED):
        op.drop_column("orders", name)
