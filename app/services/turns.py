"""One at a time, over all processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from app.services.uow import unit_of_work


@contextmanager
def turn(name: str) -> Iterator[None]:
    """Wait until nobody else has the turn of this name, and have it. It ends with its holder in any case."""
    with unit_of_work() as uow:
        uow.session.execute(_LOCK, {"name": name})
        yield


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
