"""invitations, and the audit log by what it is asked for

Revision ID: 0028
Revises: 0027

"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "invitations",
        *_tenant("invitations"),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["memberships.user_id", "memberships.account_id"],
            name=op.f("fk_invitations_user_id_account_id_memberships"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("account_id", "email", name=op.f("uq_invitations_account_id_email")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_invitations_email_lower")),
        sa.CheckConstraint(
            "role IN ('owner', 'admin', 'staff', 'viewer')", name=op.f("ck_invitations_role")
        ),
    )
    op.create_index(op.f("ix_invitations_user_id_account_id"), "invitations", ["user_id", "account_id"])
    op.drop_index(op.f("ix_audit_log_account_id_id"), "audit_log")
    op.drop_index(op.f("ix_audit_log_account_id_subject_id"), "audit_log")
    for columns in AUDIT_INDEXES:
        op.create_index(op.f(f"ix_audit_log_{'_'.join(columns)}"), "audit_log", columns)


def downgrade():
    for columns in AUDIT_INDEXES:
        op.drop_index(op.f(f"ix_audit_log_{'_'.join(columns)}"), "audit_log")
    op.create_index(op.f("ix_audit_log_account_id_subject_id"), "audit_log", ["account_id", "subject", "id"])
    op.create_index(op.f("ix_audit_log_account_id_id"), "audit_log", ["account_id", "id"])
    op.drop_table("invitations")


AUDIT_INDEXES = (
    ["account_id", "created_at", "id"],
    ["account_id", "actor", "created_at", "id"],
    ["account_id", "action", "created_at", "id"],
    ["account_id", "subject", "created_at", "id"],
)


def _tenant(table):
    return (
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f(f"fk_{table}_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
