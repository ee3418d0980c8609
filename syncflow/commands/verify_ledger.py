"""`syncflow verify-ledger [--repair]`: does the ledger agree with itself, the orders and the cells?"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from syncflow.exits import WRONG
from syncflow.terminal import in_table
from syncflow.within import application, home_option, settings_at

FAULTS = {
    "drift": "its drift ({drift:+d}) is not the one on record ({drift_on_record:+d})",
    "version": "more was written ({synced_version}) than was wanted ({wanted_version})",
    "attempt": "nobody will learn whether the write of {attempted} arrived",
}

LEVEL_NUMBERS = ("on_hand", "on_hand_moved", "committed", "committed_moved", "committed_held")
REPAIR = {False: "what would be done", True: "what was done"}


@click.command()
@click.option("--repair", is_flag=True, help="Do what it says it would do.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@home_option
def command(repair: bool, as_json: bool, home: Path | None) -> None:
    """Prove the ledger: each level is the sum of its movements, and reserves what open orders hold; and what
    is believed of each shop's numbers agrees with what is on record.

    Lists what does not, with what would mend it, and ends with 1. Without --repair it only reads. It may
    run beside the workers. A repair never changes history: it books the difference.
    """
    from app.services import ledger_repair
    from app.services.queries.ledger_check import levels_counted

    with application(settings_at(home)):
        levels, found = levels_counted(), ledger_repair.mismatches()
        if repair and found:
            found = ledger_repair.repair(found, actor="cli")
    if as_json:
        document = {"levels": levels, "mismatches": found.levels, "cells": found.cells, "repaired": repair}
        click.echo(json.dumps(document, default=str))
    elif found:
        _print_levels(levels, found.levels, repaired=repair)
        _print_cells(found.cells, repaired=repair)
        click.echo(
            "Repaired, and written to the audit log." if repair else "Nothing was changed: --repair does it."
        )
    else:
        click.echo(f"The ledger is right: {levels} levels equal their movements and their open orders.")
    sys.exit(WRONG if found and not repair else 0)


def _print_levels(levels: int, wrong: Sequence[dict[str, Any]], *, repaired: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    if not wrong:
        return
    table = Table("account", "SKU", "location", title=f"{len(wrong)} of {levels} levels are wrong")
    for column in ("on hand", "moved", "reserved", "moved", "held by orders"):
        table.add_column(column, justify="right")
    table.add_column(REPAIR[repaired])
    for row in wrong:
        table.add_row(
            str(row["account_id"]),
            in_table(row["sku"] or row["title"]),
            in_table(row["location"] or ""),
            *(str(row[number]) for number in LEVEL_NUMBERS),
            _level_repair(row),
        )
    Console(highlight=False).print(table)


def _print_cells(wrong: Sequence[dict[str, Any]], *, repaired: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    if not wrong:
        return
    table = Table("account", "SKU", "shop", title=f"{len(wrong)} numbers of shops are wrong")
    for column in ("what is wrong", REPAIR[repaired]):
        table.add_column(column)
    for row in wrong:
        table.add_row(
            str(row["account_id"]),
            in_table(row["sku"] or row["external_stock_id"]),
            in_table(row["connection"]),
            "; ".join(FAULTS[fault].format(**row) for fault in row["faults"]),
            "read it again and compare",
        )
    Console(highlight=False).print(table)


def _level_repair(row: dict[str, Any]) -> str:
    steps = []
    if (row["on_hand"], row["committed"]) != (row["on_hand_moved"], row["committed_moved"]):
        moved = f"{row['on_hand_moved']} on hand, {row['committed_moved']} reserved"
        steps.append(f"set it to its movements: {moved}")
    if difference := row["committed_held"] - row["committed_moved"]:
        steps.append(f"book {difference:+d} reserved")
    return "; ".join(steps)
