"""the outbox of mails

Revision ID: 0025
Revises: 0024

"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "mails",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("about_account_id", sa.BigInteger),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("template", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("state", sa.String(16), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        sa.Column("last_error", sa.Text, server_default="", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.CheckConstraint("state IN ('pending', 'sent', 'failed')", name=op.f("ck_mails_state")),
        sa.CheckConstraint("(state = 'pending') = (body IS NOT NULL)", name=op.f("ck_mails_body")),
        sa.ForeignKeyConstraint(
            ["about_account_id"],
            ["accounts.id"],
            name=op.f("fk_mails_about_account_id_accounts"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_mails_due", "mails", ["due_at"], postgresql_where=sa.text("state = 'pending'")
    )
    op.create_index(op.f("ix_mails_about_account_id"), "mails", ["about_account_id"])
    op.create_index(op.f("ix_mails_created_at"), "mails", ["created_at"])


def downgrade():
    op.drop_table("mails")
