from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from app.platforms.base import CellRef, Ignored, LevelReported, OrderChanged, ProductChanged
from app.platforms.woocommerce.webhooks import envelope, handshake, parse, verify, webhook_secret
from tests.platforms.woocommerce.payloads import order, product, variable, variation

SECRET = "0f3c-own-secret"
RAW = b'{"id":727,"permalink":"https:\\/\\/shop.example\\/?p=1","name":"\\u00dcbung"}'


def signed(body: bytes, secret: str = SECRET, topic: str = "order.updated") -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {
        "x-wc-webhook-source": "https://shop.example/",
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-signature": base64.b64encode(digest).decode(),
        "x-wc-webhook-delivery-id": "f00",
    }


def body_of(document: Any) -> bytes:
    return json.dumps(document).encode()


def test_the_signature_is_of_the_raw_bytes() -> None:
    assert verify(signed(RAW), RAW, SECRET)
    reserialised = body_of(json.loads(RAW))
    assert reserialised != RAW
    assert not verify(signed(RAW), reserialised, SECRET)


@pytest.mark.parametrize("signature", [None, "", "bm9wZQ==", "é", "\udcff"])
def test_a_missing_or_wrong_signature_is_rejected(signature: str | None) -> None:
    headers = signed(RAW)
    if signature is None:
        del headers["x-wc-webhook-signature"]
    else:
        headers["x-wc-webhook-signature"] = signature
    assert not verify(headers, RAW, SECRET)


def test_a_truncated_signature_and_an_empty_secret_are_rejected() -> None:
    headers = signed(RAW)
    headers["x-wc-webhook-signature"] = headers["x-wc-webhook-signature"][:-4]
    assert not verify(headers, RAW, SECRET)
    assert not verify(signed(RAW, ""), RAW, "")


def test_each_connection_signs_with_its_own_secret() -> None:
    assert webhook_secret({}, "mine") == "mine"


def test_only_an_unsigned_form_body_is_a_ping() -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert handshake(form, b"webhook_id=12")
    assert not handshake(form, b"webhook_id=12&x=1")
    assert not handshake(form, RAW)
    assert not handshake(signed(b"webhook_id=12"), b"webhook_id=12")


def test_deliveries_of_one_second_share_their_id_but_not_their_name() -> None:
    one, two = body_of({"id": 1, "status": "a"}), body_of({"id": 1, "status": "b"})
    names = {envelope(signed(body), body).dedupe_key for body in (one, two, one)}
    assert len(names) == 2
    assert envelope(signed(one), one).event_id_is_unique is False
    other_topic = envelope(signed(one, topic="order.created"), one)
    assert other_topic.topic == "order.created"
    assert other_topic.dedupe_key not in names


def test_an_envelope_of_anything_is_short() -> None:
    found = envelope({"x-wc-webhook-topic": "x" * 10_000}, b"\xff" * 10_000)
    assert len(found.topic) <= 100
    assert len(found.dedupe_key) < 300


@pytest.mark.parametrize("event", ["created", "updated", "deleted", "restored"])
def test_an_order_event_names_the_order(event: str) -> None:
    document = {"id": 727} if event == "deleted" else order()
    [signal] = parse(f"order.{event}", {}, body_of(document))
    assert isinstance(signal, OrderChanged)
    assert signal.order_id == "727"


@pytest.mark.parametrize(
    ("status", "mentioned"),
    [("processing", 3), ("on-hold", 3), ("completed", 3), ("pending", 0), ("cancelled", 0)],
)
def test_an_order_that_took_stock_mentions_its_units(status: str, mentioned: int) -> None:
    [signal] = parse("order.updated", {}, body_of(order(status=status)))
    assert isinstance(signal, OrderChanged)
    assert sum(mention.quantity for mention in signal.mentions) == mentioned


@pytest.mark.parametrize("lines", [None, "x", [1], [{"product_id": "x", "quantity": 1}], [{"quantity": 2.5}]])
def test_junk_in_an_orders_lines_mentions_nothing(lines: object) -> None:
    document = {"id": 1, "status": "processing", "line_items": lines}
    assert parse("order.updated", {}, body_of(document)) == (OrderChanged("1"),)


def test_a_basket_in_the_checkout_is_ignored() -> None:
    assert parse("order.created", {}, body_of(order(status="checkout-draft"))) == (Ignored("a draft"),)


@pytest.mark.parametrize(
    ("document", "signals"),
    [
        (product(), [LevelReported(CellRef("799"), 7)]),
        (variation(), [LevelReported(CellRef("800:801"), 4)]),
        (variation(manage_stock="parent", stock_quantity=9), [LevelReported(CellRef("800"), 9)]),
        (variation(manage_stock=False, stock_quantity=None), [ProductChanged("800")]),
        (product(manage_stock=False, stock_quantity=None), [ProductChanged("799")]),
        (variable(), [ProductChanged("800")]),
        (
            variable(manage_stock=True, stock_quantity=9),
            [LevelReported(CellRef("800"), 9), ProductChanged("800")],
        ),
        ({"id": 799, "name": "no stock fields"}, [ProductChanged("799")]),
        (product(stock_quantity="many"), [ProductChanged("799")]),
    ],
)
def test_a_product_update_reports_the_number_or_asks_for_a_look(
    document: dict[str, Any], signals: list[Any]
) -> None:
    assert list(parse("product.updated", {}, body_of(document))) == signals


def test_a_new_product_is_a_change_of_the_catalog() -> None:
    assert ProductChanged("799") in parse("product.created", {}, body_of(product()))
    assert ProductChanged("800") in parse("product.created", {}, body_of(variation()))


def test_a_trashed_product_is_gone() -> None:
    assert parse("product.deleted", {}, b'{"id":799}') == (ProductChanged("799", deleted=True),)


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("product.updated", b'{"code":"woocommerce_rest_product_invalid_id","message":"No","data":null}'),
        ("product.updated", b'{"code":"evil\\u0000\\ud800","message":"No"}'),
        ("order.updated", b""),
        ("order.updated", b'{"id":72'),
        ("order.updated", b"\xff\xfe"),
        ("order.updated", b"[1,2]"),
        ("order.updated", b"null"),
        ("order.updated", b'{"id":"727"}'),
        ("order.updated", b'{"id":true}'),
        ("order.updated", b'{"id":-1}'),
        ("order.updated", b'{"id":' + b"9" * 5000 + b"}"),
        ("order.updated", b"[" * 100_000),
        ("coupon.updated", b'{"id":5}'),
        ("", b'{"id":5}'),
    ],
)
def test_whatever_else_the_shop_signs_is_ignored(topic: str, body: bytes) -> None:
    (signal,) = parse(topic, {}, body)
    assert isinstance(signal, Ignored)
    signal.reason.encode()
    assert "\x00" not in signal.reason
