"""Random histories of two shops that sell the same things, with all that can go wrong on the way.

Everything is real but the shops, and the time: between two steps everything is made older. When quiet,
every shop shows what the ledger says, and the ledger says what was physically sold.
"""

from __future__ import annotations

import contextlib
import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from app.platforms.errors import Transient
from app.services import push, reconcile, sweeper
from tests.services.shop import Crash, Shop, crash_after, crash_before, lose_answer, lose_request, raising
from tests.services.world import World

OPENING = 12
SKUS = ("X", "Y")
STEPS = 45


class History:
    """`truth` is what is physically left to sell of each SKU."""

    def __init__(self, world: World, seed: int, kinds: tuple[bool, bool], *, edits: bool = False) -> None:
        self.world, self.random, self.edits = world, random.Random(seed), edits
        self.truth = dict.fromkeys(SKUS, OPENING)
        self.shops = []
        for kind in kinds:
            shop = Shop(compare_and_set=kind)
            for sku in SKUS:
                shop.stock(sku, sku, OPENING)
            self.shops.append(shop)
        self.connections = [world.connect(shop) for shop in self.shops]
        self.numbers = map(str, itertools.count(1))
        self.placed: list[tuple[int, str, str, int]] = []

    def live(self) -> None:
        acts = (
            [self.buyer] * 4
            + [self.cancel, self.merchant, self.forget]
            + [self.trouble] * 3
            + [self.work] * 6
        )
        for _step in range(STEPS):
            self.random.choice(acts)()
            if self.random.random() < 0.5:
                self.world.age(timedelta(seconds=self.random.choice([1, 4, 20, 100])))

    def buyer(self) -> None:
        n, sku = self.random.randrange(2), self.random.choice(SKUS)
        units = min(self.random.randint(1, 3), self.shops[n].number(sku))
        if units > 0:
            order_id = next(self.numbers)
            self.shops[n].sell(order_id, sku, units, at=datetime.now(UTC))
            self.truth[sku] -= units
            self.placed.append((n, order_id, sku, units))
            self.tell(n, order_id)

    def cancel(self) -> None:
        if self.placed:
            n, order_id, sku, units = self.placed.pop(self.random.randrange(len(self.placed)))
            self.shops[n].cancel(order_id, at=datetime.now(UTC))
            self.truth[sku] += units
            self.tell(n, order_id)

    def merchant(self) -> None:
        if self.edits:
            n, sku = self.random.randrange(2), self.random.choice(SKUS)
            change = max(self.random.randint(-2, 4), -self.shops[n].number(sku))
            self.shops[n].edit(sku, self.shops[n].number(sku) + change)
            self.truth[sku] += change
            self.world.hear(self.connections[n], ["level", sku, self.shops[n].number(sku)])

    def tell(self, n: int, order_id: str) -> None:
        """Webhooks get lost, come twice, and show numbers of another moment."""
        for _copy in range(self.random.choice([0, 1, 1, 1, 2])):
            self.world.hear(self.connections[n], ["order", order_id])
        sku = self.random.choice(SKUS)
        self.world.hear(self.connections[n], ["level", sku, self.shops[n].number(sku)])

    def trouble(self) -> None:
        n, sku = self.random.randrange(2), self.random.choice(SKUS)
        faults = [raising(Transient("busy"))]
        if not self.edits:
            # An unanswered write and an edit to about the number it would have set look the same.
            faults += [lose_answer, lose_request, crash_before, crash_after]
        fault = self.random.choice(faults)
        self.shops[n].next_writes.append(fault)
        if self.random.random() < 0.5:
            order_id = next(self.numbers)
            if self.shops[n].number(sku) > 0:
                self.truth[sku] -= 1
                hook = self.random.choice([self.shops[n].before_write, self.shops[n].on_read])
                hook.append(lambda: self.late_buyer(n, order_id, sku))

    def late_buyer(self, n: int, order_id: str, sku: str) -> None:
        self.shops[n].sell(order_id, sku, 1, at=datetime.now(UTC))

    def forget(self) -> None:
        self.world.redis.flushall()
        sweeper.sweep()

    def work(self) -> None:
        n = self.random.randrange(2)
        job = self.random.choice([self.world.drain, push.drain, push.drain, reconcile.reconcile])
        with contextlib.suppress(Crash):
            job(self.connections[n])

    def come_to_rest(self) -> None:
        for shop in self.shops:
            shop.next_writes.clear()
            for hooks in (shop.before_write, shop.on_read):
                while hooks:
                    hooks.popleft()()
        for _round in range(8):
            self.world.sql("UPDATE connections SET levels_swept_at = NULL")
            self.world.settle(rounds=2)

    def check(self) -> None:
        self.world.assert_quiet()
        self.world.assert_explained()
        recorded = {r.external_id for r in self.world.rows("SELECT external_id FROM orders")}
        assert recorded == {order_id for shop in self.shops for order_id in shop.orders}
        for sku in SKUS:
            assert self.world.available(sku) == self.truth[sku]
            if not self.edits:
                assert {cause for cause, _, _ in self.world.movements(sku)} <= {"import", "order"}
            for shop in self.shops:
                target = max(self.truth[sku], 0)
                assert shop.number(sku) == target or (target == 0 and shop.number(sku) < 0)


@pytest.mark.parametrize("kinds", [(True, True), (True, False)], ids=["cas", "one-absolute"])
@pytest.mark.parametrize("seed", range(4))
def test_whatever_gets_lost_both_shops_agree_with_what_was_really_sold(
    world: World, seed: int, kinds: tuple[bool, bool]
) -> None:
    history = History(world, seed, kinds)
    history.live()
    history.come_to_rest()
    history.check()


@pytest.mark.parametrize("seed", range(4))
def test_what_merchants_count_in_either_shop_is_kept(world: World, seed: int) -> None:
    history = History(world, 100 + seed, (True, True), edits=True)
    history.live()
    history.come_to_rest()
    history.check()
