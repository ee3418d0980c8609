"""A merchant with a sandbox shop over real HTTP, on either platform, and what came of its prices."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import Row

from app.models import Connection
from app.platforms.base import Platform, PriceReading, PriceRef, PriceResult, PriceWrite, Shop
from app.platforms.http import Http, new_session
from app.platforms.shopify import PLATFORM as SHOPIFY
from app.platforms.woocommerce import PLATFORM as WOOCOMMERCE
from app.platforms.woocommerce.channel import WooCommerceChannel
from app.services import importer
from app.services.prices import base, drain, rules
from app.services.shops import OpenShop
from app.services.uow import unit_of_work
from tests.platforms.shopify.sandbox_shop import CLIENT, SHOP, MemoryStore, SandboxShop
from tests.sandbox.support import ShopProcess
from tests.services.world import World

RULE: Mapping[str, Any] = {
    "enabled": True,
    "factor": "1",
    "rates": {},
    "rounding": "unit",
    "rounding_minor": 0,
    "direction": "nearest",
    "brake_percent": 20,
    "brake_change_percent": 30,
}
Hook = Callable[[], None]


@dataclass
class Wire:
    """A channel, with what may happen on the way: hooks run around calls, one a call.

    Calls may come at once: none goes on while a hook runs.
    """

    channel: Any
    before_write: deque[Hook] = field(default_factory=deque)
    after_write: deque[Hook] = field(default_factory=deque)
    before_read: deque[Hook] = field(default_factory=deque)
    after_read: deque[Hook] = field(default_factory=deque)
    written: list[PriceWrite] = field(default_factory=list)
    reads: int = 0
    hooking: RLock = field(default_factory=RLock)

    def read_prices(self, refs: Sequence[PriceRef]) -> Sequence[PriceReading]:
        self.reads += 1
        self._next(self.before_read)
        found: Sequence[PriceReading] = self.channel.read_prices(refs)
        self._next(self.after_read)
        return found

    def write_prices(self, writes: Sequence[PriceWrite], *, deadline: float) -> Sequence[PriceResult]:
        self._next(self.before_write)
        self.written += writes
        results: Sequence[PriceResult] = self.channel.write_prices(writes, deadline=deadline)
        self._next(self.after_write)
        return results

    def __getattr__(self, name: str) -> Any:
        return getattr(self.channel, name)

    def _next(self, hooks: deque[Hook]) -> None:
        with self.hooking:
            if hooks:
                hooks.popleft()()


class PricedShop:
    """One sandbox shop as its merchant sees it, and the product's way to it."""

    def __init__(self, slug: str, folder: Path) -> None:
        self.platform: Platform
        channel: Any
        if slug == "shopify":
            self.platform = SHOPIFY
            options = ("--client-id", CLIENT[0], "--client-secret", CLIENT[1])
            self.process = ShopProcess(slug, folder, *options)
            way = SandboxShop.__new__(SandboxShop)  # the merchant's way to connect, to a running shop
            way.url, way._session = self.process.url, self.process.session
            self.external_id, channel = SHOP, way.channel(way.connect().credentials)
        else:
            self.platform = WOOCOMMERCE
            self.process = ShopProcess(slug, folder)
            self.external_id = self.process.url
            http = Http(new_session(allow_private=True), sleep=lambda _seconds: None, answer_seconds=5.0)
            keys = MemoryStore(self.process.do("keys", {}))
            channel = WooCommerceChannel(Shop(1, self.external_id, "USD", keys, http, {}))
        self.wire = Wire(channel)

    def stop(self) -> None:
        self.process.session.close()
        self.process.stop()

    def sell(self, *skus: str, price: str = "10.00") -> None:
        """One product with these variants, at one price."""
        self.process.add(*({"sku": sku, "price": price} for sku in skus))

    def prices(self) -> dict[str, str]:
        items = self.process.do("truth", method="GET")["items"]
        return {item["sku"]: item["price"] for item in items}

    def retype(self, sku: str, price: str) -> None:
        """The merchant types a price into the shop's own admin."""
        self.process.do("change_product", {"sku": sku, "price": price})

    def writes(self) -> list[tuple[str, str]]:
        """What came by the API: SKU and price, writes of the same price included."""
        found = self.process.events("price")
        return [(each["sku"], each["to"]) for each in found if each["cause"] in ("api", "api_same")]


@dataclass
class Prices:
    """The world's connection to one priced shop."""

    world: World
    shop: PricedShop
    connection: int = 0

    def connect(self) -> None:
        with unit_of_work() as uow:
            connection = Connection(
                account_id=self.world.account_id,
                platform=self.shop.platform.slug,
                external_shop_id=self.shop.external_id,
                name="A shop",
                currency="USD",
                state="importing",
            )
            uow.session.add(connection)
            uow.session.flush()
            uow.commit()
        self.connection = connection.id
        importer.run_import(self.connection)
        self.world.sql("UPDATE connections SET state = 'active' WHERE id = :c", c=self.connection)

    def open_channel(self, _connection_id: int) -> OpenShop:
        """Stands in for `app.services.shops.open_channel`."""
        return OpenShop(
            channel=self.shop.wire,  # type: ignore[arg-type]  # a channel by delegation
            platform=self.shop.platform,
            webhook_url="http://127.0.0.1:9/hook",
            webhook_secret="s" * 40,
        )

    def switch_on(self, *, agreed: bool = False, **changes: Any) -> None:
        """And write; after that nobody has agreed to anything, unless said."""
        self.set_rule(**changes)
        rules.apply(self.world.account_id, self.connection, self.sync().version, actor="user:1")
        drain.drain(self.connection)
        if not agreed:
            self.world.sql("UPDATE price_syncs SET agreed_until = now()")
        self.shop.wire.written.clear()

    def set_rule(self, **changes: Any) -> None:
        rules.set_rule(self.world.account_id, self.connection, {**RULE, **changes}, actor="user:1")

    def set_base(self, **prices: int | None) -> int:
        given = [base.BasePrice(self.variant(sku), price) for sku, price in prices.items()]
        return base.set_base_prices(self.world.account_id, given, actor="user:1")

    def drain(self) -> None:
        drain.drain(self.connection)

    def read_catalog(self) -> None:
        """What the product does every day."""
        importer.run_import(self.connection)

    def age(self, by: timedelta) -> None:
        """All that is known of prices was known `by` earlier."""
        self.world.sql(
            """
            UPDATE listing_prices SET changed_at = changed_at - :by, hold_until = hold_until - :by;
            UPDATE price_attempts SET deadline_at = deadline_at - :by, closed_at = closed_at - :by,
                created_at = created_at - :by;
            UPDATE connections SET backoff_until = NULL, failures = 0;
            UPDATE drain_leases SET until = until - :by
            """,
            by=by,
        )

    # ----------------------------------------------------------------------------------- what is now

    def sync(self) -> Row[Any]:
        return self.world.one("SELECT * FROM price_syncs WHERE connection_id = :c", c=self.connection)

    def variant(self, sku: str) -> int:
        number: int = self.world.one("SELECT id FROM variants WHERE sku = :sku", sku=sku).id
        return number

    def listing(self, sku: str) -> int:
        number: int = self.world.one("SELECT id FROM listings WHERE sku = :sku", sku=sku).id
        return number

    def row(self, sku: str) -> Row[Any]:
        return self.world.one(
            """
            SELECT p.*, p.wanted_version > p.synced_version AS dirty
            FROM listing_prices p JOIN listings l ON l.id = p.listing_id WHERE l.sku = :sku
            """,
            sku=sku,
        )

    def open_events(self) -> set[str]:
        """Those of prices."""
        rows = self.world.rows("SELECT kind FROM events WHERE cleared_at IS NULL AND kind LIKE 'price%'")
        return {row.kind for row in rows}

    def outcomes(self) -> list[str]:
        return [row.outcome for row in self.world.rows("SELECT outcome FROM price_attempts ORDER BY id")]
