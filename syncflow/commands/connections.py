"""`syncflow connections`: the connected shops, and how they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from syncflow.terminal import in_table
from syncflow.within import application, home_option, settings_at

COLUMNS = ("id", "shop", "state", "catalog", "to do", "last heard")
COLOURS = {"active": "green", "needs_auth": "red", "disconnected": "dim", "paused": "yellow"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@home_option
def command(as_json: bool, home: Path | None) -> None:
    """List the connected shops of all accounts: state, catalog, and what there is to do."""
    from app.services.queries.connections import all_connections

    with application(settings_at(home)):
        found = all_connections()
    if as_json:
        click.echo(json.dumps({"connections": found}, default=str))
    elif found:
        _print(found)
    else:
        click.echo("No shop is connected yet.")


def _print(found: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for row in found:
        colour = COLOURS.get(row["state"])
        trouble = row["reason"] or (row["last_error"] if row["failures"] else "")
        table.add_row(
            str(row["id"]),
            in_table(f"{row['name']} ({row['platform']})\n{row['shop']}"),
            (f"[{colour}]{row['state']}[/]" if colour else row["state"]) + in_table(f"\n{trouble}".rstrip()),
            _catalog(row["counts"]),
            _to_do(row["counts"]),
            _ago(row["orders_polled_at"]),
        )
    Console().print(table)


def _catalog(counts: dict[str, Any]) -> str:
    unlinked = [f"{n} unlinked: {reason.replace('_', ' ')}" for reason, n in counts["unlinked"].items()]
    return "\n".join([f"{counts['listings']} listings", *unlinked])


def _to_do(counts: dict[str, Any]) -> str:
    names = {
        "pending_events": "events",
        "dirty_cells": "numbers to write",
        "open_attempts": "writes under way",
        "pending_drifts": "changes to settle",
        "checks_due": "numbers to read",
        "failed_cells": "numbers refused",
    }
    return ", ".join(f"{counts[key]} {words}" for key, words in names.items() if counts[key]) or "nothing"


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "never"
    seconds = int((datetime.now(UTC) - moment).total_seconds())
    return f"{seconds} s ago" if seconds < 120 else f"{seconds // 60} min ago"
