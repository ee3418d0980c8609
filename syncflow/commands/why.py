"""`syncflow why SKU`: what led to its numbers, one line per cause; or what they were at a moment."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from syncflow.exits import WRONG
from syncflow.terminal import in_table
from syncflow.within import application, home_option, settings_at

LINES = 30


@click.command()
@click.argument("sku")
@click.option("--lines", default=LINES, show_default=True, help="How many of the last ones.")
@click.option(
    "--at",
    "moment",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="What the numbers were then (UTC), instead of why they are what they are.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@home_option
def command(sku: str, lines: int, moment: datetime | None, as_json: bool, home: Path | None) -> None:
    """Say why a SKU's numbers are what they are: every order, edit and write behind them, newest first.

    The SKU is case-sensitive. Ends with 1 if no account has it.
    """
    from app.services.queries import stock
    from app.services.queries.why import as_of, why

    with application(settings_at(home)):
        found = []
        for variant in stock.stock_of_sku(sku):
            account_id, variant_id = variant["account_id"], variant["variant_id"]
            told: dict[str, Any] = {"variant": variant}
            if moment is None:
                told["lines"] = why(account_id, variant_id, limit=max(lines, 1)).items
            else:
                at = moment.replace(tzinfo=UTC)
                told["levels"] = as_of(account_id, at, limit=stock.MOST_LEVELS, variant_id=variant_id).items
            found.append(told)
    if as_json:
        click.echo(json.dumps({"variants": found}, default=str))
    for told in [] if as_json else found:
        _print(told, moment)
    if not found:
        click.echo(f"No account has a variant with the SKU {sku!r}.", err=True)
        sys.exit(WRONG)


def _print(told: dict[str, Any], moment: datetime | None) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    variant = told["variant"]
    console.print(
        f"[bold]{in_table(variant['sku'])}[/]  {in_table(variant['title'])}"
        f"  (account {variant['account_id']})"
    )
    if moment is not None:
        _print_levels(console, variant, told["levels"], moment)
        return
    console.print(
        f"{variant['on_hand']} on hand - {variant['committed']} reserved = {variant['available']} available\n"
    )
    table = Table("when", "available", "what happened")
    for line in told["lines"]:
        available = line["on_hand_after"] - line["committed_after"] if line["kind"] == "movement" else ""
        table.add_row(f"{line['at']:%Y-%m-%d %H:%M:%S}", str(available), in_table(line["text"]))
    console.print(table)


def _print_levels(
    console: Any, variant: dict[str, Any], levels: list[dict[str, Any]], moment: datetime
) -> None:
    from rich.table import Table

    if not levels:
        console.print(f"Nothing was counted of it yet on {moment:%Y-%m-%d %H:%M:%S} UTC.")
        return
    names = {channel["connection_id"]: channel["connection_name"] for channel in variant["channels"]}
    table = Table(
        "location", "on hand", "reserved", "available", "told to", title=f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    )
    for level in levels:
        told = ", ".join(
            f"{names.get(channel['connection_id'], 'a former shop')}: {channel['told']}"
            for channel in level["channels"]
        )
        numbers = (str(level[name]) for name in ("on_hand", "committed", "available"))
        table.add_row(in_table(level["location"]), *numbers, in_table(told) or "nobody yet")
    console.print(table)
