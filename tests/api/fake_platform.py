"""A platform without a network: its shops are names, its good key is "good", its good code is "yes"."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from app.errors import InvalidInput
from app.platforms.base import (
    CallbackRequest,
    Capabilities,
    Connected,
    Envelope,
    Ignored,
    PaymentState,
    Platform,
    Shop,
)
from app.platforms.errors import AuthExpired

SLUG = "fakeshop"


class Config(Schema):
    shop = fields.String(required=True, metadata={"label": "Shop"})
    key = fields.String(metadata={"secret": True})


class FakeConnector:
    def __init__(self, _http: Any, _settings: Mapping[str, str]) -> None: ...

    def authorize_url(
        self,
        config: Mapping[str, Any],
        *,
        state: str,
        callback_url: str,
        return_url: str,
        on_behalf_of: str,
    ) -> str | None:
        return None if "key" in config else f"https://fake.example/yes?state={state}&back={callback_url}"

    def finish(self, config: Mapping[str, Any], *, state: str, callback: CallbackRequest | None) -> Connected:
        if callback is None and config["key"] != "good":
            raise AuthExpired("The key is dead.")
        if callback is not None and callback.query.get("code") != "yes":
            raise InvalidInput("The shop's owner said no.")
        return Connected(config["shop"], config["shop"].title(), "EUR", {"token": "t1", "refresh": "r1"})


class FakeChannel:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def remove_webhooks(self, callback_url: str) -> None: ...

    def probe(self) -> None: ...

    def price_obstacle(self) -> str:
        return "Connect it again." if self.shop.external_shop_id == "grudging" else ""


def _sign(raw: bytes, secret: str) -> str:
    return hmac.digest(secret.encode(), raw, "sha256").hex()


def _verify(headers: Mapping[str, str], raw: bytes, secret: str) -> bool:
    given = headers.get("x-fake-signature", "")
    return bool(given) and hmac.compare_digest(given.encode(), _sign(raw, secret).encode())


def _envelope(headers: Mapping[str, str], raw: bytes) -> Envelope:
    event_id = headers.get("x-fake-event-id")
    key = event_id or hashlib.sha256(raw).hexdigest()
    return Envelope(headers.get("x-fake-topic", ""), key, event_id_is_unique=event_id is not None)


PLATFORM = Platform(
    slug=SLUG,
    name="Fake Shop",
    capabilities=Capabilities(
        compare_and_set=True,
        write_batch=10,
        order_batch=10,
        read_batch=10,
        deltas=True,
        locations=False,
        holding_payments=frozenset({PaymentState.PAID}),
        price_batch=10,
    ),
    config_schema=Config,
    required_settings=(),
    connector=FakeConnector,
    open_channel=FakeChannel,  # type: ignore[arg-type]  # only what these tests call
    webhook_secret=lambda _settings, own: own or "app-secret",
    handshake=lambda headers, raw: raw == b"ping" and "x-fake-signature" not in headers,
    verify=_verify,
    envelope=_envelope,
    parse=lambda _topic, _headers, _raw: (Ignored("fake"),),
    shop_of_webhook=lambda headers: headers.get("x-fake-shop"),
)


def signed(raw: bytes, secret: str, **headers: str) -> dict[str, str]:
    """Headers of a webhook; `topic="x"` becomes X-Fake-Topic."""
    named = {f"X-Fake-{name.replace('_', '-').title()}": value for name, value in headers.items()}
    return {"X-Fake-Signature": _sign(raw, secret), "X-Fake-Topic": "orders/updated", **named}
