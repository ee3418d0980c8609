"""every attempt of a webhook, and receivers that ask to be left alone

Revision ID: 0035
Revises: 0034

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("webhook_subscriptions", sa.Column("quiet_until", sa.DateTime(timezone=True)))
    op.add_column(
        "webhook_deliveries",
        sa.Column("history", postgresql.JSONB, server_default=sa.text("'[]'::jsonb"), nullable=False),
    )


def downgrade():
    op.drop_column("webhook_deliveries", "history")
    op.drop_column("webhook_subscriptions", "quiet_until")
