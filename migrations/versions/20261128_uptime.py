"""whether the service did its work, minute by minute

Revision ID: 0041
Revises: 0040

"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "probe_minutes",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.ARRAY(sa.String(16)), server_default=sa.text("'{}'"), nullable=False)
            for name in ("down", "unknown")
        ),
        sa.PrimaryKeyConstraint("minute", name=op.f("pk_probe_minutes")),
    )
    op.create_table(
        "interruptions",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("parts", sa.ARRAY(sa.String(16)), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interruptions")),
        sa.CheckConstraint("state IN ('down', 'unknown')", name=op.f("ck_interruptions_state")),
    )
    op.create_index(op.f("ix_interruptions_ended_at"), "interruptions", ["ended_at"])


def downgrade():
    op.drop_table("interruptions")
    op.drop_table("probe_minutes")
