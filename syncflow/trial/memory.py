"""How much memory the product's processes take."""

from __future__ import annotations

import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Self

EVERY_SECONDS = 2.0
KIB_PER_MB = 1000**2 / 1024


class MemoryWatch:
    """While entered, looks at the resident memory of process groups every few seconds.

    `largest_mb`: the most that one process had; `together_mb`: the most that all had at one moment.
    """

    def __init__(self, groups: Callable[[], Collection[int]]) -> None:
        self._groups = groups
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)
        self.largest_mb = 0.0
        self.together_mb = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            sizes = [size for group, some in _sizes_kib().items() if group in self._groups() for size in some]
            self.largest_mb = max([self.largest_mb, *(size / KIB_PER_MB for size in sizes)])
            self.together_mb = max(self.together_mb, sum(sizes) / KIB_PER_MB)
            if self._stopping.wait(EVERY_SECONDS):
                return


def _sizes_kib() -> dict[int, list[int]]:
    """The resident sizes of all processes of this machine by process group."""
    listed = subprocess.run(
        ["/bin/ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=False
    ).stdout
    sizes: dict[int, list[int]] = defaultdict(list)
    for line in listed.splitlines():
        group, _, size = line.strip().partition(" ")
        sizes[int(group)].append(int(size))
    return sizes
