"""staff users, their second factors, sessions and actions

Revision ID: 0036
Revises: 0035

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TABLES = ("staff_actions", "staff_sessions", "staff_factors", "staff_users")


def table(name, *columns):
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        *columns,
    )


def of_staff(name, *, nullable=False):
    return (
        sa.Column("staff_user_id", sa.BigInteger, nullable=nullable),
        sa.ForeignKeyConstraint(
            ["staff_user_id"], ["staff_users.id"], name=op.f(f"fk_{name}_staff_user_id_staff_users")
        ),
    )


def upgrade():
    table(
        "staff_users",
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.Column("signed_in_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("email", name=op.f("uq_staff_users_email")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_staff_users_email_lower")),
    )
    table(
        "staff_factors",
        *of_staff("staff_factors"),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("last_step", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("failures", sa.Integer, server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("staff_user_id", name=op.f("uq_staff_factors_staff_user_id")),
    )
    table(
        "staff_sessions",
        *of_staff("staff_sessions"),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("signed_in", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("address", sa.Text, server_default="", nullable=False),
        sa.Column(
            "last_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
    )
    op.create_index(op.f("ix_staff_sessions_staff_user_id"), "staff_sessions", ["staff_user_id"])
    op.create_index(op.f("ix_staff_sessions_last_used_at"), "staff_sessions", ["last_used_at"])
    table(
        "staff_actions",
        *of_staff("staff_actions", nullable=True),
        sa.Column("address", sa.Text, server_default="", nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("about_account", sa.BigInteger),
        sa.Column("detail", JSONB, server_default=sa.text("'{}'"), nullable=False),
    )
    for columns in (
        ["staff_user_id", "id"],
        ["action", "id"],
        ["about_account", "id"],
        ["subject_kind", "subject_id", "id"],
    ):
        op.create_index(op.f(f"ix_staff_actions_{'_'.join(columns)}"), "staff_actions", columns)
    op.execute(
        """
        CREATE FUNCTION refuse_change_of_staff_actions() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'staff_actions is append-only';
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER staff_actions_append_only BEFORE UPDATE OR DELETE ON staff_actions
        FOR EACH ROW EXECUTE FUNCTION refuse_change_of_staff_actions()
        """
    )
    op.execute(
        """
        CREATE TRIGGER staff_actions_no_truncate BEFORE TRUNCATE ON staff_actions
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_staff_actions()
        """
    )


def downgrade():
    for name in TABLES:
        op.drop_table(name)
    op.execute("DROP FUNCTION refuse_change_of_staff_actions()")
