"""Everything that a trial needs, running: throw-away services, the product, and two connected shops."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask

from app import close_app, create_app
from app.services.auth import open_account
from syncflow import embedded
from syncflow.embedded import Services
from syncflow.output import LogFiles
from syncflow.processes import free_port
from syncflow.product import Product, running_product
from syncflow.trial.facts import EVERYWHERE
from syncflow.trial.merchant import Merchant
from syncflow.trial.scenario import KNOWS_LOCATIONS, SHOPS, CatalogItem, bundles_of
from syncflow.trial.shops import Shop, catalog_documents, running_shop

EMAIL = "merchant@trial.example"
SHOP_DOMAIN = "syncflow-trial.myshopify.com"
CLIENT_ID = "syncflow-trial"
NOT_INHERITED = ("DATABASE_URL", "REDIS_URL", "PORT", "PUBLIC_URL", "BIND_HOST")
"""A trial never touches services or addresses that somebody works with."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """`connections` by platform. `places`: what the shop that knows locations calls the product's. `app` is
    for reading along; the product runs in processes of its own."""

    product: Product
    services: Services
    shops: Mapping[str, Shop]
    connections: Mapping[str, int]
    places: Mapping[int, str]
    merchant: Merchant
    app: Flask


@contextmanager
def staged(
    catalog: tuple[CatalogItem, ...], *, locations: int, latency_ms: int, logs: Path, say: Say
) -> Iterator[Stage]:
    """Set the stage and clear it away again. Call it in the main thread.

    Raises EmbeddedError, LaunchFailed, ShopFailed, MerchantStuck.
    """
    output = LogFiles(logs)
    with ExitStack() as ending:
        say("starting PostgreSQL and Valkey")
        services = ending.enter_context(embedded.throwaway())
        say("opening two sandbox shops")
        client_secret = secrets.token_urlsafe(24)
        shops = {
            platform: ending.enter_context(
                running_shop(
                    platform,
                    state=services.home / "shops",
                    port=free_port(),
                    token=secrets.token_urlsafe(24),
                    output=output,
                    options=shop_options(platform, SHOP_DOMAIN, CLIENT_ID, client_secret),
                )
            )
            for platform in SHOPS
        }
        for shop in shops.values():
            _open(shop, catalog, locations=locations)
            shop.set_faults(latency_ms=latency_ms)
        say("starting SyncFlow")
        environ = _environ(shops, client_secret)
        product = ending.enter_context(
            running_product(services.home, environ=environ, services=services, output=output)
        )
        app = create_app(replace(product.settings, log_level="ERROR"))
        ending.callback(close_app, app)
        password = secrets.token_urlsafe(16)
        with app.app_context():
            open_account("Trial merchant", EMAIL, password)
        merchant = Merchant(product.settings.public_url, EMAIL, password)
        say(f"connecting both shops, {len(catalog)} SKUs each")
        connections, places = _connect(merchant, shops)
        if bundles := bundles_of(catalog):
            say(f"saying what {len(bundles)} bundles are made of")
            merchant.define_bundles(bundles)
        say("applying the first sync")
        for connection_id in connections.values():
            merchant.approve_first_sync(connection_id)
            merchant.wait_for_state(connection_id, "active")
        yield Stage(product, services, shops, connections, places, merchant, app)


def _open(shop: Shop, catalog: tuple[CatalogItem, ...], *, locations: int) -> None:
    """Stock the shop, where it knows locations at all of them."""
    if shop.platform != KNOWS_LOCATIONS:
        shop.add_products(catalog_documents(catalog))
        return
    further = [shop.add_location(f"Location {number}") for number in range(2, locations + 1)]
    shop.add_products(catalog_documents(catalog, ["", *further]))
    shop.places = [shop.items()[0].location, *further]


def _connect(merchant: Merchant, shops: Mapping[str, Shop]) -> tuple[dict[str, int], dict[int, str]]:
    """The connections by platform, and which of our locations is which of the shop's that knows them.

    That shop comes first: where a number stands for all locations, it is then known already what lies where.
    """
    connections: dict[str, int] = {}
    places: dict[int, str] = {}
    for slug, shop in shops.items():
        connections[slug] = connect(merchant, shop, SHOP_DOMAIN)
        merchant.wait_for_state(connections[slug], "review", "active")
        if slug == KNOWS_LOCATIONS:
            places = merchant.keep_stock_at(shop.places)
        if len(places) > 1:
            of_shop = places if slug == KNOWS_LOCATIONS else dict.fromkeys(places, EVERYWHERE)
            merchant.map_locations(connections[slug], of_shop)
    return connections, places


def shop_options(platform: str, domain: str, client_id: str, client_secret: str) -> list[str]:
    """What a sandbox shop must be told: its name, and the app that may connect."""
    if platform == "shopify":
        return [f"--shop={domain}", f"--client-id={client_id}", f"--client-secret={client_secret}"]
    return []


def connect(merchant: Merchant, shop: Shop, domain: str) -> int:
    """Connect Shopify by its consent page, or WooCommerce with pasted keys; the connection's id."""
    if shop.platform == "shopify":
        return merchant.connect("shopify", {"shop": domain})
    keys = shop.make_keys()
    pasted = {
        "store_url": shop.url,
        "consumer_key": keys["consumer_key"],
        "consumer_secret": keys["consumer_secret"],
    }
    return merchant.connect("woocommerce", pasted)


def shopify_environ(shop: Shop, client_id: str, client_secret: str) -> dict[str, str]:
    """The settings by which the product finds the Shopify sandbox instead of the real one."""
    return {
        "ENVIRONMENT": "development",
        "ALLOW_PRIVATE_SHOPS": "true",
        "SYNCFLOW_SHOPIFY_CLIENT_ID": client_id,
        "SYNCFLOW_SHOPIFY_CLIENT_SECRET": client_secret,
        "SYNCFLOW_SHOPIFY_URL_TEMPLATE": shop.url,
    }


def _environ(shops: Mapping[str, Shop], client_secret: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    port = str(free_port())
    return {
        **inherited,
        **shopify_environ(shops["shopify"], CLIENT_ID, client_secret),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL") or "INFO",
        "LOG_FORMAT": "json",
        "PORT": port,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
