"""Connecting a shop, and tokens that are renewed before they expire."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from app.errors import InvalidInput
from app.platforms.base import CallbackRequest
from app.platforms.errors import AuthExpired, Transient
from app.platforms.http import Http, new_session
from app.platforms.shopify.auth import ShopifyConnector, Tokens, shop_domain
from tests.platforms.misbehaving import MisbehavingShop, Step, answer

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
SHOP = "demo.myshopify.com"
CONFIG = {"shop": SHOP}
STATE = "s3kr1t-state"
TOKEN_ANSWER = (
    b'{"access_token": "shpat_1", "scope": "write_products,write_inventory,read_orders,read_locations,'
    b'write_merchant_managed_fulfillment_orders",'
    b' "expires_in": 3600, "refresh_token": "shprt_1", "refresh_token_expires_in": 7776000}'
)
SHOP_ANSWER = (
    b'{"data": {"shop": {"id": "gid://shopify/Shop/1", "name": "Demo", "currencyCode": "EUR",'
    b' "myshopifyDomain": "demo.myshopify.com"}}}'
)


def settings(url: str = "https://{shop}") -> dict[str, str]:
    return {"client_id": "key", "client_secret": "hush", "url_template": url}


def connector(url: str = "https://{shop}") -> ShopifyConnector:
    http = Http(new_session(allow_private=True), sleep=lambda _: None)
    return ShopifyConnector(http, settings(url), now=lambda: NOW)


def callback(secret: str = "hush", **changed: str) -> CallbackRequest:
    query = {
        "code": "c0de",
        "host": "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvZGVtbw==",
        "shop": SHOP,
        "state": STATE,
        "timestamp": str(int(NOW.timestamp())),
    } | changed
    query = {name: value for name, value in query.items() if value}
    message = urlencode(sorted(query.items()))
    query["hmac"] = hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    return CallbackRequest("GET", query, urlencode(query), b"")


@pytest.fixture
def open_shop() -> Any:
    opened: list[MisbehavingShop] = []

    def start(*steps: Step) -> MisbehavingShop:
        opened.append(MisbehavingShop(*steps))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


Open = Callable[..., MisbehavingShop]


class TestShopDomain:
    @pytest.mark.parametrize(
        "given", ["demo", "demo.myshopify.com", " Demo.MyShopify.com ", "https://demo.myshopify.com/admin"]
    )
    def test_is_found_in_what_people_type(self, given: str) -> None:
        assert shop_domain(given) == SHOP

    @pytest.mark.parametrize(
        "given",
        ["", "evil.example", "demo.myshopify.com.evil.example", "-x.myshopify.com", "a b", "é"],
    )
    def test_is_nothing_else(self, given: str) -> None:
        with pytest.raises(InvalidInput):
            shop_domain(given)


def test_the_merchant_is_sent_to_the_shop_with_our_question() -> None:
    url = connector().authorize_url(
        CONFIG, state=STATE, callback_url="https://us/cb", return_url="https://us/", on_behalf_of="Blue"
    )
    assert url is not None
    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", SHOP, "/admin/oauth/authorize")
    assert query["state"] == [STATE]
    assert query["redirect_uri"] == ["https://us/cb"]
    assert set(query["scope"][0].split(",")) == {
        "read_products",
        "write_products",
        "read_inventory",
        "write_inventory",
        "read_orders",
        "read_locations",
        "write_merchant_managed_fulfillment_orders",
    }


def test_a_good_answer_becomes_an_expiring_token(open_shop: Open) -> None:
    server = open_shop(answer(200, TOKEN_ANSWER), answer(200, SHOP_ANSWER))
    connected = connector(server.url).finish(CONFIG, state=STATE, callback=callback())
    assert (connected.external_shop_id, connected.name, connected.currency) == (SHOP, "Demo", "EUR")
    assert connected.credentials["access_token"] == "shpat_1"
    assert connected.credentials["refresh_token"] == "shprt_1"
    assert connected.credentials["expires_at"] == (NOW + timedelta(hours=1)).isoformat()
    assert b"expiring=1" in server.requests[0]
    assert b"code=c0de" in server.requests[0]
    assert b"X-Shopify-Access-Token: shpat_1" in server.requests[1]


@pytest.mark.parametrize(
    "forged",
    [
        callback(secret="guess"),
        callback(state="another"),
        callback(state=""),
        callback(shop="other.myshopify.com"),
        callback(timestamp=str(int(NOW.timestamp()) - 3600)),
        callback(timestamp=str(int(NOW.timestamp()) + 3600)),
        callback(timestamp="soon"),
        callback(timestamp=""),
        callback(code=""),
        CallbackRequest("GET", {}, "", b""),
        CallbackRequest("GET", {}, callback().raw_query + "&shop=other.myshopify.com", b""),
        CallbackRequest("GET", {}, callback().raw_query.replace("c0de", "mine"), b""),
        CallbackRequest("GET", {}, callback().raw_query.partition("&hmac")[0], b""),
        None,
    ],
)
def test_a_forged_or_stale_answer_is_refused_without_a_call(
    open_shop: Open, forged: CallbackRequest | None
) -> None:
    server = open_shop(answer(200, TOKEN_ANSWER))
    with pytest.raises(InvalidInput):
        connector(server.url).finish(CONFIG, state=STATE, callback=forged)
    assert server.requests == []


def test_a_code_that_shopify_refuses(open_shop: Open) -> None:
    server = open_shop(answer(400, b'{"error": "invalid_request"}'))
    with pytest.raises(InvalidInput):
        connector(server.url).finish(CONFIG, state=STATE, callback=callback())


def test_scopes_that_were_not_granted_are_named(open_shop: Open) -> None:
    server = open_shop(answer(200, TOKEN_ANSWER.replace(b",read_orders", b"")))
    with pytest.raises(InvalidInput, match="read_orders"):
        connector(server.url).finish(CONFIG, state=STATE, callback=callback())


class Store:
    """A CredentialStore of one process."""

    def __init__(self, **document: Any) -> None:
        self.document: Mapping[str, Any] = {"access_token": "old", "refresh_token": "r0"} | document
        self.fault: Exception | None = None

    def current(self) -> Mapping[str, Any]:
        return self.document

    def refresh(
        self, stale: Mapping[str, Any], renew: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        if self.fault is not None:
            raise self.fault
        if stale == self.document:
            self.document = renew(self.document)
        return self.document


def tokens(store: Store, url: str = "http://127.0.0.1:9") -> Tokens:
    http = Http(new_session(allow_private=True), sleep=lambda _: None)
    return Tokens(http, settings(url), SHOP, store, now=lambda: NOW)


def in_minutes(minutes: float) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


class TestTokens:
    def test_a_token_with_time_left_is_used(self) -> None:
        assert tokens(Store(expires_at=in_minutes(30))).current() == "old"

    def test_a_token_that_never_expires_is_used(self) -> None:
        assert tokens(Store()).current() == "old"

    def test_a_token_near_its_end_is_renewed_ahead(self, open_shop: Open) -> None:
        server = open_shop(answer(200, TOKEN_ANSWER))
        store = Store(expires_at=in_minutes(4))
        assert tokens(store, server.url).current() == "shpat_1"
        assert store.document["refresh_token"] == "shprt_1"
        assert b"grant_type=refresh_token" in server.requests[0]
        assert b"refresh_token=r0" in server.requests[0]

    def test_a_lost_answer_to_a_renewal_is_asked_for_again(self, open_shop: Open) -> None:
        server = open_shop(answer(503), answer(200, TOKEN_ANSWER))
        assert tokens(Store(expires_at=in_minutes(4)), server.url).current() == "shpat_1"

    def test_a_renewal_that_fails_for_now_leaves_a_token_that_still_works(self) -> None:
        store = Store(expires_at=in_minutes(4))
        store.fault = Transient("busy")
        assert tokens(store).current() == "old"

    def test_an_expired_token_is_not_used_while_renewing_fails(self) -> None:
        store = Store(expires_at=in_minutes(-1))
        store.fault = Transient("busy")
        with pytest.raises(Transient):
            tokens(store).current()

    def test_a_refused_token_that_another_process_renewed_is_just_read(self) -> None:
        assert tokens(Store(access_token="new")).renewed("old") == "new"

    def test_a_refused_renewal_means_that_the_merchant_must_reconnect(self, open_shop: Open) -> None:
        server = open_shop(answer(401, b'{"error": "invalid_grant"}'))
        with pytest.raises(AuthExpired):
            tokens(Store(), server.url).renewed("old")

    def test_a_refused_token_without_a_refresh_token_is_dead(self) -> None:
        with pytest.raises(AuthExpired):
            tokens(Store(refresh_token=None)).renewed("old")
