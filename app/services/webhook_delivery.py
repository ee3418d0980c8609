"""Send webhooks that are due, everybody's, so that no receiver holds up another.

A claim is a number on the row and a time until which it holds: a worker that dies leaves its deliveries to
the next one, which may send one twice, with the same id. Order is not promised.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import Row, text

from app.services import stopping
from app.services.credentials import CredentialsUnreadable, vault
from app.services.nudge import EVERYBODY, Drain, begin, nudge
from app.services.threads import in_this_app
from app.services.uow import unit_of_work
from app.services.webhook_outcomes import record
from app.services.webhook_sender import Fault, Outcome, send

log = structlog.get_logger()

AT_A_TIME = 24
"""Calls under way at once in a worker's process."""
OF_ONE = 4
"""Of these, to one subscription; to one whose last call failed, one."""
OF_FAILING = AT_A_TIME // 2
"""To all of those together: the others' share stays free however many receivers hang."""
CLAIM_SECONDS = 60
"""Longer than a call may take."""
SLICE_SECONDS = 60.0
LOOK_SECONDS = 0.2
"""How often new ones are looked for while calls are under way."""

Flying = dict["Future[None]", Row[Any]]


def drain() -> None:
    """Send what is due, for a slice of time. Safe to run at any time, twice, and beside others."""
    begin(Drain.DELIVER, EVERYBODY)
    ends = time.monotonic() + SLICE_SECONDS
    flying: Flying = {}
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        while True:
            claimed = _claim(flying) if time.monotonic() < ends and not stopping.asked() else []
            for row in claimed:
                flying[pool.submit(in_this_app(partial(_deliver, row)))] = row
            if not flying:
                break
            done, _ = wait(flying, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for call in done:
                del flying[call]
                if fault := call.exception():
                    log.error("webhook_not_recorded", exc_info=fault)
    if is_due():
        nudge(Drain.DELIVER, EVERYBODY)


def is_due() -> bool:
    """Whether anything waits to be sent by now."""
    with unit_of_work() as uow:
        return bool(uow.session.execute(_IS_DUE).scalar())


def _claim(flying: Flying) -> list[Row[Any]]:
    """As many as there is room for: first to those that answer, then to those that may not."""
    busy = Counter(row.subscription_id for row in flying.values())
    failing = sum(row.failing for row in flying.values())
    room = AT_A_TIME - len(flying)
    claimed = _claimed(busy, failing=False, room=room)
    room = min(room - len(claimed), OF_FAILING - failing)
    return claimed + _claimed(busy, failing=True, room=room)


def _claimed(busy: Counter[int], *, failing: bool, room: int) -> list[Row[Any]]:
    if room <= 0:
        return []
    params = {
        "busy": list(busy),
        "counts": list(busy.values()),
        "failing": failing,
        "of_one": 1 if failing else OF_ONE,
        "room": room,
        "seconds": CLAIM_SECONDS,
    }
    with unit_of_work() as uow:
        rows = uow.session.execute(_CLAIM, params).all()
        uow.commit()
    return list(rows)


def _deliver(row: Row[Any]) -> None:
    outcome = _sent(row)
    record(row, outcome)
    log.info(
        "webhook_sent",
        subscription_id=row.subscription_id,
        delivery_id=row.id,
        attempt=row.attempts + 1,
        status=outcome.status,
        fault=outcome.fault.value,
        milliseconds=outcome.duration_ms,
    )


def _sent(row: Row[Any]) -> Outcome:
    sealed = [row.secret] + ([row.previous_secret] if row.previous_secret else [])
    try:
        signed_by = [vault().open_text(bytes(secret)) for secret in sealed]
    except CredentialsUnreadable:
        return Outcome(Fault.SECRET)
    return send(
        row.url,
        row.event_id,
        row.body.encode(),
        signed_by,
        timestamp=int(datetime.now(UTC).timestamp()),
        allow_private=current_app.extensions["settings"].allow_private_shops,
    )


_DUE = "d.state = 'pending' AND d.next_attempt_at <= clock_timestamp()"
_OPEN = "s.state = 'active' AND coalesce(s.quiet_until <= clock_timestamp(), true)"
_IS_DUE = text(
    f"""
    SELECT EXISTS (
        SELECT 1 FROM webhook_subscriptions s WHERE {_OPEN} AND EXISTS (
            SELECT 1 FROM webhook_deliveries d WHERE d.subscription_id = s.id AND {_DUE}
        )
    )
    """  # noqa: S608  (a constant)
)
_CLAIM = text(
    f"""
    WITH due AS (
        SELECT d.id
        FROM webhook_subscriptions s
        LEFT JOIN unnest(CAST(:busy AS bigint[]), CAST(:counts AS bigint[])) AS b (id, calls) ON b.id = s.id
        CROSS JOIN LATERAL (
            SELECT d.id, d.next_attempt_at FROM webhook_deliveries d
            WHERE d.subscription_id = s.id AND {_DUE}
            ORDER BY d.next_attempt_at, d.id
            LIMIT greatest(:of_one - coalesce(b.calls, 0), 0)
            FOR NO KEY UPDATE SKIP LOCKED
        ) d
        WHERE {_OPEN} AND (s.failing_since IS NOT NULL) = :failing
        ORDER BY d.next_attempt_at, d.id LIMIT :room
    )
    UPDATE webhook_deliveries d SET claim = d.claim + 1,
        next_attempt_at = clock_timestamp() + make_interval(secs => :seconds)
    FROM due, webhook_subscriptions s
    WHERE d.id = due.id AND s.id = d.subscription_id
    RETURNING d.id, d.account_id, d.subscription_id, d.event_id, d.body, d.attempts, d.claim, s.url, s.secret,
        CASE WHEN s.previous_until > clock_timestamp() THEN s.previous_secret END AS previous_secret,
        s.failing_since IS NOT NULL AS failing
    """  # noqa: S608  (a constant)
)
PURGE = text("DELETE FROM webhook_deliveries WHERE created_at < now() - interval '30 days'")
"""What is older is forgotten."""
