"""Whole orders, however many pages they take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.orders import channel_total
from app.platforms.errors import Permanent, Transient
from app.platforms.shopify import orders
from app.platforms.shopify.catalog import fetch_products
from app.platforms.shopify.documents import SHOWN_MOVEMENTS
from app.platforms.shopify.orders import changed_orders, fetch_orders, open_order_ids
from tests.platforms.shopify.conftest import ScriptedShop
from tests.platforms.shopify.samples import CREATED, LATER, line, order, page, product, refund, variant

Scripted = Callable[..., ScriptedShop]


def more(connection: dict[str, Any], cursor: str = "c1") -> dict[str, Any]:
    return connection | {"pageInfo": {"hasNextPage": True, "endCursor": cursor}}


def refund_lines(*numbers: int) -> dict[str, Any]:
    nodes = [refund(1, "CANCEL", number=number)["refundLineItems"]["nodes"][0] for number in numbers]
    return page(*nodes)


def bare_refund(number: int = 6) -> dict[str, Any]:
    return {"id": f"gid://shopify/Refund/{number}", "createdAt": LATER, "processedAt": LATER}


def moved(**parts: Any) -> dict[str, Any]:
    return {"nodes": [{"id": order()["id"], "fulfillments": [], "refunds": [], **parts}]}


def test_the_lines_after_the_first_page_are_read(scripted: Scripted) -> None:
    shop = scripted(
        {"nodes": [order(lineItems=more(page(line(1))))]},
        {"order": {"lineItems": more(page(line(2)), "c2")}},
        {"order": {"lineItems": page(line(3))}},
    )
    batch = fetch_orders(shop.client, ["450789469"])
    assert [each.external_id for each in batch.orders[0].lines] == ["1", "2", "3"]
    assert [name for name, _ in shop.asked()] == ["Orders", "OrderLines", "OrderLines"]
    assert [variables.get("after") for _, variables in shop.asked()] == [None, "c1", "c2"]


def test_the_lines_of_a_refund_after_the_first_page_are_read(scripted: Scripted) -> None:
    first = refund(1, "CANCEL") | {"refundLineItems": more(refund_lines(1))}
    shop = scripted(
        {"nodes": [order(line(1), line(2), refunds=[{"id": "gid://shopify/Refund/6"}])]},
        moved(refunds=[first]),
        {"node": {"refundLineItems": refund_lines(2)}},
    )
    lines = fetch_orders(shop.client, ["450789469"]).orders[0].lines
    assert [channel_total(each.channel_effects) for each in lines] == [-2, -2]
    assert shop.asked()[2] == ("RefundLines", {"id": first["id"], "first": 250, "after": "c1"})


def test_more_movements_than_were_shown_are_listed_first(scripted: Scripted) -> None:
    refunds = [refund(1, "CANCEL") | {"id": f"gid://shopify/Refund/{n}"} for n in range(SHOWN_MOVEMENTS + 2)]
    bare = [{key: each[key] for key in ("id", "createdAt", "processedAt")} for each in refunds]
    shop = scripted(
        {"nodes": [order(line(1, 9), refunds=bare[:SHOWN_MOVEMENTS])]},
        {"order": {"fulfillments": [], "refunds": bare}},
        moved(refunds=refunds),
    )
    (found,) = fetch_orders(shop.client, ["450789469"]).orders
    assert channel_total(found.lines[0].channel_effects) == -9 + len(refunds)
    assert shop.asked()[2][1]["refunds"] == len(refunds)


def test_movements_too_many_for_one_call_are_read_one_by_one(scripted: Scripted) -> None:
    bare = [bare_refund(n) for n in range(120)]
    shop = scripted(
        {"nodes": [order(line(1, 200), refunds=bare[:SHOWN_MOVEMENTS])]},
        {"order": {"fulfillments": [], "refunds": bare}},
        {"node": {"refundLineItems": refund_lines(1)}},
    )
    (found,) = fetch_orders(shop.client, ["450789469"]).orders
    assert channel_total(found.lines[0].channel_effects) == -200 + 120


@pytest.mark.parametrize(
    "script",
    [
        ({"nodes": [order(lineItems=more(page(line(1))))]}, {"order": None}),
        ({"nodes": [order(refunds=[{"id": "gid://shopify/Refund/6"}])]}, {"nodes": [None]}),
        (
            {"nodes": [order(refunds=[{"id": "gid://shopify/Refund/6"}])]},
            moved(refunds=[refund(1, "CANCEL") | {"refundLineItems": more(refund_lines(1))}]),
            {"node": None},
        ),
        (
            {"nodes": [order(refunds=[{"id": "gid://shopify/Refund/6"}] * SHOWN_MOVEMENTS)]},
            {"order": {"fulfillments": [], "refunds": [bare_refund()] * 120}},
            {"node": None},
        ),
    ],
    ids=["lines", "movements", "refund_lines", "listed_refund"],
)
def test_an_order_that_vanishes_between_pages_is_never_half_an_order(
    scripted: Scripted, script: tuple[dict[str, Any], ...]
) -> None:
    with pytest.raises(Transient):
        fetch_orders(scripted(*script).client, ["450789469"])


def test_a_product_that_vanishes_between_pages_is_never_half_a_product(scripted: Scripted) -> None:
    shop = scripted({"nodes": [product(variants=more(page(variant())))]}, {"product": None})
    with pytest.raises(Transient):
        fetch_products(shop.client, ["55"], "EUR")


def test_an_order_of_an_unknown_shape_is_permanent(scripted: Scripted) -> None:
    with pytest.raises(Permanent):
        fetch_orders(scripted({"nodes": [order(totalPriceSet="free")]}).client, ["450789469"])


def test_ids_that_are_no_orders_are_missing(scripted: Scripted) -> None:
    shop = scripted({"nodes": [order(), None, {}]})
    batch = fetch_orders(shop.client, ["450789469", "2", "3", "x'y", "450789469"])
    assert [each.external_id for each in batch.orders] == ["450789469"]
    assert batch.missing == ("2", "3", "x'y")
    assert len(shop.asked()[0][1]["ids"]) == 3


def stamps(*ids_and_times: tuple[int, str], cursor: str | None = None) -> dict[str, Any]:
    nodes = [
        {"id": f"gid://shopify/Order/{n}", "updatedAt": at, "displayFulfillmentStatus": "UNFULFILLED"}
        for n, at in ids_and_times
    ]
    info = {"hasNextPage": cursor is not None, "endCursor": cursor}
    return {"orders": {"nodes": nodes, "pageInfo": info}}


def test_a_search_too_long_to_page_starts_anew_where_it_was(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "MOST_PAGED_STAMPS", 2)
    shop = scripted(
        stamps((1, CREATED), (2, LATER), cursor="c1"), stamps((2, LATER), (3, LATER), cursor="c2"), stamps()
    )
    since = datetime(2026, 10, 1, 9, 59, 59, 900_000, tzinfo=UTC)
    found = [stamp.external_id for batch in changed_orders(shop.client, since) for stamp in batch]
    assert found == ["1", "2", "2", "3"]
    asked = [(variables["query"], variables["after"]) for _, variables in shop.asked()]
    assert asked == [
        ("updated_at:>='2026-10-01T09:59:59Z'", None),
        ("updated_at:>='2026-10-02T10:00:00Z'", None),
        ("updated_at:>='2026-10-02T10:00:00Z'", "c2"),
    ]


def test_shipped_orders_are_not_open(scripted: Scripted) -> None:
    answered = stamps((1, CREATED), (2, CREATED))
    answered["orders"]["nodes"][1]["displayFulfillmentStatus"] = "FULFILLED"
    assert list(open_order_ids(scripted(answered).client)) == [["1"]]
