"""the refresh token before is answered for a while

Revision ID: 0034
Revises: 0033

"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("sessions", sa.Column("previous_hash", sa.LargeBinary))
    op.add_column("sessions", sa.Column("previous_until", sa.DateTime(timezone=True)))
    op.add_column("sessions", sa.Column("sealed_secret", sa.LargeBinary))


def downgrade():
    for name in ("sealed_secret", "previous_until", "previous_hash"):
        op.drop_column("sessions", name)
