"""`syncflow backup`: the database in a file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from syncflow.exits import CannotRun
from syncflow.within import home_option


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home_option
def command(file: Path, home: Path | None) -> None:
    """Write all that SyncFlow knows to FILE, also while it runs.

    FILE is what pg_dump makes, as of one moment, and is never written over. The keys (secrets.env, or
    SECRET_KEY and CREDENTIAL_KEYS) are not in it: keep a copy of them, somewhere else. `syncflow restore`
    reads FILE.
    """
    from syncflow.backups import BackupFailed, back_up, database_of
    from syncflow.product import HOME

    if file.exists():
        raise click.BadParameter(f"{file} exists: give another name.", param_hint="FILE")
    home = home or HOME
    if not os.environ.get("DATABASE_URL") and not (home / "postgres").exists():
        raise CannotRun(f"There is nothing in {home} to back up, and DATABASE_URL is not set.")
    try:
        with database_of(os.environ, home) as settings:
            size = back_up(settings, file)
    except BackupFailed as err:
        raise CannotRun(str(err)) from err
    keys = home / "secrets.env" if not os.environ.get("DATABASE_URL") else "CREDENTIAL_KEYS"
    click.echo(f"Backed up to {file}, {size:,} bytes. Keep a copy of {keys} too, somewhere else.")
