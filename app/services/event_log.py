"""Things that happened and that somebody should know of: raised once, open for as long as they are so.

All of it happens in the caller's transaction, and last: what an event tells of is locked before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.event_log import EventKind
from app.domain.outward import OutwardKind
from app.services import outward


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose an event is and what it is about: what of the others its kind needs, always the same."""

    account_id: int
    variant_id: int | None = None
    location_id: int | None = None
    connection_id: int | None = None
    order_id: int | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that is so. `detail` holds neither secrets nor customer data."""

    kind: EventKind
    subject: Subject
    detail: Mapping[str, Any] = field(default_factory=dict)


def raise_events(session: Session, happenings: Sequence[Happening]) -> None:
    """Open an event for each that has none open. Idempotent: an open one stays as it was raised."""
    if happenings:
        rows = [{**_row(h.kind, h.subject), "detail": h.detail} for h in happenings]
        for begun in session.execute(_RAISE, {"rows": json.dumps(rows)}).mappings():
            data = dict(begun)
            account_id = data.pop("account_id")
            kind = _OUTWARD.get(EventKind(begun["kind"]), OutwardKind.ALERT_OPENED)
            outward.tell(session, account_id, kind, data)


def clear_events(session: Session, over: Iterable[tuple[EventKind, Subject]]) -> None:
    """Close the open events of these kinds and subjects. Idempotent."""
    if rows := [_row(kind, subject) for kind, subject in over]:
        params = {
            "accounts": sorted({row["account_id"] for row in rows}),
            "kinds": sorted({row["kind"] for row in rows}),
            "rows": json.dumps(rows),
        }
        session.execute(_CLEAR, params)


def clear_all_but(session: Session, account_id: int, kind: EventKind, still: Iterable[Subject]) -> None:
    """Close an account's open events of a kind but those of the subjects for which it still is so."""
    rows = [_row(kind, subject) for subject in still]
    params = {"account_id": account_id, "kind": kind.value, "rows": json.dumps(rows)}
    session.execute(_CLEAR_ALL_BUT, params)


_OUTWARD = {
    EventKind.LOW_STOCK: OutwardKind.STOCK_LOW,
    EventKind.OVERSOLD: OutwardKind.STOCK_OVERSOLD,
    EventKind.DRIFT_IN_REVIEW: OutwardKind.REVIEW_OPENED,
}


def _row(kind: EventKind, subject: Subject) -> dict[str, Any]:
    return {"kind": kind.value, **asdict(subject)}


_ROWS = """
    jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (account_id bigint, kind text, variant_id bigint,
        location_id bigint, connection_id bigint, order_id bigint, detail jsonb)
"""
# No join finds equal NULLs by an index; ids begin at 1.
_SAME_SUBJECT = """
    e.account_id = r.account_id AND e.kind = r.kind AND coalesce(e.variant_id, 0) = coalesce(r.variant_id, 0)
        AND coalesce(e.location_id, 0) = coalesce(r.location_id, 0)
        AND coalesce(e.connection_id, 0) = coalesce(r.connection_id, 0)
        AND coalesce(e.order_id, 0) = coalesce(r.order_id, 0)
"""
PURGE = text("DELETE FROM events WHERE cleared_at < now() - interval '400 days'")
_RAISE = text(
    f"""
    INSERT INTO events (account_id, kind, variant_id, location_id, connection_id, order_id, detail, raised_at)
    SELECT r.account_id, r.kind, r.variant_id, r.location_id, r.connection_id, r.order_id, r.detail,
        clock_timestamp()
    FROM {_ROWS}
    ORDER BY r.account_id, r.kind, r.variant_id, r.location_id, r.connection_id, r.order_id
    ON CONFLICT (account_id, kind, variant_id, location_id, connection_id, order_id)
        WHERE cleared_at IS NULL DO NOTHING
    RETURNING account_id, id AS event_id, kind, variant_id, location_id, connection_id, order_id
    """  # noqa: S608  (constants)
)
_CLEAR = text(
    f"""
    WITH ended AS (
        SELECT e.id FROM events e JOIN {_ROWS} ON {_SAME_SUBJECT}
        WHERE e.account_id = ANY(CAST(:accounts AS bigint[])) AND e.kind = ANY(CAST(:kinds AS text[]))
            AND e.cleared_at IS NULL
        ORDER BY e.id FOR NO KEY UPDATE OF e
    )
    UPDATE events e SET cleared_at = clock_timestamp() FROM ended WHERE e.id = ended.id
    """  # noqa: S608  (constants)
)
_CLEAR_ALL_BUT = text(
    f"""
    WITH ended AS (
        SELECT e.id FROM events e
        WHERE e.account_id = :account_id AND e.kind = :kind AND e.cleared_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM {_ROWS} WHERE {_SAME_SUBJECT})
        ORDER BY e.id FOR NO KEY UPDATE OF e
    )
    UPDATE events e SET cleared_at = clock_timestamp() FROM ended WHERE e.id = ended.id
    """  # noqa: S608  (constants)
)
