"""support's visits to accounts, and flags

Revision ID: 0043
Revises: 0042

"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "support_visits",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("staff_user_id", sa.BigInteger, nullable=False),
        sa.Column("about_account", sa.BigInteger, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_visits")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_support_visits_token_hash")),
        sa.ForeignKeyConstraint(
            ["staff_user_id"], ["staff_users.id"], name=op.f("fk_support_visits_staff_user_id_staff_users")
        ),
    )
    op.create_index(op.f("ix_support_visits_about_account_id"), "support_visits", ["about_account", "id"])
    op.create_index(op.f("ix_support_visits_expires_at"), "support_visits", ["expires_at"])
    op.create_index(op.f("ix_support_visits_staff_user_id"), "support_visits", ["staff_user_id"])
    op.create_table(
        "flag_settings",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("flag", sa.Text, nullable=False),
        sa.Column("about_account", sa.BigInteger),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag_settings")),
        sa.UniqueConstraint(
            "flag",
            "about_account",
            name=op.f("uq_flag_settings_flag_about_account"),
            postgresql_nulls_not_distinct=True,
        ),
    )


def downgrade():
    op.drop_table("flag_settings")
    op.drop_table("support_visits")
