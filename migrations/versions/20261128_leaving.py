"""exports and deletion of accounts

Revision ID: 0029
Revises: 0028

"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('waiting', 'running')")
APPEND_ONLY = "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;"
# Of an account whose time has come everything may go; nothing else of the ledger ever does.
UNLESS_LEAVING = """
    IF TG_OP = 'DELETE' THEN
        IF EXISTS (SELECT 1 FROM accounts a WHERE a.id = OLD.account_id AND a.delete_at <= now()) THEN
            RETURN OLD;
        END IF;
    END IF;
"""


def upgrade():
    op.add_column("accounts", sa.Column("delete_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_accounts_leaving", "accounts", ["delete_at"], postgresql_where=sa.text("delete_at IS NOT NULL")
    )
    op.create_table(
        "account_exports",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("user_id", sa.BigInteger),
        sa.Column("state", sa.String(16), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_count", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("byte_count", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("error", sa.Text, server_default="", nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_exports")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_exports_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_exports_user_id_users"), ondelete="SET NULL"
        ),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_account_exports_account_id_id")),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed')", name=op.f("ck_account_exports_state")
        ),
    )
    op.create_index(
        "uq_account_exports_open", "account_exports", ["account_id"], unique=True, postgresql_where=OPEN
    )
    op.create_index("ix_account_exports_due", "account_exports", ["due_at"], postgresql_where=OPEN)
    op.create_index(op.f("ix_account_exports_expires_at"), "account_exports", ["expires_at"])
    op.create_index(op.f("ix_account_exports_user_id"), "account_exports", ["user_id"])
    op.create_table(
        "export_chunks",
        sa.Column("export_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("export_id", "number", name=op.f("pk_export_chunks")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_export_chunks_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["account_id", "export_id"],
            ["account_exports.account_id", "account_exports.id"],
            name=op.f("fk_export_chunks_account_id_export_id_account_exports"),
            ondelete="CASCADE",
        ),
    )
    op.execute("ALTER TABLE export_chunks ALTER COLUMN content SET STORAGE EXTERNAL")  # compressed already
    op.execute(_refuse_change(UNLESS_LEAVING))


def downgrade():
    op.execute(_refuse_change(""))
    op.drop_table("export_chunks")
    op.drop_table("account_exports")
    op.drop_index("ix_accounts_leaving", "accounts")
    op.drop_column("accounts", "delete_at")


def _refuse_change(unless):
    return f"""
        CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {unless}
            {APPEND_ONLY}
        END $$
    """
