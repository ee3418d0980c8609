"""Random tokens: given out once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets

from app.errors import SyncFlowError

TOKEN_BYTES = 32


class InvalidToken(SyncFlowError):
    """This link was used before, is too old, or was never made here."""

    code = "invalid_token"


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> bytes:
    """What is kept of a token that nobody can guess; passwords need more than this."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
