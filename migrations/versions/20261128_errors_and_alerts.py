"""errors by fingerprint, alerts of operators, and open events by kind

Revision ID: 0042
Revises: 0041

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

OPEN = sa.text("cleared_at IS NULL")


def upgrade():
    op.create_table(
        "error_groups",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("error_class", sa.String(80), nullable=False),
        sa.Column("place", sa.String(160), nullable=False),
        _moment("first_seen"),
        _moment("last_seen"),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_error_groups")),
        sa.UniqueConstraint("kind", "platform", "code", "error_class", "place", name="uq_error_groups_print"),
    )
    op.create_index(op.f("ix_error_groups_last_seen_id"), "error_groups", ["last_seen", "id"])
    op.create_table(
        "error_hours",
        sa.Column("group_id", sa.BigInteger, nullable=False),
        _moment("hour"),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("group_id", "hour", name=op.f("pk_error_hours")),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["error_groups.id"],
            name=op.f("fk_error_hours_group_id_error_groups"),
            ondelete="CASCADE",
        ),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(op.f("ix_error_hours_hour"), "error_hours", ["hour"])
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(64), server_default="", nullable=False),
        sa.Column("detail", JSONB, server_default=sa.text("'{}'"), nullable=False),
        _moment("raised_at"),
        _moment("cleared_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index("uq_alerts_open", "alerts", ["kind", "subject"], unique=True, postgresql_where=OPEN)
    op.create_index(op.f("ix_alerts_raised_at_id"), "alerts", ["raised_at", "id"])
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_events_kind_open ON events (kind, connection_id)"
            " WHERE cleared_at IS NULL"
        )


def downgrade():
    op.drop_index("ix_events_kind_open", "events")
    for table in ("alerts", "error_hours", "error_groups"):
        op.drop_table(table)


def _moment(name, *, nullable=False):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
