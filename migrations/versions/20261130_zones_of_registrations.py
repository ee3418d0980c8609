"""where the days begin of an account that waits for its address to be confirmed

Revision ID: 0053
Revises: 0052

"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("registrations", sa.Column("time_zone", sa.Text, server_default="UTC", nullable=False))


def downgrade():
    op.drop_column("registrations", "time_zone")
