"""Sandbox shops: their processes, and what buyers and merchants do in them by the control API."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests

from syncflow.output import Output
from syncflow.processes import end, spawn
from syncflow.product import ROOT
from syncflow.trial.facts import ShopItem, ShopLog
from syncflow.trial.scenario import CatalogItem, Line

READY_SECONDS = 30.0
STOP_SECONDS = 5.0
ANSWER_SECONDS = 60.0
POLL_SECONDS = 0.05
IDLE_SECONDS = 30.0
"""A kept connection idle for longer may be closed under our hands: use a new one."""
PAGE = 5000
CATALOG_PAGE = 500


class ShopFailed(Exception):
    """A sandbox shop did not start, or answered what it must not."""


@dataclass(frozen=True, slots=True)
class Placed:
    """`short` empty: the shop took the order. Else it took nothing, for lack of these SKUs."""

    order_id: str = ""
    placed_at: float = 0.0
    short: tuple[str, ...] = ()


@dataclass(slots=True)
class Shop:
    """One running sandbox shop. Not for use by several threads: each takes a `twin`."""

    platform: str
    url: str
    token: str
    places: Sequence[str] = ()
    """What it calls its locations, the first one first; none if it knows none."""
    _session: requests.Session = field(default_factory=requests.Session)
    _used_at: float = 0.0

    def twin(self) -> Shop:
        """The same shop over a connection of its own."""
        return Shop(self.platform, self.url, self.token, self.places)

    def add_location(self, name: str) -> str:
        """The merchant opens a further location; the shop's id of it."""
        return str(self._ask("POST", "locations", {"name": name})["location_id"])

    def add_products(self, products: Sequence[Mapping[str, Any]]) -> None:
        """Put products on sale; the documents are those of the control API."""
        for start in range(0, len(products), CATALOG_PAGE):
            self._ask("POST", "catalog", {"products": list(products[start : start + CATALOG_PAGE])})

    def buy(
        self, lines: Sequence[Line], *, reference: str, paid: bool = True, place: int | None = None
    ) -> Placed:
        """A buyer's checkout, which may name a place."""
        body = {
            "lines": _documents(lines),
            "paid": paid,
            "reference": reference,
            "customer": buyer(reference),
            **self._at(place),
        }
        answer = self._send("POST", "orders", body)
        document = answer.json()
        if answer.status_code == HTTPStatus.CONFLICT:
            return Placed(short=tuple(document["skus"]))
        _must_succeed(answer)
        return Placed(order_id=str(document["id"]), placed_at=document["placed_at"])

    def change_order(
        self, order_id: str, action: str, lines: Sequence[Line] = (), *, place: int | None = None
    ) -> bool:
        """Pay, cancel, refund, edit or fulfill; units taken back go on the shelf again, shipped ones on that
        of the place if one is named.

        False where the shop refuses: nothing left to refund, no stock for a raise.
        """
        body = {"restock": True, **({"lines": _documents(lines)} if lines else {}), **self._at(place)}
        answer = self._send("POST", f"orders/{order_id}/{action}", body)
        if answer.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT):
            return False
        _must_succeed(answer)
        return True

    def edit_stock(self, sku: str, delta: int, *, place: int | None = None) -> None:
        """The merchant corrects a number in the shop's own admin."""
        self._ask("POST", "stock", {"sku": sku, "delta": delta, **self._at(place)})

    def make_keys(self) -> dict[str, str]:
        """The merchant makes REST keys (WooCommerce)."""
        keys: dict[str, str] = self._ask("POST", "keys", {"permissions": "read_write"})
        return keys

    def set_faults(self, **settings: object) -> None:
        self._ask("PUT", "faults", settings)

    def set_plan(self, plan: Mapping[str, object]) -> None:
        self._ask("PUT", "plan", plan)

    def items(self) -> list[ShopItem]:
        """What the shop itself says it has of everything tracked that has a SKU."""
        return [
            ShopItem(self.platform, item["sku"], item["quantity"], item["location_id"])
            for item in self._ask("GET", "truth")["items"]
            if item["tracked"] and item["sku"]
        ]

    def has_products(self) -> bool:
        return bool(self._ask("GET", "truth")["items"])

    def truth_of(self, sku: str, *, place: int | None = None) -> dict[str, Any]:
        """The shop's own item of a SKU, at the first place if none is named. Raises ShopFailed."""
        wanted = self._at(place).items()
        for item in self._ask("GET", "truth")["items"]:
            if item["sku"] == sku and wanted <= item.items():
                return dict(item)
        raise ShopFailed(f"The {self.platform} sandbox does not sell {sku}")

    def events(self, after: int = 0) -> Iterator[list[dict[str, Any]]]:
        """The shop's log since `after`, a page at a time."""
        while page := self._ask("GET", f"events?after={after}&limit={PAGE}"):
            if not page["events"]:
                return
            yield page["events"]
            after = page["next"]

    def log(self) -> ShopLog:
        """The whole log."""
        log = ShopLog(self.platform)
        for page in self.events():
            log.extend(page)
        return log

    def last_event(self) -> int:
        """The log's end."""
        last = 0
        for page in self.events():
            last = page[-1]["seq"]
        return last

    def _at(self, place: int | None) -> dict[str, str]:
        return {} if place is None else {"location_id": self.places[place]}

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self._send(method, path, body)
        _must_succeed(answer)
        return answer.json()

    def _send(self, method: str, path: str, body: object = None) -> requests.Response:
        now = time.monotonic()
        if now - self._used_at > IDLE_SECONDS:
            self._session.close()
            self._session.trust_env = False
        self._used_at = now
        try:
            return self._session.request(
                method,
                f"{self.url}/_sandbox/{path}",
                json=body,
                headers={"Authorization": f"Bearer {self.token}"},
                timeout=ANSWER_SECONDS,
            )
        except requests.RequestException as err:
            raise ShopFailed(f"The {self.platform} sandbox does not answer: {err}") from err


@contextmanager
def running_shop(
    platform: str, *, state: Path, port: int, token: str, output: Output, options: Sequence[str] = ()
) -> Iterator[Shop]:
    """A sandbox shop in its own process, ready; ended on leaving. Call it in the main thread.

    Raises ShopFailed.
    """
    with opening_shop(platform, state=state, port=port, token=token, output=output, options=options) as ready:
        yield ready()


@contextmanager
def opening_shop(
    platform: str,
    *,
    state: Path,
    port: int,
    token: str,
    output: Output,
    options: Sequence[str] = (),
    name: str = "",
) -> Iterator[Callable[[], Shop]]:
    """Like `running_shop`, and gives what waits until it is ready: several open beside each other.

    `name`: what its output is called, if not after its platform.
    """
    name = name or platform
    command = [sys.executable, "-m", "sandbox", platform, "--port", str(port), "--state", str(state)]
    with output.open(name) as out:
        process = spawn(
            [*command, f"--token={token}", *options],
            environ={**os.environ, "PYTHONUNBUFFERED": "1"},
            cwd=ROOT,
            stdout=out,
            death_signal=signal.SIGKILL,
        )
    shop = Shop(platform, f"http://127.0.0.1:{port}", token)

    def ready() -> Shop:
        _wait_until_ready(shop, lambda: process.poll() is None, lambda: output.tail(name))
        return shop

    try:
        yield ready
    finally:
        end(process, politely=signal.SIGTERM, grace_seconds=STOP_SECONDS)


def _wait_until_ready(shop: Shop, lives: Callable[[], bool], last_words: Callable[[], str]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while lives() and time.monotonic() < deadline:
        try:
            shop._ask("GET", "health")
        except ShopFailed:
            time.sleep(POLL_SECONDS)
        else:
            return
    raise ShopFailed(f"The {shop.platform} sandbox did not start:\n{last_words()}")


def catalog_documents(items: Sequence[CatalogItem], places: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The products of a catalog as the control API takes them; items of one product are its variants.

    `places`: what the shop calls its locations, if it knows any.
    """
    products: dict[int, list[CatalogItem]] = {}
    for item in items:
        products.setdefault(item.product, []).append(item)
    return [
        {
            "title": variants[0].title,
            "vendor": "SyncFlow rehearsals",
            "type": "Home",
            "image": None,
            "variants": [
                {
                    "sku": item.sku,
                    "barcode": None,
                    "title": item.title if len(variants) > 1 else "Default Title",
                    "price": f"{item.price_minor / 100:.2f}",
                    "cost": f"{item.price_minor / 250:.2f}",
                    **_stock(item, places),
                }
                for item in variants
            ],
        }
        for variants in products.values()
    ]


def _stock(item: CatalogItem, places: Sequence[str]) -> dict[str, object]:
    if not places or not item.shares:
        return {"stock": item.opening}
    further = {places[place]: units for place, units in item.shares.items() if place > 0}
    return {"stock": item.shares[0], "stock_elsewhere": further}


def buyer(reference: str) -> dict[str, str]:
    """Who buys: somebody else each time, whose name and address no log may hold."""
    return {
        "first_name": "Philippa",
        "last_name": f"Plantington-{reference}",
        "email": f"philippa.{reference}@buyers.example",
    }


def _documents(lines: Sequence[Line]) -> list[dict[str, object]]:
    return [{"sku": line.sku, "quantity": line.quantity} for line in lines]


def _must_succeed(answer: requests.Response) -> None:
    if not answer.ok:
        raise ShopFailed(f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:300]}")
