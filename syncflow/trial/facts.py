"""The evidence: what the shops logged of themselves, and what the product has on record.

Times are seconds of the epoch by the clock of this machine, which all processes of a trial share.
Units are signed: a sale of two is -2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

SALES = frozenset({"order", "pay", "edit_order", "cancel", "refund"})
"""Causes of a stock event by which the shop itself moves its number for an order."""
EDIT = "merchant"
WRITES = frozenset({"api", "api_same"})
OPENING = "catalog"
UNANSWERED = frozenset({"timeout", "disconnect", "5xx"})
"""Faults of a call after which nobody knows whether it took effect."""

EVERYWHERE = ""
"""The location of a number that stands for all of them. A location is called as the shop that has it does."""
Number = tuple[str, str]
"""What a shop has to sell of one listing: the shop, and the SKU. At a shop with locations, in all of them."""
Levels = Mapping[str, Mapping[str, int]]
"""What the ledger has: by SKU, by location."""
Bundles = Mapping[str, Mapping[str, int]]
"""The SKUs of one bundle's components and how many of each it is made of, by the bundle's SKU."""


@dataclass(frozen=True, slots=True)
class StockEvent:
    """The shop's stored number of one listing at one location changed (or was written anew, `api_same`).

    `sku` is on the shelf, and `units` of it are in one of the listing: what a bundle takes of a component.
    `listed_as`: the bundle's SKU. `elsewhere`: what the shop had of the listing at its other locations.
    """

    shop: str
    seq: int
    at: float
    sku: str
    before: int
    after: int
    cause: str
    order_id: str | None = None
    units: int = 1
    listed_as: str = ""
    location: str = EVERYWHERE
    elsewhere: int = 0

    @property
    def shown(self) -> int:
        """What buyers could take of the listing since."""
        return self.after + self.elsewhere

    @property
    def delta(self) -> int:
        """In units of what is on the shelf."""
        return (self.after - self.before) * self.units

    @property
    def number(self) -> Number:
        return self.shop, self.listed_as or self.sku

    @property
    def is_physical(self) -> bool:
        """Units really left or came, other than by somebody writing down a number."""
        return self.cause in SALES or self.cause == EDIT


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """`action`: queued, dropped, doubled, delayed, delivered (a 2xx came) or failed."""

    shop: str
    seq: int
    at: float
    action: str
    delivery: int
    topic: str
    resource_id: str

    @property
    def concerns_orders(self) -> bool:
        return self.topic.startswith(("order", "refund"))


@dataclass(frozen=True, slots=True)
class CallEvent:
    """A call of the platform's API, by its end. `write`: a stock write of `items` numbers."""

    shop: str
    at: float
    started_at: float
    endpoint: str
    status: int | None
    fault: str | None
    write: bool
    items: int
    throttled: bool = False
    """Refused because the product had used up its rate budget."""


@dataclass(slots=True)
class ShopLog:
    """The event log of one shop in the order of its `seq`."""

    shop: str
    stock: list[StockEvent] = field(default_factory=list)
    webhooks: list[WebhookEvent] = field(default_factory=list)
    calls: list[CallEvent] = field(default_factory=list)
    refused: int = 0
    _numbers: dict[str, dict[str, int]] = field(default_factory=dict)
    """As they are now, by SKU and location."""

    def extend(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Take in entries as the control API gives them. Entries without a SKU or number are left out."""
        for entry in entries:
            kind = entry["type"]
            if kind == "stock" and entry["sku"] is not None and entry["to"] is not None:
                self.take_stock(_stock_event(self.shop, entry))
            elif kind == "webhook":
                self.webhooks.append(_webhook_event(self.shop, entry))
            elif kind == "call":
                self.calls.append(_call_event(self.shop, entry))
            elif kind == "order" and entry["action"] == "refused":
                self.refused += 1

    def take_stock(self, event: StockEvent) -> None:
        """Take in a change of a number, which the shop's other locations did not take part in."""
        numbers = self._numbers.setdefault(event.sku, {})
        numbers[event.location] = event.after
        self.stock.append(replace(event, elsewhere=sum(numbers.values()) - event.after))


@dataclass(frozen=True, slots=True)
class ShopItem:
    """A listing's number at one location as the shop has it at the end."""

    shop: str
    sku: str
    quantity: int
    location: str = EVERYWHERE


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order that the shop accepted. `played`: not one of the probes that measure the floor."""

    shop: str
    order_id: str
    placed_at: float
    played: bool = True


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """A row of the product's orders table."""

    shop: str
    order_id: str
    recorded_at: float


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A movement: `delta` of `available` of a SKU at a location, `after` the balance there. `order` where a
    line booked it, and `listed_as` what it sold, where that is made of the SKU. `origin_location`: whose
    number the shop moved."""

    at: float
    sku: str
    delta: int
    after: int
    origin_shop: str | None = None
    order_id: str | None = None
    listed_as: str | None = None
    origin_location: str = EVERYWHERE
    location: str = EVERYWHERE

    def comes_from(self, cell: Cell) -> bool:
        """Whether the shop moved that number itself."""
        origin = (self.origin_shop, self.listed_as or self.sku, self.origin_location)
        return origin == (cell.shop, cell.sku, cell.location)


@dataclass(frozen=True, slots=True)
class Cell:
    """A channel's number of a SKU at a location, and the endpoint that one batched call to it goes to."""

    shop: str
    sku: str
    endpoint: str
    batch: int
    location: str = EVERYWHERE


@dataclass(frozen=True, slots=True)
class UnansweredWrite:
    """A write by `difference` units, begun `at`, whose outcome only a later reading could tell."""

    shop: str
    sku: str
    at: float
    difference: int


@dataclass(frozen=True, slots=True)
class Record:
    """All that the product has on record, read from its database.

    `unbalanced`: SKUs whose level is not the sum of its movements.
    """

    orders: Sequence[OrderRecord]
    ledger: Sequence[LedgerEntry]
    levels: Levels
    unbalanced: frozenset[str]
    cells: Sequence[Cell]
    unanswered: Sequence[UnansweredWrite] = ()

    @property
    def available(self) -> Mapping[str, int]:
        """The level by SKU, over all locations."""
        return {sku: sum(places.values()) for sku, places in self.levels.items()}


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that the trial itself did to the product; `kind` as in `chaos.EVERY_SECONDS`."""

    at: float
    kind: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the judge needs. `opening`: what was on the shelf, which no bundle is. `began_at`: the
    first order; `played_at`: the last order, edit or disturbance was over; `quiet_at`: nothing was left to
    do."""

    logs: Sequence[ShopLog]
    items: Sequence[ShopItem]
    placed: Sequence[PlacedOrder]
    record: Record
    opening: Mapping[str, int]
    bundles: Bundles = field(default_factory=dict)
    locations: int = 1
    disturbances: Sequence[Disturbance] = ()
    began_at: float = 0.0
    played_at: float = 0.0
    quiet_at: float = 0.0


def _stock_event(shop: str, entry: Mapping[str, Any]) -> StockEvent:
    return StockEvent(
        shop=shop,
        seq=entry["seq"],
        at=entry["at"],
        sku=entry["sku"],
        before=entry["from"] or 0,
        after=entry["to"],
        cause=entry["cause"],
        order_id=None if entry["order_id"] is None else str(entry["order_id"]),
        location=entry["location_id"],
    )


def _webhook_event(shop: str, entry: Mapping[str, Any]) -> WebhookEvent:
    return WebhookEvent(
        shop=shop,
        seq=entry["seq"],
        at=entry["at"],
        action=entry["action"],
        delivery=entry["delivery"],
        topic=entry["topic"],
        resource_id=str(entry["resource_id"]),
    )


def _call_event(shop: str, entry: Mapping[str, Any]) -> CallEvent:
    return CallEvent(
        shop=shop,
        at=entry["at"],
        started_at=entry["started_at"],
        endpoint=entry["endpoint"],
        status=entry["status"],
        fault=entry["fault"],
        write=entry["write"],
        items=entry["items"],
        throttled=entry["throttled"],
    )
