"""An hour in which no webhook comes: polling alone has to find everything, within what shops let it ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.simulation.shops import Kind, ModelShop
from tests.simulation.world import World

HOUR = 3600.0
HEALED_SECONDS = 90.0
"""95 of 100 orders are known by then."""
SECONDS_BETWEEN_ORDERS = 20.0
MOST_CALLS_A_MINUTE = 30
"""Of one shop, to leave most of the budget to writes: the smallest plans admit ten times as many."""
SKUS = tuple(f"SKU-{number}" for number in range(20))


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_an_hour_without_webhooks_heals_in_time_and_asks_little(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    extensions = world.stage.app.extensions
    usual = replace(extensions["settings"], level_sweep_seconds=900)  # or sweeps help, which come often here
    monkeypatch.setitem(extensions, "settings", usual)
    shops = [world.connect(kind, dict.fromkeys(SKUS, 500)) for kind in Kind]
    calls: Counter[tuple[str, int]] = Counter()
    for shop in shops:
        _count(shop, calls)
    placed: dict[str, datetime] = {}
    world.network.lost = 1.0
    world.ticks = 4.0  # the scheduler looks so much less often here, which only makes it harder
    world.start()
    world.do_beside(lambda: _buy_for(HOUR, world, shops, placed), "buyers")
    world.run(HOUR + 2 * HEALED_SECONDS)

    assert world.rows("SELECT * FROM inbound_events") == []
    rows = world.rows("SELECT external_id, created_at FROM orders")
    known = {row.external_id: row.created_at for row in rows}
    assert known.keys() == placed.keys()
    took = sorted((known[order] - at).total_seconds() for order, at in placed.items())
    assert len(took) > HOUR / SECONDS_BETWEEN_ORDERS / 2
    assert took[len(took) * 95 // 100] <= HEALED_SECONDS
    assert max(calls.values()) <= MOST_CALLS_A_MINUTE, calls.most_common(5)
    world.come_to_rest()
    world.check_at_rest()


def _count(shop: ModelShop, calls: Counter[tuple[str, int]]) -> None:
    """Count what the shop is asked, by shop and minute."""
    answer, write = shop._answer, shop.write_levels

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def one(*args: Any, **kwargs: Any) -> Any:
            calls[shop.name, int(shop.machine.now // 60)] += 1
            return call(*args, **kwargs)

        return one

    shop._answer = counted(answer)  # type: ignore[method-assign]
    shop.write_levels = counted(write)  # type: ignore[method-assign]


def _buy_for(seconds: float, world: World, shops: list[ModelShop], placed: dict[str, datetime]) -> None:
    dice, until = world.machine.random, world.machine.now + seconds
    while world.machine.now < until:
        world.machine.sleep(dice.expovariate(1 / SECONDS_BETWEEN_ORDERS))
        order = dice.choice(shops).buy({dice.choice(SKUS): 1})
        assert order is not None
        placed[order.external_id] = world.machine.utc
