"""dead letters: what failed, each attempt, and replays of many

Revision ID: 0037
Revises: 0036

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

LETTER_STATES = "('trying', 'dead', 'discarded', 'mended')"
MASS_REPLAY_STATES = "('running', 'done', 'stopped')"


def upgrade():
    op.create_table(
        "dead_letters",
        _id(),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject_id", sa.BigInteger, nullable=False),
        sa.Column("queue", sa.String(16), nullable=False),
        sa.Column("about_account_id", sa.BigInteger),
        sa.Column("connection_id", sa.BigInteger),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        *_fault(),
        _moment("failed_at", nullable=False),
        _moment("replayed_at"),
        _moment("closed_at"),
        sa.Column("discarded_by", sa.Text, server_default="", nullable=False),
        sa.Column("discarded_because", sa.Text, server_default="", nullable=False),
        _created_at(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sa.UniqueConstraint("kind", "subject_id", name=op.f("uq_dead_letters_kind_subject_id")),
        sa.ForeignKeyConstraint(
            ["about_account_id"], ["accounts.id"], ondelete="CASCADE",
            name=op.f("fk_dead_letters_about_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], ondelete="CASCADE",
            name=op.f("fk_dead_letters_connection_id_connections"),
        ),
        sa.CheckConstraint(f"state IN {LETTER_STATES}", name=op.f("ck_dead_letters_state")),
    )
    for column in ("state", "about_account_id", "connection_id"):
        name = op.f(f"ix_dead_letters_{column}_failed_at_id")
        op.create_index(name, "dead_letters", [column, "failed_at", "id"])
    op.create_table(
        "failed_attempts",
        _id(),
        sa.Column("letter_id", sa.BigInteger, nullable=False),
        _moment("failed_at", nullable=False),
        *_fault(),
        sa.Column("traceback", sa.Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_attempts")),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["dead_letters.id"], ondelete="CASCADE",
            name=op.f("fk_failed_attempts_letter_id_dead_letters"),
        ),
    )
    op.create_index(op.f("ix_failed_attempts_letter_id_id"), "failed_attempts", ["letter_id", "id"])
    op.create_index(op.f("ix_failed_attempts_failed_at"), "failed_attempts", ["failed_at"])
    op.create_table(
        "mass_replays",
        _id(),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("filters", postgresql.JSONB, nullable=False),
        sa.Column("letter_ids", postgresql.ARRAY(sa.BigInteger)),
        sa.Column("per_second", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), server_default="running", nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("replayed", sa.Integer, server_default="0", nullable=False),
        sa.Column("passed_over", sa.Integer, server_default="0", nullable=False),
        sa.Column("last_id", sa.BigInteger, server_default="0", nullable=False),
        _created_at(),
        _moment("finished_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mass_replays")),
        sa.CheckConstraint(f"state IN {MASS_REPLAY_STATES}", name=op.f("ck_mass_replays_state")),
        sa.CheckConstraint("per_second > 0", name=op.f("ck_mass_replays_per_second")),
    )
    op.create_index(
        "ix_mass_replays_running", "mass_replays", ["id"], postgresql_where=sa.text("state = 'running'")
    )


def downgrade():
    for table in ("mass_replays", "failed_attempts", "dead_letters"):
        op.drop_table(table)


def _id():
    return sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False)


def _moment(name, *, nullable=True):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _created_at():
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _fault():
    return [sa.Column(name, sa.Text, nullable=False) for name in ("error_class", "code", "message")]
