"""a movement points at its level by one key, which holds the variant and the location

Revision ID: 0004
Revises: 0003

"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LEVEL = ["account_id", "id", "variant_id", "location_id"]
MOVEMENT = ["account_id", "level_id", "variant_id", "location_id"]
WHOLE = "fk_stock_movements_account_id_level"
PARTS = {"variant_id": "variants", "location_id": "locations", "level_id": "stock_levels"}


def upgrade():
    op.create_unique_constraint(
        op.f("uq_stock_levels_account_id_id_variant_id_location_id"), "stock_levels", LEVEL
    )
    op.create_foreign_key(WHOLE, "stock_movements", "stock_levels", MOVEMENT, LEVEL)
    for column, table in PARTS.items():
        op.drop_constraint(f"fk_stock_movements_account_id_{column}_{table}", "stock_movements")
    op.drop_constraint("uq_stock_levels_account_id_id", "stock_levels")


def downgrade():
    op.create_unique_constraint(op.f("uq_stock_levels_account_id_id"), "stock_levels", ["account_id", "id"])
    for column, table in PARTS.items():
        op.create_foreign_key(
            op.f(f"fk_stock_movements_account_id_{column}_{table}"),
            "stock_movements",
            table,
            ["account_id", column],
            ["account_id", "id"],
        )
    op.drop_constraint(WHOLE, "stock_movements")
    op.drop_constraint("uq_stock_levels_account_id_id_variant_id_location_id", "stock_levels")
