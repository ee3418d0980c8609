"""A process that shall end leaves what takes long between two batches; the next one loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from app.platforms.base import ExternalProduct
from app.services import events, importer, push, reconcile, stock_catch_up, stopping
from app.services.leases import Work, lease
from app.services.rollups import proof
from app.services.stopping import Stopping
from tests.services.shop import Shop, a_line, an_order
from tests.services.world import World, now


class Told:
    """`set` once the process is told to stop; `clear` it, and it is another process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def set(self) -> None:
        stopping.ask()

    def clear(self) -> None:
        self._patch.setattr(stopping, "_asked", False)


@pytest.fixture
def told_to_stop(monkeypatch: pytest.MonkeyPatch) -> Told:
    told = Told(monkeypatch)
    told.clear()
    return told


def page_by_page(shop: Shop, after_first: Callable[[], None]) -> None:
    """The shop's catalog comes in pages of one; something happens once, after the first."""
    to_do = [after_first]

    def catalog() -> Iterator[Sequence[ExternalProduct]]:
        for listing in shop.skus:
            yield [shop._product(listing)]
            if to_do:
                to_do.pop()()

    shop.catalog = catalog  # type: ignore[method-assign]


def test_an_import_is_left_between_two_pages_and_done_whole_by_the_next(
    world: World, shop: Shop, told_to_stop: Told
) -> None:
    shop.stock("B", "OTHER", 4)
    connection_id = world.add_connection(shop)
    page_by_page(shop, told_to_stop.set)
    with pytest.raises(Stopping):
        importer.run_import(connection_id)
    seen = world.rows("SELECT external_id FROM listings")
    assert 0 < len(seen) < len(shop.skus)
    assert world.one("SELECT state, failures FROM connections") == ("importing", 0)
    told_to_stop.clear()
    importer.run_import(connection_id)
    assert len(world.rows("SELECT external_id FROM listings")) == len(shop.skus)
    assert world.one("SELECT state FROM connections").state == "review"
    assert [r.state for r in world.rows("SELECT state FROM sync_runs")] == ["succeeded"]


def test_what_is_left_gives_its_lease_back(world: World, connection: int, told_to_stop: Told) -> None:
    world.sql("UPDATE connections SET orders_polled_at = NULL, levels_swept_at = NULL")
    told_to_stop.set()
    with pytest.raises(Stopping):
        reconcile.reconcile(connection)
    with lease(Work.RECONCILE, connection) as free:
        assert free is not None
    assert world.one("SELECT failures, backoff_until FROM connections") == (0, None)
    told_to_stop.clear()
    reconcile.reconcile(connection)
    assert world.one("SELECT levels_swept_at FROM connections").levels_swept_at is not None


def test_a_drain_writes_its_batch_and_has_the_rest_woken(
    world: World, connection: int, shop: Shop, told_to_stop: Told
) -> None:
    at = now()
    world.take(connection, an_order("owed", a_line("A", 3, at=at, effects=()), at=at))
    world.redis.flushall()
    world.hear(connection, ["order", "1"])
    told_to_stop.set()
    events.drain(connection, events.Lane.ORDERS)
    assert len(world.queued("intake")) == 1
    assert world.one("SELECT state FROM inbound_events").state == "pending"
    push.drain(connection)
    assert shop.number("A") == 7
    told_to_stop.clear()
    events.drain(connection, events.Lane.ORDERS)
    assert world.one("SELECT state FROM inbound_events").state != "pending"


@pytest.mark.parametrize("nightly", [stock_catch_up.catch_up, proof.prove])
def test_nightly_work_is_left_too(
    world: World, connection: int, told_to_stop: Told, nightly: Callable[[int], object]
) -> None:
    told_to_stop.set()
    with pytest.raises(Stopping):
        nightly(world.account_id)
    told_to_stop.clear()
    nightly(world.account_id)
