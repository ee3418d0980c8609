"""Places for work that keeps the processor busy, shared by connections: one with a thousand orders uses all
that are free, and another's single one is next all the same.

Threads that compute in one process take turns anyway. Too many of them make each wait for all others at every
statement, and whoever has the least to do waits longest.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class FairShare:
    """A place that is given back goes to the connection that had its last one the longest ago, or none yet.

    Not for threads in which an exception may be raised from outside, such as those of jobs.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._here: Counter[int] = Counter()
        """How many threads of a connection have a place or wait for one."""
        self._had: dict[int, int] = {}
        """When each of these connections had its last one, by counting."""
        self._turns = itertools.count()
        self._waiting: list[tuple[int, threading.Lock]] = []
        self._lock = threading.Lock()

    @contextmanager
    def place(self, connection_id: int) -> Iterator[None]:
        """Wait for one. To be left soon: others do, too."""
        came = self._come(connection_id)
        if came is not None:
            came.acquire()
        try:
            yield
        finally:
            self._leave(connection_id)

    def _come(self, connection_id: int) -> threading.Lock | None:
        """None for who has a place at once, else what is released when he has."""
        with self._lock:
            self._here[connection_id] += 1
            if self._free:
                self._free -= 1
                self._had[connection_id] = next(self._turns)
                return None
            came = threading.Lock()
            came.acquire()
            self._waiting.append((connection_id, came))
            return came

    def _leave(self, connection_id: int) -> None:
        with self._lock:
            self._here[connection_id] -= 1
            if not self._here[connection_id]:
                del self._here[connection_id], self._had[connection_id]
            if not self._waiting:
                self._free += 1
                return
            after = min(self._waiting, key=lambda waits: self._had.get(waits[0], -1))
            self._waiting.remove(after)
            self._had[after[0]] = next(self._turns)
            after[1].release()
