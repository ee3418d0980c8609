"""Prices at Shopify: what is sent, what each answer becomes, and both against the sandbox."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.platforms.base import PriceRef, PriceResult, PriceWrite, WriteOutcome
from app.platforms.errors import Transient
from app.platforms.shopify import PLATFORM
from app.platforms.shopify.channel import ShopifyChannel
from app.platforms.shopify.prices import MISSING_SCOPE, OBSTACLE, write_prices
from tests.platforms.misbehaving import answer, raw
from tests.platforms.shopify.conftest import ScriptedShop
from tests.platforms.shopify.sandbox_shop import SandboxShop
from tests.platforms.shopify.test_client import throttled

Scripted = Callable[..., ScriptedShop]
WRITES = [PriceWrite(PriceRef(str(n), "7"), 1000 + n) for n in (1, 2, 3)]


def done(*shown: tuple[str, str], errors: list[tuple[str, list[str] | None]] | None = None) -> dict[str, Any]:
    variants = [{"id": f"gid://shopify/ProductVariant/{number}", "price": price} for number, price in shown]
    listed = [{"code": code, "field": field, "message": f"no {code}"} for code, field in errors or []]
    return {"productVariantsBulkUpdate": {"productVariants": variants or None, "userErrors": listed}}


ALL = done(("1", "10.01"), ("2", "10.02"), ("3", "10.03"))


def write(server: ScriptedShop, *, seconds: float = 10.0, currency: str = "EUR") -> list[PriceResult]:
    return write_prices(server.client, WRITES, currency, deadline=time.monotonic() + seconds)


def outcomes(results: list[PriceResult]) -> list[str]:
    return [result.outcome.value for result in results]


def test_the_variants_of_a_product_share_a_call(scripted: Scripted) -> None:
    server = scripted(ALL)
    assert outcomes(write(server)) == ["applied"] * 3
    [(name, variables)] = server.asked()
    assert (name, variables["product"]) == ("WritePrices", "gid://shopify/Product/7")
    assert variables["variants"][0] == {"id": "gid://shopify/ProductVariant/1", "price": "10.01"}


@pytest.mark.parametrize(("currency", "price"), [("JPY", "1001"), ("KWD", "1.001"), ("EUR", "10.01")])
def test_a_price_has_as_many_decimals_as_its_currency(scripted: Scripted, currency: str, price: str) -> None:
    server = scripted(done())
    write(server, currency=currency)
    assert server.asked()[0][1]["variants"][0]["price"] == price


def test_a_refused_variant_is_named_and_its_neighbours_are_written(scripted: Scripted) -> None:
    errors: list[tuple[str, list[str] | None]] = [("NEGATIVE_PRICE_VALUE", ["variants", "1", "price"])]
    results = write(scripted(done(("1", "10.01"), ("3", "10.03"), errors=errors)))
    assert outcomes(results) == ["applied", "rejected", "applied"]
    assert (results[1].code, results[1].message) == ("NEGATIVE_PRICE_VALUE", "no NEGATIVE_PRICE_VALUE")


def test_an_error_of_the_product_is_all_variants(scripted: Scripted) -> None:
    results = write(scripted(done(errors=[("PRODUCT_DOES_NOT_EXIST", ["productId"])])))
    assert {(r.outcome, r.code) for r in results} == {(WriteOutcome.REJECTED, "PRODUCT_DOES_NOT_EXIST")}


def test_what_the_answer_does_not_tell_is_unknown(scripted: Scripted) -> None:
    assert outcomes(write(scripted(done(("1", "10.01"), ("2", "9.99"))))) == ["applied", "unknown", "unknown"]
    assert outcomes(write(scripted({"productVariantsBulkUpdate": None}))) == ["unknown"] * 3


@pytest.mark.parametrize("step", [raw(b""), answer(502), answer(200, b"<html>")])
def test_an_answer_that_never_came_is_unknown_and_sent_once(scripted: Scripted, step: Any) -> None:
    server = scripted(step)
    assert outcomes(write(server)) == ["unknown"] * 3
    assert len(server.requests) == 1


def test_a_shop_that_did_not_allow_it_says_that_it_has_to_be_connected_again(scripted: Scripted) -> None:
    denied = {"errors": [{"message": "Access denied", "extensions": {"code": "ACCESS_DENIED"}}], "data": None}
    results = write(scripted(answer(200, json.dumps(denied).encode())))
    assert {(r.outcome, r.code, r.message) for r in results} == {
        (WriteOutcome.REJECTED, MISSING_SCOPE, OBSTACLE)
    }


def test_nothing_is_written_where_it_is_throttled_or_too_late(scripted: Scripted) -> None:
    with pytest.raises(Transient):
        write(scripted(throttled()))
    server = scripted(ALL)
    with pytest.raises(Transient):
        write(server, seconds=-1.0)
    assert server.requests == []


# ------------------------------------------------------------------------------------ against the sandbox


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    started = SandboxShop(tmp_path_factory.mktemp("shop"))
    variants = [{"sku": sku, "title": sku, "price": "9.99", "stock": 5} for sku in ("A", "B", "C")]
    try:
        started.control("POST", "catalog", products=[{"title": "Mug", "variants": variants}])
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def channel(shop: SandboxShop) -> ShopifyChannel:
    return shop.channel(shop.connect().credentials)


@pytest.fixture(scope="module")
def refs(channel: ShopifyChannel) -> dict[str, PriceRef]:
    [[product]] = channel.catalog()
    return {one.sku or "": PriceRef(one.external_id, product.external_id) for one in product.listings}


def test_writes_what_it_then_reads(channel: ShopifyChannel, refs: dict[str, PriceRef]) -> None:
    assert channel.price_obstacle() == ""
    assert {PLATFORM.price_group(ref) for ref in refs.values()} == {refs["A"].product_id}
    gone = PriceRef("12345", refs["A"].product_id)
    writes = [PriceWrite(refs["A"], 1250), PriceWrite(gone, 100), PriceWrite(refs["B"], 700)]
    results = channel.write_prices(writes, deadline=time.monotonic() + 10)
    assert outcomes(list(results)) == ["applied", "rejected", "applied"]
    readings = channel.read_prices([refs["B"], gone, refs["A"], refs["C"]])
    assert [(r.price_minor, r.gone) for r in readings] == [
        (700, False),
        (None, True),
        (1250, False),
        (999, False),
    ]


def test_a_shop_connected_without_the_scope_is_to_be_connected_again(shop: SandboxShop) -> None:
    credentials = dict(shop.connect().credentials) | {"scope": "read_products,write_inventory"}
    assert shop.channel(credentials).price_obstacle() == OBSTACLE
