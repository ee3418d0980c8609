"""the number by which a member wants to be told of events

Revision ID: 0049
Revises: 0048

"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("memberships", sa.Column("phone", sa.Text))
    op.execute(
        r"ALTER TABLE memberships ADD CONSTRAINT ck_memberships_phone"
        r" CHECK (phone ~ '^\+[1-9][0-9]{6,14}$') NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE memberships VALIDATE CONSTRAINT ck_memberships_phone")


def downgrade():
    op.drop_column("memberships", "phone")
