"""`python -m benchmarks.api [--json]`: a merchant with a long past asks the real web processes.

Open loop at 50 requests a second of what the web app and integrators ask, then a hundred clients at a time,
then how much more the last page of a list costs than its first.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

import requests
from flask import Flask
from sqlalchemy import text
from tqdm import tqdm

from app import create_app
from app.services.queries.order_lists import NEWEST
from app.services.queries.paging import encode
from app.services.uow import unit_of_work
from app.settings import Settings
from benchmarks.__main__ import environ_of, report
from benchmarks.big_account import EMAIL, PASSWORD, Size, make_big_account
from benchmarks.open_loop import Answers, Request, closed_loop, open_loop
from benchmarks.server import server
from benchmarks.world import Made
from syncflow import embedded
from syncflow.database import migrate

PER_SECOND = 50
CLIENTS = 100
REQUESTS_OF_CLIENTS = 2000
PAGES = 40
"""Times that the first and the last page of a list are asked for."""
BARS = {
    "api_p99_ms": ("<=", 500.0),
    "api_failures": ("<=", 0.0),
    "clients_failures": ("<=", 0.0),
    "last_page_ratio": ("<=", 1.2),
}


@dataclass(frozen=True, slots=True)
class Ids:
    """What there is to ask for."""

    variants: list[int]
    orders: list[int]
    connections: tuple[int, ...]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-api", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--seconds", type=float, default=60, help="of open loop (default %(default)s)")
    parser.add_argument("--orders", type=int, default=1_000_000, help="(default %(default)s)")
    parser.add_argument(
        "--variants", type=int, default=100_000, help="on three channels (default %(default)s)"
    )
    args = parser.parse_args()
    with embedded.throwaway() as services:
        environ = environ_of(services)
        os.environ.update(environ)
        migrate(Settings.from_env(environ))
        app = create_app()
        with tqdm(total=3, desc="api", disable=not sys.stderr.isatty()) as bar:
            made = make_big_account(app, Size(variants=args.variants, orders=args.orders))
            bar.update()
            with server(environ, "app:create_app()", ready="/healthz"):
                api = _Api(f"http://127.0.0.1:{environ['PORT']}/api/v1")
                ids = _some_ids(app, made)
                figures = _load(int(environ["PORT"]), _mix(api.token, ids), args.seconds)
                bar.update()
                figures |= _last_pages(app, api, made)
                bar.update()
    report(figures, BARS, as_json=args.json)
    return 0


class _Api:
    """The API as the account's owner."""

    def __init__(self, url: str) -> None:
        self.url = url
        answer = requests.post(f"{url}/auth/login", json={"email": EMAIL, "password": PASSWORD}, timeout=30)
        answer.raise_for_status()
        self.token: str = answer.json()["access_token"]

    def get(self, path: str, **query: Any) -> Any:
        answer = requests.get(
            f"{self.url}{path}", params=query, headers={"Authorization": f"Bearer {self.token}"}, timeout=60
        )
        answer.raise_for_status()
        return answer.json()


def _some_ids(app: Flask, made: Made) -> Ids:
    def of(table: str) -> list[int]:
        query = text(f"SELECT id FROM {table} WHERE account_id = :a ORDER BY id LIMIT 20000")
        return list(uow.session.scalars(query, {"a": made.account_id}))

    with app.app_context(), unit_of_work() as uow:
        return Ids(of("variants"), of("orders"), made.connection_ids)


def _mix(token: str, ids: Ids) -> Callable[[], Request]:
    """What is asked, by chance: reading lists and details mostly, some sums, and a change now and then."""
    luck = random.Random(7)
    variant, order = partial(luck.choice, ids.variants), partial(luck.choice, ids.orders)
    shop = partial(luck.choice, ids.connections)
    asked: list[tuple[int, str, Callable[[], tuple[str, str, Mapping[str, Any] | None]]]] = [
        (10, "overview", lambda: ("GET", "/dashboard/overview", None)),
        (12, "orders", lambda: ("GET", "/orders", None)),
        (6, "orders_of_shop", lambda: ("GET", f"/orders?connection_id={shop()}&state=open", None)),
        (
            4,
            "orders_by_text",
            lambda: ("GET", "/orders?" + urlencode({"q": f"#{100_000 + luck.randrange(1000)}"}), None),
        ),
        (4, "totals", lambda: ("GET", f"/orders/totals?placed_from={_days_ago(30)}", None)),
        (12, "order", lambda: ("GET", f"/orders/{order()}", None)),
        (10, "stock", lambda: ("GET", "/stock", None)),
        (6, "variants_by_text", lambda: ("GET", f"/variants?q=SKU-{luck.randrange(9999)}", None)),
        (8, "variant", lambda: ("GET", f"/variants/{variant()}", None)),
        (6, "movements", lambda: ("GET", f"/stock/{variant()}/movements", None)),
        (4, "why", lambda: ("GET", f"/stock/{variant()}/why", None)),
        (6, "connections", lambda: ("GET", "/connections", None)),
        (6, "listings", lambda: ("GET", f"/connections/{shop()}/listings", None)),
        (6, "me", lambda: ("GET", "/me", None)),
    ]
    weights = [weight for weight, _name, _make in asked]

    def next_request() -> Request:
        _weight, name, make = luck.choices(asked, weights)[0]
        return _request(name, token, *make())

    return next_request


def _days_ago(days: int) -> str:
    return datetime.fromtimestamp(time.time() - days * 86_400, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _request(name: str, token: str, method: str, path: str, document: Mapping[str, Any] | None) -> Request:
    body = json.dumps(document).encode() if document is not None else b""
    head = f"{method} /api/v1{path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
    if document is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return Request(name, f"{head}\r\n".encode() + body)


def _load(port: int, next_request: Callable[[], Request], seconds: float) -> dict[str, float]:
    open_loop(port, next_request, per_second=PER_SECOND, seconds=5)  # plans and caches
    steady = open_loop(port, next_request, per_second=PER_SECOND, seconds=seconds)
    crowd = closed_loop(port, next_request, clients=CLIENTS, requests=REQUESTS_OF_CLIENTS)
    _tell(steady, crowd)
    return {
        "api_p50_ms": steady.percentile(0.5),
        "api_p99_ms": steady.percentile(0.99),
        "api_failures": len(steady.failures),
        **{f"{name}_p99_ms": steady.percentile(0.99, name) for name in sorted(steady.latencies_ms)},
        "clients_p99_ms": crowd.percentile(0.99),
        "clients_failures": len(crowd.failures),
    }


def _tell(*runs: Answers) -> None:
    for failure in [failure for run in runs for failure in run.failures][:5]:
        sys.stderr.write(f"{failure}\n")


def _last_pages(app: Flask, api: _Api, made: Made) -> dict[str, float]:
    """A page of orders far down the list, beside the first: the median of PAGES of each, in turns."""
    with app.app_context(), unit_of_work() as uow:
        row = uow.session.execute(_NEAR_THE_END, {"a": made.account_id}).one()
    cursor = encode(NEWEST.key(row.placed_at, row.id))
    first, last = [], []
    for _ in range(PAGES):
        first.append(_timed(lambda: api.get("/orders")))
        last.append(_timed(lambda: api.get("/orders", cursor=cursor)))
    return {"last_page_ratio": statistics.median(last) / statistics.median(first)}


def _timed(ask: Callable[[], Any]) -> float:
    started = time.perf_counter()
    if len(ask()["items"]) < 50:
        raise RuntimeError("the page is not full")
    return time.perf_counter() - started


_NEAR_THE_END = text(
    "SELECT placed_at, id FROM orders WHERE account_id = :a ORDER BY placed_at, id OFFSET 60 LIMIT 1"
)

if __name__ == "__main__":
    sys.exit(main())
