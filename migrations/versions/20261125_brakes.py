"""brakes

Revision ID: 0009
Revises: 0008

"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("connections", sa.Column("brake_percent", sa.Integer, nullable=False, server_default="20"))
    op.add_column("connections", sa.Column("braked_at", sa.DateTime(timezone=True)))
    op.add_column("connections", sa.Column("brakes_off_until", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        op.f("ck_connections_brake_percent"), "connections", "brake_percent BETWEEN 1 AND 100"
    )
    op.add_column(
        "push_attempts", sa.Column("unexplained", sa.Boolean, nullable=False, server_default=sa.text("false"))
    )
    op.create_index(
        "ix_push_attempts_unexplained",
        "push_attempts",
        ["connection_id", "created_at"],
        postgresql_where=sa.text("unexplained"),
    )


def downgrade():
    op.drop_index("ix_push_attempts_unexplained", table_name="push_attempts")
    op.drop_column("push_attempts", "unexplained")
    op.drop_column("connections", "brakes_off_until")
    op.drop_column("connections", "braked_at")
    op.drop_column("connections", "brake_percent")
