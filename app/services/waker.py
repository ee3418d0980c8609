"""Nudges for stored events, sent beside the requests that stored them.

A burst of webhooks costs one nudge for each connection, and a slow Redis holds up no platform. What a
dying process takes with it the sweeper finds: the rows are stored.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from flask import Flask

from app.platforms.base import Lane
from app.services.nudge import DRAIN_OF_LANE, Origin, nudge, origin

PAUSE_SECONDS = 0.01
"""Between rounds of nudges: the first event of a burst does not wait, the others share its next round."""
HINTS_PAUSE_SECONDS = 1.0
"""Between rounds of nudges for hints: many numbers looked at together cost little more than one."""


class Waker:
    """One thread per process, started with the first event, so that it never crosses a fork."""

    def __init__(
        self,
        app: Flask,
        *,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._pause, self._clock = pause, clock
        self._hints: dict[tuple[int, Lane], Origin] = {}
        self._hints_due_at = 0.0
        self._waiting: dict[tuple[int, Lane], Origin] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def wake(self, lanes: Collection[tuple[int, Lane]]) -> None:
        """Have workers look soon at the connections' events in these lanes. Returns at once.

        Of several requests that share a nudge the first is where it comes from.
        """
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()
            if new := set(lanes) - self._waiting.keys():
                self._waiting |= dict.fromkeys(new, origin())
            self._changed.notify()

    def _run(self) -> None:
        with self._app.app_context():
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting, timeout=self._hints_due_in())
                    woken, self._waiting = self._waiting, {}
                hints = {waiting: woken.pop(waiting) for waiting in list(woken) if waiting[1] is Lane.HINTS}
                self._hints = hints | self._hints
                if self._hints_due_in() == 0:
                    woken |= self._hints
                    self._hints, self._hints_due_at = {}, self._clock() + HINTS_PAUSE_SECONDS
                for (connection_id, lane), came_from in woken.items():
                    nudge(DRAIN_OF_LANE[lane], connection_id, came_from=came_from)
                self._pause(PAUSE_SECONDS)

    def _hints_due_in(self) -> float | None:
        """Seconds; None if there are none."""
        return max(self._hints_due_at - self._clock(), 0.0) if self._hints else None
