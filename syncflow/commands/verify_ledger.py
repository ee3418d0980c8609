"""`syncflow verify-ledger`: does every level equal the sum of its movements, and what open orders hold?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from syncflow.exits import WRONG
from syncflow.within import application, home_option, settings_at


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@home_option
def command(as_json: bool, home: Path | None) -> None:
    """Prove the ledger: each level is the sum of its movements, and reserves what open orders hold.

    Ends with 1 if a level does not, and lists those. It only reads, and may run beside the workers.
    """
    from app.services.queries.ledger_check import levels_counted, mismatches

    with application(settings_at(home)):
        levels, wrong = levels_counted(), mismatches()
    if as_json:
        click.echo(json.dumps({"levels": levels, "mismatches": wrong}, default=str))
    else:
        _print(levels, wrong)
    sys.exit(WRONG if wrong else 0)


def _print(levels: int, wrong: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not wrong:
        click.echo(f"The ledger is right: {levels} levels equal their movements and their open orders.")
        return
    table = Table(title=f"{len(wrong)} of {levels} levels are wrong")
    for column in ("account", "SKU", "location"):
        table.add_column(column)
    for column in ("on hand", "moved", "reserved", "moved", "held by orders"):
        table.add_column(column, justify="right")
    for row in wrong:
        name = escape(row["sku"] or row["title"])
        numbers = ("on_hand", "on_hand_moved", "committed", "committed_moved", "committed_held")
        table.add_row(
            str(row["account_id"]),
            name,
            escape(row["location"] or ""),
            *(str(row[number]) for number in numbers),
        )
    Console().print(table)
    click.echo("Keep a copy of the database and ask for help: the ledger is append-only and explains itself.")
