"""`syncflow dead-letters`: what failed for good, why, and back to work with it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from syncflow.exits import WRONG
from syncflow.terminal import plain
from syncflow.within import application, home_option, settings_at

MOST_LISTED = 1000


@click.group(invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """What failed for good: list it, see why, replay it, or give it up. Without a command: list it."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_letters)


def filters(decorated: Any) -> Any:
    """The options that choose letters."""
    options = (
        click.option(
            "--kind", help="event, cell, mail, webhook, fulfillment, price, import, export, or a job."
        ),
        click.option("--queue", help="The queue it was in."),
        click.option("--account", "account_id", type=int, help="Of this account, by id."),
        click.option("--connection", "connection_id", type=int, help="Of this connection, by id."),
        click.option("--code", help="The stable code of the last error."),
        click.option("--error-class", help="The class of the last error."),
        click.option("--state", type=click.Choice(["trying", "dead", "discarded", "mended"]), default="dead"),
    )
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


@command.command("list")
@filters
@click.option("--limit", type=click.IntRange(1, MOST_LISTED), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@home_option
def list_letters(limit: int, as_json: bool, home: Path | None, **chosen: Any) -> None:
    """The last that failed first."""
    from app.services.queries import dead_letters

    with application(settings_at(home)):
        found = dead_letters.letters(chosen, limit=limit).items
    if as_json:
        click.echo(json.dumps({"dead_letters": found}, default=str))
    elif found:
        for row in found:
            click.echo(
                f"{row['id']:>6}  {row['failed_at']:%Y-%m-%d %H:%M}  {row['what']}: {plain(row['message'])}"
            )
            click.echo(f"        {row['cause']} {row['remedy']}")
    else:
        click.echo("Nothing has failed for good.")


@command.command()
@click.argument("letter_id", type=int)
@home_option
def show(letter_id: int, home: Path | None) -> None:
    """One, with each attempt that is kept, as JSON."""
    from app.errors import NotFound
    from app.services.queries import dead_letters

    with application(settings_at(home)):
        try:
            click.echo(json.dumps(dead_letters.letter(letter_id), default=str, indent=2))
        except NotFound as err:
            _end(str(err))


@command.command()
@click.argument("letter_ids", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that match the options, in the background.")
@click.option("--per-second", type=int, default=10, show_default=True, help="With --all: how many a second.")
@filters
@home_option
def replay(
    letter_ids: tuple[int, ...], everything: bool, per_second: int, home: Path | None, **chosen: Any
) -> None:
    """Try them again from the first attempt. What was done meanwhile is not done twice."""
    from app.errors import Conflict, InvalidInput
    from app.services.dead_letters import mass
    from app.services.dead_letters.replay import replay as replay_letters
    from app.services.staff.acting import COMMAND_LINE

    if everything == bool(letter_ids):
        raise click.UsageError("Give ids, or --all with options that choose.")
    with application(settings_at(home)):
        try:
            if everything:
                mass_id = mass.start(COMMAND_LINE, chosen, per_second=per_second)
                click.echo(f"Replay {mass_id} has begun; the scheduler goes on with it.")
            else:
                done = replay_letters(COMMAND_LINE, letter_ids)
                click.echo(f"{len(done)} of {len(set(letter_ids))} are tried again.")
        except (Conflict, InvalidInput) as err:
            _end(str(err))


@command.command()
@click.argument("letter_ids", type=int, nargs=-1, required=True)
@click.option("--reason", required=True, help="Why nobody needs it any more.")
@home_option
def discard(letter_ids: tuple[int, ...], reason: str, home: Path | None) -> None:
    """Give them up. They are kept, and can be replayed later."""
    from app.errors import InvalidInput
    from app.services.dead_letters.replay import discard as discard_letters
    from app.services.staff.acting import COMMAND_LINE

    with application(settings_at(home)):
        try:
            done = discard_letters(COMMAND_LINE, letter_ids, reason)
        except InvalidInput as err:
            _end(str(err))
    click.echo(f"{len(done)} of {len(set(letter_ids))} were given up.")


def _end(words: str) -> None:
    click.echo(words, err=True)
    sys.exit(WRONG)
