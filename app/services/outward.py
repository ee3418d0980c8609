"""What happened, told outward: kept for webhooks in the same transaction, hinted to live streams after it.

An account that nobody listens for pays for neither: that it has no webhooks is seen by statements that run
anyway (`note_subscribed`), and what is hinted goes to Redis in one call for a whole batch of transactions.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
import structlog
from flask import current_app
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.outward import FIELDS, OutwardKind
from app.services.nudge import EVERYBODY, Drain, nudge

log = structlog.get_logger()

MANY = 100
"""The most rows that one event lists; more are told by several."""
STREAM_LENGTH = 1000
"""About how many events of an account a live stream can be resumed over."""
STREAM_SECONDS = 3600
_TOLD, _UNSUBSCRIBED = "outward_told", "outward_unsubscribed"


@dataclass(frozen=True, slots=True)
class Told:
    """An event as everybody gets it: `body` is its JSON document."""

    account_id: int
    id: str
    kind: OutwardKind
    body: str


def event(account_id: int, kind: OutwardKind, data: Mapping[str, Any]) -> Told:
    """A new event. Raises AssertionError where `data` is not what the catalogue says of its kind."""
    assert tuple(data) == FIELDS[kind], f"{kind} tells {tuple(data)}"
    event_id = f"evt_{uuid.uuid4().hex}"
    happened_at = datetime.now(UTC).isoformat()
    document = {"id": event_id, "type": kind.value, "happened_at": happened_at, "data": data}
    return Told(account_id, event_id, kind, json.dumps(document, separators=(",", ":")))


def tell(session: Session, account_id: int, kind: OutwardKind, data: Mapping[str, Any]) -> None:
    """Tell of something that the session's transaction does; nobody hears of it unless it commits."""
    session.info.setdefault(_TOLD, []).append(event(account_id, kind, data))


def tell_rows(
    session: Session,
    account_id: int,
    kind: OutwardKind,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    **data: Any,
) -> None:
    """`tell` of many rows as the member `name`, beside `data`."""
    for start in range(0, len(rows), MANY):
        tell(session, account_id, kind, {**data, name: rows[start : start + MANY]})


def note_subscribed(session: Session, subscribed: bool) -> None:
    """What a statement of this transaction saw: whether its account has any webhook that is not off."""
    session.info[_UNSUBSCRIBED] = not subscribed


def take(session: Session) -> tuple[list[Told], bool]:
    """What the transaction told, and whether somebody may have a webhook for it. Forgets both."""
    unsubscribed = session.info.pop(_UNSUBSCRIBED, False)
    return session.info.pop(_TOLD, []), not unsubscribed


def keep(session: Session, told: Sequence[Told]) -> bool:
    """Write a delivery for each webhook that wants each of the events. True if there were any."""
    rows = [{"account_id": e.account_id, "event_id": e.id, "kind": e.kind, "body": e.body} for e in told]
    return bool(session.execute(_KEEP, {"rows": json.dumps(rows)}).rowcount)  # type: ignore[attr-defined]  # of a CursorResult


def wake() -> None:
    """Have the webhooks delivered that wait."""
    nudge(Drain.DELIVER, EVERYBODY)


def publish(told: Sequence[Told]) -> None:
    """Hint at committed events to who listens. Never raises for Redis: a hint may be lost."""
    streams: dict[int, list[Told]] = defaultdict(list)
    for each in told:
        streams[each.account_id].append(each)
    client: redis.Redis = current_app.extensions["redis"]
    try:
        with client.pipeline(transaction=False) as pipe:
            for account_id, events in streams.items():
                key = stream_key(account_id)
                for each in events[-STREAM_LENGTH:]:
                    fields: dict[Any, Any] = {"kind": each.kind.value, "body": each.body}
                    pipe.xadd(key, fields, maxlen=STREAM_LENGTH, approximate=True)
                pipe.expire(key, STREAM_SECONDS)
            pipe.execute()
    except redis.RedisError as err:
        log.warning("events_not_hinted", events=len(told), error=type(err).__name__)


def stream_key(account_id: int) -> str:
    return f"syncflow:live:{account_id}"


_KEEP = text(
    """
    INSERT INTO webhook_deliveries (account_id, subscription_id, event_id, kind, body)
    SELECT s.account_id, s.id, r.event_id, r.kind, r.body
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r (account_id bigint, event_id text, kind text, body text)
    JOIN webhook_subscriptions s ON s.account_id = r.account_id AND s.state IN ('active', 'paused')
        AND s.kinds @> ARRAY[r.kind]
    """
)
