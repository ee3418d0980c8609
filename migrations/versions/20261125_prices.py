"""prices that shops show, by a rule for each connection

Revision ID: 0016
Revises: 0015

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UNANSWERED = sa.text("outcome IN ('open', 'unknown')")


def upgrade():
    op.create_table(
        "price_syncs",
        *_tenant("price_syncs"),
        sa.Column("connection_id", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(8), nullable=False, server_default="off"),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("factor", sa.Numeric(12, 6), nullable=False, server_default="1"),
        sa.Column("rates", postgresql.JSONB, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("rounding", sa.String(8), nullable=False, server_default="unit"),
        sa.Column("rounding_minor", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("direction", sa.String(8), nullable=False, server_default="nearest"),
        sa.Column("brake_percent", sa.Integer, nullable=False, server_default="20"),
        sa.Column("brake_change_percent", sa.Integer, nullable=False, server_default="30"),
        sa.Column("braked_at", sa.DateTime(timezone=True)),
        sa.Column("agreed_until", sa.DateTime(timezone=True)),
        _ref("price_syncs", "connection_id", "connections"),
        sa.UniqueConstraint("connection_id", name=op.f("uq_price_syncs_connection_id")),
        _check("price_syncs", "state", "state IN ('off', 'preview', 'on')"),
        _check("price_syncs", "factor", "factor > 0"),
        _check("price_syncs", "rounding", "rounding IN ('unit', 'step', 'ending')"),
        _check("price_syncs", "direction", "direction IN ('nearest', 'up')"),
        _check("price_syncs", "brake_percent", "brake_percent BETWEEN 1 AND 100"),
        _check("price_syncs", "brake_change_percent", "brake_change_percent BETWEEN 1 AND 1000"),
    )
    op.create_table(
        "listing_prices",
        *_tenant("listing_prices"),
        sa.Column("listing_id", sa.BigInteger, nullable=False),
        sa.Column("connection_id", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False, server_default="active"),
        sa.Column("shop_minor", sa.BigInteger),
        sa.Column("kept_minor", sa.BigInteger),
        sa.Column("override_minor", sa.BigInteger),
        sa.Column("problem", sa.String(32), nullable=False, server_default=""),
        sa.Column("error", sa.Text, nullable=False, server_default=""),
        sa.Column("changed_at", sa.DateTime(timezone=True)),
        sa.Column("hold_until", sa.DateTime(timezone=True)),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reversals", sa.Integer, nullable=False, server_default="0"),
        sa.Column("wanted_version", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("synced_version", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("dirty_since", sa.DateTime(timezone=True)),
        _ref("listing_prices", "listing_id", "listings"),
        _ref("listing_prices", "connection_id", "connections"),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_listing_prices_account_id_id")),
        sa.UniqueConstraint("listing_id", name=op.f("uq_listing_prices_listing_id")),
        _check("listing_prices", "state", "state IN ('active', 'changed', 'contested', 'failed')"),
        _check("listing_prices", "dirty", "(dirty_since IS NOT NULL) = (wanted_version > synced_version)"),
        _check("listing_prices", "override", "override_minor > 0"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "ix_listing_prices_dirty",
        "listing_prices",
        ["connection_id", "dirty_since"],
        postgresql_where=sa.text("dirty_since IS NOT NULL AND state IN ('active', 'changed')"),
    )
    op.create_index(
        "ix_listing_prices_state",
        "listing_prices",
        ["connection_id", "state"],
        postgresql_where=sa.text("state <> 'active'"),
    )
    op.create_table(
        "price_attempts",
        *_tenant("price_attempts"),
        sa.Column("listing_price_id", sa.BigInteger, nullable=False),
        sa.Column("connection_id", sa.BigInteger, nullable=False),
        sa.Column("batch_key", sa.Uuid, nullable=False),
        sa.Column("from_minor", sa.BigInteger, nullable=False),
        sa.Column("to_minor", sa.BigInteger, nullable=False),
        sa.Column("large", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("wanted_version", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False, server_default="open"),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("code", sa.Text, nullable=False, server_default=""),
        sa.Column("message", sa.Text, nullable=False, server_default=""),
        _ref("price_attempts", "listing_price_id", "listing_prices"),
        _ref("price_attempts", "connection_id", "connections"),
        _check(
            "price_attempts",
            "outcome",
            "outcome IN ('open', 'unknown', 'applied', 'not_applied', 'rejected')",
        ),
        _check("price_attempts", "never_free", "to_minor > 0"),
    )
    op.create_index(
        "uq_price_attempts_open",
        "price_attempts",
        ["listing_price_id"],
        unique=True,
        postgresql_where=UNANSWERED,
    )
    op.create_index(
        "ix_price_attempts_unanswered",
        "price_attempts",
        ["connection_id", "deadline_at"],
        postgresql_where=UNANSWERED,
    )
    op.create_index(
        "ix_price_attempts_large",
        "price_attempts",
        ["connection_id", "created_at"],
        postgresql_where=sa.text("large"),
    )
    op.create_index(
        op.f("ix_price_attempts_listing_price_id_id"), "price_attempts", ["listing_price_id", "id"]
    )
    op.create_index(op.f("ix_price_attempts_created_at"), "price_attempts", ["created_at"])


def downgrade():
    for table in ("price_attempts", "listing_prices", "price_syncs"):
        op.drop_table(table)


def _tenant(table):
    return (
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _ref(table, column, other):
    return sa.ForeignKeyConstraint(
        ["account_id", column],
        [f"{other}.account_id", f"{other}.id"],
        name=op.f(f"fk_{table}_account_id_{column}_{other}"),
    )


def _check(table, name, condition):
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
