"""Shipments as a merchant enters them. Telling the shop of them is in `fulfillment_push.py`.

They move no stock. Orders are state: the shop is told, the order is fetched again, and what it then says was
shipped books the `fulfillment` movement, as if the merchant had clicked in the shop's own admin.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.event_log import EventKind
from app.domain.fulfillments import beyond_open, to_ship
from app.errors import Conflict, InvalidInput, NotFound, SyncFlowError
from app.services.audit import audit_subject
from app.services.event_log import Subject, clear_events
from app.services.nudge import Drain, nudge
from app.services.shippable import lines_left
from app.services.stock_changes import require_text
from app.services.uow import UnitOfWork, unit_of_work

MOST_LINES = 1000
MOST_CARRIER_CHARACTERS = 100
MOST_NUMBER_CHARACTERS = 200
MOST_URL_CHARACTERS = 2000


class OrderCancelled(Conflict):
    """The order was cancelled."""

    code = "order_cancelled"


class NothingToFulfill(Conflict):
    """Nothing of the order is left to ship."""

    code = "nothing_to_fulfill"


class FulfillmentBeingSent(Conflict):
    """The shop is being told of this shipment, or may have heard of it."""

    code = "fulfillment_being_sent"


class _AboutLines(SyncFlowError):
    """`errors` says what is wrong with which line."""

    def __init__(self, errors: Mapping[int, str]) -> None:
        super().__init__()
        self.errors = {str(line): words for line, words in errors.items()}


class UnknownOrderLine(_AboutLines):
    """The order has no such line."""

    code = "unknown_order_line"


class QuantityExceedsOpen(_AboutLines):
    """More units than the order has left to ship."""

    code = "quantity_exceeds_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What a merchant says of a shipment. `units`: order line id -> units; None for all that is left."""

    units: Mapping[int, int] | None = None
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    notify_customer: bool = False


def create(account_id: int, order_id: int, parcel: Parcel, *, actor: str, key: str) -> int:
    """Record a shipment and have the order's shop told of it. Returns its id.

    Safe to repeat: a call with the same `key` (of the account) ships nothing more and returns the first one's
    id. Raises NotFound, InvalidInput, OrderCancelled, NothingToFulfill, UnknownOrderLine,
    QuantityExceedsOpen, and Conflict if the key belongs to another shipment.
    """
    _require_sane(parcel, key)
    params = _params(account_id, order_id, parcel, actor, key)
    with unit_of_work() as uow:
        session = uow.session
        order = _locked_order(session, account_id, order_id)
        if (kept := _kept(session, params)) is not None:
            return kept
        units = _units(session, order, parcel)
        fulfillment_id = session.execute(_KEEP, params | {"connection_id": order.connection_id}).scalar()
        if fulfillment_id is None:  # of another order, a moment ago
            raise Conflict("This key belongs to another shipment.")
        session.execute(
            _KEEP_LINES,
            {
                "account_id": account_id,
                "fulfillment_id": fulfillment_id,
                "lines": list(units),
                "quantities": list(units.values()),
            },
        )
        _audit(session, account_id, actor, "fulfillment.created", fulfillment_id, order_id)
        _nudge_after(uow, order.connection_id)
        uow.commit()
    return int(fulfillment_id)


def retry(account_id: int, fulfillment_id: int, *, actor: str) -> None:
    """Have the shop told of a failed shipment after all; what it has of it already is not told twice.

    Raises NotFound, QuantityExceedsOpen where the order has less left to ship by now, OrderCancelled, and
    Conflict unless it failed.
    """
    with unit_of_work() as uow:
        session = uow.session
        row, order = _locked(session, account_id, fulfillment_id)
        if row.state != "failed":
            raise Conflict(f"A shipment that is {row.state} cannot be tried again.")
        if not row.was_begun:  # else the order may have less left by what the shop took of it
            _units(session, order, Parcel(units=_lines_of(session, fulfillment_id)))
        session.execute(_RETRY, {"id": fulfillment_id})
        _audit(session, account_id, actor, "fulfillment.retried", fulfillment_id, order.id)
        _clear_if_none_failed(session, account_id, order)
        _nudge_after(uow, order.connection_id)
        uow.commit()


def cancel(account_id: int, fulfillment_id: int, *, actor: str) -> None:
    """Give up a shipment that the shop was not told of, or refused. Idempotent.

    Raises NotFound, FulfillmentBeingSent, and Conflict once it was sent.
    """
    with unit_of_work() as uow:
        session = uow.session
        row, order = _locked(session, account_id, fulfillment_id)
        if row.state == "cancelled":
            return
        if row.state == "sending":
            raise FulfillmentBeingSent()
        if row.state == "sent":
            raise Conflict("The shop has this shipment; take it back there.")
        session.execute(_CANCEL, {"id": fulfillment_id})
        _audit(session, account_id, actor, "fulfillment.cancelled", fulfillment_id, order.id)
        _clear_if_none_failed(session, account_id, order)
        _nudge_after(uow, order.connection_id)
        uow.commit()


def _require_sane(parcel: Parcel, key: str) -> None:
    require_text("", key)
    units = parcel.units
    if units is not None and not 1 <= len(units) <= MOST_LINES:
        raise InvalidInput(f"A shipment is about 1 to {MOST_LINES} lines.")
    if units is not None and min(units.values()) < 1:
        raise InvalidInput("Each quantity is at least 1.")
    for what, given, most in (
        ("carrier", parcel.carrier, MOST_CARRIER_CHARACTERS),
        ("tracking number", parcel.tracking_number, MOST_NUMBER_CHARACTERS),
        ("tracking URL", parcel.tracking_url, MOST_URL_CHARACTERS),
    ):
        if len(given) > most:
            raise InvalidInput(f"A {what} has at most {most} characters.")
    if parcel.tracking_url:
        if not parcel.tracking_number:
            raise InvalidInput("A tracking URL comes with a tracking number.")
        _require_url(parcel.tracking_url)


def _require_url(url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError as err:
        raise InvalidInput("The tracking URL is none.") from err
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in url):
        raise InvalidInput("A tracking URL starts with https:// or http:// and names a host.")


def _params(account_id: int, order_id: int, parcel: Parcel, actor: str, key: str) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "order_id": order_id,
        "asked": None if parcel.units is None else json.dumps(parcel.units),
        "carrier": parcel.carrier.strip(),
        "tracking_number": parcel.tracking_number.strip(),
        "tracking_url": parcel.tracking_url,
        "notify_customer": parcel.notify_customer,
        "actor": actor,
        "key": key,
    }


def _kept(session: Session, params: Mapping[str, Any]) -> int | None:
    """The shipment that has the key, which must be the one that is asked for."""
    row = session.execute(_KEPT, params).one_or_none()
    if row is not None and not row.same:
        raise Conflict("This key belongs to another shipment.")
    return None if row is None else row.id


def _units(session: Session, order: Row[Any], parcel: Parcel) -> dict[int, int]:
    """Order line id -> units to ship. The order is locked."""
    if order.state in ("cancelled", "trashed"):
        raise OrderCancelled()
    still_open = {line.id: line.left for line in lines_left(session, order.id)}
    units = to_ship(still_open, parcel.units)
    if unknown := units.keys() - still_open.keys():
        raise UnknownOrderLine(dict.fromkeys(sorted(unknown), "The order has no such line."))
    if not units or not any(still_open.values()):
        raise NothingToFulfill()
    if beyond_open(still_open, units):
        raise QuantityExceedsOpen(
            {line: f"{still_open[line]} units are left to ship." for line in beyond_open(still_open, units)}
        )
    return units


def _locked_order(session: Session, account_id: int, order_id: int) -> Row[Any]:
    row = session.execute(_LOCK_ORDER, {"account_id": account_id, "id": order_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such order.")
    return row


def _locked(session: Session, account_id: int, fulfillment_id: int) -> tuple[Row[Any], Row[Any]]:
    """The shipment and its order; the order is locked first."""
    found = session.execute(_ORDER_OF, {"account_id": account_id, "id": fulfillment_id}).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such shipment.")
    order = _locked_order(session, account_id, found)
    return session.execute(_LOCK, {"id": fulfillment_id}).one(), order


def _lines_of(session: Session, fulfillment_id: int) -> dict[int, int]:
    return {row.order_line_id: row.quantity for row in session.execute(_LINES_OF, {"id": fulfillment_id})}


def _clear_if_none_failed(session: Session, account_id: int, order: Row[Any]) -> None:
    if not session.execute(_ANY_FAILED, {"order_id": order.id}).scalar_one():
        subject = subject_of(account_id, order.connection_id, order.id)
        clear_events(session, [(EventKind.FULFILLMENT_FAILED, subject)])


def subject_of(account_id: int, connection_id: int, order_id: int) -> Subject:
    """Of an event about an order's shipments."""
    return Subject(account_id, connection_id=connection_id, order_id=order_id)


def _audit(
    session: Session, account_id: int, actor: str, action: AuditAction, fulfillment_id: int, order_id: int
) -> None:
    subject = f"fulfillment:{fulfillment_id}"
    audit_subject(session, account_id, actor, action, subject, {"order_id": order_id})


def _nudge_after(uow: UnitOfWork, connection_id: int) -> None:
    uow.after_commit(lambda: nudge(Drain.FULFILL, connection_id))


_LOCK_ORDER = text(
    """
    SELECT id, connection_id, state FROM orders
    WHERE account_id = :account_id AND id = :id FOR NO KEY UPDATE
    """
)
_KEPT = text(
    """
    SELECT id, (order_id, asked, carrier, tracking_number, tracking_url, notify_customer)
        IS NOT DISTINCT FROM (CAST(:order_id AS bigint), CAST(:asked AS jsonb), CAST(:carrier AS text),
            CAST(:tracking_number AS text), CAST(:tracking_url AS text), CAST(:notify_customer AS boolean))
        AS same
    FROM fulfillments WHERE account_id = :account_id AND idempotency_key = :key
    """
)
_KEEP = text(
    """
    INSERT INTO fulfillments (account_id, connection_id, order_id, asked, carrier, tracking_number,
        tracking_url, notify_customer, actor, idempotency_key)
    VALUES (:account_id, :connection_id, :order_id, CAST(:asked AS jsonb), :carrier, :tracking_number,
        :tracking_url, :notify_customer, :actor, :key)
    ON CONFLICT (account_id, idempotency_key) DO NOTHING
    RETURNING id
    """
)
_KEEP_LINES = text(
    """
    INSERT INTO fulfillment_lines (account_id, fulfillment_id, order_line_id, quantity)
    SELECT :account_id, :fulfillment_id, l.id, l.quantity
    FROM unnest(CAST(:lines AS bigint[]), CAST(:quantities AS int[])) AS l (id, quantity)
    """
)
_ORDER_OF = text("SELECT order_id FROM fulfillments WHERE account_id = :account_id AND id = :id")
_LOCK = text(
    """
    SELECT state, known_before IS NOT NULL AS was_begun FROM fulfillments WHERE id = :id FOR NO KEY UPDATE
    """
)
_LINES_OF = text("SELECT order_line_id, quantity FROM fulfillment_lines WHERE fulfillment_id = :id")
_RETRY = text(
    """
    UPDATE fulfillments SET state = 'pending', attempts = 0, failures = 0, error_code = '', error = '',
        next_attempt_at = clock_timestamp()
    WHERE id = :id
    """
)
_CANCEL = text("UPDATE fulfillments SET state = 'cancelled' WHERE id = :id")
_ANY_FAILED = text(
    "SELECT EXISTS (SELECT 1 FROM fulfillments WHERE order_id = :order_id AND state = 'failed')"
)
