"""an account says at how many units stock is low

Revision ID: 0050
Revises: 0049

"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "accounts", sa.Column("low_stock_threshold", sa.Integer(), server_default="10", nullable=False)
    )
    op.execute(
        "ALTER TABLE accounts ADD CONSTRAINT ck_accounts_low_stock_threshold"
        " CHECK (low_stock_threshold >= 0) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE accounts VALIDATE CONSTRAINT ck_accounts_low_stock_threshold")


def downgrade():
    op.drop_column("accounts", "low_stock_threshold")
