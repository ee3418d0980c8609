"""`syncflow db`: the database's tables, and the secrets in them."""

from __future__ import annotations

from pathlib import Path

import click

from syncflow.within import application, home_option, settings_at


@click.group()
def command() -> None:
    """Look after the database."""


@command.command()
@home_option
def upgrade(home: Path | None) -> None:
    """Bring the tables to what this release needs. Safe to repeat."""
    from app.services.health import newest_migration
    from syncflow.database import migrate

    settings = settings_at(home)
    migrate(settings)
    with application(settings):
        click.echo(f"The tables are at {newest_migration()}, the newest.")


@command.command("rotate-keys")
@home_option
def rotate_keys(home: Path | None) -> None:
    """Seal all that is stored sealed with the first of CREDENTIAL_KEYS.

    To change the key: put a new one in front, restart everything, run this, then drop the old one.
    """
    from app.services.credentials import rotate_keys as rotate
    from app.services.second_factor import reseal_secrets
    from app.services.staff.factors import reseal_secrets as reseal_staff_secrets

    with application(settings_at(home)):
        others, factors = rotate(), reseal_secrets() + reseal_staff_secrets()
        click.echo(
            f"Sealed what is kept of {others} connections, webhooks, mails and calls, and of {factors} second"
            " factors, with the first key."
        )
