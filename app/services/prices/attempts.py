"""Price writes on record: committed before they are sent, and closed by what came of them."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.platforms.base import PriceRef, PriceResult, PriceWrite, WriteOutcome
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.services.prices.told import tell
from app.services.retries import retries
from app.services.threads import in_this_app
from app.services.uow import unit_of_work
from app.services.work import Job

log = structlog.get_logger()

CALLS_AT_A_TIME = 4
SEND_SECONDS = 25.0
"""How long after its prices were computed a call may be sent."""
LANDING_SECONDS = 45.0
"""How long after its prices were computed a request may still reach the shop, or its answer us."""
READ = "read"
"""Our code for an outcome that nobody told and a reading showed."""
READ_AT_A_TIME = 200
"""Prices that one reading of a shop is asked for."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A price that is to be written; `price_id` is its row's."""

    price_id: int
    ref: PriceRef
    from_minor: int
    to_minor: int
    large: bool
    """It changes by more than the brake's share."""

    @property
    def write(self) -> PriceWrite:
        return PriceWrite(self.ref, self.to_minor)


@dataclass(frozen=True, slots=True)
class Batch:
    """Committed attempts of one claim, and until when (time.monotonic()) their calls may be sent."""

    key: uuid.UUID
    planned: Sequence[Planned]
    deadline: float


def commit_attempts(session: Session, job: Job, planned: Sequence[Planned]) -> Batch:
    """Write down what is about to be sent, of locked rows. The caller commits."""
    batch = Batch(uuid.uuid4(), planned, time.monotonic() + SEND_SECONDS)
    rows = [
        {"id": p.price_id, "from_minor": p.from_minor, "to_minor": p.to_minor, "large": p.large}
        for p in planned
    ]
    params = {
        "account_id": job.scope.account_id,
        "connection_id": job.scope.connection_id,
        "key": batch.key,
        "seconds": LANDING_SECONDS,
        "rows": json.dumps(rows),
    }
    session.execute(_INSERT, params)
    return batch


def send(job: Job, batch: Batch) -> None:
    """The batch's calls, some at a time, then one record of them all. Raises, after the record, AuthExpired,
    and Transient if nothing was written at all."""
    groups: dict[str, list[Planned]] = defaultdict(list)
    for plan in batch.planned:
        groups[job.shop.platform.price_group(plan.ref)].append(plan)
    size = job.scope.capabilities.price_batch
    calls = [group[start : start + size] for group in groups.values() for start in range(0, len(group), size)]
    with ThreadPoolExecutor(CALLS_AT_A_TIME) as pool:
        begun = [pool.submit(in_this_app(partial(_call, job, call, batch.deadline))) for call in calls]
    answered = [each.result() for each in begun]
    outcomes = [
        Outcome(plan.price_id, batch.key, result.outcome, result.code, result.message)
        for call, (results, _fault) in zip(calls, answered, strict=True)
        for plan, result in zip(call, results, strict=True)
    ]
    close(job, outcomes, among=("open",))
    faults = [fault for _results, fault in answered if fault is not None]
    for fault in faults:
        if isinstance(fault, AuthExpired) or len(faults) == len(calls):
            raise fault


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt, which its price's row and its claim's key name."""

    price_id: int
    key: uuid.UUID
    outcome: WriteOutcome
    code: str = ""
    message: str = ""


def _call(
    job: Job, call: Sequence[Planned], deadline: float
) -> tuple[Sequence[PriceResult], Transient | AuthExpired | None]:
    """One call's results in order, and the fault if it wrote nothing at all."""
    try:
        return job.shop.channel.write_prices([plan.write for plan in call], deadline=deadline), None
    except (Transient, AuthExpired) as err:
        return [PriceResult(p.ref, WriteOutcome.NOT_APPLIED, err.code, str(err)) for p in call], err
    except Permanent as err:
        return [PriceResult(p.ref, WriteOutcome.REJECTED, err.code, str(err)) for p in call], None


def close(job: Job, outcomes: Sequence[Outcome], *, among: Sequence[str]) -> None:
    """Close attempts that still are as `among` says, and let their prices follow; one transaction.

    A price whose version has moved meanwhile stays dirty. One whose writes again and again have got no answer
    and no effect is given up.
    """
    rows = [
        {
            "price_id": one.price_id,
            "key": str(one.key),
            "outcome": one.outcome.value,
            "code": one.code[:100],
            "message": (one.message or one.code)[:500],
        }
        for one in outcomes
    ]
    with unit_of_work() as uow:
        uow.session.execute(_LOCK, {"ids": [one.price_id for one in outcomes]})
        params = {"rows": json.dumps(rows), "among": list(among), "most": retries("price").attempts}
        uow.session.execute(_CLOSE, params)
        tell(uow.session, job.scope.account_id, job.scope.connection_id)
        uow.commit()
    counts = Counter(one.outcome.value for one in outcomes)
    log.info("prices_recorded", connection_id=job.scope.connection_id, **counts)


def settle_unanswered(job: Job) -> None:
    """Attempts whose outcome nobody knows, and which cannot land any more: the price that the shop shows
    tells. Nothing is written to them before."""
    while True:
        params = {"connection_id": job.scope.connection_id, "limit": READ_AT_A_TIME}
        with unit_of_work() as uow:
            rows = uow.session.execute(_UNANSWERED, params).all()
        if not rows:
            return
        refs = [PriceRef(row.external_id, row.external_product_id) for row in rows]
        readings = job.shop.channel.read_prices(refs)
        outcomes = [
            Outcome(
                row.price_id,
                row.batch_key,
                WriteOutcome.APPLIED if seen.price_minor == row.to_minor else WriteOutcome.NOT_APPLIED,
                READ,
                "The shop did not answer.",
            )
            for row, seen in zip(rows, readings, strict=True)
        ]
        close(job, outcomes, among=("open", "unknown"))


_INSERT = text(
    """
    INSERT INTO price_attempts (account_id, connection_id, listing_price_id, batch_key, from_minor, to_minor,
        large, wanted_version, deadline_at)
    SELECT :account_id, :connection_id, p.id, :key, r.from_minor, r.to_minor, r.large, p.wanted_version,
        clock_timestamp() + make_interval(secs => :seconds)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r (id bigint, from_minor bigint, to_minor bigint, large boolean)
    JOIN listing_prices p ON p.id = r.id
    """
)
_LOCK = text(
    """
    SELECT id FROM listing_prices WHERE id = ANY(CAST(:ids AS bigint[]))
    ORDER BY listing_id FOR NO KEY UPDATE
    """
)
_CLOSE = text(
    f"""
    WITH closed AS (
        UPDATE price_attempts t SET outcome = r.outcome, code = r.code, message = r.message,
            closed_at = CASE WHEN r.outcome <> 'unknown' THEN clock_timestamp() END
        FROM jsonb_to_recordset(CAST(:rows AS jsonb))
            AS r (price_id bigint, key uuid, outcome text, code text, message text)
        WHERE t.listing_price_id = r.price_id AND t.batch_key = r.key
            AND t.outcome = ANY(CAST(:among AS text[])) AND t.outcome IN ('open', 'unknown')
        RETURNING t.listing_price_id, t.to_minor, t.wanted_version, t.message,
            t.outcome = 'applied' AS is_applied, t.outcome = 'rejected' AS is_rejected,
            t.outcome = 'not_applied' AND t.code = '{READ}' AS is_lost
    )
    UPDATE listing_prices p SET
        shop_minor = CASE WHEN t.is_applied THEN t.to_minor ELSE p.shop_minor END,
        kept_minor = CASE WHEN t.is_applied THEN t.to_minor ELSE p.kept_minor END,
        problem = '',
        error = CASE WHEN t.is_applied THEN '' ELSE t.message END,
        failures = CASE WHEN t.is_lost THEN p.failures + 1 ELSE 0 END,
        state = CASE
            WHEN p.wanted_version = t.wanted_version
                AND (t.is_rejected OR t.is_lost AND p.failures + 1 >= :most) THEN 'failed'
            WHEN t.is_applied AND p.state <> 'contested' THEN 'active'
            ELSE p.state
        END,
        hold_until = CASE WHEN t.is_applied THEN NULL ELSE p.hold_until END,
        synced_version = CASE
            WHEN t.is_applied THEN greatest(p.synced_version, t.wanted_version) ELSE p.synced_version
        END,
        dirty_since = CASE
            WHEN t.is_applied AND p.wanted_version <= t.wanted_version THEN NULL ELSE p.dirty_since
        END
    FROM closed t
    WHERE p.id = t.listing_price_id AND (t.is_applied OR t.is_rejected OR t.is_lost)
    """  # noqa: S608  (a constant)
)
_UNANSWERED = text(
    """
    SELECT t.listing_price_id AS price_id, t.batch_key, t.to_minor, l.external_id, l.external_product_id
    FROM price_attempts t
    JOIN listing_prices p ON p.id = t.listing_price_id JOIN listings l ON l.id = p.listing_id
    WHERE t.connection_id = :connection_id AND t.outcome IN ('open', 'unknown')
        AND t.deadline_at <= clock_timestamp()
    ORDER BY t.deadline_at LIMIT :limit
    """
)
