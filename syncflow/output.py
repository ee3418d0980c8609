"""Where the launched processes' words go: to the console with a prefix, or to one file each."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol, TextIO

TAIL_LINES = 20
TAIL_BYTES = 4000
LONGEST_LINE = 65536
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
PREFIX_WIDTH = 12


class Output(Protocol):
    """Takes what processes print."""

    def open(self, name: str) -> IO[bytes]:
        """A file that process `name` prints to; the caller closes it once the process has it."""

    def say(self, name: str, words: str) -> None:
        """Add a line of our own about process `name`."""

    def tail(self, name: str) -> str:
        """The last lines of a process, for error messages."""

    def close(self) -> None:
        """Wait for what is still on its way. Call it when the processes have ended."""


class Console:
    """Every line behind the coloured name of its process."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._coloured = self._stream.isatty() and not os.environ.get("NO_COLOR")
        self._colours: dict[str, int] = {}
        self._tails: dict[str, deque[str]] = {}
        self._readers: list[threading.Thread] = []
        self._lock = threading.Lock()

    def open(self, name: str) -> IO[bytes]:
        reading, writing = os.pipe()
        reader = threading.Thread(target=self._read, args=(name, reading), name=f"output-{name}", daemon=True)
        reader.start()
        self._readers = [thread for thread in self._readers if thread.is_alive()] + [reader]
        return os.fdopen(writing, "wb", buffering=0)

    def say(self, name: str, words: str) -> None:
        with self._lock:
            self._tails.setdefault(name, deque(maxlen=TAIL_LINES)).append(words)
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            prefix = f"{name:<{PREFIX_WIDTH}}|"
            if self._coloured:
                prefix = f"\033[{colour}m{prefix}\033[0m"
            with suppress(OSError, ValueError):  # The terminal is gone; the processes must not notice.
                print(prefix, words, file=self._stream, flush=True)

    def tail(self, name: str) -> str:
        with self._lock:
            return "\n".join(self._tails.get(name, ()))

    def close(self) -> None:
        for reader in self._readers:
            reader.join(timeout=2)

    def _read(self, name: str, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb") as pipe:
            while line := pipe.readline(LONGEST_LINE):
                self.say(name, line.decode(errors="replace").rstrip())


class LogFiles:
    """One file for each process in `folder`; the run before is kept as `NAME.old.log`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def open(self, name: str) -> IO[bytes]:
        path = self.path(name)
        if name not in self._seen and path.exists():
            path.replace(self._folder / f"{name}.old.log")
        self._seen.add(name)
        return path.open("ab", buffering=0)

    def path(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def say(self, name: str, words: str) -> None:
        with self.path(name).open("a") as log:
            log.write(f"syncflow: {words}\n")

    def tail(self, name: str) -> str:
        path = self.path(name)
        return path.read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip() if path.exists() else ""

    def close(self) -> None:
        """Nothing is on its way: the processes write to the files themselves."""
