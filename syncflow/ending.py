"""Turns the signals that ask a program to end into an exception, so that `with` blocks clean up.

    with ended_by_signals() as ending, Launcher(...) as launcher:
        ending.on_repeat = launcher.hurry
        ...

SIGINT, SIGTERM and SIGHUP raise Ended once, in the main thread. Cleaning up is not disturbed by further
ones: they only call `on_repeat`.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """Somebody asked this program to end. Not an Exception: nothing should handle it on the way out."""


class Ending:
    """Whether the program was asked to end, and what to do when it is asked again."""

    def __init__(self) -> None:
        self.asked = False
        self.on_repeat: Callable[[], None] | None = None

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        if not self.asked:
            self.asked = True
            raise Ended
        if self.on_repeat is not None:
            self.on_repeat()


@contextmanager
def ended_by_signals() -> Iterator[Ending]:
    """Within, a signal to end raises Ended; leaving by it is quiet. Use it in the main thread only."""
    ending = Ending()
    before = {number: signal.signal(number, ending.handle) for number in SIGNALS}
    try:
        yield ending
    except Ended:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
