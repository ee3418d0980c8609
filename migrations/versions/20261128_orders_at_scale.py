"""orders are listed, searched and summed, and movements listed, each by an index; what an event told of

Revision ID: 0023
Revises: 0022

"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BY_STATE = ["connection_id", "state", "payment"]
LISTED_BY = ["placed_at", "is_test", "review_reason"]
SUMMED = ["is_test", "review_reason", "currency", "total_minor", "refunded_minor"]


def upgrade():
    op.add_column("orders", _key("number_key", "lower(left(ltrim(number, '# '), 100))", nullable=False))
    op.add_column("order_lines", _key("sku_key", "lower(left(sku, 255))", nullable=True))
    op.drop_index(op.f("ix_order_lines_account_id_sku"), "order_lines")
    op.create_index(
        op.f("ix_order_lines_account_id_sku_key_order_id"), "order_lines", ["account_id", "sku_key", "order_id"]
    )
    op.create_index(
        op.f("ix_orders_account_id_number_key_id"), "orders", ["account_id", "number_key", "id"]
    )
    for name, column, beside in (
        ("ix_orders_by_placed_at", "placed_at", SUMMED),
        ("ix_orders_by_updated_at", "external_updated_at", LISTED_BY),
        ("ix_orders_by_total", "total_minor", LISTED_BY),
    ):
        op.create_index(name, "orders", [*BY_STATE, column, "id"], postgresql_include=beside)
    for name, columns, where in (
        ("ix_orders_in_review", ["account_id", "placed_at", "id"], "review_reason IS NOT NULL"),
        ("ix_orders_test", ["account_id", "placed_at", "id"], "is_test"),
        ("ix_orders_customer", ["connection_id", "customer_key"], "customer_key IS NOT NULL"),
    ):
        op.create_index(name, "orders", columns, postgresql_where=sa.text(where))
    op.create_index(
        op.f("ix_stock_movements_account_id_location_id_cause_created_at_id"),
        "stock_movements",
        ["account_id", "location_id", "cause", "created_at", "id"],
    )
    op.add_column("inbound_events", sa.Column("order_external_id", sa.Text))
    op.create_index(
        "ix_inbound_events_order",
        "inbound_events",
        ["connection_id", "order_external_id"],
        postgresql_where=sa.text("order_external_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_audit_log_account_id_subject_id"), "audit_log", ["account_id", "subject", "id"])


def downgrade():
    op.drop_index(op.f("ix_audit_log_account_id_subject_id"), "audit_log")
    op.drop_column("inbound_events", "order_external_id")
    op.drop_index(op.f("ix_stock_movements_account_id_location_id_cause_created_at_id"), "stock_movements")
    for name in ("customer", "test", "in_review", "by_total", "by_updated_at", "by_placed_at"):
        op.drop_index(f"ix_orders_{name}", "orders")
    op.drop_column("orders", "number_key")
    op.drop_column("order_lines", "sku_key")
    op.create_index(op.f("ix_order_lines_account_id_sku"), "order_lines", ["account_id", "sku"])


def _key(name, expression, *, nullable):
    return sa.Column(
        name, sa.Text(collation="C"), sa.Computed(expression, persisted=True), nullable=nullable
    )
