"""a listing's numbers, one at each of the shop's locations; a shop's locations by name

Revision ID: 0014
Revises: 0013

"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("listings", sa.Column("external_stock_id", sa.Text))
    op.execute(
        """
        UPDATE listings l SET external_stock_id = c.external_stock_id
        FROM stock_cells c WHERE c.id = l.cell_id
        """
    )
    op.create_index(
        op.f("ix_listings_connection_id_external_stock_id"),
        "listings",
        ["connection_id", "external_stock_id"],
    )
    op.drop_column("listings", "cell_id")
    op.add_column("connection_locations", sa.Column("name", sa.Text, nullable=False, server_default=""))
    op.add_column(
        "connection_locations", sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true())
    )
    op.alter_column("connection_locations", "location_id", nullable=True)
    op.drop_constraint(
        op.f("uq_connection_locations_connection_id_external_location_id"), "connection_locations"
    )
    op.create_unique_constraint(
        "uq_connection_locations_place",
        "connection_locations",
        ["connection_id", "external_location_id", "location_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_unique_constraint(
        op.f("uq_connection_locations_account_id_connection_id_location_id"),
        "connection_locations",
        ["account_id", "connection_id", "location_id"],
    )
    op.add_column(
        "order_lines", sa.Column("external_location_id", sa.Text, nullable=False, server_default="")
    )
    # What took effect took it where its cell is. Under another place it would be taken for another line.
    op.execute(
        """
        UPDATE order_lines n SET external_location_id = c.external_location_id
        FROM stock_cells c WHERE c.id = n.applied_cell_id AND c.external_location_id <> ''
        """
    )
    op.drop_constraint(op.f("uq_order_lines_order_id_external_id"), "order_lines")
    op.create_unique_constraint(
        op.f("uq_order_lines_order_id_external_id_external_location_id"),
        "order_lines",
        ["order_id", "external_id", "external_location_id"],
    )
    op.create_index(
        "ix_stock_movements_first_sync",
        "stock_movements",
        ["account_id", "created_at"],
        postgresql_where=sa.text("source_key LIKE 'first_sync:%'"),
    )


def downgrade():
    op.drop_index("ix_stock_movements_first_sync", "stock_movements")
    op.drop_constraint(op.f("uq_order_lines_order_id_external_id_external_location_id"), "order_lines")
    # A line of several places is one line again, which the others vanish from when the order is read next.
    op.execute(
        """
        UPDATE order_lines n SET external_id = n.external_id || '@' || n.external_location_id
        WHERE EXISTS (
            SELECT 1 FROM order_lines o
            WHERE o.order_id = n.order_id AND o.external_id = n.external_id AND o.id < n.id
        )
        """
    )
    op.drop_column("order_lines", "external_location_id")
    op.create_unique_constraint(
        op.f("uq_order_lines_order_id_external_id"), "order_lines", ["order_id", "external_id"]
    )
    op.drop_constraint(
        op.f("uq_connection_locations_account_id_connection_id_location_id"), "connection_locations"
    )
    op.drop_constraint(
        "uq_connection_locations_place",
        "connection_locations",
    )
    op.execute("DELETE FROM connection_locations WHERE location_id IS NULL OR priority > 0")
    op.create_unique_constraint(
        op.f("uq_connection_locations_connection_id_external_location_id"),
        "connection_locations",
        ["connection_id", "external_location_id"],
    )
    op.alter_column("connection_locations", "location_id", nullable=False)
    op.drop_column("connection_locations", "active")
    op.drop_column("connection_locations", "name")
    op.add_column("listings", sa.Column("cell_id", sa.BigInteger))
    op.execute(
        """
        UPDATE listings l SET cell_id = (
            SELECT c.id FROM stock_cells c
            LEFT JOIN connection_locations m USING (connection_id, external_location_id)
            WHERE c.connection_id = l.connection_id AND c.external_stock_id = l.external_stock_id
            ORDER BY m.id IS NULL, c.id LIMIT 1
        )
        """
    )
    op.create_foreign_key(
        op.f("fk_listings_account_id_cell_id_stock_cells"),
        "listings",
        "stock_cells",
        ["account_id", "cell_id"],
        ["account_id", "id"],
    )
    op.create_index(op.f("ix_listings_cell_id"), "listings", ["cell_id"])
    op.drop_column("listings", "external_stock_id")
