"""Webhooks: proved, named, and read without trust."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.platforms.base import (
    CellRef,
    Disconnected,
    Ignored,
    LevelReported,
    Mention,
    OrderChanged,
    PrivacyRequest,
    ProductChanged,
    Signal,
)
from app.platforms.shopify.subscriptions import TOPICS
from app.platforms.shopify.webhooks import READERS, envelope, parse, shop_of_webhook, verify

SECRET = "hush"
BODY = b'{"id": 820982911946154508, "note": "caf\\u00e9 \\/ \xc3\xbc"}'


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"x-shopify-hmac-sha256": base64.b64encode(digest).decode()}


class TestSignature:
    def test_the_right_one_is_accepted(self) -> None:
        assert verify(signed(BODY), BODY, SECRET)

    @pytest.mark.parametrize(
        "headers",
        [{}, {"x-shopify-hmac-sha256": ""}, {"x-shopify-hmac-sha256": "ü\udcff"}, signed(BODY, "other")],
    )
    def test_a_missing_or_wrong_one_is_refused(self, headers: dict[str, str]) -> None:
        assert not verify(headers, BODY, SECRET)

    def test_a_truncated_one_is_refused(self) -> None:
        headers = {"x-shopify-hmac-sha256": signed(BODY)["x-shopify-hmac-sha256"][:-4]}
        assert not verify(headers, BODY, SECRET)

    def test_the_bytes_count_and_not_what_they_mean(self) -> None:
        assert not verify(signed(BODY), json.dumps(json.loads(BODY)).encode(), SECRET)

    def test_an_empty_secret_proves_nothing(self) -> None:
        assert not verify(signed(BODY, ""), BODY, "")


class TestEnvelope:
    HEADERS: ClassVar[dict[str, str]] = {
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
        "x-shopify-triggered-at": "2026-10-01T12:00:00.123456789Z",
    }

    def test_the_event_id_is_the_key_of_every_repeat(self) -> None:
        first = envelope(self.HEADERS, BODY)
        second = envelope(self.HEADERS | {"x-shopify-webhook-id": "another"}, BODY)
        assert first.dedupe_key == second.dedupe_key == self.HEADERS["x-shopify-event-id"]
        assert first.event_id_is_unique
        assert first.topic == "orders/create"

    def test_the_trigger_time_is_aware(self) -> None:
        found = envelope(self.HEADERS, BODY).triggered_at
        assert found is not None
        assert found.isoformat() == "2026-10-01T12:00:00.123456+00:00"

    @pytest.mark.parametrize("junk", ["", "yesterday", "0001-01-01T00:00:00+23:59"])
    def test_a_senseless_time_is_no_time(self, junk: str) -> None:
        assert envelope({"x-shopify-triggered-at": junk}, BODY).triggered_at is None

    def test_without_ids_the_body_is_the_key(self) -> None:
        bare = envelope({}, BODY)
        assert bare.dedupe_key == hashlib.sha256(BODY).hexdigest()
        assert not bare.event_id_is_unique


def test_the_shop_is_only_a_shopify_domain() -> None:
    assert shop_of_webhook({"x-shopify-shop-domain": "a-1.myshopify.com"}) == "a-1.myshopify.com"
    for bad in ["evil.example", "a.myshopify.com.evil.example", "a.myshopify.com\n", ""]:
        assert shop_of_webhook({"x-shopify-shop-domain": bad}) is None


CUSTOMER = {"id": 207119551, "email": "Bob@example.com", "phone": "555"}
BOB = hashlib.sha256(b"bob@example.com").hexdigest()


@pytest.mark.parametrize(
    ("topic", "payload", "signal"),
    [
        ("orders/create", {"id": 8209829119461545088}, OrderChanged("8209829119461545088")),
        ("orders/updated", {"id": 1}, OrderChanged("1")),
        ("orders/cancelled", {"id": 1}, OrderChanged("1")),
        (
            "orders/create",
            {
                "id": 1,
                "line_items": [{"variant_id": 7, "quantity": 3, "current_quantity": 2}, {"quantity": 1}],
            },
            OrderChanged("1", (Mention("7", 2),)),
        ),
        (
            "orders/updated",
            {"id": 1, "cancelled_at": "2026-01-01", "line_items": [{"variant_id": 7, "quantity": 3}]},
            OrderChanged("1"),
        ),
        ("orders/create", {"id": 1, "line_items": [5, {"variant_id": {}, "quantity": 1}]}, OrderChanged("1")),
        ("orders/delete", {"id": 1}, OrderChanged("1")),
        ("orders/edited", {"order_edit": {"id": 9, "order_id": 1}}, OrderChanged("1")),
        ("refunds/create", {"id": 9, "order_id": 1}, OrderChanged("1")),
        ("fulfillments/create", {"id": 9, "order_id": 1}, OrderChanged("1")),
        ("products/update", {"id": 2}, ProductChanged("2")),
        ("products/create", {"id": 2}, ProductChanged("2")),
        ("products/delete", {"id": 2}, ProductChanged("2", deleted=True)),
        (
            "inventory_levels/update",
            {"inventory_item_id": 271878346596884015, "location_id": 24826418, "available": -3},
            LevelReported(CellRef("271878346596884015", "24826418"), -3),
        ),
        (
            "inventory_levels/connect",
            {"inventory_item_id": 1, "location_id": 2, "available": None},
            LevelReported(CellRef("1", "2"), None),
        ),
        (
            "inventory_levels/disconnect",
            {"inventory_item_id": 1, "location_id": 2},
            LevelReported(CellRef("1", "2"), None),
        ),
        ("app/uninstalled", {"id": 548380009, "name": "Shop"}, Disconnected()),
        (
            "customers/data_request",
            {"shop_domain": "x", "orders_requested": [299938, "280263"], "customer": CUSTOMER},
            PrivacyRequest("data_request", BOB, ("299938", "280263")),
        ),
        (
            "customers/redact",
            {"customer": CUSTOMER | {"email": None}, "orders_to_redact": [1]},
            PrivacyRequest("redact_customer", "207119551", ("1",)),
        ),
        ("shop/redact", {"shop_id": 954889}, PrivacyRequest("redact_shop", None)),
    ],
)
def test_each_topic_says_what_to_look_at(topic: str, payload: dict[str, Any], signal: Signal) -> None:
    assert parse(topic, {}, json.dumps(payload).encode()) == (signal,)


@pytest.mark.parametrize(
    "topic",
    ["bulk_operations/finish", "app/scopes_update", "locations/update", "inventory_items/update", "?"],
)
def test_other_topics_are_kept_and_ignored(topic: str) -> None:
    (signal,) = parse(topic, {}, b'{"id": 1}')
    assert isinstance(signal, Ignored)


def test_every_subscribed_topic_is_understood() -> None:
    spelled = {topic.lower().replace("_", "/", 1) for topic in TOPICS if not topic.startswith("INVENTORY")}
    spelled |= {
        topic.lower().replace("levels_", "levels/") for topic in TOPICS if topic.startswith("INVENTORY")
    }
    assert spelled <= set(READERS)


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"nonsense",
        b"[]",
        b"null",
        b'"x"',
        b"[" * 100_000,
        b'{"id": {}}',
        b'{"id": true, "inventory_item_id": null}',
        b'{"id": -5, "order_id": 1.5, "order_edit": 3, "customer": 4, "orders_requested": 5}',
        b"\xff\xfe",
        b'{"errors": "Not Found"}',
    ],
)
@pytest.mark.parametrize("topic", sorted(set(READERS) - {"app/uninstalled"}))
def test_signed_junk_is_never_a_crash(topic: str, junk: bytes) -> None:
    (signal,) = parse(topic, {}, junk)
    assert isinstance(signal, Ignored | PrivacyRequest)


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("1a\u00fc", max_size=3)
)
json_values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.just("order_id"), scalars)
keys = st.sampled_from(
    ["id", "order_id", "order_edit", "inventory_item_id", "location_id", "available", "customer"]
)


@given(topic=st.sampled_from(sorted(READERS)), payload=st.dictionaries(keys, json_values))
def test_parsing_never_raises(topic: str, payload: dict[str, Any]) -> None:
    assert len(parse(topic, {}, json.dumps(payload).encode())) == 1
