"""``/wc-auth/v1``: the merchant lets an app have keys. Source: WC_Auth."""

import hmac
import secrets
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit, urlunsplit

import requests
from flask import Flask, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox.core.store import Document
from sandbox.woocommerce.php import json_encode
from sandbox.woocommerce.rest import Store

PARAMS = ("app_name", "user_id", "return_url", "callback_url", "scope")
SCOPES = {
    "read": ("Read", ["View orders and sales reports", "View products"]),
    "write": ("Write", ["Create webhooks", "Create orders", "Create products"]),
    "read_write": (
        "Read/Write",
        ["Create webhooks", "View and manage orders and sales reports", "View and manage products"],
    ),
}
CALLBACK_TIMEOUT_S = 60
UNDELIVERED = "An error occurred in the request and at the time were unable to send the consumer data"


class Denied(Exception):
    """Shown as WordPress's "Access denied" page."""


def add_consent_routes(app: Flask, store: Store) -> None:
    """The sandbox takes every visitor for the merchant, signed in."""
    nonce_key = secrets.token_bytes(16)

    @app.get("/wc-auth/v1/authorize")
    def authorize() -> str:
        asked = _validated()
        granted = urlencode(asked | {"wc_auth_nonce": _nonce(nonce_key, asked)})
        return render_template(
            "consent.html",
            shop=store.title,
            app=asked["app_name"],
            scope=SCOPES[asked["scope"]][0],
            permissions=SCOPES[asked["scope"]][1],
            granted_url=f"/wc-auth/v1/access_granted?{granted}",
            denied_url=_return_url(asked, success=0),
        )

    @app.get("/wc-auth/v1/access_granted")
    def access_granted() -> BaseResponse:
        asked = _validated()
        if not hmac.compare_digest(_nonce(nonce_key, asked), request.args.get("wc_auth_nonce", "")):
            raise Denied("Invalid nonce verification")
        _hand_over_keys(store, asked)
        return redirect(_return_url(asked, success=1))

    @app.errorhandler(Denied)
    def denied(error: Denied) -> Response:
        return Response(f"<h1>Access denied</h1><p>Error: {error}.</p>", status=401, mimetype="text/html")


def _validated() -> dict[str, str]:
    asked = {}
    for name in PARAMS:
        if not request.args.get(name):
            raise Denied(f"Missing parameter {name}")
        asked[name] = request.args[name]
    if asked["scope"] not in SCOPES:
        raise Denied("Invalid scope")
    for name in ("return_url", "callback_url"):
        if "://" not in asked[name]:
            asked[name] = f"https://{asked[name]}"
        if not urlsplit(asked[name]).hostname:
            raise Denied(f"The {name} is not a valid URL")
    callback = urlsplit(asked["callback_url"])
    # The real one wants https without exception; a product under test listens on loopback without TLS.
    if callback.scheme != "https" and not _is_loopback(callback.hostname or ""):
        raise Denied("The callback_url needs to be over SSL")
    return asked


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _nonce(key: bytes, asked: dict[str, str]) -> str:
    return hmac.new(key, urlencode(asked).encode(), "sha256").hexdigest()[:10]


def _hand_over_keys(store: Store, asked: dict[str, str]) -> None:
    """Make keys and POST them to the app; keys that it did not take with a 200 are deleted again."""
    with store.core.store.transaction():
        key = store.keys.create(asked["scope"], f"{asked['app_name']} - API")
    delivery: Document = {
        "key_id": key["key_id"],
        "user_id": asked["user_id"],
        "consumer_key": key["consumer_key"],
        "consumer_secret": key["consumer_secret"],
        "key_permissions": key["permissions"],
    }
    try:
        answer = requests.post(
            asked["callback_url"],
            data=json_encode(delivery),
            headers={"Content-Type": "application/json;charset=UTF-8"},
            timeout=CALLBACK_TIMEOUT_S,
        )
        taken = answer.status_code == 200
    except requests.RequestException:
        taken = False
    if not taken:
        with store.core.store.transaction():
            del store.keys.table[key["consumer_key"]]
        raise Denied(UNDELIVERED)


def _return_url(asked: dict[str, str], *, success: int) -> str:
    parts = urlsplit(asked["return_url"])
    answer = urlencode({"success": success, "user_id": asked["user_id"]})
    return urlunsplit(parts._replace(query=f"{parts.query}&{answer}" if parts.query else answer))
