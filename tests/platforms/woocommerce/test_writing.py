"""Stock writes and subscriptions against a scripted shop: what is sent, and what each answer becomes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from app.platforms.base import CellRef, StockWrite, WriteKind, WriteOutcome, WriteResult
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.platforms.woocommerce import PLATFORM
from app.platforms.woocommerce.subscriptions import TOPICS
from tests.platforms.woocommerce.payloads import product, variation
from tests.platforms.woocommerce.shop import NOT_YOURS, Answer, Call, ScriptedShop, error, rows

CALLBACK = "https://syncflow.example/webhooks/woocommerce/7"
SECRET = "s" * 40


def write(stock_id: str, to: int = 5) -> StockWrite:
    return StockWrite(CellRef(stock_id), 9, to)


def send(
    shop: ScriptedShop, *writes: StockWrite, seconds: float = 10.0, kind: WriteKind = WriteKind.SET
) -> Sequence[WriteResult]:
    return shop.channel().write_levels(writes, kind=kind, key="k", deadline=time.monotonic() + seconds)


def obedient(call: Call) -> Any:
    """A shop that does as it is told."""
    return {"update": [product(item["id"], stock_quantity=item["stock_quantity"]) for item in updates(call)]}


def updates(call: Call) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call.document["update"]
    return found


def outcomes(results: Sequence[WriteResult]) -> list[WriteOutcome]:
    return [result.outcome for result in results]


@pytest.mark.parametrize(
    ("path", "stock_ids", "ids"),
    [
        ("products/batch", ["799", "800"], [799, 800]),
        ("products/800/variations/batch", ["800:801", "800:802"], [801, 802]),
    ],
)
def test_products_and_each_parents_variations_are_written_where_they_belong(
    path: str, stock_ids: Sequence[str], ids: Sequence[int]
) -> None:
    writes = [write(stock_ids[0], 1), write(stock_ids[1], -4)]
    assert {PLATFORM.write_group(each.ref) for each in writes} == {path}
    with ScriptedShop({f"POST {path}": obedient}) as shop:
        results = send(shop, *writes)
    assert [result.ref for result in results] == [each.ref for each in writes]
    assert outcomes(results) == [WriteOutcome.APPLIED] * 2
    (call,) = shop.calls
    wanted = [{"id": ids[0], "stock_quantity": 1}, {"id": ids[1], "stock_quantity": -4}]
    assert (call.path, updates(call)) == (path, wanted)


def test_no_two_parents_share_a_request() -> None:
    groups = [
        PLATFORM.write_group(CellRef(stock_id)) for stock_id in ("799", "800:801", "900:901", "800:802")
    ]
    assert groups[1] == groups[3]
    assert len(set(groups)) == 3


def test_an_items_error_inside_a_200_rejects_that_item_alone() -> None:
    def respond(call: Call) -> Any:
        wrong = {
            "code": "woocommerce_rest_invalid_product_id",
            "message": "It&#8217;s no product.",
            "data": {"status": 400},
        }
        return {"update": [{"id": 801, "error": wrong}, product(799, stock_quantity=5)]}

    with ScriptedShop({"POST products/batch": respond}) as shop:
        bad, good = send(shop, write("801"), write("799"))
    assert (bad.outcome, bad.code) == (WriteOutcome.REJECTED, "woocommerce_rest_invalid_product_id")
    assert bad.message == "It’s no product."
    assert good.outcome is WriteOutcome.APPLIED


@pytest.mark.parametrize(
    "answer",
    [
        product(799, manage_stock=False, stock_quantity=None),
        variation(799, manage_stock="parent", stock_quantity=5),
        product(799, stock_quantity=9),
        product(799, stock_quantity=None),
    ],
)
def test_a_write_that_the_shop_silently_ignores_is_noticed(answer: dict[str, Any]) -> None:
    with ScriptedShop({"POST products/batch": {"update": [answer]}}) as shop:
        (result,) = send(shop, write("799", 5))
    assert (result.outcome, result.code) == (WriteOutcome.REJECTED, "ignored")


def test_an_item_without_an_answer_is_unknown() -> None:
    with ScriptedShop({"POST products/batch": {"update": []}}) as shop:
        assert outcomes(send(shop, write("799"))) == [WriteOutcome.UNKNOWN]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(raw=b"oops", status=500),
        Answer(raw=b"", status=504),
        Answer(raw=b"<html>Just a moment...</html>"),
        Answer(raw=b'{"update": [{"id": 799, "stock_q'),
        Answer([]),
        Answer({"code": "internal", "message": "m", "data": {"status": 500}}),
    ],
)
def test_a_write_of_unknown_outcome_is_sent_once_and_told_as_unknown(answer: Answer) -> None:
    with ScriptedShop({"POST products/batch": answer}) as shop:
        (result,) = send(shop, write("799"))
    assert result.outcome is WriteOutcome.UNKNOWN
    assert len(shop.calls) == 1


def test_a_write_that_hangs_ends_at_its_deadline_and_is_unknown() -> None:
    with ScriptedShop({"POST products/batch": Answer(hang=True)}) as shop:
        results = send(shop, write("799"), write("800"), seconds=1)
    assert outcomes(results) == [WriteOutcome.UNKNOWN] * 2


def test_nothing_is_sent_after_the_deadline() -> None:
    with ScriptedShop({"POST products/batch": obedient}) as shop, pytest.raises(Transient):
        send(shop, write("799"), seconds=-1)
    assert shop.calls == []


def test_a_throttled_request_did_nothing() -> None:
    throttled = Answer({}, status=429, headers={"Retry-After": "0"})
    with ScriptedShop({"POST products/batch": throttled}) as shop, pytest.raises(Transient):
        send(shop, write("799"))


def test_a_read_only_key_is_not_taken_for_a_dead_one() -> None:
    refusal = error(401, "woocommerce_rest_authentication_error", "No write permissions.")
    with ScriptedShop({"POST products/batch": refusal, "GET products": rows(product())}) as shop:
        (result,) = send(shop, write("799"))
        with pytest.raises(Permanent, match="read-only"):
            shop.channel()._client.check_write_permission()
    assert (result.outcome, result.code) == (WriteOutcome.REJECTED, "read_only")
    assert shop.paths("GET") == ["products", "products"]


def test_a_dead_key_stops_the_connection() -> None:
    routes = {"POST products/batch": NOT_YOURS, "GET products": NOT_YOURS}
    with ScriptedShop(routes) as shop, pytest.raises(AuthExpired):
        send(shop, write("799"))


def test_a_refused_write_is_not_in_doubt_because_the_probe_after_it_failed() -> None:
    with (
        ScriptedShop({"POST products/batch": NOT_YOURS, "GET products": Answer(raw=b"", status=503)}) as shop,
        pytest.raises(Transient),
    ):
        send(shop, write("799"))


def test_the_probe_after_a_refused_write_keeps_the_writes_deadline() -> None:
    routes = {"POST products/batch": NOT_YOURS, "GET products": Answer(hang=True)}
    with ScriptedShop(routes) as shop, pytest.raises(Transient):
        send(shop, write("799"), seconds=0.3)
    assert shop.paths("GET") == ["products"], "a probe without the deadline would be tried again"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (
            error(413, "woocommerce_rest_request_entity_too_large"),
            "woocommerce_rest_request_entity_too_large",
        ),
        (error(404, "rest_no_route"), "rest_no_route"),
        (Answer(raw=b"<html>Forbidden</html>", status=403), "http_403"),
    ],
)
def test_a_refused_batch_rejects_its_items(answer: Answer, code: str) -> None:
    with ScriptedShop({"POST products/batch": answer}) as shop:
        (result,) = send(shop, write("799"))
    assert (result.outcome, result.code) == (WriteOutcome.REJECTED, code)


def test_deltas_are_not_safe_here() -> None:
    with ScriptedShop({}) as shop, pytest.raises(Permanent):
        send(shop, write("799"), kind=WriteKind.DELTA)
    assert shop.calls == []


class Webhooks:
    """The shop's own list of subscriptions."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def routes(self) -> dict[str, Any]:
        def create(call: Call) -> Answer:
            self.rows.append({"id": 1 + max((row["id"] for row in self.rows), default=0), **call.document})
            return Answer({"id": self.rows[-1]["id"]}, status=201)

        routes: dict[str, Any] = {
            "GET webhooks": lambda call: rows(*self.rows)(call),
            "POST webhooks": create,
        }
        for webhook_id in range(1, 60):
            routes[f"DELETE webhooks/{webhook_id}"] = lambda call: self.delete(int(call.path.split("/")[1]))
        return routes

    def delete(self, webhook_id: int) -> Any:
        self.rows = [row for row in self.rows if row["id"] != webhook_id]
        return {"id": webhook_id}


def test_missing_subscriptions_are_made_with_our_secret_and_then_left_alone() -> None:
    webhooks = Webhooks()
    with ScriptedShop(webhooks.routes()) as shop:
        repaired = shop.channel().ensure_webhooks(CALLBACK, SECRET)
        assert len(repaired) == len(TOPICS)
        assert shop.channel().ensure_webhooks(CALLBACK, SECRET) == []
    assert {row["topic"] for row in webhooks.rows} == set(TOPICS)
    assert {(row["secret"], row["delivery_url"]) for row in webhooks.rows} == {(SECRET, CALLBACK)}
    assert not any(SECRET in row["name"] for row in webhooks.rows)


def test_a_disabled_a_doubled_and_a_wrongly_signed_subscription_are_made_anew() -> None:
    webhooks = Webhooks()
    with ScriptedShop(webhooks.routes()) as shop:
        shop.channel().ensure_webhooks(CALLBACK, SECRET)
        webhooks.rows[0]["status"] = "disabled"
        webhooks.rows.append({**webhooks.rows[1], "id": 20})
        repaired = shop.channel().ensure_webhooks(CALLBACK, SECRET)
        assert len(repaired) == 3
        assert shop.paths("PUT") == []
        assert len(shop.channel().ensure_webhooks(CALLBACK, "another secret")) == 2 * len(TOPICS)
    assert len(webhooks.rows) == len(TOPICS)
    assert all(row["status"] == "active" for row in webhooks.rows)


def test_other_peoples_subscriptions_are_left_alone() -> None:
    webhooks = Webhooks()
    theirs = {
        "id": 29,
        "name": "n",
        "topic": "order.created",
        "status": "disabled",
        "delivery_url": "https://b.example",
    }
    webhooks.rows.append(theirs)
    with ScriptedShop(webhooks.routes()) as shop:
        shop.channel().ensure_webhooks(CALLBACK, SECRET)
        shop.channel().remove_webhooks(CALLBACK)
    assert webhooks.rows == [theirs]
