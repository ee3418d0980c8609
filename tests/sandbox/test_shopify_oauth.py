"""OAuth: consent, signed callback, code exchange, expiring tokens, rotating refresh tokens, scopes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator

import pytest

from tests.sandbox.shopify_client import (
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    SCOPES,
    ShopifyClient,
    gid,
    new_sku,
    place,
    running,
)
from tests.sandbox.support import PATIENCE_S, Receiver, ShopProcess

SHOP = "{ shop { name } }"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    with running(tmp_path_factory.mktemp("shopify")) as shop:
        yield shop


@pytest.fixture
def client(shop: ShopProcess) -> ShopifyClient:
    return ShopifyClient(shop)


def test_consent_page_names_the_scopes_and_offers_the_install(shop: ShopProcess) -> None:
    query = {"client_id": CLIENT_ID, "scope": "read_orders", "redirect_uri": CALLBACK, "state": "s1"}
    page = shop.session.get(f"{shop.url}/admin/oauth/authorize", params=query, timeout=PATIENCE_S)
    assert page.status_code == 200
    assert "read_orders" in page.text
    assert "Install app" in page.text
    assert "syncflow-demo.myshopify.com" in page.text


@pytest.mark.parametrize("change", [{"client_id": "stranger"}, {"redirect_uri": "javascript:alert(1)"}])
def test_consent_refuses_a_foreign_app_and_a_bad_redirect(shop: ShopProcess, change: dict[str, str]) -> None:
    query = {"client_id": CLIENT_ID, "scope": "read_orders", "redirect_uri": CALLBACK, "state": "s1"} | change
    page = shop.session.get(f"{shop.url}/admin/oauth/authorize", params=query, timeout=PATIENCE_S)
    assert page.status_code == 400


def test_callback_carries_a_signature_over_its_sorted_parameters(client: ShopifyClient) -> None:
    query = client.approve(SCOPES, state="my-nonce")
    assert set(query) == {"code", "hmac", "host", "shop", "state", "timestamp"}
    assert query["state"] == "my-nonce"
    assert query["shop"] == "syncflow-demo.myshopify.com"
    given = query.pop("hmac")
    message = "&".join(f"{name}={value}" for name, value in sorted(query.items()))
    assert given == hmac.new(CLIENT_SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    padded = query["host"] + "=" * (-len(query["host"]) % 4)
    assert base64.urlsafe_b64decode(padded).decode() == "admin.shopify.com/store/syncflow-demo"


def test_a_code_is_good_once(client: ShopifyClient) -> None:
    code = client.approve(SCOPES)["code"]
    assert client.ask_token(code=code).status_code == 200
    again = client.ask_token(code=code)
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_request"


def test_an_expiring_token_comes_with_a_refresh_token(client: ShopifyClient) -> None:
    assert client.grant["expires_in"] == 3600
    assert client.grant["refresh_token_expires_in"] == 90 * 24 * 3600
    assert client.grant["refresh_token"] != client.grant["access_token"]


def test_without_expiring_the_token_lasts_and_json_is_taken_too(client: ShopifyClient) -> None:
    body = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": client.approve(SCOPES)["code"]}
    url = f"{client.shop.url}/admin/oauth/access_token"
    grant = client.shop.session.post(url, json=body, timeout=PATIENCE_S).json()
    assert set(grant) == {"access_token", "scope"}
    client.shop.do("expire_tokens")
    assert client.post(SHOP, token=grant["access_token"]).status_code == 200


def test_a_write_scope_swallows_its_read_scope_in_the_answer(client: ShopifyClient) -> None:
    assert client.grant["scope"].split(",") == [s for s in SCOPES.split(",") if s != "read_inventory"]
    client.data("{ inventoryItems(first: 1) { nodes { id } } }")


def test_a_wrong_secret_gets_no_token(client: ShopifyClient) -> None:
    answer = client.ask_token(code=client.approve(SCOPES)["code"], client_secret="wrong")
    assert answer.status_code == 400
    assert "access_token" not in answer.json()


def test_expired_and_unknown_tokens_are_401(client: ShopifyClient) -> None:
    client.shop.do("expire_tokens")
    for token in (client.token, "shpat_unknown"):
        answer = client.post(SHOP, token=token)
        assert answer.status_code == 401
        assert answer.json()["errors"].startswith("[API] Invalid API key or access token")


def test_a_token_ends_by_itself(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(tmp_path_factory.mktemp("short"), "--token-seconds", "0") as shop:
        client = ShopifyClient(shop)
        assert client.grant["expires_in"] == 0
        assert client.post(SHOP).status_code == 401


def test_refreshing_gives_a_new_pair(client: ShopifyClient) -> None:
    client.shop.do("expire_tokens")
    grant = client.refresh(client.grant["refresh_token"]).json()
    assert grant["refresh_token"] != client.grant["refresh_token"]
    assert client.post(SHOP, token=grant["access_token"]).status_code == 200


def test_the_old_refresh_token_survives_until_its_replacement_is_used(client: ShopifyClient) -> None:
    old = client.grant["refresh_token"]
    lost = client.refresh(old).json()["refresh_token"]
    kept = client.refresh(old).json()["refresh_token"]
    assert client.refresh(kept).status_code == 200
    for retired in (old, lost):
        answer = client.refresh(retired)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_grant"


def test_a_scope_that_was_not_granted_is_denied_by_field(shop: ShopProcess) -> None:
    sku = new_sku()
    item = shop.add({"sku": sku})[0]
    order = shop.order((sku, 1), customer={"email": "b@example.com", "first_name": "B", "last_name": "C"})
    client = ShopifyClient(shop, "read_orders,read_inventory,read_locations")
    answer = client.run("{ products(first: 1) { nodes { id } } }")
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert answer["errors"][0]["path"] == ["products"]
    read = client.run("query($id: ID!) { order(id: $id) { id customer { id } } }", id=gid("Order", order))
    assert read["data"]["order"] == {"id": gid("Order", order), "customer": None}
    assert "read_customers" in read["errors"][0]["message"]
    document = """mutation($input: InventorySetQuantitiesInput!) {
      inventorySetQuantities(input: $input) @idempotent(key: "k") { userErrors { code } } }"""
    row = place(item, quantity=3, changeFromQuantity=None)
    given = {"name": "available", "reason": "correction", "quantities": [row]}
    assert client.run(document, input=given)["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert shop.quantity(sku) == 9
    node = client.run(
        "query($id: ID!) { node(id: $id) { id } }", id=gid("ProductVariant", item["listing_id"])
    )
    assert node["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def test_uninstalling_ends_every_token_and_says_so_once(shop: ShopProcess, receiver: Receiver) -> None:
    client = ShopifyClient(shop)
    client.subscribe("APP_UNINSTALLED", f"{receiver.url}/gone")
    client.subscribe("ORDERS_CREATE", f"{receiver.url}/orders")
    shop.do("uninstall")
    request = receiver.wait(1)[0]
    assert request.headers["X-Shopify-Topic"] == "app/uninstalled"
    assert request.json["myshopify_domain"] == "syncflow-demo.myshopify.com"
    assert client.post(SHOP).status_code == 401
    assert client.refresh(client.grant["refresh_token"]).status_code == 400
    assert ShopifyClient(shop).subscriptions() == []
