"""Telling shops of shipments: claim, look what the shop has of it, commit the attempt, send, record.

No shop takes a key that would make a repeat harmless. So nothing is ever sent again on the strength of an
answer that did not come: when nothing that was sent can land any more, the shop is looked at, and told only
what it does not show. One shipment of an order at a time, the earlier first, so that what is found is ours.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import Row, text

from app.domain.event_log import EventKind
from app.platforms.base import Fulfilled, Shipment
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.platforms.http import OutcomeUnknown
from app.services import stopping
from app.services.dead_letters.notes import Failure, note_failures
from app.services.event_log import Happening, raise_events
from app.services.faults import told
from app.services.fulfillments import subject_of
from app.services.leases import SLICE_SECONDS, Work, lease
from app.services.nudge import Drain, begin, nudge
from app.services.orders import fetch_and_apply
from app.services.retries import delay, retries
from app.services.uow import unit_of_work
from app.services.work import Job, work_on

log = structlog.get_logger()

SEND_SECONDS = 25.0
"""How long after its attempt was committed a request may still be sent, ..."""
LANDING_SECONDS = 15.0
"""... and how long after that it may reach the shop, or its answer us."""
LEASE_SECONDS = SEND_SECONDS + LANDING_SECONDS + 5.0
"""How long a worker has a shipment for itself. Another one takes it up when nothing can land any more."""
NOT_TAKEN = "not_taken"


@dataclass(frozen=True, slots=True)
class _Claim:
    """A shipment that this worker has for LEASE_SECONDS."""

    id: int
    number: int
    attempts: int
    failures: int
    order_id: int
    connection_id: int
    account_id: int
    order_number: str
    shipment: Shipment


def drain(connection_id: int) -> None:
    """Tell the connection's shop of the shipments that are due. Safe to run at any time and twice.

    A fault of one shipment delays that one; only AuthExpired stops the connection.
    """
    begin(Drain.FULFILL, connection_id)
    with work_on(connection_id, states=("active",)) as job:
        if job is None:
            return
        with lease(Work.FULFILL, connection_id) as held:  # a slow shop has one worker, not all of them
            if held is not None:
                _tell_some(job)


def _tell_some(job: Job) -> None:
    slice_ends = time.monotonic() + SLICE_SECONDS
    while (claim := _claim(job.scope.connection_id)) is not None:
        _push(job, claim)
        if time.monotonic() > slice_ends or stopping.asked():
            nudge(Drain.FULFILL, job.scope.connection_id)
            break
    _fetch_orders(job)


def _fetch_orders(job: Job) -> None:
    """Fetch the orders whose shipments ended again: what moved, only the shop can tell. Those that somebody
    else is fetching stay due, as that may have begun too early."""
    with unit_of_work() as uow:
        due = uow.session.execute(_ORDERS_DUE, {"connection_id": job.scope.connection_id}).all()
    if due:
        orders = list(dict.fromkeys(row.external_id for row in due))
        asked = fetch_and_apply(job.scope, job.shop, orders).asked
        with unit_of_work() as uow:
            ids = [row.id for row in due if row.external_id in asked]
            uow.session.execute(_ORDERS_FETCHED, {"ids": ids})
            uow.commit()


def _push(job: Job, claim: _Claim) -> None:
    try:
        _tell(job, claim)
    except AuthExpired:
        _put_off(claim, 0.0, "", "")
        raise
    except Transient as err:
        _put_off(claim, _delay(claim, err), err.code, str(err))
    except Permanent as err:
        _fail(claim, err.code, str(err))
    except Exception as err:  # a fault of our own, which must not keep the others from being told
        log.exception("fulfillment_not_told", fulfillment_id=claim.id)
        _put_off(claim, LEASE_SECONDS, "internal", type(err).__name__)


def _tell(job: Job, claim: _Claim) -> None:
    """Look what the shop has of it, and tell the rest. Raises as `Channel.fulfill`, but for a lost answer."""
    shown = job.shop.channel.shipment_shown(claim.shipment)
    if shown.whole:
        _sent(claim, shown.found)
        return
    if claim.attempts >= retries("fulfillment").attempts:
        words = f"The shop did not answer {claim.attempts} times and does not show this shipment."
        _fail(claim, NOT_TAKEN, words, shown.found)
        return
    known = claim.shipment.known_before
    shipment = replace(claim.shipment, known_before=shown.all_ids if known is None else known)
    deadline = time.monotonic() + SEND_SECONDS
    if not _begin(claim, shipment):
        return
    try:
        done = job.shop.channel.fulfill(shipment, shown, deadline=deadline)
    except OutcomeUnknown as err:
        _put_off(claim, max(LANDING_SECONDS, _delay(claim, err)), err.code, str(err))
    except Permanent as err:
        _fail(claim, err.code, str(err), shown.found)
    except (Transient, AuthExpired):
        _nothing_sent(claim, cancellable=not any(shown.units.values()))
        raise
    else:
        _sent(claim, done)


def _claim(connection_id: int) -> _Claim | None:
    """Take up the next shipment that is due. Of one order no two are told at a time: its row is locked."""
    with unit_of_work() as uow:
        due = uow.session.execute(_NEXT, {"connection_id": connection_id}).one_or_none()
        if due is None:
            return None
        params = {"id": due.id, "seconds": LEASE_SECONDS}
        row = uow.session.execute(_CLAIM, params).one_or_none()
        if row is None:
            return None  # another worker was faster; it goes on with what else is due
        lines = uow.session.execute(_LINES, {"id": row.id}).all()
        others = {"order_id": row.order_id, "id": row.id}
        noted = uow.session.execute(_NOTED, others).all()
        theirs = uow.session.execute(_THEIRS, others).scalars().all()
        uow.commit()
    return _Claim(
        id=row.id,
        number=row.claim,
        attempts=row.attempts,
        failures=row.failures,
        order_id=row.order_id,
        connection_id=row.connection_id,
        account_id=row.account_id,
        order_number=row.order_number,
        shipment=Shipment(
            reference=str(row.id),
            order_id=row.order_external_id,
            units=_units(lines),
            places=_places(lines),
            carrier=row.carrier,
            tracking_number=row.tracking_number,
            tracking_url=row.tracking_url,
            notify_customer=row.notify_customer,
            noted=_units(noted),
            known_before=None if row.known_before is None else frozenset((*row.known_before, *theirs)),
        ),
    )


def _units(rows: Iterable[Row[Any]]) -> Mapping[str, int]:
    """A line that is taken from several locations is several of ours."""
    units: Counter[str] = Counter()
    for row in rows:
        units[row.external_id] += row.quantity
    return units


def _places(rows: Iterable[Row[Any]]) -> Mapping[str, Mapping[str, int]]:
    places: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        if row.location_id:
            places[row.external_id][row.location_id] = row.quantity
    return places


def _begin(claim: _Claim, shipment: Shipment) -> bool:
    """Commit the attempt. False if the shipment was cancelled since it was claimed, writing was stopped, or
    the claim ran out: somebody else may have told the shop something since it was looked at."""
    params = {
        "id": claim.id,
        "claim": claim.number,
        "seconds": LEASE_SECONDS,
        "known": json.dumps(sorted(shipment.known_before or ())),
    }
    with unit_of_work() as uow:
        begun = uow.session.execute(_BEGIN, params).one_or_none() is not None
        uow.commit()
    if not begun:
        _put_off(claim, 0.0, "", "")
    return begun


def _sent(claim: _Claim, done: Fulfilled) -> None:
    params = {
        "id": claim.id,
        "claim": claim.number,
        "ids": json.dumps(done.ids),
        "only_noted": done.only_noted,
    }
    with unit_of_work() as uow:
        uow.session.execute(_SENT, params)
        uow.commit()
    log.info("fulfillment_sent", connection_id=claim.connection_id, fulfillment_id=claim.id)


def _fail(claim: _Claim, code: str, message: str, found: Fulfilled | None = None) -> None:
    """For good, until a person has it tried again. `found`: what the shop has of it all the same."""
    detail = {"fulfillment_id": claim.id, "order": claim.order_number, "code": code, "message": message[:500]}
    with unit_of_work() as uow:
        params = {
            "id": claim.id,
            "claim": claim.number,
            "code": code,
            "message": message[:500],
            "ids": json.dumps(found.ids) if found else None,
        }
        # Who clears the order's event holds it, and would not see that there is one more to tell of.
        uow.session.execute(_LOCK_ORDER, {"id": claim.order_id})
        if uow.session.execute(_FAIL, params).one_or_none() is not None:
            subject = subject_of(claim.account_id, claim.connection_id, claim.order_id)
            raise_events(uow.session, [Happening(EventKind.FULFILLMENT_FAILED, subject, detail)])
            note_failures(uow.session, [_failure(claim, code, message, is_last=True)])
        uow.commit()
    log.warning("fulfillment_failed", connection_id=claim.connection_id, fulfillment_id=claim.id, code=code)


def _put_off(claim: _Claim, seconds: float, code: str, message: str) -> None:
    """To be taken up again then. `code` is empty where nothing went wrong with it."""
    with unit_of_work() as uow:
        uow.session.execute(
            _PUT_OFF,
            {
                "id": claim.id,
                "claim": claim.number,
                "seconds": seconds,
                "code": code,
                "message": message[:500],
            },
        )
        if code:
            note_failures(uow.session, [_failure(claim, code, message, is_last=False)])
        uow.commit()


def _failure(claim: _Claim, code: str, message: str, *, is_last: bool) -> Failure:
    fault = told("", code, message)
    return Failure("fulfillment", claim.id, fault, is_last=is_last, connection_id=claim.connection_id)


def _nothing_sent(claim: _Claim, *, cancellable: bool) -> None:
    """The attempt certainly had no effect: it does not count."""
    with unit_of_work() as uow:
        params = {"id": claim.id, "claim": claim.number, "state": "pending" if cancellable else "sending"}
        uow.session.execute(_NOTHING_SENT, params)
        uow.commit()


def _delay(claim: _Claim, err: Transient) -> float:
    return delay("fulfillment", claim.failures + 1, at_least=err.retry_after)


_MAY_WRITE = """
    c.state = 'active' AND NOT EXISTS (
        SELECT 1 FROM accounts t WHERE t.id = c.account_id AND t.writes_stopped_at IS NOT NULL
    )
"""
_DUE = f"""
    f.state IN ('pending', 'sending') AND f.next_attempt_at <= clock_timestamp() AND NOT EXISTS (
        SELECT 1 FROM fulfillments e WHERE e.order_id = f.order_id AND e.id <> f.id AND (
            e.state = 'sending'
            OR e.state = 'pending' AND (e.id < f.id OR e.next_attempt_at > clock_timestamp())
        )
    ) AND {_MAY_WRITE}
"""  # noqa: S608  (a constant of this module)
WITH_DUE_SHIPMENTS = text(
    f"""
    SELECT c.id FROM connections c
    WHERE coalesce(c.backoff_until <= now(), true) AND {_MAY_WRITE} AND EXISTS (
        SELECT 1 FROM fulfillments f WHERE f.connection_id = c.id AND {_DUE}
        UNION ALL SELECT 1 FROM fulfillments WHERE connection_id = c.id AND order_due
    )
    """  # noqa: S608  (constants of this module)
)
"""Connections whose shops are to be told something now, or asked what became of it."""
_NEXT = text(
    f"""
    SELECT f.id FROM fulfillments f
    JOIN connections c ON c.id = f.connection_id
    JOIN orders o ON o.id = f.order_id
    WHERE f.connection_id = :connection_id AND {_DUE}
    ORDER BY f.id LIMIT 1 FOR NO KEY UPDATE OF o SKIP LOCKED
    """  # noqa: S608  (constants of this module)
)
# What is due is looked at once more, now that nobody else can take up a shipment of the order.
_CLAIM = text(
    f"""
    UPDATE fulfillments f SET claim = f.claim + 1,
        next_attempt_at = clock_timestamp() + make_interval(secs => :seconds)
    FROM connections c, orders o
    WHERE f.id = :id AND c.id = f.connection_id AND o.id = f.order_id AND {_DUE}
    RETURNING f.id, f.claim, f.attempts, f.failures, f.order_id, f.connection_id, f.account_id, f.carrier,
        f.tracking_number, f.tracking_url, f.notify_customer, f.known_before,
        o.external_id AS order_external_id, o.number AS order_number
    """  # noqa: S608  (constants of this module)
)
_LINES = text(
    """
    SELECT l.external_id, l.external_location_id AS location_id, n.quantity
    FROM fulfillment_lines n JOIN order_lines l ON l.id = n.order_line_id
    WHERE n.fulfillment_id = :id ORDER BY l.id
    """
)
_NOTED = text(
    """
    SELECT l.external_id, CAST(sum(n.quantity) AS int) AS quantity
    FROM fulfillments f
    JOIN fulfillment_lines n ON n.fulfillment_id = f.id
    JOIN order_lines l ON l.id = n.order_line_id
    WHERE f.order_id = :order_id AND f.id <> :id AND f.state = 'sent' AND f.only_noted
    GROUP BY l.external_id
    """
)
_THEIRS = text(
    """
    SELECT jsonb_array_elements_text(external_ids) FROM fulfillments WHERE order_id = :order_id AND id <> :id
    """
)
"""What the shop made of the order's other shipments."""
_BEGIN = text(
    f"""
    UPDATE fulfillments f SET state = 'sending', attempts = f.attempts + 1,
        known_before = coalesce(f.known_before, CAST(:known AS jsonb)),
        next_attempt_at = clock_timestamp() + make_interval(secs => :seconds)
    FROM connections c
    WHERE f.id = :id AND f.claim = :claim AND f.state IN ('pending', 'sending')
        AND f.next_attempt_at > clock_timestamp() AND c.id = f.connection_id AND {_MAY_WRITE}
    RETURNING f.id
    """  # noqa: S608  (a constant of this module)
)
_SENT = text(
    """
    UPDATE fulfillments SET state = 'sent', sent_at = clock_timestamp(), external_ids = CAST(:ids AS jsonb),
        only_noted = :only_noted, failures = 0, error_code = '', error = '', order_due = true
    WHERE id = :id AND claim = :claim AND state IN ('pending', 'sending')
    """
)
_ORDERS_DUE = text(
    """
    SELECT f.id, o.external_id FROM fulfillments f JOIN orders o ON o.id = f.order_id
    WHERE f.connection_id = :connection_id AND f.order_due ORDER BY f.id LIMIT 200
    """
)
_ORDERS_FETCHED = text(
    """
    WITH fetched AS (
        SELECT id FROM fulfillments WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE fulfillments f SET order_due = false FROM fetched WHERE f.id = fetched.id
    """
)
_LOCK_ORDER = text("SELECT id FROM orders WHERE id = :id FOR NO KEY UPDATE")
_FAIL = text(
    """
    UPDATE fulfillments SET state = 'failed', error_code = :code, error = :message, order_due = true,
        external_ids = coalesce(CAST(:ids AS jsonb), external_ids)
    WHERE id = :id AND claim = :claim AND state IN ('pending', 'sending') RETURNING id
    """
)
_PUT_OFF = text(
    """
    UPDATE fulfillments SET next_attempt_at = clock_timestamp() + make_interval(secs => :seconds),
        failures = failures + CASE WHEN :code = '' THEN 0 ELSE 1 END, error_code = :code, error = :message
    WHERE id = :id AND claim = :claim AND state IN ('pending', 'sending')
    """
)
_NOTHING_SENT = text(
    """
    UPDATE fulfillments SET state = :state, attempts = attempts - 1
    WHERE id = :id AND claim = :claim AND state = 'sending'
    """
)
