"""Runs the processes of the Procfile: order, readiness, bounded restart, and an end without leftovers.

    with Launcher(read_procfile(path), environ=environ, cwd=root, output=Console()) as launcher:
        launcher.start()
        launcher.kill("push")          # a rehearsal's crash; it is started again
        launcher.wait()

Processes start in the Procfile's order. They are told to stop (SIGTERM) in two steps, those of `stop_first`
before the others; what outlives the grace is killed, its children included. Every process is started by one
thread that lives until all have ended, so that on Linux a kill -9 of this process takes them along.
Signals are not handled here: see `syncflow.ending`.
"""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from syncflow.output import Output
from syncflow.processes import kill_group, spawn

POLL_SECONDS = 0.05
LAUNCHER = "syncflow"
"""The name that the launcher's own lines carry."""

Ready = Callable[[Collection[int]], bool]
"""Whether the processes with these ids are ready for work."""


class LaunchFailed(Exception):
    """A process could not be started or kept running; the message holds its last words."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient a launcher is, in seconds."""

    ready: float = 180.0
    """From the start until every process is ready; a busy machine takes its time over it."""
    grace: float = 25.0
    """From SIGTERM until SIGKILL, in each of the two steps."""
    restarts: int = 5
    """Unexpected exits of one process within `window` before the launcher gives up."""
    window: float = 60.0
    backoff: float = 0.5
    """Before the first restart; doubled for each further one within the window."""


@dataclass(slots=True)
class _Slot:
    """One place in the formation, such as push.2."""

    kind: str
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    restart_at: float = 0.0
    exits: deque[float] = field(default_factory=deque)
    killed_by_us: bool = False


class Launcher:
    """Runs `commands`, as many of each as `formation` says (one where it says nothing)."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        environ: Mapping[str, str],
        cwd: Path,
        output: Output,
        formation: Mapping[str, int] | None = None,
        ready: Mapping[str, Ready] | None = None,
        stop_first: Collection[str] = ("web",),
        limits: Limits | None = None,
    ) -> None:
        self._environ = environ
        self._cwd = cwd
        self._output = output
        self._ready = ready or {}
        self._stop_first = stop_first
        self._limits = limits or Limits()
        self._slots = [
            _Slot(kind=kind, name=f"{kind}.{number}", command=command)
            for kind, command in commands.items()
            for number in range(1, (formation or {}).get(kind, 1) + 1)
        ]
        self._lock = threading.RLock()
        self._failure: str | None = None
        self._started = False
        self._stopping = threading.Event()
        self._hurried = False
        self._ended = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="launcher", daemon=True)

    @property
    def pids(self) -> dict[str, list[int]]:
        """The ids of the living processes by Procfile name."""
        found: dict[str, list[int]] = {slot.kind: [] for slot in self._slots}
        with self._lock:
            for slot in self._slots:
                if slot.process is not None:
                    found[slot.kind].append(slot.process.pid)
        return found

    def start(self) -> None:
        """Start everything and return when all of it is ready. Raises LaunchFailed, with all of it ended."""
        self._supervisor.start()
        deadline = time.monotonic() + self._limits.ready
        waiting = {kind: ready for kind, ready in self._ready.items() if kind in self.pids}
        while not self._stopping.is_set():
            pids = self.pids
            if all(slot.process is not None for slot in self._slots):
                waiting = {kind: ready for kind, ready in waiting.items() if not ready(pids[kind])}
                if not waiting:
                    self._started = True
                    return
            if time.monotonic() > deadline:
                self._fail(
                    f"{', '.join(waiting)} did not become ready in {self._limits.ready:.0f} s", waiting
                )
            self._stopping.wait(POLL_SECONDS)
        self.stop()
        raise LaunchFailed(self._failure or "stopped while starting")

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until everything has ended, or for a time; says whether it has. Raises LaunchFailed."""
        ended = self._ended.wait(timeout_seconds)
        if self._failure is not None and ended:
            raise LaunchFailed(self._failure)
        return ended

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to "push" (its first living process) or "push.2", and return its process id.

        It is started again if it ends, and that does not count towards giving up. Raises LookupError.
        """
        with self._lock:
            for slot in self._slots:
                if name in (slot.kind, slot.name) and slot.process is not None:
                    slot.killed_by_us = True
                    slot.process.send_signal(number)
                    return slot.process.pid
        raise LookupError(f"no process {name!r} is running")

    def stop(self) -> None:
        """Stop everything in order and return when nothing is left. Safe to repeat."""
        self._stopping.set()
        if self._supervisor.ident is None:
            return
        try:
            self._supervisor.join()
        except BaseException:  # A signal's exception must not leave processes behind.
            self.hurry()
            self._supervisor.join()
            raise

    def hurry(self) -> None:
        """Have a `stop` that is under way kill what still runs. May be called in a signal handler."""
        self._hurried = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- The supervisor's thread, which alone starts and ends processes.

    def _supervise(self) -> None:
        try:
            while not self._stopping.is_set():
                with self._lock:
                    for slot in self._slots:
                        self._look_after(slot)
                self._stopping.wait(POLL_SECONDS)
        finally:
            self._end_all()
            self._output.close()
            self._ended.set()

    def _look_after(self, slot: _Slot) -> None:
        if slot.process is None:
            if time.monotonic() >= slot.restart_at:
                self._spawn(slot)
        elif (status := slot.process.poll()) is not None:
            kill_group(slot.process.pid)
            slot.process = None
            self._after_exit(slot, status)

    def _spawn(self, slot: _Slot) -> None:
        with self._output.open(slot.name) as out:
            slot.process = spawn(
                slot.command,
                environ=self._environ,
                cwd=self._cwd,
                stdout=out,
                death_signal=signal.SIGKILL,
            )
        self._output.say(slot.name, f"started, pid {slot.process.pid}")

    def _after_exit(self, slot: _Slot, status: int) -> None:
        """Plan the restart, or give up."""
        words = _ending_words(status)
        now = time.monotonic()
        if slot.killed_by_us:
            slot.killed_by_us = False
        else:
            slot.exits.append(now)
        while slot.exits and slot.exits[0] < now - self._limits.window:
            slot.exits.popleft()
        if not self._started:
            self._fail(f"{slot.name} {words} while SyncFlow was starting", [slot.kind])
        elif len(slot.exits) > self._limits.restarts:
            often = f"{len(slot.exits)} times in {self._limits.window:.0f} s"
            self._fail(f"{slot.name} {words}, as it did {often}: giving up", [slot.kind])
        else:
            delay = self._limits.backoff * 2 ** max(0, len(slot.exits) - 1)
            slot.restart_at = now + delay
            self._output.say(slot.name, f"{words}; starting it again in {delay:.1f} s")

    def _fail(self, reason: str, kinds: Collection[str]) -> None:
        with self._lock:
            if self._failure is None:
                tails = [
                    f"Last words of {slot.name}:\n{self._output.tail(slot.name)}"
                    for slot in self._slots
                    if slot.kind in kinds
                ]
                self._failure = "\n".join([f"{reason}.", *tails])
        self._output.say(LAUNCHER, reason)
        self._stopping.set()

    def _end_all(self) -> None:
        first = [slot for slot in self._slots if slot.kind in self._stop_first]
        last = [slot for slot in self._slots if slot.kind not in self._stop_first]
        for step in (first, last):
            self._end([slot for slot in step if slot.process is not None])

    def _end(self, slots: Sequence[_Slot]) -> None:
        """Ask these to stop, together; kill what outlives the grace."""
        processes = {slot.name: slot.process for slot in slots if slot.process is not None}
        for process in processes.values():
            process.terminate()
        deadline = time.monotonic() + self._limits.grace
        while any(process.poll() is None for process in processes.values()):
            if self._hurried or time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        for name, process in processes.items():
            if process.poll() is None:
                self._output.say(name, "did not stop; killing it")
            kill_group(process.pid)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=self._limits.grace)
        with self._lock:
            for slot in slots:
                slot.process = None


def _ending_words(status: int) -> str:
    if status >= 0:
        return f"ended with exit code {status}"
    return f"was ended by signal {-status} ({signal.strsignal(-status)})"
