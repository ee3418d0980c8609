"""An app of a Shopify shop after the vendor's docs, independent of the product's own client."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from tests.sandbox.support import PATIENCE_S, ShopProcess

CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-secret"
SCOPES = (
    "read_products,write_inventory,read_inventory,read_orders,read_locations,read_customers,"
    "write_merchant_managed_fulfillment_orders"
)
CALLBACK = "http://127.0.0.1:9/callback"
SET = """mutation($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { name delta quantityAfterChange item { id } location { id } } }
    userErrors { code field message } } }"""
ADJUST = """mutation($input: InventoryAdjustQuantitiesInput!, $key: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { name delta } } userErrors { code field message } } }"""
SUBSCRIBE = """mutation($topic: WebhookSubscriptionTopic!, $input: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $input) {
    webhookSubscription { id uri topic } userErrors { field message } } }"""
LEVELS = """query($id: ID!) { inventoryItem(id: $id) { inventoryLevels(first: 5) { nodes {
  id location { id } quantities(names: ["available", "on_hand", "committed"]) { name quantity } } } } }"""
_NUMBERS = itertools.count(1)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[ShopProcess]:
    """A Shopify shop for a whole module: its tests use SKUs of their own."""
    shop = ShopProcess("shopify", folder, *options)
    try:
        yield shop
    finally:
        shop.session.close()
        shop.stop()


def new_sku() -> str:
    return f"SKU-{next(_NUMBERS)}"


class ShopifyClient:
    def __init__(self, shop: ShopProcess, scopes: str = SCOPES) -> None:
        self.shop = shop
        self.grant = self.exchange(self.approve(scopes)["code"])
        self.token: str = self.grant["access_token"]

    def approve(self, scopes: str, state: str = "nonce") -> dict[str, str]:
        """What a merchant's click on the consent page sends back to the app."""
        form = {"client_id": CLIENT_ID, "scope": scopes, "redirect_uri": CALLBACK, "state": state}
        response = self.shop.session.post(
            f"{self.shop.url}/admin/oauth/authorize", data=form, allow_redirects=False, timeout=PATIENCE_S
        )
        assert response.status_code == 302, response.text
        assert response.headers["Location"].startswith(CALLBACK)
        return dict(parse_qsl(urlsplit(response.headers["Location"]).query))

    def ask_token(self, **fields: str) -> requests.Response:
        form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **fields}
        return self.shop.session.post(
            f"{self.shop.url}/admin/oauth/access_token", data=form, timeout=PATIENCE_S
        )

    def exchange(self, code: str) -> dict[str, Any]:
        response = self.ask_token(code=code, expiring="1")
        assert response.status_code == 200, response.text
        return dict(response.json())

    def refresh(self, token: str) -> requests.Response:
        return self.ask_token(grant_type="refresh_token", refresh_token=token)

    def post(
        self, document: str, /, *, version: str = "2026-10", token: str | None = None, **variables: Any
    ) -> requests.Response:
        return self.shop.session.post(
            f"{self.shop.url}/admin/api/{version}/graphql.json",
            json={"query": document, "variables": variables},
            headers={"X-Shopify-Access-Token": token or self.token},
            timeout=PATIENCE_S,
        )

    def run(self, document: str, /, **variables: Any) -> Any:
        """The whole answer, errors and all."""
        response = self.post(document, **variables)
        assert response.status_code == 200, response.text
        return response.json()

    def data(self, document: str, /, **variables: Any) -> Any:
        """The data of an answer without errors."""
        answer = self.run(document, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def set_stock(
        self, *rows: dict[str, Any], key: str | None = None, name: str = "available", **head: Any
    ) -> Any:
        """The payload of `inventorySetQuantities`."""
        given = {"name": name, "reason": "correction", "quantities": list(rows), **head}
        return self.data(SET, input=given, key=key or str(uuid.uuid4()))["inventorySetQuantities"]

    def adjust(self, *rows: dict[str, Any], key: str | None = None) -> Any:
        given = {"name": "available", "reason": "correction", "changes": list(rows)}
        return self.data(ADJUST, input=given, key=key or str(uuid.uuid4()))["inventoryAdjustQuantities"]

    def levels(self, item: dict[str, Any]) -> dict[str, int]:
        """The numbers of an item at its first location."""
        found = self.data(LEVELS, id=gid("InventoryItem", item["stock_id"]))["inventoryItem"]
        rows = found["inventoryLevels"]["nodes"][0]["quantities"]
        return {row["name"]: row["quantity"] for row in rows}

    def subscribe(self, topic: str, uri: str, **settings: Any) -> Any:
        """The payload of `webhookSubscriptionCreate`."""
        given = {"uri": uri, **settings}
        return self.data(SUBSCRIBE, topic=topic, input=given)["webhookSubscriptionCreate"]

    def subscriptions(self) -> list[dict[str, Any]]:
        query = "{ webhookSubscriptions(first: 100) { nodes { id topic uri } } }"
        return list(self.data(query)["webhookSubscriptions"]["nodes"])


def gid(kind: str, number: Any) -> str:
    return f"gid://shopify/{kind}/{number}"


def place(item: dict[str, Any], **values: Any) -> dict[str, Any]:
    """One row of a stock mutation for an item of the control API."""
    location = gid("Location", item["location_id"])
    return {"inventoryItemId": gid("InventoryItem", item["stock_id"]), "locationId": location, **values}


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]
