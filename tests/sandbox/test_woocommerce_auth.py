import secrets
import time
from collections.abc import Iterator

import pytest
import requests

from tests.sandbox.support import ShopProcess
from tests.sandbox.woo_client import WooClient, encode

HTTPS = {"X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    shop = ShopProcess("woocommerce", tmp_path_factory.mktemp("shop"))
    yield shop
    shop.session.close()
    shop.stop()


def products_url(shop: ShopProcess) -> str:
    return f"{shop.url}/wp-json/wc/v3/products"


@pytest.mark.parametrize("method", ["HMAC-SHA256", "HMAC-SHA1"])
def test_one_legged_oauth_opens_the_api_over_http(shop: ShopProcess, method: str) -> None:
    client = WooClient(shop, method=method)
    assert client.call("GET", "products", search="a b+c~d/é", per_page=1).status_code == 200


def test_oauth_works_in_the_authorization_header(shop: ShopProcess) -> None:
    client = WooClient(shop)
    signed = client.signed("GET", products_url(shop), {})
    header = "OAuth " + ", ".join(f'{name}="{encode(value)}"' for name, value in signed.items())
    response = requests.get(products_url(shop), headers={"Authorization": header}, timeout=10)
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"oauth_signature": "bm9wZQ=="}, "Invalid signature - provided signature does not match."),
        ({"oauth_consumer_key": "ck_nobody"}, "Consumer key is invalid."),
        ({"per_page": "2"}, "Invalid signature - provided signature does not match."),
    ],
)
def test_a_request_that_was_changed_is_refused_with_401(
    shop: ShopProcess, change: dict[str, str], message: str
) -> None:
    client = WooClient(shop)
    params = client.signed("GET", products_url(shop), {"per_page": "1"}) | change
    response = requests.get(products_url(shop), params=params, timeout=10)
    assert response.status_code == 401
    assert response.json() == {
        "code": "woocommerce_rest_authentication_error",
        "message": message,
        "data": {"status": 401},
    }


def test_an_old_timestamp_is_refused(shop: ShopProcess) -> None:
    client = WooClient(shop)
    old = str(int(time.time()) - 16 * 60)
    params = client.signed("GET", products_url(shop), {}, oauth_timestamp=old)
    response = requests.get(products_url(shop), params=params, timeout=10)
    assert (response.status_code, response.json()["message"]) == (401, "Invalid timestamp.")


def test_a_nonce_is_good_for_one_request(shop: ShopProcess) -> None:
    client = WooClient(shop)
    params = client.signed("GET", products_url(shop), {}, oauth_nonce=secrets.token_hex(8))
    assert requests.get(products_url(shop), params=params, timeout=10).status_code == 200
    again = requests.get(products_url(shop), params=params, timeout=10)
    assert (again.status_code, again.json()["message"]) == (
        401,
        "Invalid nonce - nonce has already been used.",
    )


def test_missing_oauth_parameters_are_named(shop: ShopProcess) -> None:
    client = WooClient(shop)
    params = client.signed("GET", products_url(shop), {})
    del params["oauth_nonce"]
    body = requests.get(products_url(shop), params=params, timeout=10).json()
    assert body["code"] == "woocommerce_rest_authentication_missing_parameter"
    assert body["message"] == "Missing OAuth parameter oauth_nonce"


def test_basic_auth_counts_only_over_https(shop: ShopProcess) -> None:
    client = WooClient(shop)
    auth = (client.key, client.secret)
    plain = requests.get(products_url(shop), auth=auth, timeout=10)
    assert (plain.status_code, plain.json()["code"]) == (401, "woocommerce_rest_cannot_view")
    assert requests.get(products_url(shop), auth=auth, headers=HTTPS, timeout=10).status_code == 200
    in_query = {"consumer_key": client.key, "consumer_secret": client.secret}
    assert requests.get(products_url(shop), params=in_query, headers=HTTPS, timeout=10).status_code == 200


def test_a_wrong_secret_over_https_is_refused(shop: ShopProcess) -> None:
    client = WooClient(shop)
    response = requests.get(products_url(shop), auth=(client.key, "cs_no"), headers=HTTPS, timeout=10)
    assert (response.status_code, response.json()["message"]) == (401, "Consumer secret is invalid.")
    assert response.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_a_read_key_that_writes_gets_401_and_not_403(shop: ShopProcess) -> None:
    client = WooClient(shop, permissions="read")
    assert client.call("GET", "products").status_code == 200
    refused = client.call("POST", "products/batch", {"update": []})
    assert refused.status_code == 401
    assert refused.json()["code"] == "woocommerce_rest_authentication_error"
    assert refused.json()["message"] == "The API key provided does not have write permissions."


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "orders", "woocommerce_rest_cannot_view"),
        ("GET", "orders/1", "woocommerce_rest_cannot_view"),
        ("POST", "orders", "woocommerce_rest_cannot_create"),
        ("PUT", "orders/1", "woocommerce_rest_cannot_edit"),
        ("DELETE", "orders/1", "woocommerce_rest_cannot_delete"),
        ("POST", "products/batch", "woocommerce_rest_cannot_batch"),
    ],
)
def test_without_a_key_every_resource_is_closed(shop: ShopProcess, method: str, path: str, code: str) -> None:
    response = requests.request(method, f"{shop.url}/wp-json/wc/v3/{path}", timeout=10)
    assert (response.status_code, response.json()["code"]) == (401, code)


def test_the_index_is_open_and_names_the_store(shop: ShopProcess) -> None:
    index = requests.get(f"{shop.url}/wp-json/", timeout=10).json()
    assert index["name"] == "SyncFlow demo store"
    assert index["url"] == shop.url
    assert "wc/v3" in index["namespaces"]


def test_an_unknown_route_is_a_404_in_json(shop: ShopProcess) -> None:
    response = WooClient(shop).call("GET", "nothing")
    assert (response.status_code, response.json()["code"]) == (404, "rest_no_route")
