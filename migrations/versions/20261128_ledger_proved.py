"""when each account's ledger was last proved

Revision ID: 0038
Revises: 0037

"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("accounts", sa.Column("ledger_proved_at", sa.DateTime(timezone=True)))


def downgrade():
    op.drop_column("accounts", "ledger_proved_at")
