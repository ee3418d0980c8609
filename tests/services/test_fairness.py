"""Shops that hang keep no other's sale from being written, also if there are more of them than threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import redis
from flask import Flask
from rq import Queue

from app.services.nudge import Drain, nudge
from tests.runtime.waiting import wait_for
from tests.services.shop import Shop, a_line, an_order
from tests.services.world import World, now
from workers.worker import Worker

SLOW = 4


@pytest.fixture(params=[(SLOW + 1, 0), (1, SLOW)], ids=["a thread for each", "fewer threads, and spare ones"])
def worker(engine_app: Flask, clean_redis: str, request: pytest.FixtureRequest) -> Iterator[Worker]:
    """One for pushes, in this process."""
    threads, spare = request.param
    with redis.Redis.from_url(clean_redis) as client:
        worker = Worker(Queue("push", connection=client), app=engine_app, threads=threads, spare=spare)
        worker.bootstrap("WARNING")
        stop = threading.Event()

        def work() -> None:
            with engine_app.app_context():
                while not stop.is_set():
                    worker._turn()

        thread = threading.Thread(target=work)
        thread.start()
        yield worker
        stop.set()
        thread.join()
        wait_for(lambda: not worker._under_way, what="the end of all jobs")
        worker.teardown()
        worker._pool.shutdown()


def owe(world: World, connection: int, listing: str) -> None:
    at = now()
    world.take(connection, an_order(f"owed-{connection}", a_line(listing, 3, at=at, effects=()), at=at))


@pytest.mark.usefixtures("worker")
def test_a_sale_is_written_while_other_shops_hang(world: World) -> None:
    hanging, let_go = threading.Barrier(SLOW + 1), threading.Event()
    slow = []
    for number in range(SLOW):
        shop = Shop()
        shop.stock(f"S{number}", f"SLOW-{number}", 10)
        slow.append((world.connect(shop), shop))
    quick = Shop()
    quick.stock("Q", "QUICK", 10)
    sells = world.connect(quick)

    def hang() -> None:
        hanging.wait(60)
        let_go.wait(60)

    for connection, shop in slow:
        shop.before_write.append(hang)
        owe(world, connection, shop_listing(shop))
        nudge(Drain.PUSH, connection)
    try:
        hanging.wait(60)  # every slow shop is in the middle of its call
        owe(world, sells, "Q")
        nudge(Drain.PUSH, sells)
        wait_for(lambda: quick.number("Q") == 7, what="the sale at the quick shop")
        assert all(shop.number(shop_listing(shop)) == 10 for _connection, shop in slow)
    finally:
        let_go.set()
    for _connection, shop in slow:
        wait_for(lambda shop=shop: shop.number(shop_listing(shop)) == 7, what="the slow shops' numbers")


def shop_listing(shop: Shop) -> str:
    return next(iter(shop.skus))
