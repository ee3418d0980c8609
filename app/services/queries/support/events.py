"""Webhooks that came in, of all merchants. What they hold may name people: it is masked unless it is asked
for by somebody who is on record (`app.services.staff.support`)."""

from __future__ import annotations

import json

from sqlalchemy import text

from app.domain.masking import masked, masked_words
from app.models.events import EVENT_STATES
from app.platforms.base import Lane
from app.services.queries.paging import Page, Row, decode, page, read

ENDED = ("done", "ignored", "dead")
STATES = EVENT_STATES
LANES = tuple(lane.value for lane in Lane)
FILTERS = {
    "account_id": "e.account_id = :account_id",
    "connection_id": "e.account_id = (SELECT account_id FROM connections WHERE id = :connection_id)"
    " AND e.connection_id = :connection_id",
    "state": "e.state = :state",
    "lane": "e.lane = :lane",
    "topic": "e.topic = :topic",
}


def events(*, limit: int, cursor: str | None, **filters: object) -> Page:
    """The last received first; `filters` are some of FILTERS. Raises InvalidCursor."""
    (before,) = decode(cursor, int) or (2**62,)
    where = "".join(f" AND {FILTERS[name]}" for name in filters)
    rows = read(text(_EVENTS.format(where=where)), **filters, before=before, limit=limit + 1)
    return page([_told(row) for row in rows], limit, lambda row: [row["id"]])


def event(event_id: int) -> Row | None:
    """One, with its body as far as that names nobody, the number of its dead letter if there is one, and
    whether it `can_go_again`."""
    rows = read(_EVENT, id=event_id)
    if not rows:
        return None
    row = _told(rows[0])
    row["can_go_again"] = row["state"] in ENDED and row["lane"] != Lane.PRIVACY
    row["size"] = len(row["raw"])
    row["body"] = _masked(bytes(row.pop("raw")))
    return row


def _told(row: Row) -> Row:
    return {**row, "verdict": masked_words(row["verdict"])}


def _masked(raw: bytes) -> str:
    try:
        return json.dumps(masked(json.loads(raw)), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return ""


_COLUMNS = """
    e.id, e.received_at, e.account_id, a.name AS account, e.connection_id, c.name AS connection, c.platform,
    e.topic, e.lane, e.state, e.verdict, e.attempts, e.next_attempt_at, e.processed_at, e.order_external_id
"""
_JOINS = """
    FROM inbound_events e JOIN accounts a ON a.id = e.account_id JOIN connections c ON c.id = e.connection_id
"""
_EVENTS = f"SELECT {_COLUMNS} {_JOINS} WHERE e.id < :before{{where}} ORDER BY e.id DESC LIMIT :limit"
_EVENT = text(
    f"""
    SELECT {_COLUMNS}, e.body AS raw, (
        SELECT d.id FROM dead_letters d WHERE d.kind = 'event' AND d.subject_id = e.id
    ) AS letter_id
    {_JOINS} WHERE e.id = :id
    """  # noqa: S608  (constants)
)
