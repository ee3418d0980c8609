"""Prices at WooCommerce: what is sent, what each answer becomes, and both against the sandbox."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from app.platforms.base import PriceRef, PriceResult, PriceWrite, Shop, WriteOutcome
from app.platforms.errors import AuthExpired, Transient
from app.platforms.http import Http, new_session
from app.platforms.woocommerce import PLATFORM
from app.platforms.woocommerce.channel import WooCommerceChannel
from tests.platforms.woocommerce.payloads import product, variation
from tests.platforms.woocommerce.shop import (
    NOT_YOURS,
    Answer,
    Call,
    FixedCredentials,
    ScriptedShop,
    error,
    rows,
)
from tests.sandbox.support import ShopProcess

SIMPLE, VARIATION = PriceRef("799", "799"), PriceRef("801", "800")
BATCH = "POST products/batch"


def write(shop: ScriptedShop, *writes: PriceWrite, seconds: float = 10.0) -> Sequence[PriceResult]:
    return shop.channel().write_prices(writes, deadline=time.monotonic() + seconds)


def obedient(call: Call) -> Any:
    return {"update": [product(i["id"], regular_price=i["regular_price"]) for i in call.document["update"]]}


@pytest.mark.parametrize(
    ("ref", "path"), [(SIMPLE, "products/batch"), (VARIATION, "products/800/variations/batch")]
)
def test_prices_go_where_they_belong_and_sales_are_left_alone(ref: PriceRef, path: str) -> None:
    assert PLATFORM.price_group(ref) == path
    with ScriptedShop({f"POST {path}": obedient}) as shop:
        [result] = write(shop, PriceWrite(ref, 1250))
        [call] = shop.calls
    assert result.outcome is WriteOutcome.APPLIED
    assert call.document == {"update": [{"id": int(ref.listing_id), "regular_price": "12.50"}]}


@pytest.mark.parametrize(
    ("answered", "outcome", "code"),
    [
        ([product(799, regular_price="9.00")], WriteOutcome.REJECTED, "ignored"),
        ([product(799, regular_price="", price="")], WriteOutcome.REJECTED, "ignored"),
        (
            [{"id": 799, "error": {"code": "woocommerce_rest_product_invalid_id", "message": "No."}}],
            WriteOutcome.REJECTED,
            "woocommerce_rest_product_invalid_id",
        ),
        ([], WriteOutcome.UNKNOWN, "unanswered"),
    ],
)
def test_each_item_has_its_own_answer(answered: list[Any], outcome: WriteOutcome, code: str) -> None:
    with ScriptedShop({BATCH: {"update": answered}}) as shop:
        [result] = write(shop, PriceWrite(SIMPLE, 1250))
    assert (result.outcome, result.code) == (outcome, code)


@pytest.mark.parametrize("answered", [error(502, "bad_gateway"), Answer(raw=b"<html>"), Answer([])])
def test_an_answer_that_tells_nothing_is_unknown_and_sent_once(answered: Answer) -> None:
    with ScriptedShop({BATCH: answered}) as shop:
        [result] = write(shop, PriceWrite(SIMPLE, 1250))
        assert len(shop.calls) == 1
    assert result.outcome is WriteOutcome.UNKNOWN


def test_what_nobody_wrote_is_raised() -> None:
    with ScriptedShop({BATCH: NOT_YOURS, "GET products": NOT_YOURS}) as shop:
        with pytest.raises(AuthExpired):
            write(shop, PriceWrite(SIMPLE, 1250))
        with pytest.raises(Transient):
            write(shop, PriceWrite(SIMPLE, 1250), seconds=-1.0)


def test_a_read_only_key_is_a_refusal() -> None:
    refusal = error(401, "woocommerce_rest_authentication_error", "No write permissions.")
    with ScriptedShop({BATCH: refusal, "GET products": rows(product())}) as shop:
        [result] = write(shop, PriceWrite(SIMPLE, 1250))
    assert (result.outcome, result.code) == (WriteOutcome.REJECTED, "read_only")


def test_reads_regular_prices_of_products_and_variations() -> None:
    routes = {
        "GET products": rows(product(799, price="5.00", regular_price="8.00")),
        "GET variations": rows(variation(801, regular_price="", price="")),
    }
    with ScriptedShop(routes) as shop:
        found = shop.channel().read_prices([VARIATION, SIMPLE, PriceRef("1", "1")])
    assert [(r.price_minor, r.gone) for r in found] == [(None, False), (800, False), (None, True)]


# ------------------------------------------------------------------------------------ against the sandbox


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    shop = ShopProcess("woocommerce", tmp_path_factory.mktemp("shop"))
    yield shop
    shop.session.close()
    shop.stop()


class SandboxCredentials(FixedCredentials):
    def __init__(self, shop: ShopProcess) -> None:
        self._keys = shop.do("keys", {})

    def current(self) -> Any:
        return self._keys


@pytest.fixture(scope="module")
def channel(shop: ShopProcess) -> Iterator[WooCommerceChannel]:
    session = new_session(allow_private=True)
    http = Http(session, sleep=lambda _seconds: None, answer_seconds=5.0)
    yield WooCommerceChannel(Shop(1, shop.url, "USD", SandboxCredentials(shop), http, {}))
    session.close()


def test_writes_what_it_then_reads(shop: ShopProcess, channel: WooCommerceChannel) -> None:
    shop.add({"sku": "ONE", "price": "20.00", "sale_price": "15.00"})
    shop.add({"sku": "V1"}, {"sku": "V2"})
    refs = {
        listing.sku: PriceRef(listing.external_id, found.external_id)
        for page in channel.catalog()
        for found in page
        for listing in found.listings
    }
    read = {r.ref: r.price_minor for r in channel.read_prices(list(refs.values()))}
    assert [read[refs[sku]] for sku in ("ONE", "V1", "V2")] == [2000, 999, 999]
    for group in (
        [PriceWrite(refs["ONE"], 2100)],
        [PriceWrite(refs["V1"], 100), PriceWrite(refs["V2"], 200)],
    ):
        results = channel.write_prices(group, deadline=time.monotonic() + 10)
        assert {result.outcome for result in results} == {WriteOutcome.APPLIED}
    read = {r.ref: r.price_minor for r in channel.read_prices(list(refs.values()))}
    assert [read[refs[sku]] for sku in ("ONE", "V1", "V2")] == [2100, 100, 200]
