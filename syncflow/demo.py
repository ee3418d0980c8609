"""The demo: the whole product on this machine with two sandbox shops, kept from one start to the next.

A third shop, the spare one, is not connected: whoever opens an account can try SyncFlow with it.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile

from app import close_app, create_app
from app.errors import Conflict
from app.services.auth import open_account
from syncflow.demo_catalog import demo_products
from syncflow.demo_mail import MailWatcher
from syncflow.demo_sales import Buyers, Watcher
from syncflow.exits import OK
from syncflow.launcher import Limits
from syncflow.output import LogFiles
from syncflow.processes import end, free_port, spawn
from syncflow.product import ROOT, Product, running_product, services_for
from syncflow.trial.merchant import Merchant
from syncflow.trial.scenario import SHOPS
from syncflow.trial.shops import Shop, opening_shop
from syncflow.trial.stage import Say, connect, shop_options, shopify_environ
from syncflow.web_build import is_current

EMAIL = "merchant@demo.example"
SHOP_DOMAIN = "syncflow-demo.myshopify.com"
SPARE = "spare"
SPARE_NAME = "Sandbox store"
CLIENT_ID = "syncflow-demo"
STATE_FILE = "demo.json"
LOG_FOLDER = "logs"
BUILD = (sys.executable, "-m", "syncflow", "app")
BUILD_GRACE_SECONDS = 2
TICK_SECONDS = 0.2
LATENCY_MS = 30
"""What each call of a shop's API takes: about as long as a real one's answer travels."""


@dataclass(frozen=True, slots=True)
class DemoState:
    """What the demo remembers: where its shops live and the secrets it made up."""

    password: str
    client_secret: str
    tokens: Mapping[str, str]
    ports: Mapping[str, int]
    """By platform, or SPARE; a port that changed would make other shops of them."""
    web_port: int | None = None
    spare_keys: Mapping[str, str] | None = None
    """REST keys of the spare shop, once it has made them."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo, both shops connected."""

    product: Product
    shops: Mapping[str, Shop]
    spare: Shop
    password: str
    mails: MailWatcher


@contextmanager
def running_demo(home: Path, *, say: Say, limits: Limits | None = None) -> Iterator[Demo]:
    """Start everything, the first time from nothing. Call it in the main thread.

    Raises EmbeddedError, SettingsError, PortTaken, LaunchFailed, ShopFailed, MerchantStuck.
    """
    with ExitStack() as ending:
        app_built = ending.enter_context(_building_app(say))
        say("starting PostgreSQL and Valkey")
        services = ending.enter_context(services_for(os.environ, home))
        state = _remembered(home)
        output = LogFiles(home / LOG_FOLDER)
        say("opening sandbox shops")
        shops, spare = _opened(ending, home, state, output)
        keys = state.spare_keys or spare.make_keys()
        say("starting SyncFlow")
        environ = {
            **({"PORT": str(state.web_port)} if state.web_port else {}),
            **os.environ,
            **shopify_environ(shops["shopify"], CLIENT_ID, state.client_secret),
            "SANDBOX_SHOPS": _offer(spare, keys),
        }
        product = ending.enter_context(
            running_product(home, environ=environ, services=services, output=output, limits=limits)
        )
        _keep(home, replace(state, web_port=product.settings.port, spare_keys=keys))
        _stock(spare)
        furnish(product, shops, state.password, say)
        app_built()
        yield Demo(product, shops, spare, state.password, MailWatcher(home / LOG_FOLDER))


def show_sales(demo: Demo, tell: Callable[[str], None]) -> None:
    """Let buyers buy and tell of every sale and mail, until the product ends.

    Raises LaunchFailed, ShopFailed.
    """
    watcher = Watcher({slug: shop.twin() for slug, shop in demo.shops.items()})
    watcher.start()
    buyers = Buyers(demo.shops, random.Random())
    buyers.start()
    try:
        while not demo.product.launcher.wait(TICK_SECONDS):
            for line in (*watcher.lines(), *demo.mails.lines()):
                tell(line)
            if buyers.failed:
                raise buyers.failed
    finally:
        buyers.stop()


@contextmanager
def _building_app(say: Say, build: Sequence[str] = BUILD) -> Iterator[Callable[[], None]]:
    """Build the web app beside the rest of the start, if it is not current; gives what waits for it.

    A demo without the web app is still one: shops are kept in step, and the API answers.
    """
    if is_current():
        yield lambda: None
        return
    say("building the web app meanwhile")
    with TemporaryFile("w+b") as told:
        process = spawn(build, environ=os.environ, cwd=ROOT, stdout=told, death_signal=signal.SIGTERM)

        def wait() -> None:
            if process.poll() is None:
                say("waiting for the web app")
            if process.wait() != OK:
                told.seek(0)
                say(f"the web app is left out:\n{told.read().decode(errors='replace').strip()}")

        try:
            yield wait
        finally:
            end(process, politely=signal.SIGTERM, grace_seconds=BUILD_GRACE_SECONDS)


def _opened(
    ending: ExitStack, home: Path, state: DemoState, output: LogFiles
) -> tuple[Mapping[str, Shop], Shop]:
    """The shops of the demo's merchant by platform, and the spare one."""

    def opening(name: str, platform: str, folder: Path, options: Sequence[str]) -> Callable[[], Shop]:
        return ending.enter_context(
            opening_shop(
                platform,
                state=folder,
                port=state.ports[name],
                token=state.tokens[name],
                output=output,
                options=options,
                name=name,
            )
        )

    folder = home / "shops"
    begun = {
        platform: opening(
            platform, platform, folder, shop_options(platform, SHOP_DOMAIN, CLIENT_ID, state.client_secret)
        )
        for platform in SHOPS
    }
    spare = opening(SPARE, "woocommerce", folder / SPARE, [f"--shop={SPARE_NAME}"])
    return {platform: ready() for platform, ready in begun.items()}, spare()


def _offer(spare: Shop, keys: Mapping[str, str]) -> str:
    """As `app.settings.Settings.sandbox_shops` reads it."""
    config = {"store_url": spare.url, **{name: keys[name] for name in ("consumer_key", "consumer_secret")}}
    return json.dumps([{"platform": spare.platform, "name": SPARE_NAME, "config": config}])


def _remembered(home: Path) -> DemoState:
    """The state of the demo before, or a new one, which is kept."""
    names = (*SHOPS, SPARE)
    tokens = {name: secrets.token_urlsafe(24) for name in names}
    ports = {name: free_port() for name in names}
    with suppress(FileNotFoundError):
        state = DemoState(**json.loads((home / STATE_FILE).read_text()))
        return replace(state, tokens={**tokens, **state.tokens}, ports={**ports, **state.ports})
    state = DemoState(
        password=secrets.token_urlsafe(12),
        client_secret=secrets.token_urlsafe(24),
        tokens=tokens,
        ports=ports,
    )
    _keep(home, state)
    return state


def _keep(home: Path, state: DemoState) -> None:
    """Write the state where only this user can read it, whole or not at all."""
    draft = home / f"{STATE_FILE}.draft"
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(state)))
    draft.replace(home / STATE_FILE)


def furnish(product: Product, shops: Mapping[str, Shop], password: str, say: Say) -> None:
    """Make the merchant, the shops' goods and the connections that are not there yet."""
    app = create_app(product.settings)
    with app.app_context(), suppress(Conflict):
        open_account("Demo merchant", EMAIL, password)
    close_app(app)
    merchant = Merchant(product.settings.public_url, EMAIL, password)
    states = {c["shop"]: c["state"] for c in merchant.ask("GET", "connections")["items"]}
    addresses = {_address(shop) for shop in shops.values()}
    for platform, shop in shops.items():
        _stock(shop)
        if states.get(_address(shop)) not in ("importing", "review", "active", "paused"):
            say(f"connecting the {platform} shop")
            connect(merchant, shop, SHOP_DOMAIN)
    for connection in merchant.ask("GET", "connections")["items"]:
        if connection["shop"] in addresses and connection["state"] in ("importing", "review"):
            say(f"importing from the {connection['platform']} shop")
            if merchant.wait_for_state(connection["id"], "review", "active") == "review":
                merchant.approve_first_sync(connection["id"])


def _stock(shop: Shop) -> None:
    shop.set_faults(latency_ms=LATENCY_MS)
    if not shop.has_products():
        shop.add_products(demo_products())


def _address(shop: Shop) -> str:
    """What the product calls the shop."""
    return SHOP_DOMAIN if shop.platform == "shopify" else shop.url
