"""The only faults that platform code raises; anything else is a bug and fails loudly."""

from __future__ import annotations

from app.errors import SyncFlowError


class PlatformError(SyncFlowError):
    """A platform did not do what it was asked."""

    code = "platform_error"


class Transient(PlatformError):
    """The call had no effect, or is a read, and may be repeated; `retry_after` in seconds if told."""

    code = "platform_transient"

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Permanent(PlatformError):
    """Repeating the call will not help: the request, the thing or the answer is wrong."""

    code = "platform_permanent"


class AuthExpired(PlatformError):
    """The shop no longer accepts our credentials; the merchant must reconnect."""

    code = "platform_auth_expired"
