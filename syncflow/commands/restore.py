"""`syncflow restore`: a database of a backup."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from syncflow.exits import WRONG, CannotRun
from syncflow.within import application, home_option


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--new-keys", is_flag=True, help="The keys are lost: make new ones, and connect every shop again."
)
@click.option("--unpaused", is_flag=True, help="Nothing was at work since the backup: pause no shop.")
@home_option
def command(file: Path, new_keys: bool, unpaused: bool, home: Path | None) -> None:
    """Fill an empty database from FILE, bring it to this release, and prove it.

    Put the copy of secrets.env into the new folder first (or set CREDENTIAL_KEYS). Ends with 1 if the ledger
    does not agree with itself, or something sealed cannot be read.

    Every shop is paused, and our number wins in it: what SyncFlow wrote there since the backup would be taken
    for somebody else's change. docs/operators/backups.md says how to go on.
    """
    from syncflow.backups import BackupFailed, database_of, restore
    from syncflow.database import migrate
    from syncflow.product import HOME, SECRETS_FILE

    home = home or HOME
    own_keys = os.environ.get("DATABASE_URL") or (home / SECRETS_FILE).exists()
    if not own_keys and not new_keys:
        raise CannotRun(
            f"{home / SECRETS_FILE} is missing: put the copy that you kept there, or no shop's credentials"
            " can be read. If it is lost, --new-keys makes new ones."
        )
    try:
        with database_of(os.environ, home) as settings:
            restore(settings, file)
            migrate(settings)
            with application(settings):
                if not unpaused:
                    _hold_shops()
                well = _proved()
    except BackupFailed as err:
        raise CannotRun(str(err)) from err
    sys.exit(0 if well else WRONG)


def _hold_shops() -> None:
    from app.services.connections import configure, pause
    from app.services.queries.connections import all_connections

    for row in all_connections():
        if row["state"] == "active":
            pause(row["account_id"], row["id"], actor="cli")
            configure(row["account_id"], row["id"], {"drift_policy": "syncflow_wins"}, actor="cli")
            click.echo(
                f"Paused connection {row['id']} ({row['name']}); its policy was {row['drift_policy']}."
            )


def _proved() -> bool:
    from app.services import credentials, ledger_repair
    from app.services.queries.ledger_check import levels_counted

    found, unreadable = ledger_repair.mismatches(), credentials.unreadable()
    click.echo(f"Restored: {levels_counted()} levels.")
    if found:
        click.echo("The ledger does not agree with itself: `syncflow verify-ledger` says where.")
    for table, rows in unreadable.items():
        click.echo(f"{rows} rows of {table} were sealed by a key that CREDENTIAL_KEYS does not hold.")
    if not found and not unreadable:
        click.echo("The ledger is right, and all that is sealed can be read.")
    return not found and not unreadable
