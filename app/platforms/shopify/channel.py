"""One connected Shopify shop: the Channel protocol, put together from this folder's parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.platforms.base import (
    CellRef,
    ExternalLocation,
    ExternalOrder,
    ExternalProduct,
    Fulfilled,
    LevelReading,
    OrderBatch,
    OrderStamp,
    OrderState,
    PriceReading,
    PriceRef,
    PriceResult,
    PriceWrite,
    Shipment,
    ShipmentShown,
    Shop,
    StockWrite,
    WriteKind,
    WriteResult,
)
from app.platforms.http import Http
from app.platforms.shopify import catalog, fulfillments, orders, prices, subscriptions
from app.platforms.shopify.auth import Tokens, base_url
from app.platforms.shopify.client import ShopifyClient, understood
from app.platforms.shopify.documents import LOCATIONS
from app.platforms.shopify.mapper import to_location
from app.platforms.shopify.writes import withdraw, write_levels

BULK_FROM_VARIANTS = 5_000
"""From here on a bulk operation beats paging, which also ends at 25,000 objects."""
MOST_BULK_BYTES = 2 * 1024**3
BULK_DOWNLOAD_SECONDS = 900.0


class ShopifyChannel:
    """Implements `Channel`."""

    def __init__(self, shop: Shop, *, bulk_from_variants: int = BULK_FROM_VARIANTS) -> None:
        self._http: Http = shop.http
        self._currency = shop.currency
        self._credentials = shop.credentials
        self._bulk_from_variants = bulk_from_variants
        tokens = Tokens(shop.http, shop.settings, shop.external_shop_id, shop.credentials)
        self._client = ShopifyClient(
            shop.http,
            base_url(shop.settings, shop.external_shop_id),
            token=tokens.current,
            renewed=tokens.renewed,
        )

    def locations(self) -> list[ExternalLocation]:
        found: list[ExternalLocation] = []
        for page in self._client.pages(LOCATIONS, {}, "locations"):
            with understood("locations"):
                found.extend(to_location(raw) for raw in page)
        return found

    def catalog(self) -> Iterator[Sequence[ExternalProduct]]:
        if self._is_large():
            return catalog.catalog_in_bulk(self._client, self._download, self._currency)
        return catalog.catalog_by_pages(self._client, self._currency)

    def fetch_products(self, product_ids: Sequence[str]) -> list[ExternalProduct]:
        return catalog.fetch_products(self._client, product_ids, self._currency)

    def all_levels(self, location_id: str) -> Iterator[Sequence[LevelReading]]:
        if self._is_large():
            return catalog.levels_in_bulk(self._client, self._download, location_id)
        return catalog.levels_by_pages(self._client, location_id)

    def changed_levels(self, location_id: str, since: datetime) -> Iterator[Sequence[LevelReading]]:
        return catalog.levels_by_pages(self._client, location_id, since)

    def read_levels(self, refs: Sequence[CellRef]) -> list[LevelReading]:
        return catalog.read_levels(self._client, refs)

    def await_turn(self) -> None:
        self._http.budget.acquire(0.0, None)

    def write_levels(
        self, writes: Sequence[StockWrite], *, kind: WriteKind, key: str, deadline: float
    ) -> list[WriteResult]:
        return write_levels(self._client, writes, kind=kind, key=key, deadline=deadline)

    def withdraw(self, writes: Sequence[StockWrite], *, kind: WriteKind, key: str) -> list[WriteResult]:
        return withdraw(self._client, writes, kind=kind, key=key)

    def price_obstacle(self) -> str:
        return prices.obstacle(self._credentials.current())

    def read_prices(self, refs: Sequence[PriceRef]) -> list[PriceReading]:
        return prices.read_prices(self._client, refs, self._currency)

    def write_prices(self, writes: Sequence[PriceWrite], *, deadline: float) -> list[PriceResult]:
        return prices.write_prices(self._client, writes, self._currency, deadline=deadline)

    def fetch_orders(self, order_ids: Sequence[str]) -> OrderBatch:
        return orders.fetch_orders(self._client, order_ids)

    def changed_orders(self, since: datetime) -> Iterator[Sequence[OrderStamp]]:
        return orders.changed_orders(self._client, since)

    def open_orders(self) -> Iterator[Sequence[ExternalOrder]]:
        for ids in orders.open_order_ids(self._client):
            batch = orders.fetch_orders(self._client, ids)
            yield [order for order in batch.orders if order.state is OrderState.OPEN]

    def shipment_shown(self, shipment: Shipment) -> ShipmentShown:
        return fulfillments.shipment_shown(self._client, shipment)

    def fulfill(self, shipment: Shipment, shown: ShipmentShown, *, deadline: float) -> Fulfilled:
        return fulfillments.fulfill(self._client, shipment, shown, deadline=deadline)

    def ensure_webhooks(self, callback_url: str, secret: str) -> list[str]:
        """`secret` is the app's own and is not sent: Shopify knows it."""
        return subscriptions.ensure_webhooks(self._client, callback_url)

    def remove_webhooks(self, callback_url: str) -> None:
        subscriptions.remove_webhooks(self._client, callback_url)

    def probe(self) -> None:
        self._client.probe()

    def _is_large(self) -> bool:
        return catalog.count_variants(self._client) >= self._bulk_from_variants

    def _download(self, url: str) -> Iterator[bytes]:
        return self._http.lines(url, max_bytes=MOST_BULK_BYTES, answer_seconds=BULK_DOWNLOAD_SECONDS)
