"""Nudges for stored events, sent beside the requests that stored them.

A burst of webhooks costs one nudge for each connection, and a slow Redis holds up no platform. What a
dying process takes with it the sweeper finds: the rows are stored.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from flask import Flask

from app.services.nudge import Drain, nudge

PAUSE_SECONDS = 0.01
"""Between rounds of nudges: the first event of a burst does not wait, the others share its next round."""


class Waker:
    """One thread per process, started with the first event, so that it never crosses a fork."""

    def __init__(self, app: Flask, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._app = app
        self._pause = pause
        self._waiting: set[int] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def wake(self, connection_ids: Collection[int]) -> None:
        """Have workers look at the connections' events soon. Returns at once."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()
            self._waiting.update(connection_ids)
            self._changed.notify()

    def _run(self) -> None:
        with self._app.app_context():
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting)
                    woken, self._waiting = self._waiting, set()
                for connection_id in woken:
                    nudge(Drain.INTAKE, connection_id)
                self._pause(PAUSE_SECONDS)
