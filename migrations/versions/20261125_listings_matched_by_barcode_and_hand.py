"""listings matched by barcode, suggested by the words of their titles, linked and unlinked by hand

Revision ID: 0012
Revises: 0011

"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    op.execute(
        r"""
        CREATE FUNCTION barcode_key(barcode text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN CASE WHEN translate(barcode, ' -', '') ~ '^([0-9]{8}|[0-9]{12,14})$'
            THEN lpad(translate(barcode, ' -', ''), 14, '0') END
        """
    )
    # Letters and digits apart, so that `12oz` and `12 oz` are the same words.
    op.execute(
        r"""
        CREATE FUNCTION title_words(account_id bigint, title text) RETURNS text[]
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN string_to_array(
            regexp_replace(
                trim(regexp_replace(
                    regexp_replace(lower(title), '(\d+)', ' \1 ', 'g'), '(\W|_)+', ' ', 'g'
                )),
                '(\w+)', account_id::text || '.\1', 'g'
            ),
            ' '
        )
        """
    )
    op.add_column(
        "variants", sa.Column("barcode_key", sa.Text, sa.Computed("barcode_key(barcode)", persisted=True))
    )
    op.add_column(
        "variants",
        sa.Column(
            "words",
            sa.ARRAY(sa.Text),
            sa.Computed("title_words(account_id, title)", persisted=True),
            nullable=False,
        ),
    )
    op.add_column(
        "listings",
        sa.Column("barcode_key", sa.Text, sa.Computed("barcode_key(details ->> 'barcode')", persisted=True)),
    )
    op.add_column(
        "listings", sa.Column("kept_apart", sa.Boolean, nullable=False, server_default=sa.text("false"))
    )
    op.add_column("stock_cells", sa.Column("track_due_at", sa.DateTime(timezone=True)))
    for name, table, columns, where in _INDEXES:
        op.create_index(name, table, columns, postgresql_where=sa.text(where))
    op.create_index("ix_variants_words", "variants", ["words"], postgresql_using="gin")


def downgrade():
    op.drop_index("ix_variants_words", table_name="variants")
    for name, table, _columns, _where in _INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_column("stock_cells", "track_due_at")
    op.drop_column("listings", "kept_apart")
    op.drop_column("listings", "barcode_key")
    op.drop_column("variants", "words")
    op.drop_column("variants", "barcode_key")
    op.execute("DROP FUNCTION title_words(bigint, text)")
    op.execute("DROP FUNCTION barcode_key(text)")


_INDEXES = (
    ("ix_variants_barcode_key", "variants", ["account_id", "barcode_key"], "barcode_key IS NOT NULL"),
    ("ix_listings_barcode_key", "listings", ["connection_id", "barcode_key"], "barcode_key IS NOT NULL"),
    ("ix_listings_unlinked", "listings", ["connection_id", "id"], "variant_id IS NULL"),
    ("ix_stock_cells_track_due", "stock_cells", ["connection_id", "track_due_at"], "track_due_at IS NOT NULL"),
)
