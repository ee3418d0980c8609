"""a kind of run for the nightly compare

Revision ID: 0045
Revises: 0044

"""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

BEFORE = ("import", "first_sync", "reconcile", "push", "orders_poll", "manual")
NAME = "ck_sync_runs_kind"


def upgrade():
    _allow((*BEFORE, "check"))


def downgrade():
    op.execute("DELETE FROM sync_runs WHERE kind = 'check'")
    _allow(BEFORE)


def _allow(kinds):
    """Without a look at the rows while the table is locked, and hence in two transactions."""
    op.execute(
        f"ALTER TABLE sync_runs DROP CONSTRAINT {NAME},"
        f" ADD CONSTRAINT {NAME} CHECK (kind IN {kinds}) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE sync_runs VALIDATE CONSTRAINT {NAME}")
