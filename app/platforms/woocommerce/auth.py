"""Connecting a WooCommerce shop: keys that the merchant pastes, or that the shop sends us on consent.

The consent flow is `/wc-auth/v1/authorize`: the merchant's browser goes there with an unguessable
`user_id`, and on consent the SHOP posts the new keys as JSON to our callback before it sends the
browser back to `return_url` (class-wc-auth.php). The shop insists on an https callback.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.errors import InvalidInput
from app.platforms.base import CallbackRequest, Connected
from app.platforms.http import guard_public
from app.platforms.woocommerce.client import Client
from app.platforms.woocommerce.signing import Keys

APP_NAME = "SyncFlow"
_KEY = validate.Regexp(r"^ck_[0-9a-zA-Z]{8,128}$", error="A consumer key starts with ck_.")
_SECRET = validate.Regexp(r"^cs_[0-9a-zA-Z]{8,128}$", error="A consumer secret starts with cs_.")


class StoreConfig(Schema):
    """What a merchant fills in. Both keys, or neither to be sent to the shop's consent page."""

    store_url = fields.String(
        required=True,
        validate=validate.Length(min=4, max=500),
        metadata={"label": "Store address", "placeholder": "https://shop.example"},
    )
    consumer_key = fields.String(validate=_KEY, metadata={"label": "Consumer key (optional)", "secret": True})
    consumer_secret = fields.String(
        validate=_SECRET, metadata={"label": "Consumer secret (optional)", "secret": True}
    )

    @validates_schema
    def _both_keys_or_none(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if bool(data.get("consumer_key")) != bool(data.get("consumer_secret")):
            raise ValidationError("Give both keys, or neither.", "consumer_secret")


class StoreConnector:
    """Implements `Connector`. The setting `allow_private` = "true" admits http and private hosts."""

    def __init__(self, http: Any, settings: Mapping[str, str]) -> None:
        self._http = http
        self._allow_private = settings.get("allow_private") == "true"

    def authorize_url(
        self,
        config: Mapping[str, Any],
        *,
        state: str,
        callback_url: str,
        return_url: str,
        on_behalf_of: str,
    ) -> str | None:
        if config.get("consumer_key"):
            return None
        if not (callback_url.startswith("https://") or self._allow_private):
            raise InvalidInput("A shop sends its keys only to an https address. Paste the keys instead.")
        query = {
            # The shop hands its keys over without coming back to us first: this is where its owner reads
            # to whom.
            "app_name": f"{APP_NAME} for {on_behalf_of}",
            "scope": "read_write",
            "user_id": state,
            "return_url": return_url,
            "callback_url": callback_url,
        }
        return f"{self._store_url(config)}/wc-auth/v1/authorize?{urlencode(query)}"

    def finish(self, config: Mapping[str, Any], *, state: str, callback: CallbackRequest | None) -> Connected:
        store_url = self._store_url(config)
        keys = _pasted_keys(config) if callback is None else _posted_keys(callback, state)
        client = Client(self._http, store_url, keys)
        currency = client.currency()
        client.check_write_permission()
        return Connected(
            external_shop_id=store_url,
            name=client.shop_name() or urlsplit(store_url).netloc,
            currency=currency,
            credentials={"consumer_key": keys.consumer_key, "consumer_secret": keys.consumer_secret},
        )

    def _store_url(self, config: Mapping[str, Any]) -> str:
        url = normal_store_url(str(config["store_url"]))
        if not (url.startswith("https://") or self._allow_private):
            raise InvalidInput("The shop's address has to start with https://.")
        guard_public(url, allow_private=self._allow_private)
        return url


def normal_store_url(given: str) -> str:
    """'Shop.Example/Sub/' -> 'https://shop.example/Sub': one spelling per shop. Raises InvalidInput."""
    given = given.strip()
    parts = urlsplit(given if "://" in given else f"https://{given}")
    try:
        port = parts.port
    except ValueError as err:
        raise InvalidInput("The shop's address is not a web address.") from err
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise InvalidInput("The shop's address is not a web address.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.rstrip(".")
    if port not in (None, {"http": 80, "https": 443}[parts.scheme]):
        host = f"{host}:{port}"
    path = parts.path.rstrip("/")
    for tail in ("/wp-admin", "/wp-json"):
        path = path.removesuffix(tail)
    return urlunsplit((parts.scheme, host, path, "", ""))


def _pasted_keys(config: Mapping[str, Any]) -> Keys:
    if not (config.get("consumer_key") and config.get("consumer_secret")):
        raise InvalidInput("There are no keys yet: the shop has not sent any.")
    return Keys(str(config["consumer_key"]), str(config["consumer_secret"]))


def _posted_keys(callback: CallbackRequest, state: str) -> Keys:
    try:
        document = json.loads(callback.body)
    except (ValueError, RecursionError) as err:
        raise InvalidInput("The shop's answer holds no keys.") from err
    if callback.method != "POST" or not isinstance(document, dict):
        raise InvalidInput("The shop's answer holds no keys.")
    if not hmac.compare_digest(str(document.get("user_id", "")).encode("utf-8", "replace"), state.encode()):
        raise InvalidInput("The shop's answer belongs to another attempt to connect.")
    if document.get("key_permissions") != "read_write":
        raise InvalidInput("The shop gave keys that may not read and write.")
    try:
        return Keys(_KEY(str(document.get("consumer_key"))), _SECRET(str(document.get("consumer_secret"))))
    except ValidationError as err:
        raise InvalidInput("The shop's answer holds no keys.") from err
