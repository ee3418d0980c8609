"""REST API keys and who a request comes from.

Source: WC_REST_Authentication. Over https: basic auth or the key in the query. Over http: OAuth 1.0a
"one-legged" only, in the query string or the Authorization header.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import time
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from sandbox.core import Core
from sandbox.core.store import Document
from sandbox.woocommerce.errors import RestError
from sandbox.woocommerce.php import intval, parse_query

PERMISSIONS = ("read", "write", "read_write")
TIMESTAMP_WINDOW_S = 15 * 60
OAUTH_PARAMS = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)
_OAUTH_HEADER = re.compile(r'(oauth_[a-z_-]*)=(?:"([^"]*)"|([^,]*))')


@dataclass(frozen=True)
class Incoming:
    """What authentication looks at: ``target`` is the raw path and query as sent."""

    method: str
    target: str
    authorization: str
    is_https: bool


class Keys:
    def __init__(self, core: Core) -> None:
        self._core = core
        self.table = core.store.table("keys")
        self._nonces: dict[str, set[str]] = {}
        self._nonce_times: deque[tuple[float, str, str]] = deque()

    def create(self, permissions: str, description: str) -> Document:
        """Inside a transaction: a new key, its document with the secret in it."""
        consumer_key = f"ck_{secrets.token_hex(20)}"
        key = {
            "key_id": self._core.store.next_id("keys"),
            "consumer_key": consumer_key,
            "consumer_secret": f"cs_{secrets.token_hex(20)}",
            "permissions": permissions,
            "description": description,
        }
        return self.table.put(consumer_key, key)

    def authenticate(self, request: Incoming) -> Document | None:
        """The key of a request, None when it shows none. Call under the state lock. Raises RestError."""
        query = parse_query(urlsplit(request.target).query)
        if request.is_https:
            key = self._basic(request, query)
            if key is not None:
                return key
        return self._oauth(request, query)

    def _basic(self, request: Incoming, query: dict[str, Any]) -> Document | None:
        consumer_key, secret = query.get("consumer_key"), query.get("consumer_secret")
        if not (consumer_key and secret):
            consumer_key, secret = _basic_header(request.authorization)
        key = self.table.get(consumer_key) if consumer_key and secret else None
        if key is None:
            return None
        if not hmac.compare_digest(str(key["consumer_secret"]).encode(), str(secret).encode()):
            realm = (
                "WooCommerce API. Use a consumer key in the username field and a consumer secret "
                "in the password field."
            )
            raise _refused("Consumer secret is invalid.", {"WWW-Authenticate": f'Basic realm="{realm}"'})
        return key

    def _oauth(self, request: Incoming, query: dict[str, Any]) -> Document | None:
        params = query | _oauth_header(request.authorization)
        missing = [name for name in OAUTH_PARAMS if not params.get(name)]
        if len(missing) == len(OAUTH_PARAMS):
            return None
        if missing:
            noun = "parameter" if len(missing) == 1 else "parameters"
            raise RestError(
                "woocommerce_rest_authentication_missing_parameter",
                f"Missing OAuth {noun} {', '.join(missing)}",
                401,
            )
        key = self.table.get(str(params["oauth_consumer_key"]))
        if key is None:
            raise _refused("Consumer key is invalid.")
        self._check_signature(request, params, key)
        self._check_freshness(params)
        return key

    def _check_signature(self, request: Incoming, params: dict[str, Any], key: Document) -> None:
        given = unquote(str(params.pop("oauth_signature")).replace(" ", "+"))
        method = params["oauth_signature_method"]
        if method not in ("HMAC-SHA1", "HMAC-SHA256"):
            raise _refused("Invalid signature - signature method is invalid.")
        # The store signs with its own address, whatever host name the client used.
        home = self._core.base_url
        if request.is_https:
            home = home.replace("http://", "https://", 1)
        base = "&".join(
            [request.method, _encode(home + urlsplit(request.target).path), signature_params(params)]
        )
        digest = hashlib.sha1 if method == "HMAC-SHA1" else hashlib.sha256
        expected = hmac.new(f"{key['consumer_secret']}&".encode(), base.encode(), digest).digest()
        if not hmac.compare_digest(base64.b64encode(expected), given.encode()):
            raise _refused("Invalid signature - provided signature does not match.")

    def _check_freshness(self, params: dict[str, Any]) -> None:
        now = time.time()
        if abs(intval(params["oauth_timestamp"]) - now) > TIMESTAMP_WINDOW_S:
            raise _refused("Invalid timestamp.")
        while self._nonce_times and self._nonce_times[0][0] < now - 2 * TIMESTAMP_WINDOW_S:
            _, owner, old = self._nonce_times.popleft()
            self._nonces[owner].discard(old)
        consumer_key, nonce = str(params["oauth_consumer_key"]), str(params["oauth_nonce"])
        used = self._nonces.setdefault(consumer_key, set())
        if nonce in used:
            raise _refused("Invalid nonce - nonce has already been used.")
        used.add(nonce)
        self._nonce_times.append((now, consumer_key, nonce))


def check_permission(key: Document, method: str) -> None:
    """A read key that writes, or the other way round, is answered 401, not 403."""
    needed = "read" if method in ("GET", "HEAD") else "write"
    if key["permissions"] not in (needed, "read_write"):
        raise _refused(f"The API key provided does not have {needed} permissions.")


def signature_params(params: dict[str, Any]) -> str:
    """The parameter part of the base string, encoded twice and sorted by name as WooCommerce does it
    (nested values keep PHP's indexes: ``include[]=5`` is signed as ``include[0]=5``)."""
    pairs: list[str] = []
    for name in sorted(params, key=lambda name: name.encode()):
        _flatten(_encode(name), params[name], pairs)
    return "%26".join(_encode(pair) for pair in pairs)


def _flatten(name: str, value: Any, pairs: list[str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{name}%5B{key}%5D", inner, pairs)
    else:
        pairs.append(f"{name}={_encode(str(value))}")


def _encode(text: str) -> str:
    return quote(text, safe="~")


def _basic_header(authorization: str) -> tuple[str | None, str | None]:
    scheme, _, blob = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        user, _, password = base64.b64decode(blob, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    return user, password


def _oauth_header(authorization: str) -> dict[str, str]:
    if not authorization.startswith("OAuth "):
        return {}
    return {name: unquote(quoted or bare) for name, quoted, bare in _OAUTH_HEADER.findall(authorization)}


def _refused(message: str, headers: dict[str, str] | None = None) -> RestError:
    return RestError("woocommerce_rest_authentication_error", message, 401, headers=headers)
