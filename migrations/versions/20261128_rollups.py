"""sums of orders, movements, writes and stock values; time zone and currency of reports

Revision ID: 0017
Revises: 0016

"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

COUNTED = {
    "counted_hash": sa.Text,
    "counted_at": sa.DateTime(timezone=True),
    "counted_currency": sa.String(3),
    "counted_sales": sa.Integer,
    "counted_total_minor": sa.BigInteger,
    "counted_refunded_minor": sa.BigInteger,
}
TABLES = (
    "exchange_rates",
    "stock_values",
    "variant_values",
    "unvalued_variants",
    "uncounted_pushes",
    "push_sums",
    "movement_sums",
    "order_sums",
    "rollups",
)
# A new variant, or one whose unit is worth something else. Not of the whole row: stock is no business of it.
TRIGGER = """
    CREATE FUNCTION value_variant() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO unvalued_variants (account_id, variant_id) VALUES (NEW.account_id, NEW.id);
        RETURN NULL;
    END $$
"""


def upgrade():
    for name, kind in COUNTED.items():
        op.add_column("orders", sa.Column(name, kind))
    op.create_index(
        "ix_orders_uncounted",
        "orders",
        ["id"],
        postgresql_where=sa.text("counted_hash IS DISTINCT FROM content_hash"),
    )
    op.create_index(
        "ix_stock_cells_failed", "stock_cells", ["connection_id"], postgresql_where=sa.text("state = 'failed'")
    )
    op.add_column("accounts", sa.Column("time_zone", sa.Text, server_default="UTC", nullable=False))
    op.add_column("accounts", sa.Column("reporting_currency", sa.String(3)))
    op.create_table(
        "rollups",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        *(_count(name) for name in ("counted_id", "seen_id", "seen_xid")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollups")),
        sa.UniqueConstraint("name", name=op.f("uq_rollups_name")),
    )
    op.execute(
        "INSERT INTO rollups (id, name) VALUES (1, 'orders'), (2, 'movements'), (3, 'pushes'), (4, 'values')"
    )
    _sums(
        "order_sums",
        sa.Column("connection_id", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        counts=("orders", "cancelled", "total_minor", "refunded_minor"),
        referred=("connection_id", "connections"),
    )
    _sums(
        "movement_sums",
        sa.Column("location_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        counts=("units_in", "units_out"),
        referred=("location_id", "locations"),
    )
    _sums(
        "push_sums",
        sa.Column("connection_id", sa.BigInteger, nullable=False),
        counts=("applied", "stale", "failed"),
        referred=("connection_id", "connections"),
    )
    op.create_table(
        "uncounted_pushes",
        sa.Column("attempt_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        _account_ref("uncounted_pushes"),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_uncounted_pushes")),
    )
    op.create_table(
        "variant_values",
        sa.Column("variant_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), server_default="", nullable=False),
        _count("units"),
        _count("value_minor"),
        sa.Column("basis", sa.String(8), server_default="none", nullable=False),
        _account_ref("variant_values"),
        sa.ForeignKeyConstraint(
            ["account_id", "variant_id"],
            ["variants.account_id", "variants.id"],
            name=op.f("fk_variant_values_account_id_variant_id_variants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("variant_id", name=op.f("pk_variant_values")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "unvalued_variants",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("variant_id", sa.BigInteger, nullable=False),
        _account_ref("unvalued_variants"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unvalued_variants")),
    )
    op.create_table(
        "stock_values",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("basis", sa.String(8), nullable=False),
        *(_count(name) for name in ("variants", "units", "value_minor")),
        _account_ref("stock_values"),
        sa.PrimaryKeyConstraint("account_id", "currency", "basis", name=op.f("pk_stock_values")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "exchange_rates",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("rate", sa.Text, nullable=False),
        _account_ref("exchange_rates"),
        sa.PrimaryKeyConstraint("account_id", "currency", name=op.f("pk_exchange_rates")),
    )
    op.execute(TRIGGER)
    op.execute(
        "CREATE TRIGGER variants_valued_new AFTER INSERT ON variants"
        " FOR EACH ROW EXECUTE FUNCTION value_variant()"
    )
    op.execute(
        "CREATE TRIGGER variants_valued AFTER UPDATE OF unit_cost_minor, price_minor, currency ON variants"
        " FOR EACH ROW WHEN ((OLD.unit_cost_minor, OLD.price_minor, OLD.currency)"
        " IS DISTINCT FROM (NEW.unit_cost_minor, NEW.price_minor, NEW.currency))"
        " EXECUTE FUNCTION value_variant()"
    )
    op.execute("INSERT INTO unvalued_variants (account_id, variant_id) SELECT account_id, id FROM variants")


def downgrade():
    op.execute("DROP TRIGGER variants_valued ON variants")
    op.execute("DROP TRIGGER variants_valued_new ON variants")
    op.execute("DROP FUNCTION value_variant()")
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("accounts", "reporting_currency")
    op.drop_column("accounts", "time_zone")
    op.drop_index("ix_stock_cells_failed", table_name="stock_cells")
    op.drop_index("ix_orders_uncounted", table_name="orders")
    for name in reversed(COUNTED):
        op.drop_column("orders", name)


def _sums(table, *keys, counts, referred):
    column, other = referred
    op.create_table(
        table,
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *keys,
        *(_count(name) for name in counts),
        _account_ref(table),
        sa.ForeignKeyConstraint(
            ["account_id", column],
            [f"{other}.account_id", f"{other}.id"],
            name=op.f(f"fk_{table}_account_id_{column}_{other}"),
        ),
        sa.PrimaryKeyConstraint("account_id", "at", *(key.name for key in keys), name=op.f(f"pk_{table}")),
        postgresql_with={"fillfactor": "70"},
    )


def _count(name):
    return sa.Column(name, sa.BigInteger, server_default="0", nullable=False)


def _account_ref(table):
    return sa.ForeignKeyConstraint(
        ["account_id"], ["accounts.id"], name=op.f(f"fk_{table}_account_id_accounts")
    )
