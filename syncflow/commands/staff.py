"""`syncflow staff`: who may use the support console at /admin."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app.errors import SyncFlowError
from syncflow.within import application, home_option, settings_at

GENERATED_BYTES = 18


@click.group()
def command() -> None:
    """Say who may use the support console."""


@command.command()
@click.argument("email")
@click.option(
    "--generate", is_flag=True, help="Make a password and print it, once, instead of asking for one."
)
@home_option
def add(email: str, generate: bool, home: Path | None) -> None:
    """Let EMAIL use the console. Who was disabled comes back by this, with a new password and new codes.

    At the first sign-in they set up one-time codes in an authenticator app.
    """
    from app.services.staff import people

    password = secrets.token_urlsafe(GENERATED_BYTES) if generate else _asked()
    with application(settings_at(home)):
        try:
            people.add(email, password)
        except SyncFlowError as err:
            raise click.ClickException(str(err)) from err
    click.echo(f"{email} may sign in at /admin." + (f" The password: {password}" if generate else ""))


@command.command("list")
@home_option
def list_people(home: Path | None) -> None:
    """List everybody who may use the console, or might once."""
    from app.services.queries.staff import people

    with application(settings_at(home)):
        found = people()
    if not found:
        click.echo("Nobody may use the console yet: syncflow staff add EMAIL")
    else:
        _print(found)


@command.command()
@click.argument("email")
@home_option
def disable(email: str, home: Path | None) -> None:
    """Let EMAIL use the console no longer; whatever they have open ends at once."""
    from app.services.staff import people

    _do(people.disable, email, home)
    click.echo(f"{email} may not sign in any more.")


@command.command("reset-second-factor")
@click.argument("email")
@home_option
def reset_second_factor(email: str, home: Path | None) -> None:
    """Have EMAIL set up one-time codes anew, after a phone was lost. Make sure that it is them who asks."""
    from app.services.staff import people

    _do(people.reset_second_factor, email, home)
    click.echo(f"{email} sets up one-time codes at the next sign-in.")


def _do(use: Any, email: str, home: Path | None) -> None:
    with application(settings_at(home)):
        try:
            use(email)
        except SyncFlowError as err:
            raise click.ClickException(str(err)) from err


def _asked() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _print(found: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("address", "may sign in", "one-time codes", "last signed in")
    for row in found:
        may, codes = "no" if row["disabled_at"] else "yes", "set up" if row["has_codes"] else "not yet"
        table.add_row(escape(row["email"]), may, codes, _day(row["signed_in_at"]))
    Console(highlight=False).print(table)


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
