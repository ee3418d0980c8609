"""Fixtures: ``start_shop`` starts shops, ``receiver`` takes their webhooks."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox.support import Receiver, ShopProcess


@pytest.fixture
def start_shop(tmp_path: Path) -> Iterator[Callable[..., ShopProcess]]:
    """``start_shop("woocommerce", "--shop", "Name")``; every shop has a folder of its own and is stopped."""
    shops: list[ShopProcess] = []

    def start(platform: str, *options: str) -> ShopProcess:
        shop = ShopProcess(platform, tmp_path / f"{platform}-{len(shops)}", *options)
        shops.append(shop)
        return shop

    yield start
    for shop in shops:
        shop.session.close()
        if shop.process.poll() is None:
            shop.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver
