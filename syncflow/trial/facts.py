"""The evidence: what the shops logged of themselves, and what the product has on record.

Times are seconds of the epoch by the clock of this machine, which all processes of a trial share.
Units are signed: a sale of two is -2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SALES = frozenset({"order", "pay", "edit_order", "cancel", "refund"})
"""Causes of a stock event by which the shop itself moves its number for an order."""
EDIT = "merchant"
WRITES = frozenset({"api", "api_same"})
OPENING = "catalog"
UNANSWERED = frozenset({"timeout", "disconnect", "5xx"})
"""Faults of a call after which nobody knows whether it took effect."""

Number = tuple[str, str]
"""One that a shop shows: the shop, and the SKU of its listing."""
Bundles = Mapping[str, Mapping[str, int]]
"""The SKUs of one bundle's components and how many of each it is made of, by the bundle's SKU."""


@dataclass(frozen=True, slots=True)
class StockEvent:
    """The shop's stored number of one listing changed (or was written anew, `api_same`).

    `sku` is on the shelf, and `units` of it are in one of the listing: what a bundle takes of a component.
    `listed_as`: the bundle's SKU.
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


@dataclass(slots=True)
class ShopLog:
    """The event log of one shop in the order of its `seq`."""

    shop: str
    stock: list[StockEvent] = field(default_factory=list)
    webhooks: list[WebhookEvent] = field(default_factory=list)
    calls: list[CallEvent] = field(default_factory=list)
    refused: int = 0

    def extend(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Take in entries as the control API gives them. Entries without a SKU or number are left out."""
        for entry in entries:
            kind = entry["type"]
            if kind == "stock" and entry["sku"] is not None and entry["to"] is not None:
                self.stock.append(_stock_event(self.shop, entry))
            elif kind == "webhook":
                self.webhooks.append(_webhook_event(self.shop, entry))
            elif kind == "call":
                self.calls.append(_call_event(self.shop, entry))
            elif kind == "order" and entry["action"] == "refused":
                self.refused += 1


@dataclass(frozen=True, slots=True)
class ShopItem:
    """A listing as the shop has it at the end."""

    shop: str
    sku: str
    quantity: int


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
    """A movement: `delta` of `available` of a SKU, `after` the balance. `order` where a line booked it, and
    `listed_as` what it sold, where that is made of the SKU."""

    at: float
    sku: str
    delta: int
    after: int
    origin_shop: str | None = None
    order_id: str | None = None
    listed_as: str | None = None

    @property
    def origin(self) -> Number | None:
        """The number that the shop moved itself."""
        return None if self.origin_shop is None else (self.origin_shop, self.listed_as or self.sku)


@dataclass(frozen=True, slots=True)
class Cell:
    """A channel's number of a SKU, and the endpoint that one batched call to it goes to."""

    shop: str
    sku: str
    endpoint: str
    batch: int


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

    `available`: the level by SKU. `unbalanced`: SKUs whose level is not the sum of its movements.
    """

    orders: Sequence[OrderRecord]
    ledger: Sequence[LedgerEntry]
    available: Mapping[str, int]
    unbalanced: frozenset[str]
    cells: Sequence[Cell]
    unanswered: Sequence[UnansweredWrite] = ()


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that the trial itself did to the product: a killed worker, an emptied Redis."""

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
    )
