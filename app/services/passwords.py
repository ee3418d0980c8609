"""Passwords: Argon2id, and as much work for a user that does not exist."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from app.errors import InvalidInput, SyncFlowError

LEAST_CHARACTERS = 10
MOST_CHARACTERS = 1000
_hasher = PasswordHasher()  # argon2id with the RFC 9106 low-memory profile


class WrongPassword(SyncFlowError):
    """This is not your password."""

    code = "wrong_password"


def hashed(password: str) -> str:
    """For keeping, as a PHC string. Raises InvalidInput: too short or too long."""
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise InvalidInput(f"A password needs {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters.")
    return _hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether it is the password; takes as long where there is none (None)."""
    nobodys = _nobodys_hash()
    try:
        return _hasher.verify(password_hash or nobodys, password) and password_hash is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with less work than is put in today."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")
