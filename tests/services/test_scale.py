"""Many at once, and much at once: exact all the same, and at a cost that does not grow with the number."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask

from app.services import reconcile
from app.services.order_effects import apply_orders, begin_fetch
from app.services.threads import in_this_app
from tests.services.shop import Shop, a_line, an_order
from tests.services.world import World, now
from tests.statements import statements

ORDERS = 1000
HOT = [f"H{number}" for number in range(10)]
WORKERS = 4


def test_a_thousand_orders_at_once_on_ten_hot_skus_are_counted_exactly(
    world: World, engine_app: Flask
) -> None:
    """Four workers and two shops; every order is told twice, to two workers. No deadlock reaches anybody."""
    connections = []
    for letter in "AB":
        shop = Shop()
        for sku in HOT:
            shop.stock(f"{letter}-{sku}", sku, 10_000)
        connections.append((world.connect(shop), letter))
    dice, at = random.Random(1), now() + timedelta(hours=1)
    sold: Counter[str] = Counter()
    orders: list[list[object]] = [[], []]
    for number in range(ORDERS):
        shop_number = number % 2
        letter = connections[shop_number][1]
        wanted = {sku: dice.randint(1, 3) for sku in dice.sample(HOT, 3)}
        sold.update(wanted)
        lines = [a_line(f"{letter}-{sku}", units, at=at) for sku, units in wanted.items()]
        orders[shop_number].append(an_order(str(number), *lines, at=at))
    started, failed = threading.Barrier(WORKERS), {}

    def work(worker: int) -> None:
        connection_id = connections[worker % 2][0]
        mine = list(orders[worker % 2])
        random.Random(worker).shuffle(mine)
        started.wait(10)
        for begin in range(0, len(mine), 10):
            found = apply_orders(world.scope(connection_id), mine[begin : begin + 10], begin_fetch())  # type: ignore[arg-type]
            failed.update(found)

    with ThreadPoolExecutor(WORKERS) as pool:
        for begun in [pool.submit(in_this_app(partial(work, worker))) for worker in range(WORKERS)]:
            begun.result()

    assert failed == {}
    assert {sku: world.level(sku) for sku in HOT} == {sku: (10_000, sold[sku]) for sku in HOT}
    [count] = world.one("SELECT count(*) FROM orders")
    assert count == ORDERS
    for connection_id, letter in connections:
        taken = {sku: 10_000 - world.cell(connection_id, f"{letter}-{sku}").account for sku in HOT}
        mine = [line for order in orders[letter == "B"] for line in order.lines]  # type: ignore[attr-defined]
        of_shop: Counter[str] = Counter()
        for line in mine:
            of_shop[line.listing_external_id.split("-")[1]] += line.quantity
        assert taken == of_shop
    world.assert_explained()


def test_a_reconcile_takes_as_many_statements_for_each_thousand_cells(
    world: World, engine_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = replace(
        engine_app.extensions["settings"], drift_settle_seconds=600
    )  # nothing settles meanwhile
    monkeypatch.setitem(engine_app.extensions, "settings", patient)
    costs = []
    for thousands in (1, 2, 3):
        shop = Shop()
        for number in range(thousands * 1000):
            shop.stock(f"{thousands}-{number}", f"S{thousands}-{number}", 10)
        connection = world.connect(shop)
        for listing in shop.skus:
            shop.edit(listing, 7)
        world.sql("UPDATE stock_cells SET check_due_at = now() WHERE connection_id = :c", c=connection)
        with statements() as counted:
            reconcile.reconcile(connection)
        costs.append(sum("drain_leases" not in statement for statement in counted))  # renewed by the clock
        [changed] = world.one(
            "SELECT count(*) FROM stock_cells WHERE connection_id = :c AND drift = -3", c=connection
        )
        assert changed == thousands * 1000
    assert costs[2] - costs[1] == costs[1] - costs[0]
    assert costs[1] - costs[0] < 100
