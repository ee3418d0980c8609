"""accounts are found by a part of their name

Revision ID: 0044
Revises: 0043

"""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_accounts_name_part")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_accounts_name_part ON accounts USING gin (lower(name) gin_trgm_ops)"
        )


def downgrade():
    op.execute("DROP INDEX ix_accounts_name_part")
