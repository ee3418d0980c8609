"""One embedded Valkey: started, stopped, its append-only file kept."""

from __future__ import annotations

import secrets
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from syncflow.embedded.errors import EmbeddedError
from syncflow.embedded.places import valkey_program
from syncflow.processes import POLL_SECONDS, command_line, end, end_stranger, free_port, spawn

CONFIGURATION = "valkey.conf"
START_ATTEMPTS = 5
READY_SECONDS = 60.0
STOP_SECONDS = 10.0


class ValkeyServer:
    """A server whose data lies in `folder`. `start` in a thread that lives as long as it should."""

    def __init__(self, folder: Path, *, log: Path, durable: bool) -> None:
        self._folder = folder
        self._log = log
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._password = ""
        self._port = 0

    @property
    def pid(self) -> int:
        """The process id of the started server."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start with a new password. Raises EmbeddedError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        end_orphan(self._folder)
        for _ in range(START_ATTEMPTS):
            self._password = secrets.token_urlsafe(24)
            self._port = free_port()
            self._write_configuration()
            if self._run():
                return
            self.stop()
        said = self._log.read_text(errors="replace")[-2000:] if self._log.is_file() else "(nothing)"
        raise EmbeddedError(f"Valkey did not start. Its log, {self._log}, ends with:\n{said.strip()}")

    def crash(self) -> None:
        """Kill it, and start it again with the same password and port. Raises EmbeddedError."""
        assert self._process is not None, "not started"
        self._process.kill()
        self._process.wait()
        if not self._run():
            self.stop()
            raise EmbeddedError(f"Valkey did not start again. Its log, {self._log}, says why.")

    def stop(self) -> None:
        """Write everything out and shut down."""
        if self._process is not None:
            end(self._process, politely=signal.SIGTERM, grace_seconds=STOP_SECONDS)
            self._process = None

    def _run(self) -> bool:
        """Start it as it is configured; says whether it is ready."""
        self._process = spawn(
            [str(valkey_program()), str(self._configuration)],
            environ={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            death_signal=signal.SIGTERM,
        )
        return self._wait_until_ready(self._process)

    @property
    def _configuration(self) -> Path:
        return self._folder / CONFIGURATION

    def _write_configuration(self) -> None:
        """The password goes through a file: every user of the machine may read command lines."""
        lines = {
            "bind": "127.0.0.1",
            "port": self._port,
            "requirepass": self._password,
            "dir": _quoted(self._folder),
            "pidfile": _quoted(self._folder / "valkey.pid"),
            "logfile": _quoted(self._log),
            "appendonly": "yes" if self._durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "set-proc-title": "no",
            "maxmemory-policy": "noeviction",
        }
        self._configuration.unlink(missing_ok=True)
        self._configuration.touch(mode=0o600)
        self._configuration.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        retry = Retry(NoBackoff(), retries=0)
        with redis.Redis.from_url(self.url, socket_timeout=5.0, retry=retry) as client:
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    client.ping()
                except redis.RedisError:  # Refused, or still loading its file.
                    time.sleep(POLL_SECONDS)
                else:
                    return True
        return False


def end_orphan(folder: Path) -> None:
    """End a server of this very folder whose starter was killed. The caller holds the folder's lock."""
    with suppress(FileNotFoundError, ValueError):
        pid = int((folder / "valkey.pid").read_text())
        if str(folder / CONFIGURATION) in (command_line(pid) or ""):
            end_stranger(pid, politely=signal.SIGTERM, grace_seconds=STOP_SECONDS)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
