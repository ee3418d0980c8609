"""Faults that callers can tell apart. No HTTP here: `app/api/errors.py` maps codes to statuses."""

from __future__ import annotations


class SyncFlowError(Exception):
    """A fault with a stable `code` for programs and words for people."""

    code = "internal"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.__class__.__doc__ or self.code)


class InvalidInput(SyncFlowError):
    """What was sent cannot be used."""

    code = "invalid_input"


class NotFound(SyncFlowError):
    """There is no such thing in this account."""

    code = "not_found"


class Conflict(SyncFlowError):
    """The thing is in a state that does not allow this."""

    code = "conflict"
