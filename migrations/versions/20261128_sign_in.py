"""sessions, second factors, registrations and password resets

Revision ID: 0026
Revises: 0025

"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def table(name, *columns):
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        *columns,
    )


def of_user(name):
    return (
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f(f"fk_{name}_user_id_users"), ondelete="CASCADE"
        ),
    )


def token(name):
    return (
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("token_hash", name=op.f(f"uq_{name}_token_hash")),
    )


def upgrade():
    table(
        "sessions",
        *of_user("sessions"),
        sa.Column("last_account_id", sa.BigInteger),
        sa.Column("family_hash", sa.LargeBinary, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("user_agent", sa.Text, server_default="", nullable=False),
        sa.Column("address", sa.Text, server_default="", nullable=False),
        sa.Column(
            "last_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["last_account_id"],
            ["accounts.id"],
            name=op.f("fk_sessions_last_account_id_accounts"),
            ondelete="SET NULL",
        ),
        sa.UniqueConstraint("family_hash", name=op.f("uq_sessions_family_hash")),
    )
    op.create_index(op.f("ix_sessions_user_id_id"), "sessions", ["user_id", "id"])
    op.create_index(op.f("ix_sessions_last_account_id"), "sessions", ["last_account_id"])
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"])
    table(
        "second_factors",
        *of_user("second_factors"),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("last_step", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("failures", sa.Integer, server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("user_id", name=op.f("uq_second_factors_user_id")),
    )
    table(
        "recovery_codes",
        *of_user("recovery_codes"),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("user_id", "code_hash", name=op.f("uq_recovery_codes_user_id_code_hash")),
    )
    table(
        "registrations",
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("account_name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        *token("registrations"),
    )
    op.create_index(op.f("ix_registrations_email_id"), "registrations", ["email", "id"])
    op.create_index(op.f("ix_registrations_expires_at"), "registrations", ["expires_at"])
    table("password_resets", sa.Column("email", sa.Text, nullable=False), *token("password_resets"))
    op.create_index(op.f("ix_password_resets_email"), "password_resets", ["email"])
    op.create_index(op.f("ix_password_resets_expires_at"), "password_resets", ["expires_at"])


def downgrade():
    for name in ("password_resets", "registrations", "recovery_codes", "second_factors", "sessions"):
        op.drop_table(name)
