"""A backup of the database in a file, and a database made of one, by PostgreSQL's own pg_dump and pg_restore.

The file is what `pg_dump --format=custom` writes: one moment of the database, also while all is at work. The
keys are not in it. Who has both reads every shop's credentials, so that they are kept apart.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict
from tqdm import tqdm

from app.settings import Settings
from syncflow import embedded
from syncflow.embedded.places import postgres_client
from syncflow.product import RUNNING_FILE, product_environ, settings_of_commands

OF_LIBPQ = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
TABLE = "dumping contents of table", "processing data for table"


class BackupFailed(Exception):
    """The file or the database is not as it was; the message says why and what to do."""


@contextmanager
def database_of(environ: Mapping[str, str], home: Path) -> Iterator[Settings]:
    """The settings of a database that runs: `environ`'s, or that of `home`, started for as long as needed."""
    if environ.get("DATABASE_URL") or (embedded.running(home) and (home / RUNNING_FILE).exists()):
        yield settings_of_commands(environ, home)
        return
    with embedded.start(home, with_valkey=False) as services:
        unused = {"REDIS_URL": "redis://127.0.0.1:1/0", **environ}  # nobody listens; nudges can wait
        yield Settings.from_env(product_environ(unused, home=home, services=services))


def back_up(settings: Settings, file: Path) -> int:
    """Write the file, whole or not at all and for its owner alone; returns its bytes. Raises BackupFailed."""
    draft = file.with_name(f"{file.name}.part")
    try:
        draft.touch(mode=0o600, exist_ok=False)
        arguments = ["--format=custom", "--verbose", "--no-owner", "--no-privileges", f"--file={draft}"]
        _run("pg_dump", arguments, settings, "Backing up")
        _check(draft)
        os.link(draft, file)  # unlike a rename, never over another file
    except FileExistsError as err:
        raise BackupFailed(f"{err.filename2 or err.filename} exists: give another name.") from err
    finally:
        draft.unlink(missing_ok=True)
    return file.stat().st_size


def restore(settings: Settings, file: Path) -> None:
    """Fill an empty database from the file, in one transaction. Raises BackupFailed."""
    _check(file)
    if not _is_empty(settings):
        raise BackupFailed(
            "The database is not empty, and nothing is written over one. Make a new one and set DATABASE_URL"
            " to it; with the embedded one give a new folder by --home."
        )
    arguments = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-comments"]
    name = str(conninfo_to_dict(settings.database_url)["dbname"])
    _run("pg_restore", [*arguments, "--verbose", f"--dbname={name}", str(file)], settings, "Restoring")


def _check(file: Path) -> None:
    told = subprocess.run(
        [str(postgres_client("pg_restore")), "--list", str(file)], capture_output=True, text=True, check=False
    )
    if told.returncode != 0 or "alembic_version" not in told.stdout:
        raise BackupFailed(f"{file} is not a backup of SyncFlow, or only a part of one.")


def _is_empty(settings: Settings) -> bool:
    with psycopg.connect(settings.database_url) as connection:
        found = connection.execute(
            "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') LIMIT 1"
        ).fetchone()
    return found is None


def _run(program: str, arguments: list[str], settings: Settings, title: str) -> None:
    """Run it, with progress on a terminal. The password goes by the environment: command lines are public."""
    given = conninfo_to_dict(settings.database_url)
    environ = {OF_LIBPQ[name]: str(value) for name, value in given.items() if name in OF_LIBPQ}
    with subprocess.Popen(
        [str(postgres_client(program)), "--no-password", *arguments],
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stderr is not None
        words: list[str] = []
        with tqdm(desc=title, unit=" tables", disable=None) as bar:
            for line in process.stderr:
                bar.update(any(mark in line for mark in TABLE))
                words = [*words[-4:], line.strip()]
    if process.returncode != 0:
        raise BackupFailed("\n".join([f"{program} gave up:", *words]))
