"""One poisoned webhook among a thousand: the others are applied as if it were not there, support finds it
with its reason, and once its cause is mended it is applied, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil, log2

import pytest
from rq import Queue, SimpleWorker

from app.domain.backoff import RETRIES
from app.platforms.errors import Permanent
from app.services import events, sweeper
from app.services.dead_letters.follow import follow
from app.services.dead_letters.jobs import note_failed_job
from app.services.dead_letters.replay import replay
from app.services.nudge import Drain, nudge
from app.services.orders import poll
from app.services.poison import together_or_alone
from app.services.queries import dead_letters
from app.services.staff.acting import COMMAND_LINE
from tests.services.shop import Shop
from tests.services.world import World, now
from workers.queues import QUEUES

EVENTS = 1000
POISONED = 437
"""In the middle of a batch."""


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.stock("A", "SKU", 10 * EVENTS)
    return shop


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    return world.connect(shop)


@pytest.mark.parametrize("fault", [Permanent("Order 437 cannot be read."), KeyError("line_items")])
def test_a_poisoned_event_delays_no_other_is_found_and_is_applied_once_after_the_fix(
    world: World, connection: int, shop: Shop, fault: Exception
) -> None:
    for number in range(EVENTS):
        shop.sell(str(number), "A", 1, at=now())
    shop.poisonous_orders[str(POISONED)] = fault
    ids = hear_all(world, connection)

    nudge(Drain.INTAKE, connection)
    work(world, "intake")
    states = {row.id: (row.state, row.attempts) for row in world.rows("SELECT * FROM inbound_events")}
    assert states.pop(ids[POISONED]) == ("retrying", 1)
    assert set(states.values()) == {("done", 1)}
    assert world.level("SKU")[1] == EVENTS - 1

    for attempt in range(1, RETRIES["event"].attempts):
        assert dead_letters.count({}) == 0
        world.age(timedelta(seconds=RETRIES["event"].delay(attempt, jitter=1.0)))
        sweeper.wake_due()
        work(world, "retries")
    follow(QUEUES)
    [letter] = dead_letters.letters({}, limit=10).items
    assert letter["subject_id"] == ids[POISONED]
    assert (letter["error_class"], letter["attempts"]) == (type(fault).__name__, 5)
    assert letter["remedy"]
    assert len(dead_letters.letter(letter["id"])["history"]) == 5

    shop.poisonous_orders.clear()
    assert replay(COMMAND_LINE, [letter["id"]]) == [letter["id"]]
    sweeper.wake_due()
    work(world, "retries")
    assert world.event(ids[POISONED]).state == "done"
    assert world.level("SKU")[1] == EVENTS
    assert movements(world) == EVENTS

    again = ids[POISONED - 5 : POISONED + 5]
    world.sql("UPDATE inbound_events SET state = 'dead' WHERE id = ANY(:ids)", ids=again)
    follow(QUEUES)
    every = [row["id"] for row in dead_letters.letters({}, limit=250).items]
    assert len(replay(COMMAND_LINE, every)) == len(again)
    sweeper.wake_due()
    work(world, "retries")
    assert {world.event(event_id).state for event_id in ids} == {"done"}
    assert movements(world) == EVENTS
    world.assert_explained()


def test_polls_wait_for_a_poisoned_order_until_it_is_a_dead_letter(
    world: World, connection: int, shop: Shop
) -> None:
    """Or it would be lost; and no longer, or each poll would read more than the last."""
    shop.sell("1", "A", 1, at=now())
    shop.poisonous_orders["1"] = Permanent("cannot be read")
    event_id = world.hear(connection, ["order", "1"])
    world.drain(connection)
    before = cursor_of(world)
    poll(world.scope(connection), world.open_channel(connection))
    assert cursor_of(world) == before
    for _attempt in range(3):
        events.process_one(event_id)
    with pytest.raises(events.EventFailed):
        events.process_one(event_id)
    poll(world.scope(connection), world.open_channel(connection))
    assert cursor_of(world) > before
    follow(QUEUES)
    [letter] = dead_letters.letters({}, limit=10).items
    shop.poisonous_orders.clear()
    replay(COMMAND_LINE, [letter["id"]])
    sweeper.wake_due()
    work(world, "retries")
    assert world.level("SKU")[1] == 1


@pytest.mark.parametrize("poisoned", [0, 57, 99])
def test_a_poisoned_one_costs_its_neighbours_a_few_calls_and_not_one_each(poisoned: int) -> None:
    ids = [str(number) for number in range(100)]
    done: list[str] = []
    calls = 0

    def act(some: Sequence[str]) -> None:
        nonlocal calls
        calls += 1
        if str(poisoned) in some:
            raise KeyError("line_items")
        done.extend(some)

    failed = together_or_alone(ids, act)
    assert set(failed) == {str(poisoned)}
    assert failed[str(poisoned)].error_class == "KeyError"
    assert done == [one for one in ids if one != str(poisoned)]
    assert calls <= 1 + 2 * ceil(log2(len(ids)))


def cursor_of(world: World) -> datetime:
    """How far polls have come."""
    found: datetime = world.one("SELECT coalesce(orders_cursor, created_at) AS at FROM connections").at
    return found


def hear_all(world: World, connection: int) -> list[int]:
    """A webhook of each order. Returns their ids."""
    return [world.hear(connection, ["order", str(number)]) for number in range(EVENTS)]


def work(world: World, queue: str) -> None:
    """Do the jobs of a queue as a worker does."""
    worker = SimpleWorker(
        [Queue(queue, connection=world.redis)],
        connection=world.redis,
        exception_handlers=[lambda job, _kind, err, _trace: note_failed_job(job, err)],
    )
    worker.work(burst=True, logging_level="CRITICAL")


def movements(world: World) -> int:
    """How many there are of orders."""
    return int(world.one("SELECT count(*) AS n FROM stock_movements WHERE cause = 'order'").n)
