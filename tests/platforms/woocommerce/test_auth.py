from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import pytest
from marshmallow import ValidationError

from app.errors import InvalidInput
from app.platforms.base import CallbackRequest
from app.platforms.errors import AuthExpired, Permanent
from app.platforms.woocommerce import auth
from app.platforms.woocommerce.auth import StoreConfig, StoreConnector, normal_store_url
from app.platforms.woocommerce.client import Client
from app.platforms.woocommerce.signing import Keys, signature
from tests.platforms.woocommerce.payloads import product
from tests.platforms.woocommerce.shop import KEYS, NOT_YOURS, Answer, Call, ScriptedShop, error, rows

STATE = "unguessable-state"
PRIVATE = {"allow_private": "true"}
ROUTES: dict[str, Any] = {
    "GET settings/general/woocommerce_currency": {"id": "woocommerce_currency", "value": "CHF"},
    "GET /wp-json/": {"name": "Ada&#8217;s Shop"},
    "GET products": rows(product()),
    "POST products/batch": [],
}


def posted(**changes: Any) -> CallbackRequest:
    document = {"key_id": 1, "user_id": STATE, "key_permissions": "read_write", **KEYS} | changes
    return CallbackRequest("POST", {}, "", json.dumps(document).encode())


def finish(shop: ScriptedShop, callback: CallbackRequest | None, **config: str) -> Any:
    connector = StoreConnector(shop.http(), PRIVATE)
    return connector.finish({"store_url": shop.url, **config}, state=STATE, callback=callback)


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("shop.example", "https://shop.example"),
        (" https://Shop.Example/ ", "https://shop.example"),
        ("https://shop.example:443/Sub/?x=1#y", "https://shop.example/Sub"),
        ("https://shop.example/wp-admin/", "https://shop.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
    ],
)
def test_a_store_has_one_spelling(given: str, normal: str) -> None:
    assert normal_store_url(given) == normal


@pytest.mark.parametrize(
    "given", ["", "ftp://shop.example", "https://", "https://a:b@shop.example", "https://shop.example:port"]
)
def test_what_is_no_shop_address_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput):
        normal_store_url(given)


@pytest.mark.parametrize("store_url", ["http://127.0.0.1:9", "https://127.0.0.1", "http://localhost"])
def test_private_and_unencrypted_shops_need_the_setting(store_url: str) -> None:
    with ScriptedShop({}) as shop:
        connector = StoreConnector(shop.http(), {})
        with pytest.raises(InvalidInput):
            connector.authorize_url(
                {"store_url": store_url},
                state=STATE,
                callback_url="https://a.example/cb",
                return_url="x",
                on_behalf_of="Blue",
            )
        with pytest.raises(InvalidInput):
            connector.finish({"store_url": store_url, **KEYS}, state=STATE, callback=None)
    assert shop.calls == []


def test_a_public_shop_without_https_needs_the_setting_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "guard_public", lambda _url, allow_private: None)
    with ScriptedShop({}) as shop:
        config = {"store_url": "http://shop.example", **KEYS}
        with pytest.raises(InvalidInput, match="https"):
            StoreConnector(shop.http(), {}).finish(config, state=STATE, callback=None)


def test_the_consent_page_is_asked_for_keys_that_read_and_write() -> None:
    with ScriptedShop({}) as shop:
        url = StoreConnector(shop.http(), PRIVATE).authorize_url(
            {"store_url": shop.url},
            state=STATE,
            callback_url="https://syncflow.example/connect/woocommerce/callback?a=b&c=d",
            return_url="https://syncflow.example/app",
            on_behalf_of="Blue (ann@blue.example)",
        )
    assert url is not None
    parts = urlsplit(url)
    assert parts.path == "/wc-auth/v1/authorize"
    assert parse_qs(parts.query) == {
        "app_name": ["SyncFlow for Blue (ann@blue.example)"],
        "scope": ["read_write"],
        "user_id": [STATE],
        "return_url": ["https://syncflow.example/app"],
        "callback_url": ["https://syncflow.example/connect/woocommerce/callback?a=b&c=d"],
    }


def test_pasted_keys_need_no_consent_page() -> None:
    with ScriptedShop(ROUTES) as shop:
        connector = StoreConnector(shop.http(), PRIVATE)
        config = {"store_url": shop.url, **KEYS}
        url = connector.authorize_url(
            config, state=STATE, callback_url="x", return_url="y", on_behalf_of="Blue"
        )
        assert url is None
        found = connector.finish(config, state=STATE, callback=None)
    assert (found.external_shop_id, found.name, found.currency) == (shop.url, "Ada’s Shop", "CHF")
    assert found.credentials == KEYS
    assert "POST products/batch" in [f"{call.method} {call.path}" for call in shop.calls]


def test_keys_that_the_shop_posts_are_bound_to_the_attempt() -> None:
    with ScriptedShop(ROUTES) as shop:
        assert finish(shop, posted()).credentials == KEYS


@pytest.mark.parametrize(
    "callback",
    [
        posted(user_id="another"),
        posted(user_id=None),
        posted(user_id="\ud800"),
        posted(key_permissions="read"),
        posted(consumer_key="nonsense"),
        posted(consumer_secret=None),
        CallbackRequest("POST", {}, "", b"consumer_key=ck_1"),
        CallbackRequest("POST", {}, "", b"[]"),
        CallbackRequest("GET", {"user_id": STATE}, f"user_id={STATE}", posted().body),
        None,
    ],
)
def test_a_forged_or_mismatched_answer_is_refused_before_the_shop_is_called(
    callback: CallbackRequest | None,
) -> None:
    with ScriptedShop(ROUTES) as shop, pytest.raises(InvalidInput):
        finish(shop, callback)
    assert shop.calls == []


def test_dead_and_read_only_keys_are_told_apart() -> None:
    dead = {**ROUTES, "GET settings/general/woocommerce_currency": NOT_YOURS, "GET products": NOT_YOURS}
    with ScriptedShop(dead) as shop, pytest.raises(AuthExpired):
        finish(shop, None, **KEYS)
    read_only = {**ROUTES, "POST products/batch": error(401, "woocommerce_rest_authentication_error")}
    with ScriptedShop(read_only) as shop, pytest.raises(Permanent, match="read-only"):
        finish(shop, None, **KEYS)


def test_a_site_that_hides_its_name_is_called_by_its_host() -> None:
    for hidden in (error(401, "rest_login_required"), Answer(raw=b"<html>"), {"name": ""}):
        with ScriptedShop({**ROUTES, "GET /wp-json/": hidden}) as shop:
            assert finish(shop, None, **KEYS).name == urlsplit(shop.url).netloc


def test_the_config_wants_both_keys_or_none() -> None:
    schema = StoreConfig()
    assert schema.load({"store_url": "https://shop.example"}) == {"store_url": "https://shop.example"}
    assert schema.load({"store_url": "https://shop.example", **KEYS})
    for wrong in ({}, {"consumer_key": KEYS["consumer_key"]}, {**KEYS, "consumer_key": "ck_ bad"}):
        with pytest.raises(ValidationError):
            schema.load({"store_url": "https://shop.example" if wrong else "", **wrong})


def test_the_secrets_are_marked_and_never_printed() -> None:
    fields = StoreConfig().fields
    assert fields["consumer_key"].metadata["secret"]
    assert fields["consumer_secret"].metadata["secret"]
    assert "cs_" not in repr(Keys(KEYS["consumer_key"], KEYS["consumer_secret"]))


def php_signature(call: Call, url: str, secret: str) -> str:
    """As class-wc-rest-authentication.php recomputes it from the query as it arrived."""
    params = dict(parse_qsl(urlsplit(call.target).query, keep_blank_values=True))
    params.pop("oauth_signature")
    joined = "%26".join(
        quote(f"{quote(key, safe='-_.~')}={quote(params[key], safe='-_.~')}", safe="-_.~")
        for key in sorted(params)
    )
    base = f"{call.method}&{quote(url, safe='-_.~')}&{joined}"
    digest = hmac.new(f"{secret}&".encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def test_over_http_each_try_is_signed_anew_and_the_secret_stays_home() -> None:
    answers = [Answer(raw=b"", status=503), Answer([]), Answer([])]
    routes = {"GET products": lambda _call: answers.pop(0), "POST products/batch": []}
    with ScriptedShop(routes) as shop:
        client = Client(shop.http(), shop.url, Keys(KEYS["consumer_key"], KEYS["consumer_secret"]))
        client.rows("products", include="1,2", search="ü & ~+/ [x]", _fields="id,name")
        client.check_write_permission()
    for call in shop.calls:
        url = f"{shop.url}/wp-json/wc/v3/{call.path}"
        assert call.query["oauth_signature"] == php_signature(call, url, KEYS["consumer_secret"])
        assert KEYS["consumer_secret"] not in call.target
    assert shop.calls[0].query["search"] == "ü & ~+/ [x]"
    assert len({call.query["oauth_nonce"] for call in shop.calls}) == len(shop.calls) == 3


def test_a_signature_covers_method_address_and_query() -> None:
    keys = Keys("ck_1", "cs_1")
    same = [signature("GET", "http://a.example/x", [("b", "2"), ("a", "1")], keys) for _ in range(2)]
    assert same[0] == same[1] == signature("get", "http://a.example/x", [("a", "1"), ("b", "2")], keys)
    assert same[0] != signature("POST", "http://a.example/x", [("a", "1"), ("b", "2")], keys)
    assert same[0] != signature("GET", "http://a.example/y", [("a", "1"), ("b", "2")], keys)
    assert same[0] != signature("GET", "http://a.example/x", [("a", "1"), ("b", "3")], keys)


def test_over_https_the_keys_go_as_basic_auth() -> None:
    with ScriptedShop({}) as shop:
        client = Client(shop.http(), "https://shop.example", Keys("ck_1", "cs_1"))
    assert client._auth == ("ck_1", "cs_1")
