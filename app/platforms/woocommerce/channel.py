"""One connected WooCommerce shop: the Channel protocol, put together from the modules beside it."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TypeVar

from app.platforms.base import (
    CellRef,
    ExternalLocation,
    ExternalOrder,
    ExternalProduct,
    Fulfilled,
    LevelReading,
    OrderBatch,
    OrderStamp,
    PriceReading,
    PriceRef,
    PriceResult,
    PriceWrite,
    Shipment,
    ShipmentShown,
    Shop,
    StockWrite,
    WriteKind,
    WriteOutcome,
    WriteResult,
)
from app.platforms.errors import Permanent
from app.platforms.http import Http
from app.platforms.woocommerce.client import PAGE_SIZE, Client, Refused
from app.platforms.woocommerce.fulfillments import Fulfillments
from app.platforms.woocommerce.levels import REQUESTS_AT_A_TIME, Levels
from app.platforms.woocommerce.mapper import PRODUCT_FIELDS, VARIATION_FIELDS, Doc, gmt, product_from
from app.platforms.woocommerce.order_mapper import (
    OPEN_STATUSES,
    ORDER_FIELDS,
    REFUND_FIELDS,
    STAMP_FIELDS,
    TRASHED_ORDER_FIELDS,
    is_draft,
    order_from,
)
from app.platforms.woocommerce.prices import Prices
from app.platforms.woocommerce.signing import Keys
from app.platforms.woocommerce.subscriptions import Subscriptions
from app.platforms.woocommerce.variations import Variations, chunks

T = TypeVar("T")


class WooCommerceChannel:
    """Implements `Channel`. Reads are repeated by `Http`; a write is sent at most once."""

    def __init__(self, shop: Shop) -> None:
        credentials = shop.credentials.current()
        keys = Keys(str(credentials["consumer_key"]), str(credentials["consumer_secret"]))
        self._currency = shop.currency
        self._http: Http = shop.http
        self._client = Client(shop.http, shop.external_shop_id, keys)
        self._variations = Variations(self._client)
        self._levels = Levels(self._client, self._variations)
        self._prices = Prices(self._client, self._variations, shop.currency)
        self._subscriptions = Subscriptions(self._client)
        self._fulfillments = Fulfillments(self._client, self.fetch_orders)

    def locations(self) -> Sequence[ExternalLocation]:
        """WooCommerce has none: one, with the empty id that its cells carry."""
        return (ExternalLocation("", "Store"),)

    def catalog(self) -> Iterator[Sequence[ExternalProduct]]:
        for page in self._client.pages("products", _fields=PRODUCT_FIELDS):
            yield self._products(page)

    def fetch_products(self, product_ids: Sequence[str]) -> Sequence[ExternalProduct]:
        found: list[ExternalProduct] = []
        for ids in chunks(product_ids):
            include = ",".join(ids)
            rows = self._client.rows("products", include=include, per_page=PAGE_SIZE, _fields=PRODUCT_FIELDS)
            found.extend(self._products(rows))
        return found

    def all_levels(self, location_id: str) -> Iterator[Sequence[LevelReading]]:
        return _mapped_pages(self._levels.everything())

    def changed_levels(self, location_id: str, since: datetime) -> Iterator[Sequence[LevelReading]]:
        return _mapped_pages(self._levels.changed(since))

    def read_levels(self, refs: Sequence[CellRef]) -> Sequence[LevelReading]:
        return _mapped(lambda: self._levels.read(refs))

    def await_turn(self) -> None:
        self._http.budget.acquire(0.0, None)

    def write_levels(
        self, writes: Sequence[StockWrite], *, kind: WriteKind, key: str, deadline: float
    ) -> Sequence[WriteResult]:
        """Absolute writes only: `inventory_delta` is not atomic. `key` has no use here."""
        if kind is not WriteKind.SET:
            raise Permanent("WooCommerce cannot add to a number safely.")
        return self._levels.write(writes, deadline)

    def withdraw(self, writes: Sequence[StockWrite], *, kind: WriteKind, key: str) -> Sequence[WriteResult]:
        """What was sent once cannot be called back."""
        return [WriteResult(write.ref, WriteOutcome.UNKNOWN) for write in writes]

    def price_obstacle(self) -> str:
        """Keys that may write may write all."""
        return ""

    def read_prices(self, refs: Sequence[PriceRef]) -> Sequence[PriceReading]:
        return _mapped(lambda: self._prices.read(refs))

    def write_prices(self, writes: Sequence[PriceWrite], *, deadline: float) -> Sequence[PriceResult]:
        return self._prices.write(writes, deadline)

    def fetch_orders(self, order_ids: Sequence[str]) -> OrderBatch:
        """Trashed orders are found, drafts left out; what was deleted for good is `missing`."""
        documents: dict[str, Doc] = {}
        for status, fields in (("any", ORDER_FIELDS), ("trash", TRASHED_ORDER_FIELDS)):
            unseen = [order_id for order_id in order_ids if order_id not in documents]
            for ids in chunks(unseen):
                rows = self._client.rows(
                    "orders", include=",".join(ids), status=status, per_page=PAGE_SIZE, _fields=fields
                )
                documents.update((str(row["id"]), row) for row in rows)
        with ThreadPoolExecutor(REQUESTS_AT_A_TIME) as pool:  # each order's refunds are a call of their own
            orders = tuple(pool.map(self._order, [doc for doc in documents.values() if not is_draft(doc)]))
        return OrderBatch(
            orders=orders,
            missing=tuple(order_id for order_id in order_ids if order_id not in documents),
        )

    def changed_orders(self, since: datetime) -> Iterator[Sequence[OrderStamp]]:
        """Trashed ones included (`any` leaves them out); a basket in the checkout is no order yet."""
        streams = (
            self._stamps(self._client.changed("orders", since, status=status, _fields=STAMP_FIELDS))
            for status in ("any", "trash")
        )
        merged = heapq.merge(*streams, key=lambda stamp: stamp.updated_at)
        while page := list(islice(merged, PAGE_SIZE)):
            yield page

    def open_orders(self) -> Iterator[Sequence[ExternalOrder]]:
        status = ",".join(OPEN_STATUSES)
        for page in self._client.pages("orders", status=status, _fields=ORDER_FIELDS):
            yield [self._order(doc) for doc in page]

    def shipment_shown(self, shipment: Shipment) -> ShipmentShown:
        return self._fulfillments.shown(shipment)

    def fulfill(self, shipment: Shipment, shown: ShipmentShown, *, deadline: float) -> Fulfilled:
        return self._fulfillments.tell(shipment, shown, deadline=deadline)

    def ensure_webhooks(self, callback_url: str, secret: str) -> Sequence[str]:
        return self._subscriptions.ensure(callback_url, secret)

    def remove_webhooks(self, callback_url: str) -> None:
        self._subscriptions.remove(callback_url)

    def probe(self) -> None:
        self._client.probe()

    def _products(self, documents: Sequence[Doc]) -> Sequence[ExternalProduct]:
        variations = self._variations.of(documents, VARIATION_FIELDS)
        read = partial(product_from, currency=self._currency)
        return _mapped(lambda: [read(doc, variations.get(str(doc["id"]), ())) for doc in documents])

    def _order(self, document: Doc) -> ExternalOrder:
        refunds = self._refunds(document) if document.get("refunds") else ()
        return _mapped(lambda: order_from(document, refunds))

    def _refunds(self, order: Doc) -> Sequence[Doc]:
        try:
            path = f"orders/{order['id']}/refunds"
            return [refund for page in self._client.pages(path, _fields=REFUND_FIELDS) for refund in page]
        except Refused as err:
            if err.status != 404:
                raise
            return ()

    def _stamps(self, pages: Iterator[Sequence[Doc]]) -> Iterator[OrderStamp]:
        for page in pages:
            yield from _mapped(partial(_page_of_stamps, page))


def _page_of_stamps(rows: Sequence[Doc]) -> Sequence[OrderStamp]:
    return [
        OrderStamp(str(row["id"]), updated_at)
        for row in rows
        if (updated_at := gmt(row["date_modified_gmt"])) and not is_draft(row)
    ]


def _mapped(read: Callable[[], T]) -> T:
    """What the mapper makes of an answer; one it cannot read is the shop's fault, and stays so."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as err:
        raise Permanent(f"The shop's answer cannot be read: {err!r}"[:300]) from err


def _mapped_pages(pages: Iterator[Sequence[T]]) -> Iterator[Sequence[T]]:
    while (page := _mapped(lambda: next(pages, None))) is not None:
        yield page
