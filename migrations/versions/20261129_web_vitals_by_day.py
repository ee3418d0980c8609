"""measurements of the web app that are past their time are found by index

Revision ID: 0047
Revises: 0046

"""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_web_vital_days_day")
        op.create_index("ix_web_vital_days_day", "web_vital_days", ["day"], postgresql_concurrently=True)


def downgrade():
    op.drop_index("ix_web_vital_days_day", "web_vital_days")
