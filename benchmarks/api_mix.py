"""What a merchant's web app and integrators ask of the API, and how often.

Reading lists and details mostly, dashboards and sums, and a change now and then.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from benchmarks.open_loop import Request


@dataclass(frozen=True, slots=True)
class Ids:
    """What there is to ask for."""

    variants: Sequence[int]
    orders: Sequence[int]
    listings: Sequence[int]
    connections: Sequence[int]
    location: int


@dataclass(frozen=True, slots=True)
class Question:
    """`weight`: how often it is asked, of all weights together. `path` is below /api/v1."""

    weight: int
    name: str
    path: Callable[[], str]
    method: str = "GET"
    body: Callable[[], Mapping[str, Any]] | None = None

    def request(self, token: str) -> Request:
        body = json.dumps(self.body()).encode() if self.body is not None else b""
        head = f"{self.method} /api/v1{self.path()} HTTP/1.1\r\nHost: bench\r\n"
        head += f"Authorization: Bearer {token}\r\n"
        if self.body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return Request(self.name, f"{head}\r\n".encode() + body)


def questions(ids: Ids, luck: random.Random) -> list[Question]:
    """All that is asked."""
    return [*_of_dashboards(), *_of_orders(ids, luck), *_of_stock(ids, luck), *_of_shops(ids, luck)]


def asked_by_chance(found: Sequence[Question], token: str, luck: random.Random) -> Callable[[], Request]:
    weights = [question.weight for question in found]
    return lambda: luck.choices(found, weights)[0].request(token)


def _of_dashboards() -> Iterator[Question]:
    yield Question(10, "overview", lambda: "/dashboard/overview")
    yield Question(2, "dashboard_orders", lambda: "/dashboard/orders?by=platform")
    yield Question(1, "dashboard_year", lambda: f"/dashboard/orders?grain=month&first={_day(365)}")
    yield Question(1, "dashboard_stock", lambda: "/dashboard/stock")
    yield Question(2, "dashboard_sync", lambda: "/dashboard/sync")
    yield Question(2, "dashboard_status", lambda: "/dashboard/status")
    yield Question(4, "me", lambda: "/me")
    yield Question(2, "event_log", lambda: "/event-log")
    yield Question(2, "runs", lambda: "/sync/runs")
    yield Question(1, "reviews", lambda: "/reviews")


def _of_orders(ids: Ids, luck: random.Random) -> Iterator[Question]:
    def by_text() -> str:
        return "/orders?" + urlencode({"q": f"#{100_000 + luck.randrange(1000)}"})

    yield Question(10, "orders", lambda: "/orders")
    yield Question(
        5, "orders_of_shop", lambda: f"/orders?connection_id={luck.choice(ids.connections)}&state=open"
    )
    yield Question(2, "orders_by_total", lambda: "/orders?sort=-total")
    yield Question(4, "orders_by_text", by_text)
    yield Question(3, "totals", lambda: f"/orders/totals?placed_from={_day(30)}T07:30:00Z")
    yield Question(1, "totals_of_all", lambda: "/orders/totals")
    yield Question(1, "totals_by_state", lambda: "/orders/totals?state=fulfilled&is_test=false")
    yield Question(8, "order", lambda: f"/orders/{luck.choice(ids.orders)}")
    yield Question(4, "timeline", lambda: f"/orders/{luck.choice(ids.orders)}/timeline")


def _of_stock(ids: Ids, luck: random.Random) -> Iterator[Question]:
    def variant() -> int:
        return luck.choice(ids.variants)

    def adjustment() -> Mapping[str, Any]:
        return {
            "variant_id": variant(),
            "location_id": ids.location,
            "delta": luck.choice([-1, 1]),
            "reason": "correction",
            "key": f"bench-{luck.getrandbits(64):x}",
        }

    yield Question(8, "stock", lambda: "/stock")
    yield Question(5, "variants_by_text", lambda: f"/variants?q=SKU-{luck.randrange(9999)}")
    yield Question(6, "variant", lambda: f"/variants/{variant()}")
    yield Question(1, "products", lambda: "/products")
    yield Question(4, "movements", lambda: f"/stock/{variant()}/movements")
    yield Question(2, "all_movements", lambda: "/stock/movements")
    yield Question(3, "why", lambda: f"/stock/{variant()}/why")
    yield Question(2, "adjust", lambda: "/stock/adjustments", "POST", adjustment)
    yield Question(
        1,
        "threshold",
        lambda: f"/stock/{variant()}",
        "PATCH",
        lambda: {"low_stock_threshold": luck.randrange(9)},
    )


def _of_shops(ids: Ids, luck: random.Random) -> Iterator[Question]:
    def shop() -> str:
        return f"/connections/{luck.choice(ids.connections)}"

    yield Question(4, "connections", lambda: "/connections")
    yield Question(1, "connection", shop)
    yield Question(1, "health", lambda: f"{shop()}/health")
    yield Question(3, "listings_of_shop", lambda: f"{shop()}/listings")
    yield Question(2, "listings_by_text", lambda: f"/listings?q=SKU-{luck.randrange(9999)}")
    yield Question(1, "listing", lambda: f"/listings/{luck.choice(ids.listings)}")
    yield Question(1, "suggestions", lambda: f"{shop()}/suggestions")


def _day(days_ago: int) -> str:
    return datetime.fromtimestamp(time.time() - days_ago * 86_400, UTC).strftime("%Y-%m-%d")
