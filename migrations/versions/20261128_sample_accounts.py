"""accounts that hold sample data

Revision ID: 0032
Revises: 0031

"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

STATES = ("connecting", "importing", "review", "active", "paused", "needs_auth", "disconnected")


def upgrade():
    op.add_column("accounts", sa.Column("sample_of", sa.BigInteger))
    op.create_foreign_key(
        op.f("fk_accounts_sample_of_accounts"),
        "accounts",
        "accounts",
        ["sample_of"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        op.f("ix_accounts_sample_of"),
        "accounts",
        ["sample_of"],
        postgresql_where=sa.text("sample_of IS NOT NULL"),
    )
    op.create_index(
        "uq_accounts_sample_of",
        "accounts",
        ["sample_of"],
        unique=True,
        postgresql_where=sa.text("delete_at IS NULL"),
    )
    _allow((*STATES, "sample"))


def downgrade():
    """Samples would be real accounts: remove them first."""
    _allow(STATES)
    op.drop_index("uq_accounts_sample_of", "accounts")
    op.drop_index(op.f("ix_accounts_sample_of"), "accounts")
    op.drop_constraint(op.f("fk_accounts_sample_of_accounts"), "accounts")
    op.drop_column("accounts", "sample_of")


def _allow(states):
    op.drop_constraint(op.f("ck_connections_state"), "connections")
    op.create_check_constraint(op.f("ck_connections_state"), "connections", f"state IN {states}")
