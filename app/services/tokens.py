"""Random tokens: given out once, kept as a hash."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.fernet import Fernet

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


def seal_by(token: str, secret: str) -> bytes:
    """A secret that nobody but who holds the token can open."""
    return _box(token).encrypt(secret.encode())


def open_by(token: str, sealed: bytes) -> str:
    """What was sealed by this token."""
    return _box(token).decrypt(sealed).decode()


def _box(token: str) -> Fernet:
    # Another hash than the one that is kept.
    key = hmac.digest(token.encode(errors="surrogatepass"), b"box", "sha256")
    return Fernet(base64.urlsafe_b64encode(key))
