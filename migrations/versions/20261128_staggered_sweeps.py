"""sweeps that were missed are spread

Revision ID: 0046
Revises: 0045

"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("connections", sa.Column("sweep_not_before", sa.DateTime(timezone=True)))


def downgrade():
    op.drop_column("connections", "sweep_not_before")
