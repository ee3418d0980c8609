"""Alembic's environment: the migrations run inside the Flask application's context."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy.engine import Connection

import app.models  # noqa: F401  (registers every table)
from app.models import Base


def _ignore_partitions(_object: object, name: str | None, type_: str, *_rest: object) -> bool:
    """Monthly partitions are made at run time, not by migrations."""
    return not (type_ == "table" and name is not None and name.startswith("inbound_events_"))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        include_object=_ignore_partitions,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("SyncFlow's migrations need a database to run against.")
with current_app.extensions["migrate"].db.engine.connect() as bind:
    _run(bind)
