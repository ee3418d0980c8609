"""Proving to a WooCommerce shop over plain http who calls, without sending it the secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from requests import PreparedRequest
from requests.auth import AuthBase


@dataclass(frozen=True, slots=True)
class Keys:
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)


class Signature(AuthBase):
    """OAuth 1.0a, one-legged, HMAC-SHA256, in the query (RFC 5849; class-wc-rest-authentication.php).

    Called for each try anew: a nonce that the shop has seen is refused, so a repeat needs its own.
    The body is not signed.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        parts = urlsplit(str(request.url))
        query = [
            *parse_qsl(parts.query, keep_blank_values=True),
            ("oauth_consumer_key", self._keys.consumer_key),
            ("oauth_nonce", secrets.token_hex(16)),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", str(int(time.time()))),
        ]
        url = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        query.append(("oauth_signature", signature(str(request.method), url, query, self._keys)))
        request.url = f"{url}?{urlencode(query, quote_via=quote)}"
        return request


def signature(method: str, url: str, query: Sequence[tuple[str, str]], keys: Keys) -> str:
    """base64(HMAC-SHA256) of the signature base string; `url` without its query."""
    pairs = sorted((quote(key, safe="~"), quote(value, safe="~")) for key, value in query)
    normal = "&".join(f"{key}={value}" for key, value in pairs)
    base = "&".join((method.upper(), quote(url, safe="~"), quote(normal, safe="~")))
    digest = hmac.new(f"{keys.consumer_secret}&".encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
