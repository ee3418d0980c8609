"""A shop in memory that behaves as `app.platforms.base.Channel` says, and remembers what was asked of it.

It has what the real ones have: compare-and-set or not, idempotency keys or not, buyers who take stock
while we look elsewhere, answers that get lost, and orders told whole. Faults are put in `next_writes`:
each write call takes one.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import Schema

from app.domain.orders import ChannelEffect, LinePart, PartKind
from app.platforms.base import (
    Capabilities,
    CellRef,
    Disconnected,
    Envelope,
    ExternalListing,
    ExternalLocation,
    ExternalOrder,
    ExternalOrderLine,
    ExternalProduct,
    Ignored,
    LevelReading,
    LevelReported,
    Mention,
    OrderBatch,
    OrderChanged,
    OrderStamp,
    OrderState,
    PaymentState,
    Platform,
    PrivacyRequest,
    ProductChanged,
    Signal,
    StockWrite,
    Unsyncable,
    WriteKind,
    WriteOutcome,
    WriteResult,
)

Fault = Callable[["Shop", Callable[[], Sequence[WriteResult]]], Sequence[WriteResult]]
"""Given the shop and the write as it should be done: does it or not, and answers or raises."""

HOLDING = frozenset(PaymentState) - {PaymentState.PENDING, PaymentState.VOIDED, PaymentState.FAILED}


class Crash(BaseException):
    """The worker dies here: nothing in the product catches it."""


@dataclass(frozen=True, slots=True)
class WriteCall:
    writes: tuple[StockWrite, ...]
    kind: WriteKind
    key: str


@dataclass
class Shop:
    """`numbers` are what the shop shows; `orders` what it answers when asked. All ids are strings."""

    compare_and_set: bool = True
    places: tuple[str, ...] = ("",)
    """Its locations; "" where it knows none."""
    numbers: dict[CellRef, int] = field(default_factory=dict)
    orders: dict[str, ExternalOrder] = field(default_factory=dict)
    skus: dict[str, str] = field(default_factory=dict)
    """listing id -> SKU; its stock id is "i" + listing id"""
    barcodes: dict[str, str] = field(default_factory=dict)
    """listing id -> barcode"""
    titles: dict[str, str] = field(default_factory=dict)
    """listing id -> title, where it has one of its own"""
    shared: dict[str, str] = field(default_factory=dict)
    """listing id -> the listing whose number it shares"""
    untracked: set[CellRef] = field(default_factory=set)
    refused: set[CellRef] = field(default_factory=set)
    gone_orders: set[str] = field(default_factory=set)
    poisonous_orders: dict[str, Exception] = field(default_factory=dict)
    poisonous_products: dict[str, Exception] = field(default_factory=dict)
    next_writes: deque[Fault] = field(default_factory=deque)
    before_read: deque[Callable[[], None]] = field(default_factory=deque)
    on_read: deque[Callable[[], None]] = field(default_factory=deque)
    """Run after the numbers were taken and before they are answered, one a reading."""
    before_write: deque[Callable[[], None]] = field(default_factory=deque)
    on_fetch: deque[Callable[[], None]] = field(default_factory=deque)
    after_catalog: deque[Callable[[], None]] = field(default_factory=deque)
    """Run when its products were read, one a catalog."""
    writes: list[WriteCall] = field(default_factory=list)
    withdrawn: list[WriteCall] = field(default_factory=list)
    turns: int = 0
    """How often somebody waited for its rate budget."""
    readings: list[tuple[CellRef, ...]] = field(default_factory=list)
    fetches: list[tuple[str, ...]] = field(default_factory=list)
    answered: dict[str, tuple[tuple[StockWrite, ...], tuple[WriteResult, ...]]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    # ------------------------------------------------------------------------------ what happens in it

    def stock(self, listing: str, sku: str, quantity: int, *, place: str = "") -> None:
        self.skus[listing] = sku
        self.numbers[ref_of(listing, place)] = quantity

    def ref(self, listing: str, place: str | None = None) -> CellRef:
        """At a location; the first one if none is named."""
        return ref_of(self.shared.get(listing, listing), self.places[0] if place is None else place)

    def number(self, listing: str, place: str | None = None) -> int:
        return self.numbers[self.ref(listing, place)]

    def edit(self, listing: str, quantity: int, place: str | None = None) -> None:
        """The merchant types a number into the shop's own admin."""
        self.numbers[self.ref(listing, place)] = quantity

    def sell(
        self,
        order_id: str,
        listing: str,
        quantity: int,
        *,
        at: datetime,
        updated_at: datetime | None = None,
        place: str = "",
    ) -> ExternalOrder:
        """A buyer pays: the shop lowers its number and keeps the order."""
        with self.lock:
            self.numbers[self.ref(listing, place)] -= quantity
        line = a_line(listing, quantity, at=at, place=place)
        order = an_order(order_id, line, at=at, updated_at=updated_at or at)
        self.orders[order_id] = order
        return order

    def buyer_comes(self, order_id: str, listing: str, quantity: int, *, at: datetime) -> None:
        """`sell`, as a hook."""
        self.sell(order_id, listing, quantity, at=at)

    def cancel(self, order_id: str, *, at: datetime) -> ExternalOrder:
        """Cancelled and put back on the shelf by the shop."""
        order = self.orders[order_id]
        for line in order.lines:
            self.numbers[self.ref(line.listing_external_id or "", line.location_id)] += line.quantity
        self.orders[order_id] = cancelled(order, at=at)
        return self.orders[order_id]

    def age(self, by: timedelta) -> None:
        """All its orders were placed, and changed, `by` earlier."""
        self.orders = {order_id: _aged(order, by) for order_id, order in self.orders.items()}

    # --------------------------------------------------------------------------------------- Channel

    def locations(self) -> Sequence[ExternalLocation]:
        return [ExternalLocation(place, f"Place {place}") for place in self.places]

    def catalog(self) -> Iterator[Sequence[ExternalProduct]]:
        yield [self._product(listing) for listing in self.skus]
        if self.after_catalog:
            self.after_catalog.popleft()()

    def fetch_products(self, product_ids: Sequence[str]) -> Sequence[ExternalProduct]:
        for product_id in product_ids:
            if product_id in self.poisonous_products:
                raise self.poisonous_products[product_id]
        return [self._product(p.removeprefix("p")) for p in product_ids if p.removeprefix("p") in self.skus]

    def all_levels(self, location_id: str) -> Iterator[Sequence[LevelReading]]:
        yield [self._level(ref) for ref in self.numbers if ref.location_id == location_id]

    def changed_levels(self, location_id: str, since: datetime) -> Iterator[Sequence[LevelReading]]:
        yield from ()

    def read_levels(self, refs: Sequence[CellRef]) -> Sequence[LevelReading]:
        self.readings.append(tuple(refs))
        if self.before_read:
            self.before_read.popleft()()
        with self.lock:
            found = [self._level(ref) for ref in refs]
        if self.on_read:
            self.on_read.popleft()()
        return found

    def await_turn(self) -> None:
        self.turns += 1

    def write_levels(
        self, writes: Sequence[StockWrite], *, kind: WriteKind, key: str, deadline: float
    ) -> Sequence[WriteResult]:
        self.writes.append(WriteCall(tuple(writes), kind, key))
        if self.before_write:
            self.before_write.popleft()()

        def write() -> Sequence[WriteResult]:
            return self._write(tuple(writes), kind, key)

        return self.next_writes.popleft()(self, write) if self.next_writes else write()

    def withdraw(self, writes: Sequence[StockWrite], *, kind: WriteKind, key: str) -> Sequence[WriteResult]:
        """The key is used up by a call that does nothing, unless the call itself has used it."""
        assert self.compare_and_set
        self.withdrawn.append(WriteCall(tuple(writes), kind, key))
        nothing = tuple(WriteResult(write.ref, WriteOutcome.NOT_APPLIED, "withdrawn") for write in writes)
        with self.lock:
            return self.answered.setdefault(key, (tuple(writes), nothing))[1]

    def fetch_orders(self, order_ids: Sequence[str]) -> OrderBatch:
        self.fetches.append(tuple(order_ids))
        if self.on_fetch:
            self.on_fetch.popleft()()
        for order_id in order_ids:
            if order_id in self.poisonous_orders:
                raise self.poisonous_orders[order_id]
        there = [i for i in order_ids if i in self.orders and i not in self.gone_orders]
        missing = tuple(i for i in order_ids if i not in there)
        return OrderBatch(tuple(self.orders[i] for i in there), missing)

    def changed_orders(self, since: datetime) -> Iterator[Sequence[OrderStamp]]:
        """One order a page, so that pages matter."""
        for order in sorted(self.orders.values(), key=lambda o: o.updated_at):
            if order.updated_at >= since and order.external_id not in self.gone_orders:
                yield [OrderStamp(order.external_id, order.updated_at)]

    def open_orders(self) -> Iterator[Sequence[ExternalOrder]]:
        yield [order for order in self.orders.values() if order.state is OrderState.OPEN]

    def ensure_webhooks(self, callback_url: str, secret: str) -> Sequence[str]:
        return []

    def remove_webhooks(self, callback_url: str) -> None:
        return None

    def probe(self) -> None:
        return None

    # ----------------------------------------------------------------------------------------- inside

    def _product(self, listing: str) -> ExternalProduct:
        ref = self.ref(listing)
        problem = Unsyncable.UNTRACKED if ref in self.untracked else None
        return ExternalProduct(
            external_id=f"p{listing}",
            title=f"Product {listing}",
            currency="EUR",
            updated_at=datetime(2026, 1, 1, tzinfo=UTC),
            listings=(
                ExternalListing(
                    external_id=listing,
                    sku=self.skus[listing],
                    title=self.titles.get(listing, f"Listing {listing}"),
                    barcode=self.barcodes.get(listing),
                    stock_id=ref.stock_id,
                    unsyncable=problem,
                ),
            ),
        )

    def _level(self, ref: CellRef) -> LevelReading:
        if ref not in self.numbers:
            return LevelReading(ref, None, Unsyncable.VANISHED)
        if ref in self.untracked:
            return LevelReading(ref, None, Unsyncable.UNTRACKED)
        return LevelReading(ref, self.numbers[ref])

    def _write(self, writes: tuple[StockWrite, ...], kind: WriteKind, key: str) -> Sequence[WriteResult]:
        with self.lock:
            if self.compare_and_set and key in self.answered:
                before, results = self.answered[key]
                assert before == writes, "an idempotency key was used for another call"
                return results
            results = tuple(self._write_one(write, kind) for write in writes)
            if self.compare_and_set:
                self.answered[key] = (writes, results)
            return results

    def _write_one(self, write: StockWrite, kind: WriteKind) -> WriteResult:
        if write.ref in self.refused:
            return WriteResult(write.ref, WriteOutcome.REJECTED, "refused", "The shop will not have it.")
        if kind is WriteKind.DELTA:
            assert self.compare_and_set, "this shop cannot add to its numbers"
            self.numbers[write.ref] += write.to_quantity - write.from_quantity
            return WriteResult(write.ref, WriteOutcome.APPLIED)
        if self.compare_and_set and self.numbers[write.ref] != write.from_quantity:
            return WriteResult(write.ref, WriteOutcome.STALE)
        self.numbers[write.ref] = write.to_quantity
        return WriteResult(write.ref, WriteOutcome.APPLIED)


def ref_of(listing: str, place: str = "") -> CellRef:
    return CellRef(f"i{listing}", place)


def stocked(shop: Shop) -> Shop:
    """With ten of SKU, listed as A, and four of OTHER, listed as A2."""
    shop.stock("A", "SKU", 10)
    shop.stock("A2", "OTHER", 4)
    return shop


# ---------------------------------------------------------------------------------------------- faults


def lose_answer(shop: Shop, write: Callable[[], Sequence[WriteResult]]) -> Sequence[WriteResult]:
    """The shop does as it is told, and nobody hears of it."""
    return [WriteResult(r.ref, WriteOutcome.UNKNOWN, "timeout") for r in write()]


def lose_request(shop: Shop, write: Callable[[], Sequence[WriteResult]]) -> Sequence[WriteResult]:
    """The shop never hears of it, and we cannot know."""
    return [WriteResult(w.ref, WriteOutcome.UNKNOWN, "timeout") for w in shop.writes[-1].writes]


def crash_before(shop: Shop, write: Callable[[], Sequence[WriteResult]]) -> Sequence[WriteResult]:
    """The worker dies between committing its attempt and sending it."""
    raise Crash


def crash_after(shop: Shop, write: Callable[[], Sequence[WriteResult]]) -> Sequence[WriteResult]:
    """The worker dies between the shop's doing it and its own record of it."""
    write()
    raise Crash


def raising(fault: Exception) -> Fault:
    def fail(shop: Shop, write: Callable[[], Sequence[WriteResult]]) -> Sequence[WriteResult]:
        raise fault

    return fail


def done(shop: Shop, write: Callable[[], Sequence[WriteResult]]) -> Sequence[WriteResult]:
    return write()


# ---------------------------------------------------------------------------------------------- orders


def a_line(
    listing: str | None,
    quantity: int,
    *,
    at: datetime,
    external_id: str | None = None,
    parts: Sequence[LinePart] | None = None,
    effects: Sequence[ChannelEffect] | None = None,
    place: str = "",
) -> ExternalOrderLine:
    """A line that was paid `at`; the shop took it from its number then, unless told otherwise."""
    return ExternalOrderLine(
        external_id=external_id or f"line-{listing}",
        listing_external_id=listing,
        sku=None,
        title=f"Line of {listing}",
        quantity=quantity,
        unit_price_minor=100,
        parts=tuple(parts) if parts is not None else (LinePart(PartKind.ORDERED, quantity, at),),
        channel_effects=tuple(effects) if effects is not None else (ChannelEffect(-quantity, at),),
        location_id=place,
    )


def an_order(
    external_id: str,
    *lines: ExternalOrderLine,
    at: datetime,
    updated_at: datetime | None = None,
    payment: PaymentState = PaymentState.PAID,
    state: OrderState = OrderState.OPEN,
    is_test: bool = False,
) -> ExternalOrder:
    return ExternalOrder(
        external_id=external_id,
        number=f"#{external_id}",
        state=state,
        payment=payment,
        created_at=at,
        updated_at=updated_at or at,
        currency="EUR",
        total_minor=100,
        subtotal_minor=100,
        tax_minor=0,
        shipping_minor=0,
        discount_minor=0,
        refunded_minor=0,
        customer_key=None,
        lines=lines,
        is_test=is_test,
    )


def happened(
    order: ExternalOrder,
    kind: PartKind,
    *,
    at: datetime,
    quantity: int | None = None,
    channel: int = 0,
    payment: PaymentState | None = None,
    state: OrderState | None = None,
) -> ExternalOrder:
    """The order after `kind` happened to each of its lines; `channel`: what that did to the number."""
    lines = tuple(
        replace(
            line,
            parts=(*line.parts, LinePart(kind, quantity if quantity is not None else line.quantity, at)),
            channel_effects=(*line.channel_effects, ChannelEffect(channel, at))
            if channel
            else line.channel_effects,
        )
        for line in order.lines
    )
    return replace(
        order, lines=lines, updated_at=at, payment=payment or order.payment, state=state or order.state
    )


def cancelled(order: ExternalOrder, *, at: datetime) -> ExternalOrder:
    back = sum(line.quantity for line in order.lines)
    return happened(
        order,
        PartKind.REMOVED_RESTOCKED,
        at=at,
        channel=back,
        payment=PaymentState.VOIDED,
        state=OrderState.CANCELLED,
    )


def _aged(order: ExternalOrder, by: timedelta) -> ExternalOrder:
    lines = tuple(
        replace(
            line,
            parts=tuple(replace(part, at=part.at - by) for part in line.parts),
            channel_effects=tuple(replace(effect, at=effect.at - by) for effect in line.channel_effects),
        )
        for line in order.lines
    )
    return replace(order, lines=lines, created_at=order.created_at - by, updated_at=order.updated_at - by)


# -------------------------------------------------------------------------------------------- platform


class NoConfig(Schema):
    """Nothing to fill in."""


def a_platform(*, compare_and_set: bool, write_batch: int = 50) -> Platform:
    """Webhook bodies are JSON lists of [kind, ...]; see `_signal`."""
    return Platform(
        slug="memory",
        name="Memory",
        capabilities=Capabilities(
            compare_and_set=compare_and_set,
            write_batch=write_batch,
            order_batch=50,
            read_batch=50,
            deltas=compare_and_set,
            locations=False,
            holding_payments=HOLDING,
        ),
        config_schema=NoConfig,
        required_settings=(),
        connector=_unused,
        open_channel=_unused,
        webhook_secret=lambda _settings, secret: secret,
        handshake=lambda _headers, _body: False,
        verify=lambda _headers, _body, _secret: True,
        envelope=lambda _headers, _body: Envelope("t", "k", event_id_is_unique=False),
        parse=_parse,
        write_group=lambda ref: ref.stock_id.rpartition(":")[0],
    )


def _unused(*_args: Any) -> Any:
    raise AssertionError("tests plug the shop in after this")


def _parse(topic: str, headers: Mapping[str, str], body: bytes) -> Sequence[Signal]:
    if topic == "unknown":
        return [Ignored("unknown topic")]
    return [_signal(*document) for document in json.loads(body)]


def _signal(kind: str, *details: Any) -> Signal:
    match kind:
        case "order":
            mentions = details[1].items() if len(details) > 1 else ()
            return OrderChanged(str(details[0]), tuple(Mention(*mention) for mention in mentions))
        case "level":
            return LevelReported(ref_of(details[0], *details[2:]), details[1])
        case "product":
            return ProductChanged(f"p{details[0]}")
        case "product_deleted":
            return ProductChanged(f"p{details[0]}", deleted=True)
        case "gone":
            return Disconnected()
        case "privacy":
            return PrivacyRequest(details[0], details[1], tuple(details[2:]))
    raise AssertionError(kind)
