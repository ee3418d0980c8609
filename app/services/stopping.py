"""Whether this process was told to stop: work that takes long looks between two batches, and leaves the rest.

What is left is no fault. The rows say how far it came, and another worker begins the job again at once.
"""

from __future__ import annotations

_asked = False
"""No Event: the handler of a second signal would wait for ever for a lock that the first one's holds."""


class Stopping(BaseException):
    """This piece of work is left to another worker. No `except Exception` takes it for a fault."""


def ask() -> None:
    """Have this process's work end after the batches in hand. May be called in a signal handler."""
    global _asked
    _asked = True


def asked() -> bool:
    return _asked


def leave_if_asked() -> None:
    """Call it between batches, outside transactions. Raises Stopping."""
    if _asked:
        raise Stopping
