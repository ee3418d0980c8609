"""bundles

Revision ID: 0008
Revises: 0007

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "bundle_components",
        sa.Column("bundle_id", sa.BigInteger, nullable=False),
        sa.Column("component_id", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle_components")),
        sa.UniqueConstraint(
            "bundle_id", "component_id", name=op.f("uq_bundle_components_bundle_id_component_id")
        ),
        _of_a_variant("bundle_id"),
        _of_a_variant("component_id"),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_bundle_components_quantity_positive")),
        sa.CheckConstraint("bundle_id <> component_id", name=op.f("ck_bundle_components_not_of_itself")),
    )
    op.create_index(op.f("ix_bundle_components_component_id"), "bundle_components", ["component_id"])
    op.create_index(
        op.f("ix_bundle_components_account_id_bundle_id"), "bundle_components", ["account_id", "bundle_id"]
    )
    op.add_column("order_lines", sa.Column("applied_components", postgresql.JSONB))


def downgrade():
    op.drop_column("order_lines", "applied_components")
    op.drop_table("bundle_components")


def _of_a_variant(column):
    return sa.ForeignKeyConstraint(
        ["account_id", column],
        ["variants.account_id", "variants.id"],
        name=op.f(f"fk_bundle_components_account_id_{column}_variants"),
    )
