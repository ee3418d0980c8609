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
from app.services.nudge import DRAIN_OF_LANE, nudge

PAUSE_SECONDS = 0.01
"""Between rounds of nudges: the first event of a burst does not wait, the others share its next round."""


class Waker:
    """One thread per process, started with the first event, so that it never crosses a fork."""

    def __init__(self, app: Flask, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._app = app
        self._pause = pause
        self._waiting: set[tuple[int, Lane]] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def wake(self, lanes: Collection[tuple[int, Lane]]) -> None:
        """Have workers look soon at the connections' events in these lanes. Returns at once."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()
            self._waiting.update(lanes)
            self._changed.notify()

    def _run(self) -> None:
        with self._app.app_context():
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting)
                    woken, self._waiting = self._waiting, set()
                for connection_id, lane in woken:
                    nudge(DRAIN_OF_LANE[lane], connection_id)
                self._pause(PAUSE_SECONDS)
