"""dirty cells told by dirty_since, so that marking a dirty one again touches no index

Revision ID: 0003
Revises: 0002

"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("UPDATE stock_cells SET dirty_since = NULL WHERE wanted_version <= synced_version")
    op.execute(
        "UPDATE stock_cells SET dirty_since = now()"
        " WHERE wanted_version > synced_version AND dirty_since IS NULL"
    )
    op.create_check_constraint(
        op.f("ck_stock_cells_dirty"),
        "stock_cells",
        "(dirty_since IS NOT NULL) = (wanted_version > synced_version)",
    )
    _index("dirty_since IS NOT NULL AND state = 'active'")
    op.execute("ALTER TABLE stock_cells SET (fillfactor = 70)")
    op.execute("ALTER TABLE stock_levels SET (fillfactor = 70)")


def downgrade():
    op.execute("ALTER TABLE stock_levels RESET (fillfactor)")
    op.execute("ALTER TABLE stock_cells RESET (fillfactor)")
    _index("wanted_version > synced_version AND state = 'active'")
    op.drop_constraint(op.f("ck_stock_cells_dirty"), "stock_cells", type_="check")


def _index(predicate):
    op.drop_index("ix_stock_cells_dirty", table_name="stock_cells")
    op.create_index(
        "ix_stock_cells_dirty",
        "stock_cells",
        ["connection_id", "dirty_since"],
        postgresql_where=sa.text(predicate),
    )
