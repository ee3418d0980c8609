"""The application on the run's database, and a merchant whose shops live in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from flask import Flask

from app import close_app, create_app
from app.services import shops, work
from app.settings import Settings
from tests.services.price_shops import PricedShop, Prices
from tests.services.shop import Shop, stocked
from tests.services.world import SETTLE, World


@pytest.fixture(scope="session")
def engine_app(settings: Settings) -> Iterator[Flask]:
    """Without the wait that gathers the changes of a window."""
    application = create_app(
        replace(settings, push_window_ms=0, drift_settle_seconds=int(SETTLE.total_seconds()))
    )
    yield application
    close_app(application)


@pytest.fixture
def world(
    engine_app: Flask, clean_database: str, clean_redis: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    with engine_app.app_context(), redis.Redis.from_url(clean_redis) as client:
        made = World(client)
        monkeypatch.setattr(work, "open_channel", made.open_channel)
        yield made
    engine_app.extensions["errors"].forget()  # before the next test has a clean database


@pytest.fixture
def shop() -> Shop:
    """Sells SKU as A, 10 of it, and another one."""
    return stocked(Shop())


@pytest.fixture
def other_shop() -> Shop:
    """Sells SKU as B."""
    shop = Shop()
    shop.stock("B", "SKU", 10)
    return shop


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    return world.connect(shop)


@pytest.fixture
def other(world: World, connection: int, other_shop: Shop) -> int:
    return world.connect(other_shop)


@pytest.fixture(params=["shopify", "woocommerce"])
def priced_shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PricedShop]:
    """Sells A and B, two variants of a product, and C, all at 10.00 USD."""
    shop = PricedShop(request.param, tmp_path)
    shop.sell("A", "B")
    shop.sell("C")
    yield shop
    shop.stop()


@pytest.fixture
def prices(world: World, priced_shop: PricedShop, monkeypatch: pytest.MonkeyPatch) -> Prices:
    """Connected, with price sync off."""
    made = Prices(world, priced_shop)
    monkeypatch.setattr(work, "open_channel", made.open_channel)
    monkeypatch.setattr(shops, "open_channel", made.open_channel)
    made.connect()
    return made
