"""`syncflow replay`: a past period with another buffer, share, cap or latency; what it would have changed."""

from __future__ import annotations

import heapq
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syncflow.exits import WRONG
from syncflow.terminal import in_table
from syncflow.within import application, home_option, settings_at

if TYPE_CHECKING:
    from app.services.replay import Replayed

LINES = 30
LATENCY_SECONDS = 1.0
LONGEST_LATENCY_SECONDS = 365 * 86400
NUMBERS = ("sold", "oversold", "avoided", "refused", "lost")
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.command()
@click.option("--from", "start", type=MOMENT, required=True, help="When the period begins (UTC).")
@click.option("--to", "end", type=MOMENT, help="When it ends (UTC).  [default: now]")
@click.option("--buffer", type=click.IntRange(0), help="Units that no shop shows.")
@click.option("--share", type=click.IntRange(0, 100), help="Percent of what is available that shops show.")
@click.option("--cap", type=click.IntRange(0), help="The most that a shop shows.")
@click.option(
    "--latency",
    type=click.FloatRange(0, LONGEST_LATENCY_SECONDS),
    default=LATENCY_SECONDS,
    show_default=True,
    help="Seconds from a sale to the other shops' numbers.",
)
@click.option("--connection", help="Change the settings of the shop with this name only.")
@click.option("--account", "account_id", type=int, help="Only this account, by id.")
@click.option("--sku", help="Only this SKU; it is case-sensitive.")
@click.option("--lines", type=click.IntRange(1), default=LINES, show_default=True, help="Most SKUs to list.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@home_option
def command(
    start: datetime,
    end: datetime | None,
    buffer: int | None,
    share: int | None,
    cap: int | None,
    latency: float,
    connection: str | None,
    account_id: int | None,
    sku: str | None,
    lines: int,
    as_json: bool,
    home: Path | None,
) -> None:
    """Say what other settings would have changed in a past period: oversells avoided, sales lost.

    Runs the recorded orders and edits once more. It only reads, asks no shop, and may run beside the workers.
    Settings that are not given stay as they are now. Ends with 1 if there is no such SKU, shop or account.
    docs/users/replay.md defines every figure.
    """
    from app.errors import InvalidInput, NotFound
    from app.services.replay import Period, WhatIf, replay, variants_counted

    period = Period(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC) if end else datetime.now(UTC))
    what_if = WhatIf(timedelta(seconds=latency), buffer, share, cap, connection)
    with application(settings_at(home)):
        total = variants_counted(account_id=account_id, sku=sku)
        if not total:
            _end_without(account_id, sku)
        found = replay(period, what_if, account_id=account_id, sku=sku)
        try:
            told = _summed(_watched(found, total), lines)
        except InvalidInput as err:
            raise click.BadParameter(str(err), param_hint="--to") from err
        except NotFound as err:
            click.echo(str(err), err=True)
            sys.exit(WRONG)
    if as_json:
        click.echo(json.dumps({"from": period.start, "to": period.end, **told}, default=str))
    else:
        _print(told)


def _end_without(account_id: int | None, sku: str | None) -> None:
    where = "No account" if account_id is None else f"No account {account_id}"
    click.echo(f"{where} has {'variants' if sku is None else f'a variant with the SKU {sku!r}'}.", err=True)
    sys.exit(WRONG)


def _watched(found: Iterator[Replayed], total: int) -> Iterator[Replayed]:
    from tqdm import tqdm

    with tqdm(found, total=total, unit="SKU", disable=not sys.stderr.isatty(), leave=False) as watched:
        yield from watched


def _summed(found: Iterator[Replayed], lines: int) -> dict[str, Any]:
    """The totals, and the SKUs that would have changed most; others are not kept."""
    totals = dict.fromkeys(NUMBERS, 0)
    concerned = 0

    def telling() -> Iterator[Replayed]:
        nonlocal concerned
        for one in found:
            for name in NUMBERS:
                totals[name] += getattr(one, name)
            if one.oversold or one.refused:
                concerned += 1
                yield one

    most = heapq.nlargest(lines, telling(), key=lambda one: (one.avoided, one.lost, one.oversold))
    return {"totals": totals, "concerned": concerned, "skus": [asdict(one) for one in most]}


def _print(told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    totals = told["totals"]
    if not told["concerned"]:
        console.print(f"{totals['sold']} units were sold, none oversold, and none would have been lost.")
        return
    table = Table("SKU", "title", show_footer=True)
    table.columns[0].footer = "all"
    for name in ("sold", "oversold", "avoided", "lost"):
        table.add_column(name, justify="right", footer=str(totals[name]))
    for row in told["skus"]:
        numbers = (str(row[name]) for name in ("sold", "oversold", "avoided", "lost"))
        table.add_row(in_table(row["sku"] or "-"), in_table(row["title"]), *numbers)
    console.print(table)
    if told["concerned"] > len(told["skus"]):
        console.print(f"and {told['concerned'] - len(told['skus'])} more SKUs; --lines lists them")
    console.print(
        f"{totals['avoided']} of {totals['oversold']} oversold units avoided, "
        f"{totals['lost']} good sales lost, of {totals['sold']} units sold."
    )
