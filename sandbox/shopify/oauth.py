"""OAuth: the authorization-code grant, expiring offline tokens and their rotating refresh tokens.

A refresh token stays good until a token that replaced it is used (shopify.dev changelog, August 2026); the
access token of before stays good until its own end. A granted `write_x` covers `read_x`, which the answer's
`scope` then leaves out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox.core.store import Document
from sandbox.shopify.state import State

CODE_SECONDS = 600
REFRESH_SECONDS = 90 * 24 * 3600


class Refused(Exception):
    """An OAuth error answer, HTTP 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass
class OAuth:
    """Codes, access tokens and refresh tokens of the one app. Every method runs inside a transaction."""

    state: State
    client_id: str
    client_secret: str
    token_seconds: int

    def __post_init__(self) -> None:
        self.codes = self.state.table("codes")
        self.tokens = self.state.table("tokens")
        self.refreshes = self.state.table("refreshes")

    def approve(self, *, scope: str, redirect_uri: str, state: str) -> str:
        """The merchant approves: the address to send the browser back to, signed."""
        code = secrets.token_hex(16)
        self.codes.put(code, {"scope": scope, "expires_at": time.time() + CODE_SECONDS})
        name = self.state.domain.split(".", 1)[0]
        host = base64.urlsafe_b64encode(f"admin.shopify.com/store/{name}".encode()).decode().rstrip("=")
        query = {"code": code, "host": host, "shop": self.state.domain, "timestamp": str(int(time.time()))}
        if state:
            query["state"] = state
        query["hmac"] = self.sign(query)
        return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(query)}"

    def sign(self, query: dict[str, str]) -> str:
        """Hex HMAC-SHA256 of the sorted `k=v` pairs, without `hmac` itself."""
        message = "&".join(f"{name}={query[name]}" for name in sorted(query))
        return hmac.new(self.client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()

    def grant(self, request: dict[str, str]) -> Document:
        """Answer a token request. Raises Refused."""
        given = request.get("client_secret", "")
        known = request.get("client_id") == self.client_id
        if not known or not hmac.compare_digest(given.encode(), self.client_secret.encode()):
            raise Refused("invalid_client", "The client id or secret is wrong.")
        if request.get("grant_type") == "refresh_token":
            return self._refresh(request.get("refresh_token", ""))
        if "code" in request:
            return self._exchange(request["code"], expiring=request.get("expiring") in ("1", "true"))
        raise Refused("unsupported_grant_type", "Give a code, or grant_type=refresh_token.")

    def scopes(self, token: str | None) -> frozenset[str] | None:
        """What an access token may do, write scopes with their read scopes; None for a bad or expired one."""
        stored = self.tokens.get(token) if token else None
        if stored is None or (stored["expires_at"] is not None and stored["expires_at"] <= time.time()):
            return None
        granted = set(_split(stored["scope"]))
        return frozenset(
            granted | {f"read_{s.removeprefix('write_')}" for s in granted if s.startswith("write_")}
        )

    def expire(self, *, refresh_too: bool) -> int:
        """End every expiring access token now; return how many."""
        ended = 0
        for table in (self.tokens, self.refreshes) if refresh_too else (self.tokens,):
            for key, row in table.items():
                if row["expires_at"] is not None and row["expires_at"] > time.time():
                    row["expires_at"] = time.time()
                    table.save(key)
                    ended += table is self.tokens
        return ended

    def forget(self) -> None:
        """The app is uninstalled: nothing that it was given works any longer."""
        for table in (self.codes, self.tokens, self.refreshes):
            for key in list(table):
                del table[key]

    def _exchange(self, code: str, *, expiring: bool) -> Document:
        stored = self.codes.pop(code, None)
        if stored is None or stored["expires_at"] <= time.time():
            raise Refused("invalid_request", "The authorization code was not found or was already used.")
        return self._issue(stored["scope"], parent=None, expiring=expiring)

    def _refresh(self, token: str) -> Document:
        stored = self.refreshes.get(token)
        if stored is None or stored["expires_at"] <= time.time():
            raise Refused("invalid_grant", "The refresh token is invalid, expired or was replaced.")
        # Using a replacement retires what it replaced, and the other replacements of the same token.
        parent = stored["parent"]
        if parent is not None:
            for other, row in list(self.refreshes.items()):
                if other == parent or (row["parent"] == parent and other != token):
                    del self.refreshes[other]
            stored["parent"] = None
            self.refreshes.save(token)
        return self._issue(stored["scope"], parent=token, expiring=True)

    def _issue(self, scope: str, *, parent: str | None, expiring: bool) -> Document:
        now = time.time()
        granted = _compressed(scope)
        access = f"shpat_{secrets.token_hex(16)}"
        self.tokens.put(
            access, {"scope": granted, "expires_at": now + self.token_seconds if expiring else None}
        )
        if not expiring:
            return {"access_token": access, "scope": granted}
        refresh = f"shprt_{secrets.token_hex(16)}"
        self.refreshes.put(refresh, {"scope": granted, "expires_at": now + REFRESH_SECONDS, "parent": parent})
        return {
            "access_token": access,
            "expires_in": self.token_seconds,
            "refresh_token": refresh,
            "refresh_token_expires_in": REFRESH_SECONDS,
            "scope": granted,
        }


def _split(scope: str) -> list[str]:
    return [part.strip() for part in scope.replace(" ", ",").split(",") if part.strip()]


def _compressed(scope: str) -> str:
    asked = _split(scope)
    return ",".join(
        s for s in asked if not (s.startswith("read_") and f"write_{s.removeprefix('read_')}" in asked)
    )
