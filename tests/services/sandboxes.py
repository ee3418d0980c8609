"""A merchant whose shops are the sandbox's, in processes of their own: real HTTP, and faults on the wire."""

from __future__ import annotations

import itertools
import random
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from app.models import Connection
from app.platforms.base import Channel, Platform, Shop
from app.platforms.http import Http, Response, new_session
from app.platforms.shopify import PLATFORM as SHOPIFY
from app.platforms.shopify.channel import ShopifyChannel
from app.platforms.woocommerce import PLATFORM as WOOCOMMERCE
from app.platforms.woocommerce.channel import WooCommerceChannel
from app.services import first_sync, importer
from app.services.orders import fetch_and_apply
from app.services.shops import OpenShop
from app.services.uow import unit_of_work
from app.services.work import work_on
from tests.platforms.shopify.sandbox_shop import SHOP, MemoryStore, SandboxShop
from tests.services.world import World

TOKEN = "control"
NO_FAULTS = {"call_429": 0, "call_5xx": 0, "call_timeout": 0, "call_disconnect": 0}
_numbers = itertools.count(1)


class Crash(BaseException):
    """The worker dies here: nothing in the product catches it."""


class Wire(Http):
    """The way to a sandbox. `before` and `after` run around the next request to an endpoint that they name,
    once each; `sent` names every request."""

    def __init__(self) -> None:
        super().__init__(new_session(allow_private=True), answer_seconds=3.0, sleep=lambda _seconds: None)
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[], None]] = {}
        self.sent: list[str] = []

    def request(self, method: str, url: str, **options: Any) -> Response:
        name = f"{method} {options.get('endpoint')}"
        self.sent.append(name)
        if name in self.before:
            self.before.pop(name)()
        try:
            return super().request(method, url, **options)
        finally:
            if name in self.after:
                self.after.pop(name)()


class Sandbox(ABC):
    """A shop of the sandbox that sells SKUs of the test's own, and how its platform is spoken to."""

    platform: Platform
    ship_endpoint: str
    """The call that the shop is told of a shipment by, the first of them."""
    look_endpoint: str
    """The last call that it is looked at by before."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.connection_id = 0

    @abstractmethod
    def control(self, method: str, path: str, **document: Any) -> Any: ...

    @abstractmethod
    def channel(self) -> Channel: ...

    @abstractmethod
    def shipped(self, order_id: str) -> list[dict[str, Any]]:
        """What the shop itself has of shipments: `units` and `number` (tracking)."""

    @abstractmethod
    def is_done(self, order_id: str) -> bool:
        """Whether the shop shows the order as shipped in full."""

    @abstractmethod
    def stop(self) -> None: ...

    @property
    @abstractmethod
    def shop_id(self) -> str: ...

    def stock(self, quantity: int = 20) -> str:
        """A new SKU with that many units."""
        sku = f"SHIP-{next(_numbers)}"
        variant = {"sku": sku, "title": sku, "price": "9.99", "stock": quantity}
        self.control("POST", "catalog", products=[{"title": sku, "variants": [variant]}])
        return sku

    def order(self, *lines: tuple[str, int]) -> str:
        asked = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        return str(self.control("POST", "orders", lines=asked, paid=True, reference="test")["id"])

    def cancel(self, order_id: str) -> None:
        self.control("POST", f"orders/{order_id}/cancel")

    def lose(self, *, after_effect: bool) -> None:
        """The next request that tells of a shipment gets no answer."""
        self.break_next(self.ship_endpoint, "disconnect", after_effect=after_effect)

    def break_next(self, endpoint: str, fault: str, *, after_effect: bool = False) -> None:
        def start() -> None:
            self.control("PUT", "faults", **{f"call_{fault}": 1.0, "seed": _seed(after_effect)})

        self.wire.before[endpoint] = start
        self.wire.after[endpoint] = lambda: self.control("PUT", "faults", **NO_FAULTS)

    def crash(self) -> None:
        """The worker dies when the shop has done what it was told, before it can write that down."""
        self.wire.after[self.ship_endpoint] = _die

    def crash_before(self) -> None:
        """The worker dies when it has written down that it will send, before it does."""
        self.wire.before[self.ship_endpoint] = _die

    def open(self) -> OpenShop:
        return OpenShop(self.channel(), self.platform, "http://127.0.0.1:9/hook", "secret")


class ShopifySandbox(Sandbox):
    platform = SHOPIFY
    ship_endpoint = "POST Fulfill"
    look_endpoint = "POST Shipped"

    def __init__(self, state: Path) -> None:
        super().__init__()
        self._shop = SandboxShop(state)
        self.credentials = self._shop.connect().credentials

    def control(self, method: str, path: str, **document: Any) -> Any:
        return self._shop.control(method, path, **document)

    def stop(self) -> None:
        self._shop.stop()

    def reconnect(self) -> None:
        """The merchant goes through Shopify's consent again."""
        self.credentials = self._shop.connect().credentials

    @property
    def shop_id(self) -> str:
        return SHOP

    def channel(self) -> Channel:
        return ShopifyChannel(
            Shop(1, SHOP, "USD", MemoryStore(self.credentials), self.wire, self._shop.settings)
        )

    def ask(self, query: str, **variables: Any) -> Any:
        return self._shop._session.post(
            f"{self._shop.url}/admin/api/2026-10/graphql.json",
            json={"query": query, "variables": variables},
            headers={"X-Shopify-Access-Token": self.credentials["access_token"]},
            timeout=20,
        ).json()["data"]

    def shipped(self, order_id: str) -> list[dict[str, Any]]:
        query = """query($id: ID!) { order(id: $id) { fulfillments(first: 50) { trackingInfo { number }
          fulfillmentLineItems(first: 50) { nodes { quantity } } } } }"""
        found = self.ask(query, id=f"gid://shopify/Order/{order_id}")["order"]["fulfillments"]
        return [
            {
                "units": sum(node["quantity"] for node in each["fulfillmentLineItems"]["nodes"]),
                "number": (each["trackingInfo"] or [{"number": None}])[0]["number"] or "",
            }
            for each in found
        ]

    def is_done(self, order_id: str) -> bool:
        query = "query($id: ID!) { order(id: $id) { displayFulfillmentStatus } }"
        found = self.ask(query, id=f"gid://shopify/Order/{order_id}")["order"]
        return bool(found["displayFulfillmentStatus"] == "FULFILLED")


class WooSandbox(Sandbox):
    platform = WOOCOMMERCE
    ship_endpoint = "POST orders/<id>/notes"
    look_endpoint = "GET orders/<id>/notes"

    def __init__(self, state: Path) -> None:
        super().__init__()
        command = [sys.executable, "-m", "sandbox", "woocommerce", "--port", "0", "--state", str(state)]
        self._process = subprocess.Popen([*command, "--token", TOKEN], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        ready = re.search(r"ready (http://\S+)", self._process.stdout.readline())
        assert ready, "the sandbox did not start"
        self.url = ready[1]
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {TOKEN}"
        self.keys = self.control("POST", "keys", permissions="read_write")

    def control(self, method: str, path: str, **document: Any) -> Any:
        body = document if method != "GET" else None
        answer = self._session.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def stop(self) -> None:
        self._session.close()
        self._process.terminate()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def shop_id(self) -> str:
        return self.url

    def channel(self) -> Channel:
        return WooCommerceChannel(Shop(1, self.url, "USD", MemoryStore(self.keys), self.wire, {}))

    def notes(self, order_id: str) -> list[dict[str, Any]]:
        """Oldest first."""
        channel = self.channel()
        assert isinstance(channel, WooCommerceChannel)
        found = channel._client.get(f"orders/{order_id}/notes")
        return list(found[::-1])

    def shipped(self, order_id: str) -> list[dict[str, Any]]:
        return [
            {
                "units": sum(int(units) for units in re.findall(r"(\d+) x ", note["note"])),
                "number": "".join(re.findall(r"DHL (\w+)", note["note"])),
            }
            for note in self.notes(order_id)
        ]

    def is_done(self, order_id: str) -> bool:
        channel = self.channel()
        assert isinstance(channel, WooCommerceChannel)
        return bool(channel._client.get(f"orders/{order_id}", _fields="status")["status"] == "completed")


def connect(world: World, sandbox: Sandbox) -> int:
    """Import the sandbox shop and have it follow the ledger."""
    with unit_of_work() as uow:
        connection = Connection(
            account_id=world.account_id,
            platform=sandbox.platform.slug,
            external_shop_id=sandbox.shop_id,
            name="A sandbox",
            state="importing",
        )
        uow.session.add(connection)
        uow.session.flush()
        sandbox.connection_id = connection.id
        uow.commit()
    importer.run_import(connection.id)
    first_sync.start_syncing(connection.id)
    return connection.id


def take_in(world: World, sandbox: Sandbox, order_id: str) -> int:
    """Our id of the order, once it was fetched."""
    with work_on(sandbox.connection_id, states=("active", "paused")) as job:
        assert job is not None
        fetch_and_apply(job.scope, job.shop, [order_id])
    row = world.one(
        "SELECT id FROM orders WHERE connection_id = :c AND external_id = :e",
        c=sandbox.connection_id,
        e=order_id,
    )
    return int(row.id)


def _die() -> None:
    raise Crash


def _seed(after_effect: bool) -> int:
    """Of a fault script whose first call fails after, or before, it took effect (sandbox/core/faults.py)."""
    for seed in itertools.count(1):
        script = random.Random(f"calls {seed}")
        script.random()
        if (script.random() < 0.5) is after_effect:
            return seed
    raise AssertionError("unreachable")
