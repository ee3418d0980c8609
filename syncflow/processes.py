"""Starting and ending processes so that none is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TETHER = Path(__file__).with_name("tether.py")
PROC = Path("/proc/self")
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class User:
    """Whom a process runs as."""

    name: str
    uid: int
    gid: int


def spawn(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    cwd: Path,
    stdout: int | IO[bytes],
    death_signal: signal.Signals,
    user: User | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own, with stderr going where stdout goes.

    On Linux it gets `death_signal` when the calling THREAD ends for whatever reason, so call this from a
    thread that lives as long as the process should.
    """
    uid, gid = (user.uid, user.gid) if user else (-1, -1)
    tether = [sys.executable, "-I", "-S", str(TETHER), str(int(death_signal)), str(os.getpid())]
    return subprocess.Popen(
        [*tether, str(uid), str(gid), *command],
        env=dict(environ),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        process_group=0,
    )


def end(process: subprocess.Popen[bytes], *, politely: signal.Signals, grace_seconds: float) -> int:
    """Ask the process to end, kill its whole group when the grace is over, and return its exit code."""
    if process.poll() is None:
        process.send_signal(politely)
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    kill_group(process.pid)
    return process.wait()


def kill_group(group: int) -> None:
    """Kill what is left of a process group. Nothing being left is fine."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says "not permitted" of a dead group
        os.killpg(group, signal.SIGKILL)


def command_line(pid: int) -> str | None:
    """The command line of a living process, arguments separated by spaces; None if it does not live."""
    if PROC.is_dir():
        try:
            return (
                Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                or None
            )
        except (FileNotFoundError, ProcessLookupError):
            return None
    listed = subprocess.run(
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip() or None


def end_stranger(pid: int, *, politely: signal.Signals, grace_seconds: float) -> None:
    """End a process that is not our child (one whose launcher was killed) and wait until it is gone."""
    was = command_line(pid)
    for number, patience in ((politely, grace_seconds), (signal.SIGKILL, grace_seconds)):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if command_line(pid) != was:
                return
            time.sleep(POLL_SECONDS)


def free_port() -> int:
    """A loopback port that nobody listens on at this moment; another process may still take it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
