"""the language that a user is written to in

Revision ID: 0052
Revises: 0051

"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("users", sa.Column("language", sa.Text))
    op.execute(
        "ALTER TABLE users ADD CONSTRAINT ck_users_language CHECK (language IN ('en', 'de')) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_users_language")


def downgrade():
    op.drop_column("users", "language")
