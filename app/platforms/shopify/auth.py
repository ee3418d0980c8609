"""Connecting a Shopify shop: the authorization-code grant, and tokens that expire.

Source: shopify.dev, "Implement authorization code grant manually" and "Expiring offline access
tokens": an access token lives an hour; each renewal gives a new refresh token, and the old one works
until the new access token is used for the first time, so that a lost answer can be asked for again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from marshmallow import Schema, fields, validate

from app.errors import InvalidInput
from app.platforms.base import RENEW_AHEAD, CallbackRequest, Connected, CredentialStore
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.platforms.http import Http, Response
from app.platforms.shopify.client import ShopifyClient, understood
from app.platforms.shopify.documents import SHOP

SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
SCOPES = (
    "read_products",
    "write_products",
    "read_inventory",
    "write_inventory",
    "read_orders",
    "read_locations",
    "write_merchant_managed_fulfillment_orders",
)
FRESH = timedelta(minutes=10)
"""How old the merchant's way back from Shopify may be."""
DEFAULT_URL_TEMPLATE = "https://{shop}"


class ShopConfig(Schema):
    """What the merchant fills in."""

    shop = fields.String(
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata={"label": "Shop domain", "placeholder": "your-shop.myshopify.com"},
    )


class ShopifyConnector:
    """Implements `Connector`. Settings: client_id, client_secret, url_template, read_all_orders."""

    def __init__(
        self,
        http: Http,
        settings: Mapping[str, str],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._http, self._settings, self._now = http, settings, now

    def authorize_url(
        self,
        config: Mapping[str, Any],
        *,
        state: str,
        callback_url: str,
        return_url: str,
        on_behalf_of: str,
    ) -> str | None:
        shop = shop_domain(str(config.get("shop", "")))
        # Shopify's approval for orders older than 60 days is per app, so the operator says if it is there.
        scopes = [*SCOPES, *(["read_all_orders"] if self._settings.get("read_all_orders") == "true" else [])]
        query = {
            "client_id": self._settings["client_id"],
            "scope": ",".join(scopes),
            "redirect_uri": callback_url,
            "state": state,
        }
        return f"{base_url(self._settings, shop)}/admin/oauth/authorize?{urlencode(query)}"

    def finish(self, config: Mapping[str, Any], *, state: str, callback: CallbackRequest | None) -> Connected:
        shop = shop_domain(str(config.get("shop", "")))
        if callback is None:
            raise InvalidInput("Shopify has not answered yet.")
        code = self._checked_code(callback, state=state, shop=shop)
        credentials = self._exchange(shop, code)
        client = ShopifyClient(
            self._http,
            base_url(self._settings, shop),
            token=lambda: str(credentials["access_token"]),
            renewed=_no_renewal,
        )
        found = client.execute(SHOP, {})
        with understood("Shop"):
            about = found["shop"]
            if about["myshopifyDomain"] != shop:
                raise InvalidInput("Shopify answered for another shop.")
            return Connected(shop, str(about["name"]), str(about["currencyCode"]), credentials)

    def _checked_code(self, callback: CallbackRequest, *, state: str, shop: str) -> str:
        """The authorisation code of a genuine, fresh answer to our question. Raises InvalidInput."""
        query = dict(parse_qsl(callback.raw_query, keep_blank_values=True))
        if not _is_signed(query, self._settings["client_secret"]):
            raise InvalidInput("The answer is not signed by Shopify.")
        if not state or not hmac.compare_digest(query.get("state", "").encode(), state.encode()):
            raise InvalidInput("The answer belongs to another attempt to connect.")
        if query.get("shop") != shop:
            raise InvalidInput("The answer comes from another shop.")
        stamp = query.get("timestamp", "")
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
            raise InvalidInput("The answer carries no time.")
        if abs(self._now().timestamp() - int(stamp)) > FRESH.total_seconds():
            raise InvalidInput("The answer is too old. Connect again.")
        if not query.get("code"):
            raise InvalidInput("The merchant did not agree.")
        return query["code"]

    def _exchange(self, shop: str, code: str) -> dict[str, Any]:
        response = _ask_for_token(
            self._http,
            self._settings,
            shop,
            # Used up by its first use; `expiring` asks for the token kind that new apps must use.
            {"code": code, "expiring": "1"},
            safe=False,
        )
        if not response.ok:
            raise InvalidInput("Shopify did not accept the authorisation. Connect again.")
        credentials = _credentials(response, self._now())
        granted = set(str(credentials["scope"]).split(","))
        granted |= {f"read_{scope.removeprefix('write_')}" for scope in granted if scope.startswith("write_")}
        if missing := [scope for scope in SCOPES if scope not in granted]:
            raise InvalidInput(f"The shop did not grant {', '.join(missing)}.")
        return credentials


class Tokens:
    """The access token of a connected shop, renewed before it expires or when the shop refuses it."""

    def __init__(
        self,
        http: Http,
        settings: Mapping[str, str],
        shop: str,
        store: CredentialStore,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._http, self._settings, self._shop, self._store, self._now = http, settings, shop, store, now

    def current(self) -> str:
        """A token with some minutes to live, if renewing works; else one that is not expired yet."""
        credentials = self._store.current()
        left = _expires_at(credentials) - self._now()
        if left > RENEW_AHEAD or not credentials.get("refresh_token"):
            return _token(credentials)
        try:
            return _token(self._store.refresh(credentials, self._renew))
        except Transient:
            if left > timedelta(0):
                return _token(credentials)
            raise

    def renewed(self, stale: str) -> str:
        """A token that is not `stale`. Raises AuthExpired, Transient."""
        credentials = self._store.current()
        if _token(credentials) != stale:
            return _token(credentials)
        if not credentials.get("refresh_token"):
            raise AuthExpired("Shopify no longer accepts this connection.")
        return _token(self._store.refresh(credentials, self._renew))

    def _renew(self, credentials: Mapping[str, Any]) -> Mapping[str, Any]:
        response = _ask_for_token(
            self._http,
            self._settings,
            self._shop,
            {"grant_type": "refresh_token", "refresh_token": str(credentials["refresh_token"])},
            safe=True,
        )
        if not response.ok:
            raise AuthExpired("Shopify does not renew this connection any more.")
        return _credentials(response, self._now())


def shop_domain(given: str) -> str:
    """The `*.myshopify.com` domain in what a merchant typed. Raises InvalidInput."""
    name = given.strip().lower().removeprefix("https://").removeprefix("http://").partition("/")[0]
    domain = name if "." in name else f"{name}.myshopify.com"
    if not SHOP_DOMAIN.fullmatch(domain):
        raise InvalidInput("A Shopify shop's domain ends with .myshopify.com.")
    return domain


def base_url(settings: Mapping[str, str], shop: str) -> str:
    """Where the shop's admin answers; `url_template` leads elsewhere in rehearsals."""
    return settings.get("url_template", DEFAULT_URL_TEMPLATE).replace("{shop}", shop).rstrip("/")


def _is_signed(query: Mapping[str, str], client_secret: str) -> bool:
    """Whether `hmac` is right for the other parameters, sorted by name.

    Shopify signs them form-encoded; its older guide joins them plain with only %, & and = escaped.
    """
    given = query.get("hmac", "")
    pairs = sorted((name, value) for name, value in query.items() if name not in ("hmac", "signature"))
    plain = "&".join(f"{_escaped(name).replace('=', '%3D')}={_escaped(value)}" for name, value in pairs)
    right = [
        hmac.new(client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()
        for message in (urlencode(pairs), plain)
    ]
    matches = [hmac.compare_digest(given.encode(), each.encode()) for each in right]
    return bool(client_secret) and any(matches)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("&", "%26")


def _ask_for_token(
    http: Http, settings: Mapping[str, str], shop: str, grant: Mapping[str, str], *, safe: bool
) -> Response:
    client = {"client_id": settings["client_id"], "client_secret": settings["client_secret"]}
    return http.request(
        "POST",
        f"{base_url(settings, shop)}/admin/oauth/access_token",
        safe=safe,
        headers={"Accept": "application/json"},
        data={**client, **grant},
        cost=0.0,
        endpoint="access_token",
    )


def _credentials(response: Response, now: datetime) -> dict[str, Any]:
    """The document to store; times as ISO 8601 in UTC."""
    answer = response.document
    if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
        raise Permanent("Shopify answered without an access token.")
    with understood("access_token"):
        credentials: dict[str, Any] = {
            "access_token": answer["access_token"],
            "scope": str(answer.get("scope", "")),
        }
        if answer.get("refresh_token"):
            credentials["refresh_token"] = str(answer["refresh_token"])
        for name, lifetime in (
            ("expires_at", "expires_in"),
            ("refresh_expires_at", "refresh_token_expires_in"),
        ):
            if answer.get(lifetime) is not None:
                credentials[name] = (now + timedelta(seconds=int(answer[lifetime]))).isoformat()
        return credentials


def _expires_at(credentials: Mapping[str, Any]) -> datetime:
    told = credentials.get("expires_at")
    return datetime.fromisoformat(told) if told else datetime.max.replace(tzinfo=UTC)


def _token(credentials: Mapping[str, Any]) -> str:
    return str(credentials["access_token"])


def _no_renewal(stale: str) -> str:
    raise AuthExpired("Shopify does not accept the token that it just gave.")
