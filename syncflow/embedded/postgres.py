"""One embedded PostgreSQL: made, started, recovered after a crash, stopped."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from syncflow.embedded.errors import EmbeddedError
from syncflow.embedded.places import PostgresPlace
from syncflow.processes import POLL_SECONDS, command_line, end, end_stranger, free_port, spawn

ROLE = "syncflow"
DATABASE = "syncflow"
START_ATTEMPTS = 8
READY_SECONDS = 90.0
"""Crash recovery after a kill -9 happens before the server accepts connections."""
STOP_SECONDS = 20.0
NO_SUCH_PID = 2**22 + 1
"""Above the largest process id of any system."""
LOG_BYTES = 4_000_000
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
FORGETFUL_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class PostgresServer:
    """A server of one place. `start` in a thread that lives as long as the server should."""

    def __init__(self, place: PostgresPlace, *, log: Path, durable: bool) -> None:
        self._place = place
        self._log = log
        self._durable = durable
        self._settings = SETTINGS if durable else SETTINGS | FORGETFUL_SETTINGS
        self._data = place.folder / "data"
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
        """The libpq URL of the product's database."""
        return f"postgresql://{ROLE}:{self._password}@127.0.0.1:{self._port}/{DATABASE}"

    def start(self, *, port: int | None = None) -> None:
        """Make the cluster if there is none, and start it, on a free port unless told.

        Raises EmbeddedError.
        """
        if not self._data.is_dir():
            self._make_cluster()
        self._password = (self._place.folder / "password").read_text()
        end_orphan(self._data)
        if self._log.is_file() and self._log.stat().st_size > LOG_BYTES:
            self._log.replace(self._log.with_suffix(".old.log"))
        for _ in range(START_ATTEMPTS):
            self._port = port or free_port()
            said = self._try_to_start()
            if said is None:
                return
            if "lock file" in said:
                self._disown_pid_file()
            elif "shared memory" in said:  # Backends of a killed server are still going away.
                time.sleep(0.25)
            elif "could not bind" not in said:
                break
        raise EmbeddedError(f"PostgreSQL did not start. Its log, {self._log}, ends with:\n{said}")

    def crash(self) -> None:
        """Kill it, and start it again on the same port; it recovers what it had committed. Raises
        EmbeddedError."""
        assert self._process is not None, "not started"
        self._process.kill()
        self._process.wait()
        self.start(port=self._port)

    def stop(self) -> None:
        """Disconnect everybody and shut down cleanly."""
        if self._process is not None:
            end(self._process, politely=signal.SIGINT, grace_seconds=STOP_SECONDS)
            self._process = None

    def _make_cluster(self) -> None:
        """Run initdb into a draft, so that a cluster is there whole or not at all."""
        password = secrets.token_urlsafe(24)
        for left in self._place.folder.glob("draft-*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix="draft-", dir=self._place.folder) as draft_name:
            draft = Path(draft_name)
            draft.chmod(0o700)
            password_file = draft / "password"
            password_file.write_text(password)
            for path in (draft, password_file):
                self._give(path)
            self._run_initdb(draft / "data", password_file)
            password_file.replace(self._place.folder / "password")
            (draft / "data").replace(self._data)
        (self._place.folder / "password").chmod(0o600)
        if self._place.user:
            os.chown(self._place.folder / "password", 0, 0)

    def _run_initdb(self, data: Path, password_file: Path) -> None:
        user = self._place.user
        made = subprocess.run(
            [
                str(self._place.programs / "initdb"),
                *("-D", str(data), "-U", ROLE, "--pwfile", str(password_file), "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *(("--no-instructions",) if self._durable else ("--no-instructions", "--no-sync")),
            ],
            env=_environ(),
            cwd=data.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
        if made.returncode != 0:
            raise EmbeddedError(f"PostgreSQL could not make its data folder {data}:\n{made.stdout.strip()}")

    def _give(self, path: Path) -> None:
        if self._place.user:
            os.chown(path, self._place.user.uid, self._place.user.gid)

    def _try_to_start(self) -> str | None:
        """Start once. Returns None when it accepts connections, else the end of what it said."""
        options = [f"-c{name}={value}" for name, value in {**self._settings, "port": self._port}.items()]
        with self._log.open("ab") as log:
            begin = log.tell()
            self._process = spawn(
                [str(self._place.programs / "postgres"), "-D", str(self._data), *options],
                environ=_environ(),
                cwd=self._place.folder,
                stdout=log,
                death_signal=signal.SIGINT,
                user=self._place.user,
            )
        if self._wait_until_ready(self._process):
            return None
        self.stop()
        with self._log.open("rb") as log:
            log.seek(begin)
            return log.read()[-2000:].decode(errors="replace").strip() or "(nothing)"

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until the product's database takes connections; False if the server ended or is too slow."""
        deadline = time.monotonic() + READY_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                self._ensure_database()
            except psycopg.OperationalError:
                time.sleep(POLL_SECONDS)
            else:
                return True
        return False

    def _ensure_database(self) -> None:
        maintenance = self.url.removesuffix(f"/{DATABASE}") + "/postgres"
        with psycopg.connect(maintenance, autocommit=True, connect_timeout=5) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _disown_pid_file(self) -> None:
        """Make a stale postmaster.pid name no living process.

        PostgreSQL takes any living process with the number in it for its predecessor. Only the number is
        replaced: with the rest the server still finds out whether backends of a killed one are at work.
        """
        pid_file = self._data / "postmaster.pid"
        with suppress(FileNotFoundError):
            lines = pid_file.read_text().splitlines(keepends=True)
            end_orphan(self._data)
            pid_file.write_text("".join([f"{NO_SUCH_PID}\n", *lines[1:]]))


def end_orphan(data: Path) -> None:
    """End a server of this very cluster whose starter was killed. The caller holds the folder's lock."""
    with suppress(FileNotFoundError, ValueError, IndexError):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        if str(data) in (command_line(pid) or ""):
            end_stranger(pid, politely=signal.SIGINT, grace_seconds=STOP_SECONDS)


def _environ() -> dict[str, str]:
    """An environment without the PG* variables of whoever starts us."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
