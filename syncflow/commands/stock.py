"""`syncflow stock SKU`: what there is, what each shop shows, and why."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from syncflow.exits import WRONG
from syncflow.terminal import in_table
from syncflow.within import application, home_option, settings_at

LAST_MOVEMENTS = 10


@click.command()
@click.argument("sku")
@click.option("--movements", default=LAST_MOVEMENTS, show_default=True, help="How many of the last ones.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@home_option
def command(sku: str, movements: int, as_json: bool, home: Path | None) -> None:
    """Explain the stock of a SKU: the ledger, each shop's number, and what moved it last.

    The SKU is case-sensitive. Ends with 1 if no account has it.
    """
    from app.services.queries import stock
    from app.services.queries.movement_lists import MovementFilter, movements_of

    with application(settings_at(home)):
        found = [
            {
                **variant,
                "movements": movements_of(
                    variant["account_id"], variant["variant_id"], MovementFilter(), limit=max(movements, 1)
                ).items,
            }
            for variant in stock.stock_of_sku(sku)
        ]
    if as_json:
        click.echo(json.dumps({"variants": found}, default=str))
    for variant in [] if as_json else found:
        _print(variant)
    if not found:
        click.echo(f"No account has a variant with the SKU {sku!r}.", err=True)
        sys.exit(WRONG)


def _print(variant: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        f"[bold]{in_table(variant['sku'])}[/]  {in_table(variant['title'])}"
        f"  (account {variant['account_id']})"
    )
    console.print(
        f"{variant['on_hand']} on hand - {variant['committed']} reserved = {variant['available']} available\n"
    )
    shops = Table("shop", "platform", "shows", "should show", "how it stands")
    for channel in variant["channels"]:
        shops.add_row(
            in_table(channel["connection_name"]),
            channel["platform"],
            _number(channel["expected"]),
            _number(channel["target"]),
            in_table(_in_words(channel)),
        )
    console.print(shops)
    movements = Table("when", "on hand", "reserved", "what happened")
    for row in variant["movements"]:
        when = f"{row['booked_at']:%Y-%m-%d %H:%M:%S}"
        movements.add_row(
            when, *(_change(row, name) for name in ("on_hand", "committed")), in_table(row["text"])
        )
    console.print(movements)


def _number(quantity: int | None) -> str:
    return "?" if quantity is None else str(quantity)


def _change(row: dict[str, Any], name: str) -> str:
    return f"{row[f'{name}_delta']:+d} = {row[f'{name}_after']}" if row[f"{name}_delta"] else ""


def _in_words(channel: dict[str, Any]) -> str:
    if channel["state"] == "failed":
        return f"the shop refuses the number: {channel['error']}"
    if channel["connection_state"] != "active":
        return f"the shop is {channel['connection_state'].replace('_', ' ')}: nothing is written"
    if channel["state"] == "waiting":
        return "waits for the first sync"
    if channel["drift"]:
        return f"was changed at the shop by {channel['drift']:+d}; being looked at"
    return "is being written" if channel["dirty"] else "in step"
