"""Nudges for stored events, sent beside the requests that stored them.

A burst of webhooks costs one nudge for each connection, and a slow Redis holds up no platform. What a
dying process takes with it the sweeper finds: the rows are stored.
"""

from __future__ import annotations

import threading

from flask import Flask

from app.services.nudge import Drain, nudge


class Waker:
    """One thread per process, started with the first event, so that it never crosses a fork."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._waiting: set[int] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def wake(self, connection_id: int) -> None:
        """Have a worker look at the connection's events soon. Returns at once."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()
            if connection_id not in self._waiting:
                self._waiting.add(connection_id)
                self._changed.notify()

    def _run(self) -> None:
        with self._app.app_context():
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting)
                    woken, self._waiting = self._waiting, set()
                for connection_id in woken:
                    nudge(Drain.INTAKE, connection_id)
