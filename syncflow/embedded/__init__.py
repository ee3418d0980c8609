"""PostgreSQL and Valkey from their wheels, for machines that have neither.

    with embedded.start(Path(".syncflow")) as services:
        ... services.database_url, services.redis_url ...

One process at a time runs the services of a folder (`running` tells others), and their data stays there.
`throwaway` is for tests and
rehearsals. On Linux the servers shut down when the process that started them dies, however it dies; where
that cannot be had, the next start ends what was left. Start them in a thread that lives as long as they
should. Nothing here runs the wheels' own code.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from syncflow.embedded import places, postgres, valkey
from syncflow.embedded.errors import AlreadyRunning, EmbeddedError

__all__ = ["AlreadyRunning", "EmbeddedError", "Services", "remove", "running", "start", "throwaway"]

LOCK_PATIENCE_SECONDS = 1.0
THROWAWAY_PREFIX = "syncflow-throwaway-"


class Services:
    """Running services; `stop` (or leaving the `with` block) shuts them down, more than once if need be."""

    def __init__(
        self,
        home: Path,
        *,
        database: postgres.PostgresServer | None,
        store: valkey.ValkeyServer | None,
        ending: ExitStack,
    ) -> None:
        self.home = home
        self._database = database
        self._store = store
        self._ending = ending

    @property
    def database_url(self) -> str:
        assert self._database is not None, "started without PostgreSQL"
        return self._database.url

    @property
    def redis_url(self) -> str:
        assert self._store is not None, "started without Valkey"
        return self._store.url

    @property
    def pids(self) -> dict[str, int]:
        """The servers' process ids by name."""
        servers = {"postgres": self._database, "valkey": self._store}
        return {name: server.pid for name, server in servers.items() if server is not None}

    def crash(self, name: str) -> None:
        """Kill -9 "postgres" or "valkey", and start it again at the same address with what it had written.

        Call it in a thread that lives as long as the server should. Raises EmbeddedError.
        """
        server = {"postgres": self._database, "valkey": self._store}[name]
        assert server is not None, f"started without {name}"
        server.crash()

    def stop(self) -> None:
        self._ending.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    home: Path, *, with_postgres: bool = True, with_valkey: bool = True, durable: bool = True
) -> Services:
    """Start the services of a folder, made if need be, and return when they accept connections.

    `durable=False` trades safety on a power cut for speed: for tests only. Raises AlreadyRunning,
    EmbeddedError.
    """
    home = home.resolve()
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _locked(home)
    except PermissionError as err:
        raise EmbeddedError(f"{home} belongs to another user: {err.filename} cannot be written.") from err
    with ExitStack() as ending:
        ending.enter_context(lock)
        database = store = None
        if with_postgres:
            place = places.postgres_place(home)
            database = postgres.PostgresServer(place, log=home / "postgres.log", durable=durable)
            ending.callback(database.stop)
            database.start()
        if with_valkey:
            store = valkey.ValkeyServer(home / "valkey", log=home / "valkey.log", durable=durable)
            ending.callback(store.stop)
            store.start()
        return Services(home, database=database, store=store, ending=ending.pop_all())
    raise AssertionError("an ExitStack swallowed an error")


def throwaway(*, durable: bool = True) -> Services:
    """Start services in a folder of their own that goes with them. Clears up after killed predecessors."""
    parent = places.throwaway_parent()
    _sweep(parent)
    home = Path(tempfile.mkdtemp(prefix=THROWAWAY_PREFIX, dir=parent))
    with ExitStack() as ending:
        ending.callback(places.remove_data, home)
        inner = ending.enter_context(start(home, durable=durable))
        return Services(home, database=inner._database, store=inner._store, ending=ending.pop_all())
    raise AssertionError("an ExitStack swallowed an error")


def running(home: Path) -> bool:
    """Whether some process runs the services of `home` now."""
    try:
        with (home / "lock").open("rb") as lock:
            return not _lock(lock, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def remove(home: Path) -> None:
    """Remove a folder with all data of its services. Raises AlreadyRunning."""
    if home.is_dir():
        with _locked(home):
            _remove_data(home.resolve())


def _locked(home: Path) -> IO[bytes]:
    """Hold the folder's lock until the returned file is closed, or this process is gone."""
    lock = (home / "lock").open("ab")
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS  # `running` holds it for a moment.
    while not _lock(lock, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            lock.close()
            raise AlreadyRunning(
                f"Another SyncFlow already runs the services of {home}. "
                "Stop it first (Ctrl-C in its terminal)."
            )
        time.sleep(0.05)
    return lock


def _lock(file: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(parent: Path) -> None:
    """Remove throw-away folders of ours whose processes were killed."""
    for home in parent.glob(f"{THROWAWAY_PREFIX}*"):
        with suppress(FileNotFoundError, AlreadyRunning):
            if home.stat().st_uid == os.geteuid() and (home / "lock").is_file():
                _sweep_one(home)


def _sweep_one(home: Path) -> None:
    with (home / "lock").open("ab") as lock:
        if _lock(lock, fcntl.LOCK_EX):
            _remove_data(home)


def _remove_data(home: Path) -> None:
    postgres.end_orphan(places.postgres_folder(home) / "data")
    valkey.end_orphan(home / "valkey")
    places.remove_data(home)
