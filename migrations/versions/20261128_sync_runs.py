"""runs with causes, counts and windows

Revision ID: 0022
Revises: 0021

"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

CHECKS = {
    "kind": "('import', 'first_sync', 'reconcile', 'push', 'orders_poll', 'manual')",
    "trigger": "('clock', 'change', 'person', 'brake_release')",
    "state": "('running', 'succeeded', 'partly', 'failed')",
}
COUNTS = ("looked_at", "changed", "failed")
INDEXES = (
    ("account_id", "created_at", "id"),
    ("account_id", "kind", "created_at", "id"),
    ("connection_id", "created_at", "id"),
    ("connection_id", "kind", "id"),
)
PLACES = {"product_id": "products", "variant_id": "variants"}


def upgrade():
    for name, table in PLACES.items():
        op.add_column("sync_runs", sa.Column(name, sa.BigInteger))
        op.create_foreign_key(
            op.f(f"fk_sync_runs_account_id_{name}_{table}"),
            "sync_runs",
            table,
            ["account_id", name],
            ["account_id", "id"],
            ondelete="CASCADE",
        )
    op.alter_column("sync_runs", "connection_id", nullable=True)
    op.add_column("sync_runs", sa.Column("trigger", sa.String(16), nullable=False, server_default="clock"))
    op.add_column("sync_runs", sa.Column("window_at", sa.DateTime(timezone=True)))
    op.add_column("sync_runs", sa.Column("times", sa.Integer, nullable=False, server_default="1"))
    for name in COUNTS:
        op.add_column("sync_runs", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.add_column("sync_runs", sa.Column("code", sa.Text, nullable=False, server_default=""))
    op.execute(
        """
        UPDATE sync_runs SET kind = CASE kind WHEN 'sweep' THEN 'reconcile' ELSE kind END,
            state = CASE state WHEN 'done' THEN 'succeeded' ELSE state END,
            looked_at = coalesce(CAST(counts ->> 'levels' AS int), CAST(counts ->> 'listings' AS int), 0),
            changed = coalesce(CAST(counts ->> 'differing' AS int), CAST(counts ->> 'tracked' AS int), 0)
        """
    )
    for name, allowed in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_sync_runs_{name}"), "sync_runs", f"{name} IN {allowed}")
    op.drop_index("ix_sync_runs_account_id_id", table_name="sync_runs")
    op.drop_index("ix_sync_runs_connection_id_id", table_name="sync_runs")
    for columns in INDEXES:
        op.create_index(op.f(f"ix_sync_runs_{'_'.join(columns)}"), "sync_runs", columns)
    op.create_index(
        "ix_sync_runs_not_well",
        "sync_runs",
        ["account_id", "created_at", "id"],
        postgresql_where=sa.text("state IN ('partly', 'failed')"),
    )
    op.create_index(
        "ix_sync_runs_running",
        "sync_runs",
        ["kind", "created_at"],
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "uq_sync_runs_window",
        "sync_runs",
        ["connection_id", "kind", "window_at"],
        unique=True,
        postgresql_where=sa.text("window_at IS NOT NULL"),
    )
    op.create_index(
        "uq_sync_runs_asked",
        "sync_runs",
        ["account_id", "connection_id", "product_id", "variant_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'manual' AND state = 'running'"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        op.f("ix_push_attempts_connection_id_created_at_id"),
        "push_attempts",
        ["connection_id", "created_at", "id"],
    )
    op.create_index("ix_push_attempts_age", "push_attempts", ["created_at"], postgresql_using="brin")
    op.drop_index("ix_push_attempts_created_at", table_name="push_attempts")
    op.create_index(
        op.f("ix_drifts_account_id_closed_at_id"), "drifts", ["account_id", "closed_at", "id"]
    )


def downgrade():
    op.drop_index(op.f("ix_drifts_account_id_closed_at_id"), table_name="drifts")
    op.create_index("ix_push_attempts_created_at", "push_attempts", ["created_at"])
    op.drop_index("ix_push_attempts_age", table_name="push_attempts")
    op.drop_index(op.f("ix_push_attempts_connection_id_created_at_id"), table_name="push_attempts")
    for name in ("uq_sync_runs_asked", "uq_sync_runs_window", "ix_sync_runs_running", "ix_sync_runs_not_well"):
        op.drop_index(name, table_name="sync_runs")
    for columns in INDEXES:
        op.drop_index(op.f(f"ix_sync_runs_{'_'.join(columns)}"), table_name="sync_runs")
    op.create_index("ix_sync_runs_connection_id_id", "sync_runs", ["connection_id", "id"])
    op.create_index("ix_sync_runs_account_id_id", "sync_runs", ["account_id", "id"])
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_sync_runs_{name}"), "sync_runs")
    op.execute("DELETE FROM sync_runs WHERE connection_id IS NULL OR kind NOT IN ('import', 'reconcile')")
    op.execute(
        """
        UPDATE sync_runs SET kind = CASE kind WHEN 'reconcile' THEN 'sweep' ELSE kind END,
            state = CASE state WHEN 'succeeded' THEN 'done' WHEN 'partly' THEN 'done' ELSE state END
        """
    )
    for name in ("code", *COUNTS, "times", "window_at", "trigger"):
        op.drop_column("sync_runs", name)
    op.alter_column("sync_runs", "connection_id", nullable=False)
    for name in PLACES:
        op.drop_column("sync_runs", name)
