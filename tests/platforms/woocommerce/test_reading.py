"""The channel's reads against a scripted shop: paging, fallbacks, orders, bad answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.platforms.base import CellRef, LevelReading, OrderState, Unsyncable
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.platforms.woocommerce.mapper import gmt_text
from tests.platforms.woocommerce.payloads import (
    line,
    order,
    product,
    refund,
    refund_stub,
    variable,
    variation,
)
from tests.platforms.woocommerce.shop import NOT_YOURS, Answer, Call, ScriptedShop, error, page_of, rows

SINCE = datetime(2026, 3, 22, 12, 0, 0, tzinfo=UTC)
CATALOG = (product(799), variable(800, (801, 802)))
VARIATIONS = (variation(801), variation(802, manage_stock="parent", stock_quantity=9))


def test_the_catalog_brings_variations_with_their_products() -> None:
    with ScriptedShop({"GET products": rows(*CATALOG), "GET variations": rows(*VARIATIONS)}) as shop:
        (page,) = shop.channel().catalog()
    assert [listing.external_id for found in page for listing in found.listings] == ["799", "801", "802"]
    assert shop.paths() == ["products", "variations"]
    assert all(call.query["_fields"] for call in shop.calls)


def test_an_older_shop_is_asked_parent_by_parent_and_for_the_list_only_once() -> None:
    routes = {"GET products": rows(*CATALOG), "GET products/800/variations": rows(*VARIATIONS)}
    with ScriptedShop(routes) as shop:
        channel = shop.channel()
        (page,) = channel.catalog()
        levels = channel.read_levels([CellRef("800:801")])
        everything = [level for found in channel.all_levels("") for level in found]
    assert [listing.external_id for listing in page[1].listings] == ["801", "802"]
    assert levels == [LevelReading(CellRef("800:801"), 4)]
    assert LevelReading(CellRef("800:801"), 4) in everything
    assert shop.paths().count("variations") == 1


def test_products_are_fetched_by_id_and_the_gone_ones_left_out() -> None:
    with ScriptedShop({"GET products": rows(*CATALOG), "GET variations": rows(*VARIATIONS)}) as shop:
        found = shop.channel().fetch_products(["799", "31337"])
        assert shop.channel().fetch_products([]) == []
    assert [each.external_id for each in found] == ["799"]


def test_every_number_and_every_place_without_one_is_read() -> None:
    with ScriptedShop({"GET products": rows(*CATALOG), "GET variations": rows(*VARIATIONS)}) as shop:
        found = [level for page in shop.channel().all_levels("") for level in page]
    assert found == [
        LevelReading(CellRef("799"), 7),
        LevelReading(CellRef("800"), None, Unsyncable.UNTRACKED),
        LevelReading(CellRef("800:801"), 4),
        LevelReading(CellRef("800:802"), None, Unsyncable.UNTRACKED),
    ]


def test_levels_come_back_one_per_ref_and_in_order() -> None:
    refs = [CellRef("800:801"), CellRef("1"), CellRef("799"), CellRef("9:801"), CellRef("799")]
    with ScriptedShop({"GET products": rows(*CATALOG), "GET variations": rows(*VARIATIONS)}) as shop:
        found = shop.channel().read_levels(refs)
    assert [reading.ref for reading in found] == refs
    assert [reading.quantity for reading in found] == [4, None, 7, None, 7]
    assert [reading.problem for reading in found[:4]] == [
        None,
        Unsyncable.VANISHED,
        None,
        Unsyncable.VANISHED,
    ]
    assert len(shop.calls) == 2


def test_more_refs_than_fit_in_a_page_are_read_in_several() -> None:
    products = [product(1000 + index, stock_quantity=index) for index in range(150)]
    with ScriptedShop({"GET products": rows(*products)}) as shop:
        found = shop.channel().read_levels([CellRef(str(each["id"])) for each in products])
    assert [reading.quantity for reading in found] == list(range(150))


def test_no_row_is_skipped_when_an_earlier_one_vanishes_between_two_pages() -> None:
    products = [product(1000 + index) for index in range(250)]

    def respond(call: Call) -> Answer:
        answer = page_of(products, call)
        if len(products) == 250:
            del products[:3]
        return answer

    with ScriptedShop({"GET products": respond, "GET variations": rows()}) as shop:
        found = [level.ref.stock_id for page in shop.channel().all_levels("") for level in page]
    assert found == [str(1000 + index) for index in range(250)]


def test_pages_without_a_count_end_at_a_short_one() -> None:
    products = [product(1000 + index) for index in range(120)]

    def respond(call: Call) -> Answer:
        return Answer(page_of(products, call).document)

    with ScriptedShop({"GET products": respond, "GET variations": rows()}) as shop:
        assert sum(len(page) for page in shop.channel().all_levels("")) == 120


def stamps(count: int, second: Any = lambda index: index) -> list[dict[str, Any]]:
    return [
        order(1 + index, date_modified_gmt=gmt_text(SINCE + timedelta(seconds=second(index))))
        for index in range(count)
    ]


def orders_by_status(documents: list[dict[str, Any]]) -> Any:
    def respond(call: Call) -> Answer:
        trash = call.query["status"] == "trash"
        return page_of([doc for doc in documents if (doc["status"] == "trash") == trash], call)

    return respond


def test_changed_orders_start_at_the_second_asked_for_and_merge_the_trash_by_date() -> None:
    documents = stamps(6)
    documents[3]["status"] = "trash"
    documents[4]["status"] = "checkout-draft"
    documents[0]["date_modified_gmt"] = gmt_text(SINCE - timedelta(seconds=1))
    with ScriptedShop({"GET orders": orders_by_status(documents)}) as shop:
        (page,) = shop.channel().changed_orders(SINCE + timedelta(seconds=1, microseconds=5))
    assert [stamp.external_id for stamp in page] == ["2", "3", "4", "6"]
    assert page[0].updated_at == SINCE + timedelta(seconds=1)
    assert {call.query["modified_after"] for call in shop.calls} == {"2026-03-22T12:00:00"}
    assert all(call.query["dates_are_gmt"] == "true" for call in shop.calls)


@pytest.mark.parametrize("per_second", [1, 90, 1000])
def test_changed_orders_page_through_crowded_seconds(per_second: int) -> None:
    documents = stamps(350, lambda index: index // per_second)
    with ScriptedShop({"GET orders": orders_by_status(documents)}) as shop:
        found = [stamp.external_id for page in shop.channel().changed_orders(SINCE) for stamp in page]
    assert sorted(found, key=int) == [str(1 + index) for index in range(350)]


def test_an_order_that_changes_while_paging_hides_no_other() -> None:
    documents = stamps(250)

    def respond(call: Call) -> Answer:
        if call.query["status"] == "trash":
            return page_of([], call)
        answer = page_of(documents, call)
        for touched in documents[:40]:
            touched["date_modified_gmt"] = gmt_text(SINCE + timedelta(hours=1))
        return answer

    with ScriptedShop({"GET orders": respond}) as shop:
        found = {stamp.external_id for page in shop.channel().changed_orders(SINCE) for stamp in page}
    assert found == {str(1 + index) for index in range(250)}


def test_changed_levels_ask_for_products_and_variations() -> None:
    with ScriptedShop({"GET products": rows(*CATALOG), "GET variations": rows(*VARIATIONS)}) as shop:
        pages = list(shop.channel().changed_levels("", datetime(2026, 3, 2, tzinfo=UTC)))
    assert [level.ref.stock_id for page in pages for level in page] == ["799", "800", "800:801", "800:802"]


def test_orders_are_fetched_whole_with_the_trashed_and_without_the_lost() -> None:
    documents = [
        order(1),
        order(2, refunds=[refund_stub(5)], line_items=[line(reduced=2, restocked=1)]),
        order(3, status="trash", meta_data=[{"key": "_wp_trash_meta_status", "value": "wc-processing"}]),
        order(4, status="checkout-draft"),
    ]
    routes = {
        "GET orders": orders_by_status(documents),
        "GET orders/2/refunds": rows(refund(5, "2026-03-23T09:00:00", {315: 1})),
    }
    with ScriptedShop(routes) as shop:
        batch = shop.channel().fetch_orders(["1", "2", "3", "4", "5"])
    assert [found.external_id for found in batch.orders] == ["1", "2", "3"]
    assert batch.missing == ("5",)
    assert batch.orders[2].state is OrderState.TRASHED
    assert len(batch.orders[1].lines[0].parts) == 2
    assert shop.paths() == ["orders", "orders", "orders/2/refunds"]


def test_open_orders_are_those_that_wait() -> None:
    with ScriptedShop({"GET orders": rows(order(1), order(2, status="on-hold"))}) as shop:
        (page,) = shop.channel().open_orders()
    assert [found.external_id for found in page] == ["1", "2"]
    assert shop.calls[0].query["status"] == "pending,on-hold,processing"


def test_a_shop_without_locations_has_one_without_an_id() -> None:
    with ScriptedShop({}) as shop:
        (only,) = shop.channel().locations()
    assert only.external_id == ""


HTML = Answer(raw=b"<html><h1>Briefly unavailable for scheduled maintenance.</h1></html>")
HALF = Answer(raw=b'[{"id": 1, "status": "proc')


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (HTML, Transient),
        (HALF, Transient),
        (Answer(raw=b""), Transient),
        (Answer({"not": "a list"}), Transient),
        (Answer({"code": "x", "message": "m", "data": {"status": 503}}), Transient),
        (Answer({"code": "rest_forbidden", "message": "m", "data": {"status": 403}}), Permanent),
        (Answer(raw=b"Bad gateway", status=502), Transient),
        (Answer({}, status=429, headers={"Retry-After": "60"}), Transient),
        (error(403, "woocommerce_rest_cannot_view"), Permanent),
        (error(404, "rest_no_route"), Permanent),
        (Answer(raw=b"<html>Not Found</html>", status=404), Permanent),
        (error(413, "woocommerce_rest_request_entity_too_large"), Permanent),
        (Answer([{"id": 1, "status": "processing"}]), Permanent),
        (Answer(raw=b"", status=302, headers={"Location": "https://elsewhere.example/"}), Permanent),
        (NOT_YOURS, AuthExpired),
    ],
)
def test_a_bad_answer_to_a_read_is_the_right_fault(answer: Answer, fault: type[Exception]) -> None:
    routes = {"GET orders": answer, "GET products": NOT_YOURS}
    with ScriptedShop(routes) as shop, pytest.raises(fault) as caught:
        shop.channel().fetch_orders(["1"])
    assert isinstance(caught.value, fault)
    assert isinstance(caught.value, Transient) == (fault is Transient)


def test_a_read_that_hangs_ends_as_transient() -> None:
    with ScriptedShop({"GET products": Answer(hang=True)}) as shop:
        channel = shop.channel()
        channel._client._http._answer_seconds = 0.2
        with pytest.raises(Transient):
            channel.probe()


def test_a_read_is_repeated_until_it_works() -> None:
    answers = [Answer(raw=b"", status=503), HTML, Answer([{"id": 799}])]
    with ScriptedShop({"GET products": lambda _call: answers.pop(0)}) as shop:
        shop.channel().probe()
    assert len(shop.calls) == 3


def test_a_key_that_may_not_see_orders_is_refused_but_alive() -> None:
    forbidden = error(401, "woocommerce_rest_cannot_view", "Sorry, you can&#8217;t view this.")
    routes = {"GET orders": forbidden, "GET products": rows()}
    with ScriptedShop(routes) as shop, pytest.raises(Permanent, match="you can’t view this"):
        shop.channel().fetch_orders(["1"])


def test_a_probe_of_dead_keys_says_so() -> None:
    shop = ScriptedShop({"GET products": NOT_YOURS})
    with shop, pytest.raises(AuthExpired, match="Consumer key is invalid"):
        shop.channel().probe()
    assert shop.calls[0].query["_fields"] == "id"
