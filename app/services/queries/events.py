"""What came in from the shops."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from app.domain.masking import masked
from app.errors import NotFound
from app.models.events import EVENT_STATES
from app.services.queries.paging import Page, Row, decode, page, read

NEWER_THAN_ANY = 2**62


def events(account_id: int, *, limit: int, cursor: str | None = None, **filters: Any) -> Page:
    """Newest first; those that are in the `state`, and as every one of the FILTERS says, that is given."""
    before = decode(cursor, int) or [NEWER_THAN_ANY]
    given = {name: value for name, value in filters.items() if value is not None}
    where = ""
    if (state := given.pop("state", None)) is not None:
        where = f"AND {_OF_STATE[state]} "
    where += " ".join(f"AND {FILTERS[name]}" for name in given)
    rows = read(
        text(_EVENTS.format(where=where)), account_id=account_id, before=before[0], limit=limit + 1, **given
    )
    return page(rows, limit, lambda row: [row["id"]])


def event(account_id: int, event_id: int) -> Row:
    """One, with its body as far as it is no personal data: `body` is a JSON document, None where it is none.
    Raises NotFound."""
    rows = read(_EVENT, account_id=account_id, id=event_id)
    if not rows:
        raise NotFound("There is no such event.")
    raw = bytes(rows[0].pop("raw"))
    return {**rows[0], "bytes": len(raw), "body": _masked(raw)}


def _masked(raw: bytes) -> Any:
    try:
        return masked(json.loads(raw))
    except (ValueError, RecursionError):
        return None


FILTERS = {
    "lane": "e.lane = :lane",
    "topic": "e.topic = :topic",
    "connection_id": "e.connection_id = :connection_id",
    "since": "e.received_at >= :since",
    "until": "e.received_at < :until",
}
# As a constant, by which the planner knows the index of those that did not go well.
_OF_STATE = {state: f"e.state = '{state}'" for state in EVENT_STATES}
_COLUMNS = """
    SELECT e.id, e.connection_id, c.platform, e.topic, e.lane, e.state, e.verdict, e.attempts, e.received_at,
           e.next_attempt_at, e.processed_at"""
_EVENTS = f"""
    {_COLUMNS}
    FROM inbound_events e JOIN connections c ON c.id = e.connection_id
    WHERE e.account_id = :account_id AND e.id < :before {{where}}
    ORDER BY e.id DESC LIMIT :limit
"""
_EVENT = text(
    f"""
    {_COLUMNS}, e.body AS raw
    FROM inbound_events e JOIN connections c ON c.id = e.connection_id
    WHERE e.account_id = :account_id AND e.id = :id
    """
)
