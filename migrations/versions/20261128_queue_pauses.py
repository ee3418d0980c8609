"""queues that staff paused

Revision ID: 0040
Revises: 0039

"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "queue_pauses",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("staff_user_id", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_pauses")),
        sa.UniqueConstraint("queue", name=op.f("uq_queue_pauses_queue")),
        sa.ForeignKeyConstraint(
            ["staff_user_id"], ["staff_users.id"], name=op.f("fk_queue_pauses_staff_user_id_staff_users")
        ),
    )


def downgrade():
    op.drop_table("queue_pauses")
