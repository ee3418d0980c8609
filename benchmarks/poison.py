"""`python -m benchmarks.poison [--events 10000]`: one webhook among many that cannot be applied.

How much longer the others take for it, how long it takes to be a dead letter by the retry schedule of
production, and from its replay to its effect. The shop is in memory; PostgreSQL, Valkey, the drain, the tasks
of the clock and the jobs of `retries` are the product's. The log tells of the poison on standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

import redis
from rq import Queue, SimpleWorker
from sqlalchemy import text

from app import create_app
from app.platforms.base import Lane
from app.platforms.errors import Permanent
from app.services import events, sweeper, work
from app.services.dead_letters.follow import follow
from app.services.dead_letters.jobs import note_failed_job
from app.services.dead_letters.replay import replay
from app.services.queries import dead_letters
from app.services.staff.acting import COMMAND_LINE
from app.services.uow import unit_of_work
from app.settings import Settings
from benchmarks.__main__ import environ_of, report
from syncflow import embedded
from syncflow.database import migrate
from tests.services.shop import Shop
from tests.services.world import World, now
from workers.queues import QUEUES

BARS = {
    "processor_ratio": ("<=", 1.2),
    "extra_calls": ("<=", 30),
    "not_applied": ("<=", 0),
    "dead_after_s": ("<=", 60),
    "applied_by_replay": (">=", 1),
    "applied_by_second_replay": ("<=", 0),
}
PATIENCE_SECONDS = 120


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.poison", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    args = parser.parse_args()
    with embedded.throwaway() as services:
        environ = environ_of(services)
        os.environ.update(environ)
        settings = Settings.from_env(environ)
        migrate(settings)
        app = create_app(web=False)
        with app.app_context(), redis.Redis.from_url(settings.redis_url) as client:
            world = World(client)
            with patch.object(work, "open_channel", world.open_channel):
                report(_measure(world, args.events), BARS, as_json=args.json)
    return 0


def _measure(world: World, count: int) -> dict[str, float]:
    _connection, other, without = _drained(world, count, poisoned=False)
    connection, shop, with_poison = _drained(world, count, poisoned=True)
    figures = {
        "events": float(count),
        "without_s": without.wall,
        "with_poison_s": with_poison.wall,
        "processor_ratio": with_poison.processor / without.processor,
        "extra_calls": float(len(shop.fetches) - len(other.fetches)),
        "not_applied": count - 1.0 - _applied(connection),
    }
    began = time.perf_counter()
    _until(world, lambda: dead_letters.count({"connection_id": connection}) == 1)
    figures["dead_after_s"] = time.perf_counter() - began
    [letter] = dead_letters.letters({"connection_id": connection}, limit=1).items
    sys.stdout.write(f"in the console: {letter['what']}: {letter['message']} {letter['remedy']}\n")
    shop.poisonous_orders.clear()
    began, before = time.perf_counter(), _applied(connection)
    replay(COMMAND_LINE, [letter["id"]])
    _until(world, lambda: _state(letter["subject_id"]) == "done")
    figures["replayed_after_s"] = time.perf_counter() - began
    figures["applied_by_replay"] = _applied(connection) - before
    _die_again(letter["subject_id"])
    replay(COMMAND_LINE, [letter["id"]])
    _until(world, lambda: _state(letter["subject_id"]) == "done")
    figures["applied_by_second_replay"] = _applied(connection) - before - figures["applied_by_replay"]
    return figures


@dataclass(frozen=True, slots=True)
class _Seconds:
    """By the clock, which other programs slow down, and of this process's own."""

    wall: float
    processor: float


def _drained(world: World, count: int, *, poisoned: bool) -> tuple[int, Shop, _Seconds]:
    """A shop whose webhooks were worked off, and in how many seconds."""
    shop = Shop()
    shop.stock("A", "SKU", 10 * count)
    connection = world.connect(shop)
    for number in range(count):
        shop.sell(str(number), "A", 1, at=now())
        world.hear(connection, ["order", str(number)])
    if poisoned:
        shop.poisonous_orders[str(count // 2 + 7)] = Permanent("The shop answers with what is no order.")
    began, processor = time.perf_counter(), time.process_time()
    while _any("SELECT 1 FROM inbound_events WHERE state = 'pending' LIMIT 1"):
        events.drain(connection, Lane.ORDERS)
    return connection, shop, _Seconds(time.perf_counter() - began, time.process_time() - processor)


def _until(world: World, done: Callable[[], bool]) -> None:
    """The clock and a worker of `retries`, until it is so."""
    gives_up = time.monotonic() + PATIENCE_SECONDS
    worker = SimpleWorker(
        [Queue("retries", connection=world.redis)],
        connection=world.redis,
        exception_handlers=[lambda job, _kind, err, _trace: note_failed_job(job, err)],
    )
    while not done():
        if time.monotonic() > gives_up:
            raise RuntimeError("it does not come to an end")
        sweeper.wake_due()
        worker.work(burst=True, logging_level="CRITICAL")
        follow(QUEUES)
        time.sleep(0.5)


def _applied(connection: int) -> int:
    """How many orders of the connection moved stock."""
    query = """
        SELECT count(*) FROM stock_movements m
        JOIN order_lines l ON l.id = CAST(split_part(m.source_key, ':', 2) AS bigint)
        JOIN orders o ON o.id = l.order_id WHERE m.cause = 'order' AND o.connection_id = :c
    """
    with unit_of_work() as uow:
        return int(uow.session.execute(text(query), {"c": connection}).scalar_one())


def _state(event_id: int) -> str:
    with unit_of_work() as uow:
        query = text("SELECT state FROM inbound_events WHERE id = :id")
        return str(uow.session.execute(query, {"id": event_id}).scalar_one())


def _die_again(event_id: int) -> None:
    with unit_of_work() as uow:
        uow.session.execute(text("UPDATE inbound_events SET state = 'dead' WHERE id = :id"), {"id": event_id})
        uow.commit()
    follow(QUEUES)


def _any(query: str) -> bool:
    with unit_of_work() as uow:
        return uow.session.execute(text(query)).first() is not None


if __name__ == "__main__":
    sys.exit(main())
