"""what failed for good is found by index, in tables that are in use

Revision ID: 0039
Revises: 0038

"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

FAILED = {
    "account_exports": "failed",
    "csv_imports": "failed",
    "fulfillments": "failed",
    "mails": "failed",
    "webhook_deliveries": "dead",
}


def upgrade():
    with op.get_context().autocommit_block():
        for table, state in FAILED.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS ix_{table}_failed")
            op.create_index(
                f"ix_{table}_failed",
                table,
                ["id"],
                postgresql_where=sa.text(f"state = '{state}'"),
                postgresql_concurrently=True,
            )


def downgrade():
    for table in FAILED:
        op.drop_index(f"ix_{table}_failed", table)
