"""A WooCommerce REST client after RFC 5849 and the vendor's docs, independent of the product's own."""

import base64
import hashlib
import hmac
import secrets
import time
from typing import Any
from urllib.parse import quote

import requests

from tests.sandbox.support import PATIENCE_S, ShopProcess


def encode(text: str) -> str:
    return quote(text, safe="~")


class WooClient:
    """Signs with OAuth 1.0a in the query string, as a client over http must."""

    def __init__(
        self, shop: ShopProcess, permissions: str = "read_write", method: str = "HMAC-SHA256"
    ) -> None:
        self.shop = shop
        keys = shop.do("keys", {"permissions": permissions})
        self.key: str = keys["consumer_key"]
        self.secret: str = keys["consumer_secret"]
        self.method = method

    def signed(self, method: str, url: str, params: dict[str, Any], **oauth: str) -> dict[str, str]:
        """The query parameters with the signature; ``oauth`` overrides single OAuth parameters."""
        signed = {name: str(value) for name, value in params.items()} | {
            "oauth_consumer_key": self.key,
            "oauth_nonce": secrets.token_hex(16),
            "oauth_signature_method": self.method,
            "oauth_timestamp": str(int(time.time())),
            **oauth,
        }
        pairs = sorted((encode(name), encode(value)) for name, value in signed.items())
        base = "&".join([method, encode(url), encode("&".join(f"{name}={value}" for name, value in pairs))])
        digest = {"HMAC-SHA256": hashlib.sha256, "HMAC-SHA1": hashlib.sha1}[self.method]
        signature = hmac.new(f"{self.secret}&".encode(), base.encode(), digest).digest()
        return signed | {"oauth_signature": base64.b64encode(signature).decode()}

    def call(self, method: str, path: str, json: Any = None, **params: Any) -> requests.Response:
        url = f"{self.shop.url}/wp-json/wc/v3/{path}"
        query = self.signed(method, url, params)
        return self.shop.session.request(method, url, params=query, json=json, timeout=PATIENCE_S)

    def get(self, path: str, **params: Any) -> Any:
        response = self.call("GET", path, **params)
        assert response.ok, response.text
        return response.json()

    def put(self, path: str, json: Any) -> Any:
        response = self.call("PUT", path, json)
        assert response.ok, response.text
        return response.json()

    def post(self, path: str, json: Any) -> Any:
        response = self.call("POST", path, json)
        assert response.ok, response.text
        return response.json()

    def subscribe(self, topic: str, url: str, **fields: Any) -> int:
        """Create a webhook; its id."""
        webhook = {"topic": topic, "delivery_url": url, "secret": "s3cret", **fields}
        return int(self.post("webhooks", webhook)["id"])
