"""The sandbox's Shopify shop as a process, and the two ways to it: its control API, and the product's."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from app.platforms.base import CallbackRequest, Connected, Shop
from app.platforms.http import Http, new_session
from app.platforms.shopify.auth import ShopifyConnector
from app.platforms.shopify.channel import ShopifyChannel

CONTROL_TOKEN = "control"
CLIENT = ("client-key", "client-secret")
CALLBACK = "http://127.0.0.1:9/connect/shopify/callback"
STATE = "unguessable-state"
SHOP = "syncflow-demo.myshopify.com"


class SandboxShop:
    """`control` speaks as the shop's buyers and merchant."""

    def __init__(self, state: Path) -> None:
        command = [sys.executable, "-m", "sandbox", "shopify", "--port", "0", "--state", str(state)]
        command += ["--token", CONTROL_TOKEN, "--client-id", CLIENT[0], "--client-secret", CLIENT[1]]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        ready = re.search(r"ready (http://\S+)", self._process.stdout.readline())
        assert ready, "the sandbox did not start"
        self.url = ready[1]
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {CONTROL_TOKEN}"

    def stop(self) -> None:
        self._session.close()
        self._process.terminate()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def control(self, method: str, path: str, **document: Any) -> Any:
        url = f"{self.url}/_sandbox/{path}"
        response = self._session.request(method, url, json=document if method != "GET" else None, timeout=30)
        assert response.ok, response.text
        return response.json()

    def order(self, *lines: tuple[str, int], **more: Any) -> str:
        asked = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        return str(self.control("POST", "orders", lines=asked, reference="test", **more)["id"])

    def quantity(self, sku: str) -> int:
        """The shop's own truth."""
        items = self.control("GET", "truth")["items"]
        return int(next(item["quantity"] for item in items if item["sku"] == sku))

    @property
    def settings(self) -> dict[str, str]:
        return {"client_id": CLIENT[0], "client_secret": CLIENT[1], "url_template": self.url}

    def connect(self) -> Connected:
        """Go the merchant's way: our link, Shopify's consent page, and back."""
        connector = ShopifyConnector(plain_http(), self.settings)
        config = {"shop": SHOP}
        link = connector.authorize_url(
            config, state=STATE, callback_url=CALLBACK, return_url="http://x/", on_behalf_of="Blue"
        )
        assert link is not None
        page = self._session.get(link, timeout=30).text
        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)) | {
            "approve": "1"
        }
        back = self._session.post(
            f"{self.url}/admin/oauth/authorize", data=form, allow_redirects=False, timeout=30
        ).headers["Location"]
        assert back.startswith(CALLBACK)
        return connector.finish(
            config, state=STATE, callback=CallbackRequest("GET", {}, back.partition("?")[2], b"")
        )

    def channel(self, credentials: Mapping[str, Any], **options: Any) -> ShopifyChannel:
        return ShopifyChannel(
            Shop(
                connection_id=1,
                external_shop_id=SHOP,
                currency="USD",
                credentials=MemoryStore(credentials),
                http=plain_http(),
                settings=self.settings,
            ),
            **options,
        )


class MemoryStore:
    """A CredentialStore of one process."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document

    def current(self) -> Mapping[str, Any]:
        return self.document

    def refresh(
        self, stale: Mapping[str, Any], renew: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        if stale == self.document:
            self.document = renew(self.document)
        return self.document


def plain_http() -> Http:
    return Http(new_session(allow_private=True), answer_seconds=5.0, sleep=lambda _: None)
