"""Requests of the privacy laws that platforms pass on: a customer's data, or a whole shop's."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from app.domain.audit_actions import AuditAction
from app.platforms.base import PrivacyRequest
from app.services.audit import audit
from app.services.uow import unit_of_work

_AUDITED: Mapping[str, AuditAction] = {
    "data_request": "privacy.data_request",
    "redact_customer": "privacy.redact_customer",
    "redact_shop": "privacy.redact_shop",
}


def handle(account_id: int, connection_id: int, request: PrivacyRequest) -> None:
    """Erase what was asked to be erased, and write down that it was. Idempotent.

    We keep no names, e-mails or addresses, only `orders.customer_key`, the tracking of shipments and the raw
    bodies of webhooks.
    A data request is written to the audit log, where the merchant finds the orders to answer it with.
    """
    with unit_of_work() as uow:
        params = {
            "account_id": account_id,
            "connection_id": connection_id,
            "key": request.customer_key,
            "orders": list(request.order_ids),
        }
        if request.kind != "data_request":
            whole_shop = request.kind == "redact_shop"
            uow.session.execute(_LOCK_ALL_ORDERS if whole_shop else _LOCK_ORDERS, params)
            uow.session.execute(_FORGET_ALL_TRACKING if whole_shop else _FORGET_TRACKING, params)
            uow.session.execute(_FORGET_SHOP if whole_shop else _FORGET_CUSTOMER, params)
            uow.session.execute(_FORGET_ALL_BODIES if whole_shop else _FORGET_BODIES, params)
        detail = {"orders": len(request.order_ids)}
        audit(uow.session, account_id, "system", _AUDITED[request.kind], connection_id, detail)
        uow.commit()


_LOCK_ALL_ORDERS = text(
    "SELECT id FROM orders WHERE connection_id = :connection_id ORDER BY id FOR NO KEY UPDATE"
)
_LOCK_ORDERS = text(
    """
    SELECT id FROM orders
    WHERE connection_id = :connection_id
        AND (customer_key = :key OR external_id = ANY(CAST(:orders AS text[])))
    ORDER BY id FOR NO KEY UPDATE
    """
)
# Before the orders forget whose they are. A customer's parcel that is still to be told needs its tracking; an
# erased shop is told of nothing any more.
_FORGET_ALL_TRACKING = text(
    """
    UPDATE fulfillments SET tracking_number = '', tracking_url = '',
        state = CASE WHEN state IN ('pending', 'sending') THEN 'cancelled' ELSE state END
    WHERE order_id IN (SELECT id FROM orders WHERE connection_id = :connection_id)
    """
)
_FORGET_TRACKING = text(
    """
    UPDATE fulfillments SET tracking_number = '', tracking_url = ''
    WHERE state NOT IN ('pending', 'sending') AND order_id IN (
        SELECT id FROM orders WHERE connection_id = :connection_id
            AND (customer_key = :key OR external_id = ANY(CAST(:orders AS text[])))
    )
    """
)
_FORGET_CUSTOMER = text(
    """
    UPDATE orders SET customer_key = NULL
    WHERE connection_id = :connection_id
        AND (customer_key = :key OR external_id = ANY(CAST(:orders AS text[])))
    """
)
_FORGET_SHOP = text("UPDATE orders SET customer_key = NULL WHERE connection_id = :connection_id")
_FORGET_BODIES = text(
    """
    UPDATE inbound_events SET body = '', headers = '{}'
    WHERE connection_id = :connection_id AND state IN ('done', 'ignored')
    """
)
_FORGET_ALL_BODIES = text(
    """
    UPDATE inbound_events SET body = '', headers = '{}',
        state = CASE WHEN state = 'done' THEN 'done' ELSE 'ignored' END,
        verdict = CASE WHEN state IN ('done', 'ignored') THEN verdict ELSE 'the shop was erased' END
    WHERE connection_id = :connection_id AND lane <> 'privacy'
    """
)
