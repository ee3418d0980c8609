"""The boundary between SyncFlow and every sales platform.

A platform is one folder that exports `PLATFORM`. Everything that crosses this boundary is one of the
frozen dataclasses below; raw vendor documents stay inside the platform's folder. Ids are strings as
the platform writes them (Shopify: the numeric part of the gid). Times are aware UTC by the platform's
clock. Money is in minor units of the order's currency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from marshmallow import Schema

from app.domain.orders import ChannelEffect, LinePart

# --------------------------------------------------------------------------------------- catalog


@dataclass(frozen=True, slots=True, order=True)
class CellRef:
    """Where a channel keeps one number. Several listings may point at the same cell.

    `location_id` is "" on a platform without locations. A WooCommerce variation that keeps its own
    number is "PARENT:VARIATION", a product (or a parent that its variations share) is "PRODUCT".
    """

    stock_id: str
    location_id: str = ""


@dataclass(frozen=True, slots=True)
class ExternalLocation:
    external_id: str
    name: str
    active: bool = True


class Unsyncable(StrEnum):
    """Why a listing's number must never be written."""

    UNTRACKED = "untracked"
    BUNDLE_PARENT = "bundle_parent"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class ExternalListing:
    """The smallest thing a shop sells: a Shopify variant, a WooCommerce product or variation."""

    external_id: str
    sku: str | None
    title: str
    barcode: str | None = None
    price_minor: int | None = None
    unit_cost_minor: int | None = None
    stock_id: str | None = None
    """`CellRef.stock_id` of its number; None where the platform keeps none."""
    unsyncable: Unsyncable | None = None


@dataclass(frozen=True, slots=True)
class ExternalProduct:
    external_id: str
    title: str
    currency: str
    updated_at: datetime
    listings: tuple[ExternalListing, ...]
    vendor: str | None = None
    product_type: str | None = None
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class LevelReading:
    """A channel's number at one moment. `quantity` is None where it keeps none (see `problem`)."""

    ref: CellRef
    quantity: int | None
    problem: Unsyncable | None = None


# ---------------------------------------------------------------------------------------- orders


class PaymentState(StrEnum):
    PENDING = "pending"
    ON_HOLD = "on_hold"
    """Placed and awaiting an off-line payment; the platform reserves stock for it."""
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    FAILED = "failed"


class OrderState(StrEnum):
    OPEN = "open"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    TRASHED = "trashed"


@dataclass(frozen=True, slots=True)
class ExternalOrderLine:
    """One line with everything that has happened to it, dated.

    `channel_effects` is what the channel did to its own number, by its own account of it. A line whose units
    are taken from several of the shop's locations is one line for each of them.
    """

    external_id: str
    listing_external_id: str | None
    sku: str | None
    title: str
    quantity: int
    unit_price_minor: int
    parts: tuple[LinePart, ...]
    channel_effects: tuple[ChannelEffect, ...]
    tax_minor: int = 0
    discount_minor: int = 0
    location_id: str = ""
    """`CellRef.location_id` of its units; "" where there is but one, or the shop does not tell."""


@dataclass(frozen=True, slots=True)
class ExternalOrder:
    """A whole order as it stands. A test order has `is_test` set and moves no stock."""

    external_id: str
    number: str
    state: OrderState
    payment: PaymentState
    created_at: datetime
    updated_at: datetime
    currency: str
    total_minor: int
    """As ordered: what was cancelled or refunded since stays in it, and in the sums that make it up."""
    subtotal_minor: int
    """Of all lines, before discounts."""
    tax_minor: int
    shipping_minor: int
    discount_minor: int
    refunded_minor: int
    customer_key: str | None
    """SHA-256 hex of the lower-cased e-mail, else the platform's customer id; never the e-mail."""
    lines: tuple[ExternalOrderLine, ...]
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class OrderBatch:
    """The orders found among those asked for; `missing` ids the shop no longer has or shows."""

    orders: tuple[ExternalOrder, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderStamp:
    """Enough of an order to tell whether a full fetch is due."""

    external_id: str
    updated_at: datetime


# ---------------------------------------------------------------------------------- stock writes


class WriteKind(StrEnum):
    SET = "set"
    """Make the number `to_quantity`; with compare-and-set only if it is `from_quantity`."""
    DELTA = "delta"
    """Add `to_quantity - from_quantity`, whatever the number is."""


@dataclass(frozen=True, slots=True)
class StockWrite:
    ref: CellRef
    from_quantity: int
    to_quantity: int


class WriteOutcome(StrEnum):
    APPLIED = "applied"
    STALE = "stale"
    """Compare-and-set found another number; nothing was written."""
    NOT_APPLIED = "not_applied"
    """Nothing was written, for a reason outside this item; a new write may be tried."""
    REJECTED = "rejected"
    """Nothing was written and repeating will not help; `code` and `message` say why."""
    UNKNOWN = "unknown"
    """The call may or may not have had its effect, or may still have it."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    ref: CellRef
    outcome: WriteOutcome
    code: str = ""
    message: str = ""


# ------------------------------------------------------------------------------------- shipments


@dataclass(frozen=True, slots=True)
class Shipment:
    """Units of an order's lines that left the house, as its shop is to be told.

    `units` and `noted` are by the line's external id. `places`: line -> location of the shop -> units that
    left it, as far as it is known. `noted`: what earlier shipments of the order told by note only.
    `known_before`: what the shop showed as shipped before it was first told of this one, None
    until then. `reference` names it for all time among the shipments of its order.
    """

    reference: str
    order_id: str
    units: Mapping[str, int]
    places: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    notify_customer: bool = False
    noted: Mapping[str, int] = field(default_factory=dict)
    known_before: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Fulfilled:
    """A shipment as the shop has it: its own ids for it; whether it is there as a note only."""

    ids: tuple[str, ...]
    only_noted: bool = False


@dataclass(frozen=True, slots=True)
class ShipmentShown:
    """What the shop has of a shipment: its units by line, and whether that is all there is to tell.

    `all_ids`: everything that it shows as shipped of the order, for `Shipment.known_before`.
    """

    all_ids: frozenset[str]
    units: Mapping[str, int]
    found: Fulfilled
    whole: bool


# ---------------------------------------------------------------------------------- price writes


@dataclass(frozen=True, slots=True)
class PriceRef:
    """Whose price: a listing, and the product it is part of (itself, where it is a product)."""

    listing_id: str
    product_id: str


@dataclass(frozen=True, slots=True)
class PriceReading:
    """What a listing costs before any sale of the merchant's, in minor units of the shop's currency.

    None where it has no price, or is `gone`.
    """

    ref: PriceRef
    price_minor: int | None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class PriceWrite:
    ref: PriceRef
    price_minor: int
    """Above 0."""


@dataclass(frozen=True, slots=True)
class PriceResult:
    """`outcome` is never STALE."""

    ref: PriceRef
    outcome: WriteOutcome
    code: str = ""
    message: str = ""


# ------------------------------------------------------------------------------------- webhooks


@dataclass(frozen=True, slots=True)
class Mention:
    """Units of a listing that a payload says its order holds."""

    listing_external_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """Look at this order. `mentions` are never booked: while the order cannot be read they only lower
    what the channels show."""

    order_id: str
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelReported:
    """A number seen in passing: a reason to look, never a measurement."""

    ref: CellRef
    quantity: int | None


@dataclass(frozen=True, slots=True)
class ProductChanged:
    product_id: str
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The shop uninstalled the app or revoked its keys."""


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    kind: str
    """`data_request`, `redact_customer` or `redact_shop`."""
    customer_key: str | None
    order_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignored:
    """Signed and stored, and nothing to do: an unknown topic, an error body, a finished bulk run."""

    reason: str


Signal = OrderChanged | LevelReported | ProductChanged | Disconnected | PrivacyRequest | Ignored


class Lane(StrEnum):
    """Who waits for whom: hints come by the dozen with every sale and must not hold up the sale itself."""

    ORDERS = "orders"
    """Orders, and what concerns the connection as a whole."""
    HINTS = "hints"
    """Products and levels: a reason to look, never a measurement."""
    PRIVACY = "privacy"
    """What the law asks for: answered without the shop, and also after it was disconnected."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the headers and the bytes of a webhook say about it, read without trusting them.

    `dedupe_key` names the event: the platform's event id, else a hash of resource and body.
    `event_id_is_unique` is False where the key is only a body hash: such a repeat is dropped only
    while its twin is unprocessed.
    """

    topic: str
    dedupe_key: str
    event_id_is_unique: bool
    lane: Lane = Lane.ORDERS
    triggered_at: datetime | None = None


# ------------------------------------------------------------------------------------- the shop


class CredentialStore(Protocol):
    """One connection's credentials. `renew` runs at most once at a time over all processes."""

    def current(self) -> Mapping[str, Any]: ...

    def refresh(
        self,
        stale: Mapping[str, Any],
        renew: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    ) -> Mapping[str, Any]:
        """Newer credentials than `stale`: another process's, or those `renew(current)` returns.

        They are stored before they are returned. Raises AuthExpired, Transient.
        """


@dataclass(frozen=True, slots=True)
class Shop:
    """What a platform needs to talk to one connected shop."""

    connection_id: int
    external_shop_id: str
    """Shopify: the `*.myshopify.com` domain. WooCommerce: the store's URL."""
    currency: str
    credentials: CredentialStore
    http: Any
    """`app.platforms.http.Http`: session, timeouts, shared rate budget, telemetry."""
    settings: Mapping[str, str]
    """The platform's own settings, from SYNCFLOW_<SLUG>_<NAME>, keys in lower case without prefix."""


class Channel(Protocol):
    """One connected shop. Every call has a time-out and raises only PlatformError's children.

    Iterators page lazily: one page in memory at a time.
    """

    def locations(self) -> Sequence[ExternalLocation]: ...

    def catalog(self) -> Iterator[Sequence[ExternalProduct]]:
        """All products with all their listings, a page at a time."""

    def fetch_products(self, product_ids: Sequence[str]) -> Sequence[ExternalProduct]:
        """Those products that still exist."""

    def all_levels(self, location_id: str) -> Iterator[Sequence[LevelReading]]: ...

    def changed_levels(self, location_id: str, since: datetime) -> Iterator[Sequence[LevelReading]]:
        """Levels the platform says it touched at or after `since`: hints, may miss some."""

    def read_levels(self, refs: Sequence[CellRef]) -> Sequence[LevelReading]:
        """One reading per ref, in order; a ref that is gone reads None with VANISHED."""

    def write_levels(
        self, writes: Sequence[StockWrite], *, kind: WriteKind, key: str, deadline: float
    ) -> Sequence[WriteResult]:
        """Write up to `capabilities.write_batch` numbers of one `write_group`, in one request; one result per
        write, in order.

        `key` makes an identical repeat harmless where the platform supports it. No request is sent
        after `deadline` (time.monotonic()): the numbers are old then. An outcome that is not known is
        UNKNOWN. Raises Transient or AuthExpired only if nothing was written at all.
        """

    def withdraw(self, writes: Sequence[StockWrite], *, kind: WriteKind, key: str) -> Sequence[WriteResult]:
        """See to it that a call of `write_levels` whose outcome is unknown takes no effect from now on.

        One result per write, in order: APPLIED if it had taken effect, NOT_APPLIED if it never will,
        UNKNOWN where the platform cannot tell. Safe to repeat. Raises Transient or AuthExpired.
        """

    def await_turn(self) -> None:
        """Wait until the rate budget lets a call through. Raises Transient if that takes too long."""

    def price_obstacle(self) -> str:
        """Why no price can be written to this shop, in words for the merchant; "" if nothing stands in the
        way. No call is made."""

    def read_prices(self, refs: Sequence[PriceRef]) -> Sequence[PriceReading]:
        """One reading per ref, in order."""

    def write_prices(self, writes: Sequence[PriceWrite], *, deadline: float) -> Sequence[PriceResult]:
        """Write up to `capabilities.price_batch` prices of one `price_group`, in one request that is sent at
        most once; one result per write, in order. What the merchant has set beside the price stays.

        No request is sent after `deadline` (time.monotonic()). Raises Transient or AuthExpired only if
        nothing was written at all.
        """

    def fetch_orders(self, order_ids: Sequence[str]) -> OrderBatch:
        """Whole orders, all their lines, refunds and shipments."""

    def changed_orders(self, since: datetime) -> Iterator[Sequence[OrderStamp]]:
        """Orders touched at or after `since`, oldest change first, drafts and test orders included."""

    def open_orders(self) -> Iterator[Sequence[ExternalOrder]]:
        """Whole orders not yet shipped, cancelled or refunded in full."""

    def shipment_shown(self, shipment: Shipment) -> ShipmentShown:
        """Look what the shop has of a shipment. Raises Permanent where it has no such order any more, or has
        cancelled it before it was told all."""

    def fulfill(self, shipment: Shipment, shown: ShipmentShown, *, deadline: float) -> Fulfilled:
        """Tell the shop what it does not show yet of a shipment, and return all that it then has of it.

        No request is sent after `deadline` (time.monotonic()). Raises Transient or AuthExpired only if
        nothing was written at all, OutcomeUnknown if something may have been or still may, and Permanent if
        the shop will not have it, or the rest of it.
        """

    def ensure_webhooks(self, callback_url: str, secret: str) -> Sequence[str]:
        """Make every needed subscription exist, live and point here; returns what was repaired."""

    def remove_webhooks(self, callback_url: str) -> None: ...

    def probe(self) -> None:
        """The cheapest authenticated read. Raises AuthExpired only if credentials are truly dead."""


# ----------------------------------------------------------------------------------- connecting

RENEW_AHEAD = timedelta(minutes=5)
"""A channel whose access ends within this renews it before its next call, whatever that is."""


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """The platform's answer to an authorisation: a redirect's query, or a posted document."""

    method: str
    query: Mapping[str, str]
    raw_query: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Connected:
    """A finished authorisation. `credentials` is stored encrypted and never logged."""

    external_shop_id: str
    name: str
    currency: str
    credentials: Mapping[str, Any]


class Connector(Protocol):
    """How a merchant connects a shop. `config` was validated by the platform's `config_schema`."""

    def authorize_url(
        self,
        config: Mapping[str, Any],
        *,
        state: str,
        callback_url: str,
        return_url: str,
        on_behalf_of: str,
    ) -> str | None:
        """Where to send the merchant's browser; None if `config` already holds working keys.

        `on_behalf_of` names the account, for a consent page of the shop that shows to whom it hands its keys.
        """

    def finish(self, config: Mapping[str, Any], *, state: str, callback: CallbackRequest | None) -> Connected:
        """Turn the answer (or the pasted keys) into credentials, after one authenticated read.

        Raises InvalidInput for a forged, stale or mismatched answer; AuthExpired for dead keys.
        """


@dataclass(frozen=True, slots=True)
class Capabilities:
    """How a platform differs, as data."""

    compare_and_set: bool
    write_batch: int
    order_batch: int
    """Orders of one fetch; several such fetches may be under way at a time."""
    read_batch: int
    deltas: bool
    locations: bool
    holding_payments: frozenset[PaymentState]
    """Payment states that reserve stock by default; matches what the channel does to its number."""
    partial_fulfillments: bool = True
    """Whether it can show that a part of an order was shipped. Else that is told in a note of the order."""
    price_batch: int = 0
    """Prices of one `write_prices`; 0 where none can be written."""


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything SyncFlow knows of one platform; discovered by `registry`, listed nowhere."""

    slug: str
    name: str
    capabilities: Capabilities
    config_schema: type[Schema]
    """What the merchant fills in to connect; secrets have `metadata={"secret": True}`."""
    required_settings: tuple[str, ...]
    """Names of settings without which connecting is off, e.g. ("client_id", "client_secret")."""
    connector: Callable[[Any, Mapping[str, str]], Connector]
    """(http, settings) -> Connector"""
    open_channel: Callable[[Shop], Channel]
    webhook_secret: Callable[[Mapping[str, str], str], str]
    """(platform settings, the connection's own random secret) -> the secret that signs webhooks"""
    handshake: Callable[[Mapping[str, str], bytes], bool]
    """True for an unsigned ping that is answered 200 and not stored."""
    verify: Callable[[Mapping[str, str], bytes, str], bool]
    """(headers in lower case, raw body, secret) -> the signature is present and right"""
    envelope: Callable[[Mapping[str, str], bytes], Envelope]
    parse: Callable[[str, Mapping[str, str], bytes], Sequence[Signal]]
    """(topic, headers, raw body) -> signals; never raises on what a shop can send."""
    write_group: Callable[[CellRef], str] = field(default=lambda _ref: "")
    """Numbers of one group can share a request of `write_levels`."""
    price_group: Callable[[PriceRef], str] = field(default=lambda _ref: "")
    """Prices of one group can share a request of `write_prices`."""
    shop_of_webhook: Callable[[Mapping[str, str]], str | None] = field(default=lambda _h: None)
    """External shop id named in the headers, for app-wide endpoints (privacy topics)."""
