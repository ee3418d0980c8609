"""Credentials that end: renewed in time where nobody calls the shop, told of where they cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.platforms.base import RENEW_AHEAD
from app.services.credentials import CredentialsUnreadable, ends_at, renewal_due, vault
from app.services.nudge import try_enqueue
from app.services.turns import SPREAD
from app.services.uow import unit_of_work
from app.services.work import work_on

WORKING = ("importing", "review", "active", "paused")
ROWS_AT_ONCE = 200
LATEST = timedelta(minutes=1)
"""Before the end: the scheduler looks once a minute."""
MOST_AT_ONCE = 100
"""Renewals begun in a minute, those first that end first: after a standstill all may be due."""
JOB_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Expiring:
    account_id: int
    connection_id: int
    at: datetime


def wake_due(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Once a minute: have those renewed that end within minutes. Whoever calls a shop in the last RENEW_AHEAD
    renews them by that; each shop that nobody calls has a moment of its own after half a minute of that."""
    moment = now()
    due = []
    for row, document in _working_shops():
        ends = renewal_due(document)
        if ends is not None and not row.backing_off:
            spread = (RENEW_AHEAD - LATEST - timedelta(seconds=30)).total_seconds()
            if ends - moment <= LATEST + timedelta(seconds=row.id * SPREAD % spread):
                due.append((ends, row.id))
    for _ends, connection_id in sorted(due)[:MOST_AT_ONCE]:
        job_id = f"renew-{connection_id}"
        try_enqueue("sync", "renew_credentials", connection_id, timeout_seconds=JOB_SECONDS, job_id=job_id)


def renew(connection_id: int) -> None:
    """Call the shop once, which renews credentials that are about to end; one process at a time does
    (`ConnectionCredentials.refresh`). Safe to run at any time and twice."""
    with work_on(connection_id, states=WORKING) as job:
        if job is not None:
            job.shop.channel.probe()


def run_out_before(moment: datetime) -> list[Expiring]:
    """Shops whose credentials will be of no use from some time before `moment` on: the ones that they are
    renewed with run out by then, or none are there. What cannot be read is left out."""
    found = []
    for row, document in _working_shops():
        ends = ends_at(document)
        if ends is not None and ends < moment:
            found.append(Expiring(row.account_id, row.id, ends))
    return found


def _working_shops() -> Iterator[tuple[Row[Any], Mapping[str, Any]]]:
    """With their credentials, as far as these can be read."""
    last_id = 0
    while True:
        with unit_of_work() as uow:
            params = {"after": last_id, "limit": ROWS_AT_ONCE, "states": list(WORKING)}
            rows = uow.session.execute(_WORKING_SHOPS, params).all()
        for row in rows:
            try:
                yield row, vault().open(bytes(row.credentials))
            except CredentialsUnreadable:
                continue
        if not rows:
            return
        last_id = rows[-1].id


_WORKING_SHOPS = text(
    """
    SELECT id, account_id, credentials, coalesce(backoff_until > now(), false) AS backing_off FROM connections
    WHERE id > :after AND credentials IS NOT NULL AND state = ANY(CAST(:states AS text[]))
    ORDER BY id LIMIT :limit
    """
)
