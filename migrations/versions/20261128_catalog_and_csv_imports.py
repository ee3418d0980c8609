"""variants that are found, sorted and archived; CSV files that merchants upload

Revision ID: 0024
Revises: 0023

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

UNLINKED = sa.text("variant_id IS NULL")
NOT_ACTIVE = sa.text("state <> 'active'")
KINDS = "kind IN ('catalog', 'counts')"
STATES = (
    "state IN ('receiving', 'checking', 'checked', 'applying', 'applied', 'cancelled', 'refused', 'failed')"
)


def computed(name, expression):
    return sa.Column(name, sa.Text, sa.Computed(expression, persisted=True), nullable=False)


def tenant_ref(table, column, referred, ondelete=None):
    return sa.ForeignKeyConstraint(
        ["account_id", column],
        [f"{referred}.account_id", f"{referred}.id"],
        name=op.f(f"fk_{table}_account_id_{column}_{referred}"),
        ondelete=ondelete,
    )


def upgrade():
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    # Beginnings only: a title may be as long as its shop lets it be.
    op.execute(
        """
        CREATE FUNCTION search_text(sku text, title text, barcode text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN lower(left(coalesce(sku, ''), 255) || chr(10) || left(title, 1000) || chr(10)
            || left(coalesce(barcode, ''), 100))
        """
    )
    op.execute(
        """
        CREATE FUNCTION sort_key(of text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN lower(left(coalesce(of, ''), 100))
        """
    )
    for column in (
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        computed("search_text", "search_text(sku, title, barcode)"),
        computed("sku_key", "sort_key(sku)"),
        computed("title_key", "sort_key(title)"),
    ):
        op.add_column("variants", column)
    op.add_column("listings", computed("search_text", "search_text(sku, title, (details ->> 'barcode'))"))
    for table in ("variants", "listings"):
        op.create_index(
            f"ix_{table}_search",
            table,
            ["account_id", "search_text"],
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        )
    for name, table, columns, where in _INDEXES:
        op.create_index(name, table, columns, postgresql_where=where)
    _create_imports()


def _create_imports():
    op.create_table(
        "csv_imports",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), server_default="receiving", nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("currency", sa.String(3)),
        sa.Column("location_id", sa.BigInteger),
        sa.Column("counted_at", sa.DateTime(timezone=True)),
        sa.Column("count_id", sa.BigInteger),
        sa.Column("columns", sa.ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("ignored", sa.ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("size_bytes", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("read_bytes", sa.BigInteger, server_default="0", nullable=False),
        *(
            sa.Column(name, sa.Integer, server_default="0", nullable=False)
            for name in (
                "checked_line",
                "creates",
                "changes",
                "unchanged",
                "faulty",
                "applied_line",
                "applied",
                "failures",
            )
        ),
        sa.Column("problem", sa.Text, server_default="", nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_csv_imports")),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_csv_imports_account_id_id")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_csv_imports_account_id_accounts")
        ),
        tenant_ref("csv_imports", "location_id", "locations"),
        tenant_ref("csv_imports", "count_id", "stock_counts"),
        sa.CheckConstraint(KINDS, name=op.f("ck_csv_imports_kind")),
        sa.CheckConstraint(STATES, name=op.f("ck_csv_imports_state")),
        sa.CheckConstraint(
            "(kind = 'counts') = (location_id IS NOT NULL)", name=op.f("ck_csv_imports_counted_somewhere")
        ),
        sa.CheckConstraint(
            "wake_at IS NULL OR state IN ('checking', 'applying')", name=op.f("ck_csv_imports_wake")
        ),
    )
    op.create_index(op.f("ix_csv_imports_account_id_id"), "csv_imports", ["account_id", "id"])
    op.create_index(op.f("ix_csv_imports_created_at"), "csv_imports", ["created_at"])
    op.create_index(
        "ix_csv_imports_wake", "csv_imports", ["wake_at"], postgresql_where=sa.text("wake_at IS NOT NULL")
    )
    op.create_table(
        "csv_import_parts",
        sa.Column("import_id", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("import_id", "position", name=op.f("pk_csv_import_parts")),
        tenant_ref("csv_import_parts", "import_id", "csv_imports", ondelete="CASCADE"),
    )
    op.create_table(
        "csv_import_rows",
        sa.Column("import_id", sa.BigInteger, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("given", JSONB, nullable=False),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("changes", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("problem", sa.Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_csv_import_rows")),
        tenant_ref("csv_import_rows", "import_id", "csv_imports", ondelete="CASCADE"),
        sa.CheckConstraint(
            "outcome IN ('create', 'change', 'same', 'fault')", name=op.f("ck_csv_import_rows_outcome")
        ),
    )
    op.create_index(
        op.f("ix_csv_import_rows_import_id_outcome_line"), "csv_import_rows", ["import_id", "outcome", "line"]
    )
    op.create_index(
        "ix_csv_import_rows_key",
        "csv_import_rows",
        ["import_id", "key"],
        postgresql_where=sa.text("key IS NOT NULL"),
    )


def downgrade():
    for table in ("csv_import_rows", "csv_import_parts", "csv_imports"):
        op.drop_table(table)
    for name, table, _columns, _where in _INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_column("listings", "search_text")
    for column in ("title_key", "sku_key", "search_text", "archived_at"):
        op.drop_column("variants", column)
    op.execute("DROP FUNCTION sort_key(text)")
    op.execute("DROP FUNCTION search_text(text, text, text)")
    # The extensions stay: something else may use them.


_INDEXES = (
    ("ix_variants_account_id_sku_key_id", "variants", ["account_id", "sku_key", "id"], None),
    ("ix_variants_account_id_title_key_id", "variants", ["account_id", "title_key", "id"], None),
    ("ix_listings_account_unlinked", "listings", ["account_id", "id"], UNLINKED),
    ("ix_listings_account_id_id", "listings", ["account_id", "id"], None),
    ("ix_listings_connection_id_id", "listings", ["connection_id", "id"], None),
    ("ix_stock_count_lines_variant_id", "stock_count_lines", ["variant_id"], None),
    ("ix_stock_cells_not_active", "stock_cells", ["account_id", "state", "id"], NOT_ACTIVE),
)
