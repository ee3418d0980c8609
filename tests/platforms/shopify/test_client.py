"""What each of Shopify's answers means, over real sockets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from app.platforms.errors import AuthExpired, Permanent, PlatformError, Transient
from app.platforms.http import Http, OutcomeUnknown, new_session
from app.platforms.rate_budget import Unlimited
from app.platforms.shopify.client import Refused, ShopifyClient
from app.platforms.shopify.documents import LOCATIONS, PROBE, RUN_BULK
from tests.platforms.misbehaving import MisbehavingShop, Step, answer, raw

GOOD = {"data": {"shop": {"id": "gid://shopify/Shop/1"}}}
UNAUTHORIZED = answer(401, b'{"errors": "[API] Invalid API key or access token"}')
HANG_UP = raw(b"")


def says(document: object, status: int = 200) -> Step:
    return answer(status, json.dumps(document).encode(), "Content-Type: application/json")


def failing(code: str, *, data: object = None, path: list[Any] | None = None, **cost: Any) -> Step:
    error = {"message": "no", "extensions": {"code": code}, "path": path}
    return says({"errors": [error], "data": data, "extensions": {"cost": cost}})


def throttled(requested: float = 50, available: float = 0, restore: float = 100) -> Step:
    return failing(
        "THROTTLED",
        requestedQueryCost=requested,
        throttleStatus={"maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": restore},
    )


@pytest.fixture
def shop() -> Any:
    opened: list[MisbehavingShop] = []

    def start(*steps: Step) -> MisbehavingShop:
        opened.append(MisbehavingShop(*steps))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


Open = Callable[..., MisbehavingShop]


class Spy(Unlimited):
    def __init__(self) -> None:
        self.seen: list[tuple[float, float, float]] = []
        self.costs: list[float] = []

    def acquire(self, cost: float, deadline: float | None) -> None:
        self.costs.append(cost)

    def observe(self, *, available: float, maximum: float, restore_per_second: float) -> None:
        self.seen.append((available, maximum, restore_per_second))


def client(server: MisbehavingShop, naps: list[float] | None = None, budget: Any = None) -> ShopifyClient:
    slept = [] if naps is None else naps
    http = Http(new_session(allow_private=True), sleep=slept.append, budget=budget)
    return ShopifyClient(
        http, server.url, token=lambda: "old", renewed=lambda stale: "new", sleep=slept.append
    )


def test_data_comes_back_and_the_call_names_version_and_token(shop: Open) -> None:
    server = shop(says(GOOD))
    assert client(server).execute(PROBE, {}) == GOOD["data"]
    assert server.requests[0].startswith(b"POST /admin/api/2026-10/graphql.json HTTP/1.1")
    assert b"X-Shopify-Access-Token: old" in server.requests[0]


def test_the_shops_own_bucket_is_taken_over(shop: Open) -> None:
    spy = Spy()
    status = {"maximumAvailable": 4000.0, "currentlyAvailable": 3990, "restoreRate": 200.0}
    server = shop(says(GOOD | {"extensions": {"cost": {"throttleStatus": status}}}))
    client(server, budget=spy).execute(PROBE, {})
    assert spy.seen == [(3990, 4000, 200)]
    assert spy.costs == [1.0]


class TestThrottled:
    def test_nothing_happened_so_it_waits_and_repeats(self, shop: Open) -> None:
        naps: list[float] = []
        server = shop(throttled(requested=50, available=10), says(GOOD))
        assert client(server, naps).execute(PROBE, {}) == GOOD["data"]
        assert naps == [pytest.approx(0.4)]

    def test_the_repeat_pays_what_shopify_asks_for(self, shop: Open) -> None:
        spy = Spy()
        client(shop(throttled(requested=50), says(GOOD)), budget=spy).execute(PROBE, {})
        assert spy.costs == [1.0, 50.0]

    def test_it_gives_up_as_transient(self, shop: Open) -> None:
        with pytest.raises(Transient) as caught:
            client(shop(throttled())).execute(PROBE, {})
        assert not isinstance(caught.value, OutcomeUnknown)

    def test_it_does_not_wait_beyond_the_deadline(self, shop: Open) -> None:
        server = shop(throttled(requested=1000))
        with pytest.raises(Transient):
            client(server).execute(PROBE, {}, deadline=time.monotonic() + 5)
        assert len(server.requests) == 1

    def test_a_doubt_before_it_stays_a_doubt(self, shop: Open) -> None:
        with pytest.raises(OutcomeUnknown):
            client(shop(HANG_UP, throttled())).execute(PROBE, {})


class TestUnauthorized:
    def test_the_token_is_renewed_once(self, shop: Open) -> None:
        server = shop(UNAUTHORIZED, says(GOOD))
        assert client(server).execute(PROBE, {}) == GOOD["data"]
        assert b"X-Shopify-Access-Token: new" in server.requests[1]

    def test_a_refused_probe_means_dead_credentials(self, shop: Open) -> None:
        server = shop(UNAUTHORIZED)
        with pytest.raises(AuthExpired):
            client(server).execute(LOCATIONS, {})
        assert len(server.requests) == 3

    def test_a_call_that_alone_is_refused_is_permanent(self, shop: Open) -> None:
        with pytest.raises(Permanent):
            client(shop(UNAUTHORIZED, UNAUTHORIZED, says(GOOD))).execute(LOCATIONS, {})

    def test_a_doubt_before_it_is_not_forgotten(self, shop: Open) -> None:
        with pytest.raises(OutcomeUnknown):
            client(shop(HANG_UP, UNAUTHORIZED)).execute(LOCATIONS, {})


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (answer(403, b"<html>"), Permanent),
        (answer(404, b'{"errors": "Not Found"}'), Permanent),
        (answer(400, b"nonsense"), Permanent),
        (answer(402), Transient),
        (answer(423), Transient),
        (answer(430), Transient),
        (answer(200, b"<html>"), OutcomeUnknown),
        (answer(200, b'{"data": {'), OutcomeUnknown),
        (answer(200), OutcomeUnknown),
        (says([]), OutcomeUnknown),
        (says({}), OutcomeUnknown),
        (says({"data": None}), OutcomeUnknown),
        (says({"data": {"shop": 1}, "errors": "odd"}), Refused),
        (answer(500), OutcomeUnknown),
        (failing("INTERNAL_SERVER_ERROR"), OutcomeUnknown),
        (failing("ACCESS_DENIED"), Refused),
        (failing("MAX_COST_EXCEEDED"), Refused),
        (failing("undefinedField"), Refused),
        (failing("SHOP_INACTIVE"), Transient),
    ],
)
def test_each_bad_answer_becomes_the_right_fault(shop: Open, bad: Step, fault: type[PlatformError]) -> None:
    with pytest.raises(fault) as caught:
        client(shop(bad)).execute(PROBE, {})
    assert type(caught.value) is fault


def test_an_internal_error_passes(shop: Open) -> None:
    server = shop(failing("INTERNAL_SERVER_ERROR"), says(GOOD))
    assert client(server).execute(PROBE, {}) == GOOD["data"]


def test_a_field_that_we_may_not_see_reads_null(shop: Open) -> None:
    data = {"nodes": [{"customer": None}]}
    server = shop(failing("ACCESS_DENIED", data=data, path=["nodes", 0, "customer"]))
    assert client(server).execute(PROBE, {}) == data


def test_a_field_that_we_need_is_not_missed_in_silence(shop: Open) -> None:
    with pytest.raises(Refused):
        client(shop(failing("ACCESS_DENIED", data={"nodes": [None]}, path=["nodes", 0, "refunds"]))).execute(
            PROBE, {}
        )


def test_a_mutation_that_must_not_be_repeated_is_sent_once(shop: Open) -> None:
    server = shop(answer(502))
    with pytest.raises(OutcomeUnknown):
        client(server).execute(RUN_BULK, {"query": "{}", "grouped": True}, repeatable=False)
    assert len(server.requests) == 1


def test_pages_are_followed_to_the_end(shop: Open) -> None:
    def page(node: int, cursor: str | None) -> Step:
        info = {"hasNextPage": cursor is not None, "endCursor": cursor}
        return says({"data": {"locations": {"nodes": [{"id": node}], "pageInfo": info}}})

    server = shop(page(1, "c1"), page(2, None))
    assert list(client(server).pages(LOCATIONS, {}, "locations")) == [[{"id": 1}], [{"id": 2}]]
    assert b'"after": "c1"' in server.requests[1]


def test_a_page_of_an_unknown_shape_is_permanent(shop: Open) -> None:
    with pytest.raises(Permanent):
        list(client(shop(says({"data": {"locations": {"nodes": []}}}))).pages(LOCATIONS, {}, "locations"))


def test_pages_of_a_thing_that_is_gone_are_none(shop: Open) -> None:
    assert list(client(shop(says({"data": {"locations": None}}))).pages(LOCATIONS, {}, "locations")) == []
