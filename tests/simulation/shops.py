"""Shops with buyers, a merchant and a clock of their own, and beside them what truly happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeVar

from app.domain.orders import ChannelEffect, LinePart, PartKind, ledger_effect
from app.platforms.base import (
    CellRef,
    ExternalOrder,
    ExternalOrderLine,
    LevelReading,
    OrderBatch,
    OrderStamp,
    OrderState,
    PaymentState,
    Platform,
    StockWrite,
    WriteKind,
    WriteOutcome,
    WriteResult,
)
from app.platforms.errors import AuthExpired, Transient
from tests.services.shop import HOLDING, Shop, WriteCall, a_platform, an_order
from tests.simulation.machine import Machine, Process

T = TypeVar("T")

PAGE = 50
LANDING_SECONDS = 15.0
"""So long after it was sent an absolute write may land."""
CALL_SECONDS = 10.0
"""How long a client waits for an answer."""


class Kind(Enum):
    """What the two families of platforms do differently."""

    KEYED = "keyed"
    """Compare-and-set, idempotency keys, deltas; takes stock when an order is placed."""
    BLIND = "blind"
    """Absolute writes that overwrite whatever is there; takes stock when an order is paid."""


@dataclass
class Faults:
    """How often a call goes wrong, by the machine's dice; `next_writes` are those of the next writes."""

    refused: float = 0.0
    """429 and the like: nothing was done, and we know it."""
    lost_request: float = 0.0
    lost_answer: float = 0.0
    late: float = 0.0
    """It takes effect after the client gave up on it."""
    slow: float = 0.0
    failed_reads: float = 0.0
    next_writes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Edit:
    """A number changed, by a merchant's hand or by an order."""

    ref: CellRef
    at: float
    difference: int


@dataclass(frozen=True)
class Window:
    """In which a write without compare-and-set may have overwritten something, by the machine's clock."""

    ref: CellRef
    start: float
    end: float
    unanswered: int = 0
    """What it would have changed, if nobody was told whether it did: no reading tells that from an edit."""


@dataclass
class ModelShop(Shop):
    """`tests.services.shop.Shop` with latency, faults and people. `skew`: seconds its clock is ahead of ours.

    `tell` sends a webhook's signals.
    """

    machine: Machine = field(default_factory=lambda: Machine(0))
    kind: Kind = Kind.KEYED
    name: str = "shop"
    skew: float = 0.0
    latency: tuple[float, float] = (0.02, 0.3)
    calls_left: int | None = None
    """Until its token runs out; every call after that is refused."""
    faults: Faults = field(default_factory=Faults)
    tell: Callable[[ModelShop, list[list[object]]], None] = lambda _shop, _signals: None
    truth: dict[str, int] = field(default_factory=dict)
    """SKU -> units available to sell, shared by all shops of the merchant."""
    packs: dict[str, int] = field(default_factory=dict)
    """Listing -> units in one of it, where it sells packs."""
    made_of: dict[str, dict[str, int]] = field(default_factory=dict)
    """Bundle's SKU -> units of each component in one; shared by all shops of the merchant."""
    ours: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"": ("Main",)})
    """Each of its places -> the merchant's locations that it stands for."""
    edits: list[Edit] = field(default_factory=list)
    sales: list[Edit] = field(default_factory=list)
    """What orders did to its numbers, either way."""
    windows: list[Window] = field(default_factory=list)
    trashed: dict[str, ExternalOrder] = field(default_factory=dict)
    """Orders as they were when they were thrown away: nobody put their units back."""
    slow_fetches: list[float] = field(default_factory=list)
    """Seconds that the answers to the next fetches of orders are on their way ..."""
    slow_polls: list[float] = field(default_factory=list)
    """... those to the next questions which orders have changed ..."""
    slow_readings: list[float] = field(default_factory=list)
    """... and those to the next questions for numbers."""
    _last_read: dict[CellRef, float] = field(default_factory=lambda: defaultdict(float))
    _process: Process = field(default_factory=lambda: Process("shop"))

    # ------------------------------------------------------------------------------------- its people

    @property
    def today(self) -> datetime:
        """Its clock, with the grain of a second."""
        return (self.machine.utc + timedelta(seconds=self.skew)).replace(microsecond=0)

    def counted_as(self, listing: str) -> str:
        """The SKU of the variant that it is sold from."""
        return self.skus[self.shared.get(listing, listing)]

    def parts(self, listing: str) -> dict[str, int]:
        """SKU -> units that one of the listing takes from the shelf."""
        sku = self.counted_as(listing)
        return self.made_of.get(sku) or {sku: self.packs.get(listing, 1)}

    @property
    def takes_when_placed(self) -> bool:
        return self.kind is Kind.KEYED

    def buy(
        self, basket: dict[str, int], *, paid: bool = True, place: str | None = None
    ) -> ExternalOrder | None:
        """A buyer places an order of listings at one of its places; None if it shows too little there."""
        place = self.places[0] if place is None else place
        if any(self.number(listing, place) < quantity for listing, quantity in basket.items()):
            return None
        now = self.today
        order_id = f"{self.name}-{len(self.orders) + 1}"
        takes = paid or self.takes_when_placed
        lines = [
            ExternalOrderLine(
                external_id=f"{order_id}-{listing}",
                listing_external_id=listing,
                sku=None,
                title=f"Line of {listing}",
                quantity=quantity,
                unit_price_minor=100,
                parts=(LinePart(PartKind.ORDERED, quantity, now),),
                channel_effects=(ChannelEffect(-quantity, now),) if takes else (),
                location_id=place,
            )
            for listing, quantity in basket.items()
        ]
        payment = PaymentState.PAID if paid else PaymentState.PENDING
        order = an_order(order_id, *lines, at=now, payment=payment)
        if takes:
            for listing, quantity in basket.items():
                self._move(listing, -quantity, place)
        self._keep(order, mentions=basket if takes else None)
        return order

    def pay(self, order_id: str) -> None:
        """A pending order is paid."""
        order = self.orders[order_id]
        if order.payment is not PaymentState.PENDING or order.state is not OrderState.OPEN:
            return
        if not self.takes_when_placed:
            order = self._taken_again(order)
        self._keep(replace(order, payment=PaymentState.PAID, updated_at=self.today))

    def change(self, order_id: str, kind: PartKind, quantities: dict[str, int] | None = None) -> None:
        """Something happens to units of an order's lines (by listing; all open ones unless told).

        What is put on the shelf, the shop's number gets back if it was taken from it. Of an order that took
        nothing yet, units can only be taken off.
        """
        order, now = self.orders[order_id], self.today
        took = self._took(order)
        if not took and kind is not PartKind.REMOVED_RESTOCKED:
            return
        lines = []
        for line in order.lines:
            listing = line.listing_external_id or ""
            most = _open_units(line) if kind is not PartKind.RETURNED_RESTOCKED else _shipped_units(line)
            wanted = most if quantities is None else min(quantities.get(listing, 0), most)
            if kind is PartKind.ORDERED:
                wanted = (quantities or {}).get(listing, 0)
                if self.number(listing, line.location_id) < wanted:
                    wanted = 0
            if not wanted:
                lines.append(line)
                continue
            effect = _CHANNEL[kind] * wanted if took else 0
            if effect:
                self._move(listing, effect, line.location_id)
            lines.append(
                replace(
                    line,
                    parts=(*line.parts, LinePart(kind, wanted, now)),
                    channel_effects=(*line.channel_effects, ChannelEffect(effect, now))
                    if effect
                    else line.channel_effects,
                )
            )
        self._keep(replace(order, lines=tuple(lines), updated_at=now, state=_state(lines)))

    def cancel_order(self, order_id: str, *, restock: bool = True) -> None:
        if self.orders[order_id].state is OrderState.OPEN:
            took = self._took(self.orders[order_id])
            self.change(
                order_id, PartKind.REMOVED_LOST if took and not restock else PartKind.REMOVED_RESTOCKED
            )

    def reopen(self, order_id: str) -> None:
        """cancelled -> processing: as if it had never been cancelled, it takes its units anew."""
        order = self.orders[order_id]
        if order.state is not OrderState.CANCELLED or order.payment is not PaymentState.PAID:
            return
        if any(
            self.number(line.listing_external_id or "", line.location_id) < line.quantity
            for line in order.lines
        ):
            return
        order = self._taken_again(order)
        self._keep(replace(order, state=OrderState.OPEN, updated_at=self.today))

    def drop_line(self, order_id: str, listing: str) -> None:
        """Somebody takes a line out of an order, whose units go back on the shelf."""
        order = self.orders[order_id]
        [gone] = [line for line in order.lines if line.listing_external_id == listing]
        if self._took(order):
            self._move(listing, _open_units(gone), gone.location_id)
        lines = tuple(line for line in order.lines if line is not gone)
        self._keep(replace(order, lines=lines, updated_at=self.today))
        self._tell_level(listing, gone.location_id)

    def ship_from(self, order_id: str, place: str) -> None:
        """Somebody has the units of an order that are still to be shipped taken from another place."""
        order = self.orders[order_id]
        lines = []
        for line in order.lines:
            listing, units = line.listing_external_id or "", _open_units(line)
            if not self._took(order) or units != line.quantity or self.number(listing, place) < units:
                lines.append(line)
                continue
            self.numbers[self.ref(listing, line.location_id)] += units
            self.numbers[self.ref(listing, place)] -= units
            lines.append(replace(line, location_id=place))
            self._tell_level(listing, line.location_id)
        self._keep(replace(order, lines=tuple(lines), updated_at=self.today))

    def carry(self, listing: str, units: int) -> None:
        """Somebody carries units from the first place to the last one, and says so in the shop."""
        first, last = self.places[0], self.places[-1]
        units = min(units, self.number(listing, first))
        if units > 0 and first != last:
            self.numbers[self.ref(listing, first)] -= units
            self.numbers[self.ref(listing, last)] += units
            self._tell_level(listing, first)
            self._tell_level(listing, last)

    def trash(self, order_id: str) -> None:
        """Somebody throws an order away, which puts nothing back, and tells no more of its lines."""
        order = self.trashed[order_id] = self.orders[order_id]
        lines = tuple(replace(line, parts=(), channel_effects=()) for line in order.lines)
        self._keep(replace(order, state=OrderState.TRASHED, lines=lines, updated_at=self.today))

    def type_number(self, listing: str, number: int, place: str | None = None) -> None:
        """The merchant counted, and types what is there."""
        ref = self.ref(listing, place)
        difference = number - self.numbers[ref]
        if not difference:
            return
        self.edits.append(Edit(ref, self.machine.now, difference))
        self._on_the_shelf(listing, difference)
        self.numbers[ref] = number
        self._tell_level(listing, ref.location_id)

    def _taken_again(self, order: ExternalOrder) -> ExternalOrder:
        """Its lines as they were ordered, and their units taken from the number now."""
        lines = []
        for line in order.lines:
            self._move(line.listing_external_id or "", -line.quantity, line.location_id)
            lines.append(
                replace(
                    line,
                    parts=tuple(part for part in line.parts if part.kind is PartKind.ORDERED),
                    channel_effects=(ChannelEffect(-line.quantity, self.today),),
                )
            )
        return replace(order, lines=tuple(lines))

    def _took(self, order: ExternalOrder) -> bool:
        return self.takes_when_placed or order.payment is not PaymentState.PENDING

    def _move(self, listing: str, difference: int, place: str) -> None:
        self.sales.append(Edit(self.ref(listing, place), self.machine.now, difference))
        self.numbers[self.ref(listing, place)] += difference
        self._on_the_shelf(listing, difference)

    def _on_the_shelf(self, listing: str, difference: int) -> None:
        for sku, units in self.parts(listing).items():
            self.truth[sku] += difference * units

    def _keep(self, order: ExternalOrder, mentions: dict[str, int] | None = None) -> None:
        self.orders[order.external_id] = order
        self.tell(self, [["order", order.external_id, *([mentions] if mentions else [])]])
        for line in order.lines:
            self._tell_level(line.listing_external_id or "", line.location_id)

    def _tell_level(self, listing: str, place: str) -> None:
        number = self.number(listing, place)
        self.tell(self, [["level", self.shared.get(listing, listing), number, place]])

    # --------------------------------------------------------------------------------------- Channel

    def all_levels(self, location_id: str) -> Iterator[Sequence[LevelReading]]:
        refs = [ref for ref in self.numbers if ref.location_id == location_id]
        for start in range(0, len(refs), PAGE):
            yield self._answer(lambda some=refs[start : start + PAGE]: [self._level(ref) for ref in some])

    def changed_levels(self, location_id: str, since: datetime) -> Iterator[Sequence[LevelReading]]:
        """A hint that misses everything: the sweep has to find it."""
        yield self._answer(list)

    def read_levels(self, refs: Sequence[CellRef]) -> Sequence[LevelReading]:
        """Not all at one moment."""

        def read() -> list[LevelReading]:
            self.readings.append(tuple(refs))
            found = []
            for ref in refs:
                self._last_read[ref] = self.machine.now
                found.append(self._level(ref))
                self.machine.pause()
            return found

        return self._answer(read, slow=self.slow_readings)

    def fetch_orders(self, order_ids: Sequence[str]) -> OrderBatch:
        return self._answer(lambda: Shop.fetch_orders(self, order_ids), slow=self.slow_fetches)

    def changed_orders(self, since: datetime) -> Iterator[Sequence[OrderStamp]]:
        def changed() -> list[OrderStamp]:
            there = (order for order in self.orders.values() if order.external_id not in self.gone_orders)
            orders = sorted(there, key=lambda order: order.updated_at)
            return [OrderStamp(o.external_id, o.updated_at) for o in orders if o.updated_at >= since]

        found = self._answer(changed, slow=self.slow_polls)
        for start in range(0, len(found), PAGE):
            yield found[start : start + PAGE]

    def open_orders(self) -> Iterator[Sequence[ExternalOrder]]:
        yield self._answer(lambda: [o for o in self.orders.values() if o.state is OrderState.OPEN])

    def write_levels(
        self, writes: Sequence[StockWrite], *, kind: WriteKind, key: str, deadline: float
    ) -> Sequence[WriteResult]:
        if self.machine.now > deadline:
            return [WriteResult(w.ref, WriteOutcome.NOT_APPLIED, "too_late") for w in writes]
        self._show_token()
        fault = self._write_fault()
        asked = [self._last_read[write.ref] for write in writes]
        if fault in ("lost_request", "lost_answer", "late") and not self.compare_and_set:
            self.windows += [
                Window(w.ref, since, self.machine.now + LANDING_SECONDS, w.to_quantity - w.from_quantity)
                for w, since in zip(writes, asked, strict=True)
            ]
        if fault == "refused":
            self._travel()
            raise Transient("429")
        self.machine.note(f"{self.name} is sent {kind.value} {[_shown(w) for w in writes]} {fault}")
        unknown = [WriteResult(write.ref, WriteOutcome.UNKNOWN, "timeout") for write in writes]
        if fault == "lost_request":
            self.machine.sleep(CALL_SECONDS)
            return unknown
        landed: list[Sequence[WriteResult]] = []
        landing = self.machine.spawn(
            lambda: landed.append(self._land(tuple(writes), kind, key, asked)),
            f"{self.name} writes",
            self._process,
            after=self._a_while(
                CALL_SECONDS + 3 if fault == "late" else 0.0, 3.0 if fault == "slow" else 0.0
            ),
        )
        patience = self.machine.now + CALL_SECONDS
        self.machine.wait_until(lambda: landing.done, patience - self.machine.now)
        if fault == "lost_answer":
            self.machine.wait_until(lambda: False, max(patience - self.machine.now, 0.0))
        if not landed or fault == "lost_answer":
            return unknown
        self._travel()
        return landed[0]

    def withdraw(self, writes: Sequence[StockWrite], *, kind: WriteKind, key: str) -> Sequence[WriteResult]:
        self.machine.note(f"{self.name} is asked to withdraw {[_shown(w) for w in writes]}")
        return self._answer(lambda: Shop.withdraw(self, writes, kind=kind, key=key))

    def _land(
        self, writes: tuple[StockWrite, ...], kind: WriteKind, key: str, asked: Sequence[float]
    ) -> Sequence[WriteResult]:
        """In the shop's own time, whether or not anybody still listens."""
        self.writes.append(WriteCall(writes, kind, key))
        results: list[WriteResult] = []
        if self.compare_and_set:
            results += self._write(writes, kind, key)
        else:
            for write, since in zip(writes, asked, strict=True):
                results += self._write((write,), kind, key)
                self.windows.append(Window(write.ref, since, self.machine.now))
                self.machine.pause()
        for write, result in zip(writes, results, strict=True):
            if result.outcome is WriteOutcome.APPLIED:
                self._tell_level(write.ref.stock_id.removeprefix("i"), write.ref.location_id)
        return results

    # ----------------------------------------------------------------------------------------- inside

    def _answer(self, act: Callable[[], T], *, slow: list[float] | None = None) -> T:
        """There and back, if nothing goes wrong on the way."""
        self._show_token()
        self._travel()
        if self.machine.random.random() < self.faults.failed_reads:
            raise Transient("503")
        found = act()
        if slow:
            self.machine.sleep(slow.pop(0))
        self._travel()
        return found

    def _travel(self) -> None:
        self.machine.sleep(self._a_while())

    def _show_token(self) -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                self._travel()
                raise AuthExpired("401")

    def _a_while(self, at_least: float = 0.0, at_most: float = 0.0) -> float:
        return at_least + self.machine.random.uniform(*self.latency) + self.machine.random.uniform(0, at_most)

    def _write_fault(self) -> str:
        if self.faults.next_writes:
            return self.faults.next_writes.pop(0)
        dice = self.machine.random.random()
        for name in ("refused", "lost_request", "lost_answer", "late", "slow"):
            dice -= getattr(self.faults, name)
            if dice < 0:
                return name
        return ""


_CHANNEL = {
    PartKind.ORDERED: -1,
    PartKind.REMOVED_RESTOCKED: 1,
    PartKind.REMOVED_LOST: 0,
    PartKind.FULFILLED: 0,
    PartKind.RETURNED_RESTOCKED: 1,
}


def platform_of(shop: ModelShop) -> Platform:
    """What SyncFlow is told of it."""
    platform = a_platform(compare_and_set=shop.kind is Kind.KEYED)
    holding = HOLDING | {PaymentState.PENDING} if shop.takes_when_placed else HOLDING
    return replace(platform, capabilities=replace(platform.capabilities, holding_payments=holding))


def held_units(shop: ModelShop, order: ExternalOrder) -> dict[str, int]:
    """What an order holds of each SKU, as it stands."""
    held: dict[str, int] = defaultdict(int)
    holds = order.payment in platform_of(shop).capabilities.holding_payments
    for line in order.lines:
        effect = ledger_effect(line.parts, holds_stock=holds)
        for sku, units in shop.parts(line.listing_external_id or "").items():
            held[sku] += effect.committed * units
    return held


def _units(line: ExternalOrderLine, *kinds: PartKind) -> int:
    return sum(part.quantity for part in line.parts if part.kind in kinds)


def _open_units(line: ExternalOrderLine) -> int:
    gone = _units(line, PartKind.REMOVED_RESTOCKED, PartKind.REMOVED_LOST, PartKind.FULFILLED)
    return _units(line, PartKind.ORDERED) - gone


def _shipped_units(line: ExternalOrderLine) -> int:
    return _units(line, PartKind.FULFILLED) - _units(line, PartKind.RETURNED_RESTOCKED)


def _state(lines: Sequence[ExternalOrderLine]) -> OrderState:
    if any(_open_units(line) for line in lines):
        return OrderState.OPEN
    shipped = any(_units(line, PartKind.FULFILLED) for line in lines)
    return OrderState.FULFILLED if shipped else OrderState.CANCELLED


def _shown(write: StockWrite) -> str:
    return f"{write.ref.stock_id}: {write.from_quantity}->{write.to_quantity}"
