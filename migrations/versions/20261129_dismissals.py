"""what members put away: the first steps, the tour

Revision ID: 0048
Revises: 0047

"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "dismissals",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.CheckConstraint("kind IN ('first_steps', 'tour')", name=op.f("ck_dismissals_kind")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_dismissals_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["memberships.user_id", "memberships.account_id"],
            name=op.f("fk_dismissals_user_id_account_id_memberships"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "user_id", "kind", name=op.f("pk_dismissals")),
    )


def downgrade():
    op.drop_table("dismissals")
