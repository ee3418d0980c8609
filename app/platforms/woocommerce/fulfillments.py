"""Shipping in WooCommerce, whose REST API keeps neither shipments nor tracking.

A note of the order tells of each shipment; the one that leaves nothing open also sets the order to completed.
The note begins with the shipment's reference, by which it is found again; being completed is a state and may
be set twice. The customer is told by a customer note (WC_REST_Order_Notes_Controller); whether the store also
mails that an order is completed, it decides itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape, unescape

from app.domain.orders import open_units
from app.platforms.base import ExternalOrder, Fulfilled, OrderBatch, OrderState, Shipment, ShipmentShown
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.platforms.http import OutcomeUnknown
from app.platforms.woocommerce.client import Client

COMPLETED = "completed"


class Fulfillments:
    """Of one shop. `fetch` is its channel's `fetch_orders`."""

    def __init__(self, client: Client, fetch: Callable[[Sequence[str]], OrderBatch]) -> None:
        self._client, self._fetch = client, fetch

    def shown(self, shipment: Shipment) -> ShipmentShown:
        """See `Channel.shipment_shown`."""
        order = self._order(shipment)
        note = self._note(shipment)
        only_noted = not _completes(shipment, order)
        whole = note is not None and (only_noted or order.state is OrderState.FULFILLED)
        if not whole:
            _require_live(order)
        return ShipmentShown(
            all_ids=frozenset(),
            units=dict(shipment.units) if note is not None else {},
            found=Fulfilled((note,) if note is not None else (), only_noted),
            whole=whole,
        )

    def tell(self, shipment: Shipment, shown: ShipmentShown, *, deadline: float) -> Fulfilled:
        """See `Channel.fulfill`."""
        try:
            order = self._order(shipment)
        except OutcomeUnknown as err:  # of a read
            raise Transient(str(err), retry_after=err.retry_after) from err
        _require_live(order)
        if not shown.found.ids:
            _require_open(shipment, order)
        ids = shown.found.ids or (self._write_note(shipment, order, deadline),)
        if not _completes(shipment, order):
            return Fulfilled(ids, only_noted=True)
        if order.state is not OrderState.FULFILLED:
            self._complete(shipment.order_id, deadline, in_doubt=not shown.found.ids)
        return Fulfilled(ids)

    def _order(self, shipment: Shipment) -> ExternalOrder:
        found = self._fetch([shipment.order_id]).orders
        if not found:
            raise Permanent("The shop no longer has this order.")
        return found[0]

    def _note(self, shipment: Shipment) -> str | None:
        """The id of the shipment's note."""
        notes = self._client.rows(f"orders/{shipment.order_id}/notes", _fields="id,note")
        begins = re.compile(rf"(\s|<[^>]*>)*{_marker(shipment)}").match  # a store may wrap it into tags
        return next((str(n["id"]) for n in notes if begins(unescape(str(n.get("note") or "")))), None)

    def _write_note(self, shipment: Shipment, order: ExternalOrder, deadline: float) -> str:
        body = {
            "note": escape(note_text(shipment, order), quote=False),
            "customer_note": shipment.notify_customer,
        }
        made = self._client.create(f"orders/{shipment.order_id}/notes", body, deadline=deadline)
        if not isinstance(made, dict) or "id" not in made:
            raise OutcomeUnknown("The shop answered a note with something else.")
        return str(made["id"])

    def _complete(self, order_id: str, deadline: float, *, in_doubt: bool) -> None:
        """`in_doubt`: a note was written just before, so that the shop has a part of the shipment."""
        try:
            now = self._client.update(f"orders/{order_id}", {"status": COMPLETED}, deadline=deadline)
        except (Transient, AuthExpired) as err:
            if not in_doubt:
                raise
            raise OutcomeUnknown(str(err), retry_after=getattr(err, "retry_after", None)) from err
        status = now.get("status") if isinstance(now, dict) else None
        if status != COMPLETED:
            raise Permanent(f"The shop left the order at {status} instead of setting it to completed.")


def note_text(shipment: Shipment, order: ExternalOrder) -> str:
    """What the note says, as plain text."""
    lines = [
        f"{shipment.units[line.external_id]} x {line.title}"
        for line in order.lines
        if line.external_id in shipment.units
    ]
    carrier = " ".join(part for part in (shipment.carrier, shipment.tracking_number) if part)
    said = [f"{_marker(shipment)} {', '.join(lines)}", carrier, shipment.tracking_url]
    return ". ".join(part for part in said if part)


def _marker(shipment: Shipment) -> str:
    return f"Shipment {shipment.reference}:"


def _require_live(order: ExternalOrder) -> None:
    if order.state in (OrderState.CANCELLED, OrderState.TRASHED):
        raise Permanent("The order was cancelled in the shop.")


def _require_open(shipment: Shipment, order: ExternalOrder) -> None:
    """The shop would take any words for true: units shipped or refunded there since are not told again."""
    left = {
        line.external_id: max(open_units(line.parts) - shipment.noted.get(line.external_id, 0), 0)
        for line in order.lines
    }
    if short := sum(max(units - left.get(line, 0), 0) for line, units in shipment.units.items()):
        raise Permanent(
            f"The shop has {short} units fewer open to ship than that: they were shipped, refunded or taken"
            " off the order there."
        )


def _completes(shipment: Shipment, order: ExternalOrder) -> bool:
    """Whether nothing of the order is left to ship after it."""
    return all(
        open_units(line.parts)
        <= shipment.units.get(line.external_id, 0) + shipment.noted.get(line.external_id, 0)
        for line in order.lines
    )
