"""`python -m benchmarks.fairness [--json] [--threads N]`: how long one account's sale waits for others.

One worker for each queue. A sale at one shop of a small account is timed from its stored webhook to the write
at the account's other shop: alone, beside an account with 100,000 changed numbers and 5,000 new orders, and
beside four accounts whose shops take three seconds a call.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from flask import Flask
from sqlalchemy import text

from app.services.nudge import Drain, nudge
from app.services.uow import unit_of_work
from benchmarks.fairness_worker import PLATFORM, VARIANTS_OF_ORDERS
from benchmarks.world import Made, make_account

SALES = 7
"""Of each kind; the slowest counts, and how much slower it is than the median of those alone."""
BETWEEN_SECONDS = 0.7
BIG_NUMBERS, BIG_ORDERS = 100_000, 5_000
SLOW_SHOPS, SLOW_SECONDS = 4, 3.0
SLOW_ORDERS = 100
"""Of each: what they ask of the processor is the big account's part."""
LONGEST_SECONDS = 60
SETTLE_SECONDS = 3.0
"""From when the others' work begins until the first sale beside it."""
BARS: dict[str, tuple[str, float]] = {
    "sale_delay_by_big_s": ("<=", 2.0),
    "sale_delay_by_slow_s": ("<=", 2.0),
}
_ids = itertools.count(1)


@dataclass(frozen=True, slots=True)
class _World:
    small: Made
    big: Made
    slow: Sequence[Made]


def measure(
    app: Flask, environ: Mapping[str, str], *, threads: int | None = None
) -> Callable[[], dict[str, float]]:
    """Set up once; each call of the result is one round."""
    pair = (PLATFORM, PLATFORM)
    world = _World(
        make_account(app, platforms=pair, variants=VARIANTS_OF_ORDERS, stock=1_000_000),
        make_account(app, platforms=pair, variants=BIG_NUMBERS, stock=1_000_000),
        [
            make_account(app, platforms=(PLATFORM,), variants=VARIANTS_OF_ORDERS, stock=1_000_000)
            for _ in range(SLOW_SHOPS)
        ],
    )
    more = {"WORKER_THREADS": str(threads)} if threads else {}

    def round_() -> dict[str, float]:
        with (
            app.app_context(),
            redis.Redis.from_url(environ["REDIS_URL"], socket_timeout=LONGEST_SECONDS + 5) as client,
        ):
            with _workers({**environ, **more}, world, client):
                _sell(world.small, client)  # what is needed for the first time is loaded
                alone = _sales(world.small, client)
                _change(world.big, BIG_NUMBERS, BIG_ORDERS)
                time.sleep(SETTLE_SECONDS)
                beside_big = _sales(world.small, client)
            _forget(world.big)
            with _workers({**environ, **more}, world, client):
                _sell(world.small, client)
                for shop in world.slow:
                    _change(shop, VARIANTS_OF_ORDERS, SLOW_ORDERS)
                time.sleep(SETTLE_SECONDS)
                beside_slow = _sales(world.small, client)
            for shop in world.slow:
                _forget(shop)
        usual = statistics.median(alone)
        return {
            "sale_alone_s": usual,
            "sale_delay_by_big_s": max(beside_big) - usual,
            "sale_delay_by_slow_s": max(beside_slow) - usual,
            "sale_beside_big_ratio": statistics.median(beside_big) / usual,
            "sale_beside_slow_ratio": statistics.median(beside_slow) / usual,
        }

    return round_


@contextmanager
def _workers(environ: Mapping[str, str], world: _World, client: redis.Redis) -> Iterator[None]:
    """One for intake, one for pushing, and the scheduler, from nothing."""
    client.flushall()
    seconds = {connection: SLOW_SECONDS for made in world.slow for connection in made.connection_ids}
    commands = [["benchmarks.fairness_worker", queue] for queue in ("intake", "push")]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**os.environ, **environ, "SHOPS": json.dumps(seconds), "LOG_LEVEL": "ERROR"},
        )
        for command in [*commands, ["workers.schedule"]]
    ]
    try:
        while client.scard("rq:workers") < len(commands):
            time.sleep(0.05)
        yield
    finally:
        for process in running:
            process.kill()  # what hangs in a shop that is slow on purpose is not waited for
            process.wait()


def _sales(small: Made, client: redis.Redis) -> list[float]:
    found = []
    for _ in range(SALES):
        found.append(_sell(small, client))
        time.sleep(BETWEEN_SECONDS)
    return found


def _sell(small: Made, client: redis.Redis) -> float:
    """Seconds from the stored webhook to the write at the other shop."""
    at, other = small.connection_ids
    client.delete(f"written:{other}")
    began = time.perf_counter()
    _hear(small, at, 1)
    nudge(Drain.INTAKE, at)
    if client.blpop([f"written:{other}"], timeout=LONGEST_SECONDS) is None:
        return float(LONGEST_SECONDS)
    return time.perf_counter() - began


def _hear(made: Made, connection_id: int, orders: int) -> None:
    first = next(_ids)
    for _ in range(orders - 1):
        next(_ids)
    with unit_of_work() as uow:
        params = {"a": made.account_id, "c": connection_id, "first": first, "last": first + orders - 1}
        uow.session.execute(_HEAR, params)
        uow.commit()


def _change(made: Made, numbers: int, orders: int) -> None:
    """So many numbers are to be written to the account's last shop, and orders to be read from its first."""
    first, last = made.connection_ids[0], made.connection_ids[-1]
    with unit_of_work() as uow:
        uow.session.execute(_STOCK, {"a": made.account_id})
        uow.session.execute(_DIRTY, {"c": last, "numbers": numbers})
        uow.commit()
    _hear(made, first, orders)
    nudge(Drain.INTAKE, first)
    nudge(Drain.PUSH, last)


def _forget(made: Made) -> None:
    """What is left to do for the account."""
    with unit_of_work() as uow:
        for statement in (_NOTHING_DIRTY, _NOTHING_HEARD):
            uow.session.execute(statement, {"a": made.account_id})
        uow.commit()


_HEAR = text(
    """
    INSERT INTO inbound_events (account_id, connection_id, topic, lane, dedupe_key, body)
    SELECT :a, :c, 'orders/updated', 'orders', gen_random_uuid()::text,
        convert_to(json_build_object('id', n)::text, 'UTF8')
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n
    """
)
_STOCK = text("UPDATE stock_levels SET on_hand = on_hand - 1 WHERE account_id = :a")
_DIRTY = text(
    """
    UPDATE stock_cells SET wanted_version = wanted_version + 1, dirty_since = clock_timestamp()
    WHERE id IN (SELECT id FROM stock_cells WHERE connection_id = :c ORDER BY id LIMIT :numbers)
    """
)
_NOTHING_DIRTY = text(
    "UPDATE stock_cells SET synced_version = wanted_version, dirty_since = NULL WHERE account_id = :a"
)
_NOTHING_HEARD = text(
    "UPDATE inbound_events SET state = 'ignored' WHERE account_id = :a AND state = 'pending'"
)


def main() -> int:
    from benchmarks.__main__ import alone

    parser = argparse.ArgumentParser(prog="benchmarks.fairness", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument(
        "--threads", type=int, help="WORKER_THREADS; 1 is a worker that does one job at a time"
    )
    args = parser.parse_args()
    return alone(lambda app, environ: measure(app, environ, threads=args.threads), BARS, as_json=args.json)


if __name__ == "__main__":
    sys.exit(main())
