"""What happens to orders in the shop: checkout, payment, shipping, refund, cancellation and edit.

Stock follows the real shop: a checkout takes `available` at once, paid or not, into `committed`; shipping
takes it off `committed`; what is removed unshipped goes back (restock type CANCEL) or is written off
(NO_RESTOCK); what comes back after shipping is a RETURN. `quantity` of a line never falls: removed units are
refund lines.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sandbox.core import Invalid, OutOfStock, Unknown
from sandbox.core.store import Document
from sandbox.shopify import payloads
from sandbox.shopify.fulfillment_orders import Share, add_units, shares_of, take
from sandbox.shopify.order_documents import (
    Removal,
    add_fulfillment,
    add_line,
    add_refund,
    add_transaction,
    order_document,
)
from sandbox.shopify.state import State
from sandbox.shopify.stock import Cause, Stock
from sandbox.shopify.totals import current, recompute, unfulfilled
from sandbox.shopify.webhooks import Webhooks


class Orders:
    """The order book. Every method runs inside a transaction."""

    def __init__(self, state: State, stock: Stock, webhooks: Webhooks) -> None:
        self.state = state
        self.stock = stock
        self.webhooks = webhooks

    def place(self, request: Document) -> Document:
        """A buyer's checkout. Raises OutOfStock (logged as refused), Unknown, Invalid."""
        wanted = self._wanted(request)
        self._refuse_if_short(wanted, request.get("reference"))
        now = time.time()
        order = order_document(self.state, request, self._customer(request.get("customer"), now), now)
        for variant, quantity in wanted:
            add_line(self.state, order, variant, quantity)
        if request.get("paid", True):
            self._pay(order, Decimal(0))
        order["location_id"] = self._home(order, wanted)
        for line in order["lines"]:
            self._take(order, line, line["quantity"], "order")
        self._save(order)
        self._log("placed", order, [(line, line["quantity"]) for line in order["lines"]])
        self._tell(order, "orders/create")
        return {"id": order["id"], "number": order["number"], "placed_at": order["created_at"]}

    def pay(self, order_id: int, _body: Document) -> None:
        order = self._open(order_id)
        if Decimal(order["totals"]["outstanding"]) <= 0 and order["transactions"]:
            raise Invalid("the order is paid")
        self._pay(order, Decimal(order["totals"]["received"]))
        self._save(order)
        self._log("paid", order, [])
        self._tell(order, "orders/paid")

    def cancel(self, order_id: int, body: Document) -> None:
        """Remove what is left of an order that has shipped nothing, and close it."""
        order = self._open(order_id)
        if any(line["fulfilled"] for line in order["lines"]):
            raise Invalid("a shipped order can't be cancelled")
        restock = bool(body.get("restock", True))
        removals = [Removal(line, current(line), False, restock) for line in order["lines"] if current(line)]
        order["cancelled_at"] = order["closed_at"] = time.time()
        order["cancel_reason"] = "CUSTOMER"
        refund = self._remove(order, removals, "cancel", repay=True) if removals else None
        self._save(order)
        self._log("cancelled", order, [(r.line, r.quantity) for r in removals])
        self._tell(order, "orders/cancelled", refund)

    def refund(self, order_id: int, body: Document) -> None:
        """Refund units; shipped ones first, as goods that came back, to `location_id` if it is named."""
        order = self._open(order_id)
        restock = bool(body.get("restock", True))
        place = body.get("location_id")
        removals: list[Removal] = []
        for line, quantity in self._lines(order, body, current):
            shipped = min(quantity, current(line) - unfulfilled(line))
            removals += [Removal(line, shipped, True, restock, place and int(place))] if shipped else []
            removals += [Removal(line, quantity - shipped, False, restock)] if quantity > shipped else []
        refund = self._remove(order, removals, "refund", repay=True)
        self._save(order)
        self._log("refunded", order, [(r.line, r.quantity) for r in removals])
        self._tell(order, None, refund)

    def edit(self, order_id: int, body: Document) -> None:
        """Give lines a new current quantity, or add lines. Raises OutOfStock for a raise without stock."""
        order = self._open(order_id)
        raises, removals = self._edits(order, body)
        self._refuse_if_short([(v, units) for v, _, units in raises], order["reference"], event=False)
        changed: list[tuple[Document, int]] = []
        for variant, line, units in raises:
            if line is None:
                line = add_line(self.state, order, variant, units)
            else:
                line["quantity"] += units
            self._take(order, line, units, "edit_order")
            changed.append((line, units))
        order["edited"] = True
        refund = self._remove(order, removals, "edit_order", repay=False) if removals else None
        self._save(order)
        self._log("edited", order, [(line, current(line)) for line in order["lines"]])
        self.webhooks.emit("orders/edited", order["id"], lambda: payloads.edited(order, changed, refund))
        self._tell(order, None, refund)

    def fulfill(self, order_id: int, body: Document) -> None:
        """Ship all that is open, or the given `lines`."""
        order = self._open(order_id)
        if body.get("lines"):
            shipped = self._lines(order, body, unfulfilled)
        else:
            shipped = [(line, unfulfilled(line)) for line in order["lines"] if unfulfilled(line)]
        if not shipped:
            raise Invalid("there is nothing left to ship")
        shares = [share for line, quantity in shipped for share in shares_of(order, line, quantity)]
        for place in {share.fulfillment_order["location_id"]: None for share in shares}:
            here = [share for share in shares if share.fulfillment_order["location_id"] == place]
            self.ship(order, here, tracking={}, notify=False)

    def ship(self, order: Document, shares: list[Share], *, tracking: Document, notify: bool) -> Document:
        """One parcel from one location, by `fulfillmentCreate` or a merchant's click; its record."""
        lines = {line["id"]: line for line in order["lines"]}
        shipped = [(lines[share.row["line_id"]], share.units) for share in shares]
        for (line, quantity), share in zip(shipped, shares, strict=True):
            line["fulfilled"] += quantity
            place = share.fulfillment_order["location_id"]
            self._move(order, line, "fulfill", committed=-quantity, location_id=place)
        take(shares, shipped=True)
        parcel = add_fulfillment(self.state, order, shares, tracking=tracking, notify=notify)
        self._save(order)
        self._log("fulfilled", order, shipped)
        whole = order["fulfillment"] == "FULFILLED"
        self._tell(order, "orders/fulfilled" if whole else "orders/partially_fulfilled")
        return parcel

    def move(self, order_id: int, body: Document) -> None:
        """Have units shipped from another location, which must stock them, as fulfillmentOrderMove does."""
        order = self._open(order_id)
        place = int(body.get("location_id", 0))
        for line, quantity in self._lines(order, body, unfulfilled):
            if self.state.level(line["item_id"], place) is None:
                raise Invalid(f"{line['sku']} is not stocked at location {place}")
            for share in shares_of(order, line, quantity):
                from_place = share.fulfillment_order["location_id"]
                units = share.units
                take([share], shipped=False)
                add_units(self.state, order, line, units, location_id=place)
                self._move(order, line, "move", available=units, committed=-units, location_id=from_place)
                self._move(order, line, "move", available=-units, committed=units, location_id=place)
        self._save(order)
        self._tell(order, None)

    def _wanted(self, request: Document) -> list[tuple[Document, int]]:
        lines = request.get("lines")
        if not isinstance(lines, list) or not lines:
            raise Invalid("lines is a list of sku and quantity")
        return [(self._variant(str(line.get("sku"))), _units(line)) for line in lines]

    def _variant(self, sku: str) -> Document:
        variant = self.state.by_sku(sku)
        if variant is None:
            raise Unknown(f"this shop does not sell {sku}")
        return variant

    def _refuse_if_short(
        self, wanted: list[tuple[Document, int]], reference: str | None, *, event: bool = True
    ) -> None:
        units: Counter[int] = Counter()
        for variant, quantity in wanted:
            units[variant["id"]] += quantity
        short = []
        for variant_id, quantity in units.items():
            variant = self.state.variants[variant_id]
            if variant["tracked"] and self.state.available(variant["item_id"]) < quantity:
                short.append(str(variant["sku"]))
        if not short:
            return
        if event:
            lines = [{"sku": variant["sku"], "quantity": quantity} for variant, quantity in wanted]
            self.state.core.events.order("refused", order_id=None, reference=reference, lines=lines)
        raise OutOfStock(short)

    def _customer(self, given: Document | None, now: float) -> int | None:
        if not given:
            return None
        email = str(given.get("email") or "")
        if email not in self.state.customer_of_email:
            names = {"first_name": given.get("first_name"), "last_name": given.get("last_name")}
            made = {"id": self.state.next_id("customers"), "kind": "Customer", "email": email, "orders": 0}
            self.state.add_customer({**made, **names, "created_at": now, "updated_at": now})
        number = self.state.customer_of_email[email]
        self.state.customers[number]["orders"] += 1
        self.state.customers.save(number)
        return number

    def _pay(self, order: Document, already: Decimal) -> None:
        recompute(order)
        due = Decimal(order["totals"]["current"]) - already
        add_transaction(self.state, order, "SALE", due)

    def _edits(
        self, order: Document, body: Document
    ) -> tuple[list[tuple[Document, Document | None, int]], list[Removal]]:
        restock = bool(body.get("restock", True))
        raises: list[tuple[Document, Document | None, int]] = []
        removals: list[Removal] = []
        lines_of_variant = _grouped(order["lines"], "variant_id")
        for variant, wanted in self._wanted_edit(body):
            lines = lines_of_variant.get(variant["id"], [])
            change = wanted - sum(current(line) for line in lines)
            if change > 0:
                raises.append((variant, lines[0] if lines else None, change))
            elif change < 0:
                spread = _spread(lines, -change, unfulfilled)
                removals += [Removal(line, units, False, restock) for line, units in spread]
        if not raises and not removals:
            raise Invalid("the edit changes nothing")
        return raises, removals

    def _wanted_edit(self, body: Document) -> list[tuple[Document, int]]:
        if not isinstance(body.get("lines"), list):
            raise Invalid("lines is a list of sku and quantity")
        return [(self._variant(str(line.get("sku"))), _units(line, least=0)) for line in body["lines"]]

    def _remove(self, order: Document, removals: list[Removal], cause: str, *, repay: bool) -> Document:
        """Take units off their lines into a refund, and repay them where money came in."""
        removals = [placed for removal in removals for placed in self._take_off(order, removal, cause)]
        recompute(order)
        value = sum((Decimal(r.line["price"]) * r.quantity for r in removals), Decimal(0))
        repaid = min(value, Decimal(order["totals"]["net"])) if repay else Decimal(0)
        return add_refund(self.state, order, removals, repaid)

    def _take_off(self, order: Document, removal: Removal, cause: str) -> list[Removal]:
        """The removal, or the parts of it that go back to one location each."""
        line, units = removal.line, removal.quantity
        line["removed"] += units
        line["restocked"] += units if removal.restock else 0
        if not removal.shipped:
            line["removed_unfulfilled"] += units
        if removal.shipped:
            back = units if removal.restock else 0
            self._move(order, line, cause, available=back, location_id=removal.location_id)
            return [removal]
        shares = shares_of(order, line, units)
        for share in shares:
            back = share.units if removal.restock else 0
            place = share.fulfillment_order["location_id"]
            self._move(order, line, cause, available=back, committed=-share.units, location_id=place)
        take(shares, shipped=False)
        units_of: Counter[int] = Counter()
        for share in shares:
            units_of[share.fulfillment_order["location_id"]] += share.units
        return [replace(removal, quantity=n, location_id=place) for place, n in units_of.items()]

    def _home(self, order: Document, wanted: list[tuple[Document, int]]) -> int:
        """Where the order is shipped from: the place that the buyer's checkout names, else the first that has
        all of it, else the first."""
        places = [order["location_id"], *self.state.locations]
        has_all = (
            place
            for place in places
            if all(self._available(v["item_id"], place) >= units for v, units in wanted if v["tracked"])
        )
        return int(next(has_all, places[0]))

    def _take(self, order: Document, line: Document, units: int, cause: str) -> None:
        """From the order's place, and what it does not have from the others; what nobody has, from its."""
        home = order["location_id"]
        routes: dict[int, int] = {}
        left = units
        for place in dict.fromkeys([home, *self.state.locations]):
            routes[place] = max(min(left, self._available(line["item_id"], place)), 0)
            left -= routes[place]
        routes[home] += left
        for place, share in routes.items():
            if share:
                self._move(order, line, cause, available=-share, committed=share, location_id=place)
                add_units(self.state, order, line, share, location_id=place)

    def _available(self, item_id: int, place: int) -> int:
        level = self.state.level(item_id, place)
        return int(level["available"]) if level else 0

    def _move(
        self,
        order: Document,
        line: Document,
        cause: str,
        *,
        available: int = 0,
        committed: int = 0,
        location_id: int | None = None,
    ) -> None:
        variant = self.state.variants.get(line["variant_id"])
        place = order["location_id"] if location_id is None else location_id
        level = self.state.level(line["item_id"], place)
        if variant is None or level is None or not variant["tracked"]:
            return
        self.stock.move(level, Cause(cause, order_id=order["id"]), available=available, committed=committed)

    def _open(self, order_id: int) -> Document:
        order = self.state.orders.get(order_id)
        if order is None:
            raise Unknown(f"there is no order {order_id}")
        if order["cancelled_at"]:
            raise Invalid("the order is cancelled")
        return order

    def _lines(
        self, order: Document, body: Document, left: Callable[[Document], int]
    ) -> list[tuple[Document, int]]:
        """The units that `body` names, on the order's lines; a SKU may be on several."""
        found: list[tuple[Document, int]] = []
        lines_of_sku = _grouped(order["lines"], "sku")
        for wanted in body.get("lines") or []:
            lines = lines_of_sku.get(wanted.get("sku"))
            if not lines:
                raise Unknown(f"the order has no {wanted.get('sku')}")
            found += _spread(lines, _units(wanted), left)
        if not found:
            raise Invalid("lines is a list of sku and quantity")
        return found

    def _save(self, order: Document) -> None:
        recompute(order)
        self.state.save_order(order, at=time.time())

    def _log(self, action: str, order: Document, lines: list[tuple[Document, int]]) -> None:
        listed: list[dict[str, Any]] = [
            {"sku": line["sku"], "quantity": quantity} for line, quantity in lines
        ]
        self.state.core.events.order(action, order_id=order["id"], reference=order["reference"], lines=listed)

    def _tell(self, order: Document, topic: str | None, refund: Document | None = None) -> None:
        body = payloads.once(lambda: payloads.order(self.state, order))
        for name in (topic, "orders/updated"):
            if name is not None:
                self.webhooks.emit(name, order["id"], body)
        if refund is not None:
            self.webhooks.emit("refunds/create", refund["id"], lambda: payloads.refund(order, refund))


def _grouped(lines: list[Document], key: str) -> dict[Any, list[Document]]:
    groups: dict[Any, list[Document]] = {}
    for line in lines:
        groups.setdefault(line[key], []).append(line)
    return groups


def _spread(lines: list[Document], units: int, left: Callable[[Document], int]) -> list[tuple[Document, int]]:
    """Take units from lines in turn. Raises Invalid when they hold fewer."""
    taken: list[tuple[Document, int]] = []
    for line in lines:
        share = min(units, left(line))
        units -= share
        taken += [(line, share)] if share else []
    if units:
        raise Invalid(f"{lines[0]['sku']}: that is {units} more than is left")
    return taken


def _units(line: Document, *, least: int = 1) -> int:
    quantity = line.get("quantity")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < least:
        raise Invalid("quantity is a positive whole number")
    return quantity
