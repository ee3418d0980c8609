"""The engine apart from HTTP: orders applied by one worker, readings compared and recorded."""

from __future__ import annotations

import os
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import text

from app.domain.orders import ChannelEffect, LinePart, PartKind
from app.platforms.base import (
    ExternalOrder,
    ExternalOrderLine,
    LevelReading,
    OrderState,
    PaymentState,
)
from app.platforms.registry import platform
from app.services import readings
from app.services.order_effects import Scope, apply_orders, begin_fetch
from app.services.uow import unit_of_work
from benchmarks.world import Made, make_account

ORDERS = 1000
LINES = 3
VARIANTS = 1000
SETTLE = timedelta(seconds=5)


def orders(environ: Mapping[str, str]) -> Callable[[], dict[str, float]]:
    """One worker's process per round: it applies the orders and tells its rate and its peak memory."""

    def round_() -> dict[str, float]:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.engine"],
            env={**os.environ, **environ},
            check=True,
            capture_output=True,
            text=True,
        )
        rate, rss = done.stdout.split()[-2:]
        return {"orders_per_s": float(rate), "worker_rss_mb": float(rss)}

    return round_


def apply_many(app: Flask) -> float:
    """Orders a second, each of LINES lines and in a transaction of its own, on two connections' cells."""
    made = make_account(app, platforms=("woocommerce", "shopify"), variants=VARIANTS, stock=1_000_000)
    scope = Scope(made.connection_ids[0], made.account_id, platform("woocommerce").capabilities, SETTLE)
    rng = random.Random(1)
    batch = [_order(rng, number) for number in range(ORDERS)]
    with app.app_context():
        fetch = begin_fetch()
        started = time.perf_counter()
        if failed := apply_orders(scope, batch, fetch):
            raise RuntimeError(f"{len(failed)} orders were not applied")
        return ORDERS / (time.perf_counter() - started)


def _order(rng: random.Random, number: int) -> ExternalOrder:
    at = datetime.now(UTC).replace(microsecond=0)
    lines = tuple(
        ExternalOrderLine(
            external_id=str(position),
            listing_external_id=str(variant),
            sku=f"SKU-{variant}",
            title="A thing",
            quantity=1,
            unit_price_minor=999,
            parts=(LinePart(PartKind.ORDERED, 1, at),),
            channel_effects=(ChannelEffect(-1, at),),
        )
        for position, variant in enumerate(rng.sample(range(1, VARIANTS + 1), LINES))
    )
    return ExternalOrder(
        external_id=str(number),
        number=str(number),
        state=OrderState.OPEN,
        payment=PaymentState.PAID,
        created_at=at,
        updated_at=at,
        currency="EUR",
        total_minor=2997,
        subtotal_minor=2997,
        tax_minor=0,
        shipping_minor=0,
        discount_minor=0,
        refunded_minor=0,
        customer_key=None,
        lines=lines,
    )


def reading(app: Flask, *, cells: int, changed_percent: int, name: str) -> Callable[[], dict[str, float]]:
    """A reading of `cells` numbers of which some changed, compared and recorded."""
    made = make_account(app, platforms=("woocommerce",), variants=cells, stock=100)
    rounds = iter(range(1, 1000))

    def round_() -> dict[str, float]:
        with app.app_context():
            ticket = _ticket(made)
            changed = max(len(ticket.refs) * changed_percent // 100, 1)
            number = 100 + next(rounds)
            found = [
                LevelReading(ref, number if position < changed else 100)
                for position, ref in enumerate(sorted(ticket.refs))
            ]
            started = time.perf_counter()
            recorded = readings.record(
                ticket, found, elapsed=timedelta(seconds=1), compare_and_set=True, settle=SETTLE
            )
            seconds = time.perf_counter() - started
        if recorded.accepted != changed:
            raise RuntimeError(f"{recorded.accepted} of {changed} changed cells were recorded")
        return {name: seconds}

    return round_


def _ticket(made: Made) -> readings.Ticket:
    with unit_of_work() as uow:
        ids = uow.session.execute(
            text("SELECT id FROM stock_cells WHERE connection_id = :c ORDER BY id"),
            {"c": made.connection_ids[0]},
        ).scalars()
        return readings.named_cells(uow.session, made.connection_ids[0], list(ids))


def main() -> None:
    from app import create_app

    rate = apply_many(create_app(web=False))
    sys.stdout.write(f"{rate} {_peak_mb()}\n")


def _peak_mb() -> float:
    """The most memory this program had. `ru_maxrss` counts what its parent had when it started it."""
    status = Path("/proc/self/status")
    if status.exists():
        (kib,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
        return int(kib) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # macOS, in bytes


if __name__ == "__main__":
    main()
