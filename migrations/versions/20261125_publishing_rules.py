"""publishing rules, the kill switch, and drifts that wait for a person

Revision ID: 0007
Revises: 0006

"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATES = "('pending', 'review', 'booked', 'overwritten', 'reversed')"
STATES_BEFORE = "('pending', 'booked', 'overwritten', 'reversed')"
REASONS = "('', 'policy', 'no_identity', 'reversed')"


def upgrade():
    op.add_column("accounts", _count("safety_stock"))
    op.add_column("accounts", sa.Column("writes_stopped_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(op.f("ck_accounts_safety_stock"), "accounts", "safety_stock >= 0")

    op.add_column("connections", sa.Column("share_percent", sa.Integer, nullable=False, server_default="100"))
    op.add_column("connections", _count("buffer"))
    op.add_column("connections", sa.Column("cap", sa.Integer))
    op.create_check_constraint(
        op.f("ck_connections_share_percent"), "connections", "share_percent BETWEEN 0 AND 100"
    )
    op.create_check_constraint(op.f("ck_connections_publishing"), "connections", "buffer >= 0 AND cap >= 0")
    _policies("('merge', 'syncflow_wins', 'last_write_wins', 'review')")

    op.add_column("listings", sa.Column("paused", sa.Boolean, nullable=False, server_default=sa.text("false")))
    for name in ("share_percent", "buffer", "cap", "fixed_quantity"):
        op.add_column("listings", sa.Column(name, sa.Integer))
    op.create_check_constraint(
        op.f("ck_listings_share_percent"), "listings", "share_percent BETWEEN 0 AND 100"
    )
    op.create_check_constraint(
        op.f("ck_listings_publishing"), "listings", "buffer >= 0 AND cap >= 0 AND fixed_quantity >= 0"
    )

    op.add_column(
        "stock_cells", sa.Column("in_review", sa.Boolean, nullable=False, server_default=sa.text("false"))
    )
    op.add_column("stock_cells", _count("reversals"))
    op.add_column("drifts", sa.Column("review_reason", sa.String(16), nullable=False, server_default=""))
    op.add_column("drifts", sa.Column("shown", sa.Integer))
    op.create_check_constraint(op.f("ck_drifts_review_reason"), "drifts", f"review_reason IN {REASONS}")
    op.drop_constraint(op.f("ck_drifts_state"), "drifts")
    op.create_check_constraint(op.f("ck_drifts_state"), "drifts", f"state IN {STATES}")
    op.drop_index("uq_drifts_pending_cell", table_name="drifts")
    op.create_index(
        "uq_drifts_open_cell",
        "drifts",
        ["cell_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('pending', 'review')"),
    )
    op.create_index(
        "ix_drifts_review", "drifts", ["account_id", "id"], postgresql_where=sa.text("state = 'review'")
    )


def downgrade():
    op.drop_index("ix_drifts_review", table_name="drifts")
    op.drop_index("uq_drifts_open_cell", table_name="drifts")
    op.execute("UPDATE drifts SET state = 'pending' WHERE state = 'review'")
    op.create_index(
        "uq_drifts_pending_cell",
        "drifts",
        ["cell_id"],
        unique=True,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_constraint(op.f("ck_drifts_state"), "drifts")
    op.create_check_constraint(op.f("ck_drifts_state"), "drifts", f"state IN {STATES_BEFORE}")
    op.drop_column("drifts", "shown")
    op.drop_column("drifts", "review_reason")
    for table, names in {
        "stock_cells": ("reversals", "in_review"),
        "listings": ("fixed_quantity", "cap", "buffer", "share_percent", "paused"),
        "connections": ("cap", "buffer", "share_percent"),
        "accounts": ("writes_stopped_at", "safety_stock"),
    }.items():
        for name in names:
            op.drop_column(table, name)
    op.execute(
        "UPDATE connections SET drift_policy = 'merge' WHERE drift_policy IN ('last_write_wins', 'review')"
    )
    _policies("('merge', 'syncflow_wins')")


def _count(name):
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def _policies(allowed):
    op.drop_constraint(op.f("ck_connections_drift_policy"), "connections")
    op.create_check_constraint(op.f("ck_connections_drift_policy"), "connections", f"drift_policy IN {allowed}")
