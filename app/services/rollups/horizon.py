"""Passing the rows of a table by id, each exactly once, although ids do not commit in order.

A transaction draws an id when it has its number already: who books a movement or claims a write has locked
rows before. So once every transaction is over that had a number when the table's sequence stood at N, no row
up to N can appear any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.uow import unit_of_work

IDS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Ids above `after`, up to and including `until`."""

    after: int
    until: int


def pass_on(rollup_id: int, table: str, count: Callable[[Session, Stretch], None]) -> bool:
    """Have the next rows counted that are settled, in one transaction with the note that they are.

    True if there may be more at once. Others that pass the same table wait for their turn.
    """
    with unit_of_work() as uow:
        session = uow.session
        row = session.execute(_LOCK, {"id": rollup_id}).one()
        oldest, newest = session.execute(_NUMBERS).one()
        is_copy = row.seen_xid > newest  # the database was moved to a server that counts anew
        if row.counted_id >= row.seen_id or is_copy:
            seen_id = session.execute(_LAST_ID, {"table": table}).scalar_one()
            # After the look at the sequence: who drew an id up to there has a number below.
            session.execute(_SEEN, {"id": rollup_id, "seen_id": seen_id})
            uow.commit()
            return bool(seen_id > row.counted_id)
        if oldest < row.seen_xid:
            return False
        stretch = Stretch(row.counted_id, min(row.seen_id, row.counted_id + IDS_AT_ONCE))
        count(session, stretch)
        session.execute(_COUNTED, {"id": rollup_id, "counted_id": stretch.until})
        uow.commit()
    return True


_LOCK = text("SELECT counted_id, seen_id, seen_xid FROM rollups WHERE id = :id FOR NO KEY UPDATE")
# Our own number is from after the look, so that it does not keep us from going on.
_NUMBERS = text(
    """
    SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS oldest,
        CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) AS newest
    """
)
_LAST_ID = text(
    "SELECT coalesce(pg_sequence_last_value(CAST(pg_get_serial_sequence(:table, 'id') AS regclass)), 0)"
)
_SEEN = text(
    """
    UPDATE rollups SET seen_id = :seen_id,
        seen_xid = CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)
    WHERE id = :id
    """
)
_COUNTED = text("UPDATE rollups SET counted_id = :counted_id WHERE id = :id")
