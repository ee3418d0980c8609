"""Whatever a lost nudge, an emptied Redis or a dead worker leaves behind is found again."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import DataError

from app.services import leases, push, sweeper
from app.services.leases import Work, lease
from app.services.nudge import Drain, begin, nudge
from tests.services.shop import Shop, a_line, an_order, lose_answer
from tests.services.world import World, now
from workers import schedule


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.stock("A", "SKU", 10)
    return shop


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    return world.connect(shop)


def owe(world: World, connection: int) -> None:
    at = now()
    world.take(connection, an_order("owed", a_line("A", 3, at=at, effects=()), at=at))


def test_an_emptied_redis_loses_no_work(world: World, connection: int) -> None:
    world.hear(connection, ["order", "1"])
    owe(world, connection)
    world.redis.flushall()
    sweeper.sweep()
    assert len(world.queued("intake")) == 1
    assert len(world.queued("push")) == 1


def test_a_write_that_nobody_finished_is_found(world: World, connection: int, shop: Shop) -> None:
    owe(world, connection)
    shop.next_writes.append(lose_answer)
    push.drain(connection)
    world.redis.flushall()
    sweeper.sweep()
    assert len(world.queued("push")) == 1


def test_an_import_that_nobody_finished_is_found(world: World, shop: Shop) -> None:
    world.add_connection(shop)
    world.redis.flushall()
    sweeper.sweep()
    assert len(world.queued("sync")) == 1


def test_a_quiet_installation_wakes_nobody(world: World, connection: int) -> None:
    world.settle()
    world.sql("UPDATE connections SET orders_polled_at = now(), levels_swept_at = now()")
    world.redis.flushall()
    sweeper.sweep()
    sweeper.wake_due()
    assert [world.queued(queue) for queue in ("intake", "push", "sync", "retries")] == [[], [], [], []]


def test_a_shop_in_back_off_or_without_credentials_is_not_woken(world: World, connection: int) -> None:
    world.hear(connection, ["order", "1"])
    owe(world, connection)
    for change in (
        "UPDATE connections SET backoff_until = now() + interval '1 minute'",
        "UPDATE connections SET backoff_until = NULL, state = 'needs_auth'",
    ):
        world.sql(change)
        world.redis.flushall()
        sweeper.sweep()
        sweeper.wake_due()
        assert [world.queued(queue) for queue in ("intake", "push", "sync", "retries")] == [[], [], [], []]


def test_what_failed_alone_waits_while_its_shop_is_left_alone(world: World, connection: int) -> None:
    owe(world, connection)
    event_id = world.hear(connection, ["order", "1"])
    cell_id = world.cell(connection, "A").id
    world.sql("UPDATE inbound_events SET state = 'retrying', attempts = 1, next_attempt_at = now()")
    world.sql("UPDATE stock_cells SET failures = 1, next_attempt_at = now()")
    for change in (
        "UPDATE connections SET backoff_until = now() + interval '1 minute'",
        "UPDATE connections SET backoff_until = NULL, state = 'needs_auth'",
    ):
        world.sql(change)
        sweeper.wake_due()
        assert world.queued("retries") == []
    world.sql("UPDATE connections SET state = 'active'")
    sweeper.wake_due()
    assert world.queued("retries") == [f"event-{event_id}-1", f"cell-{cell_id}-1"]


def test_many_retries_begin_some_at_a_time_the_longest_due_first(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "RETRIES_AT_ONCE", 2)
    ids = [world.hear(connection, ["order", str(number)]) for number in range(3)]
    world.sql(
        "UPDATE inbound_events SET state = 'retrying', attempts = 1,"
        " next_attempt_at = now() - id * interval '1 second'"
    )
    sweeper.wake_due()
    assert set(world.queued("retries")) == {f"event-{ids[2]}-1", f"event-{ids[1]}-1"}
    sweeper.wake_due()
    assert world.queued("retries")[2:] == [f"event-{ids[0]}-1"]


def test_what_cannot_be_dropped_keeps_nothing_else_from_it(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = world.hear(connection, ["order", "1"])
    world.sql("UPDATE inbound_events SET state = 'done', received_at = now() - interval '40 days'")
    monkeypatch.setattr(sweeper, "_PURGES", (text("SELECT of_no_column"), *sweeper._PURGES))
    sweeper.house_keeping(30)
    assert world.rows("SELECT 1 FROM inbound_events WHERE id = :id", id=event_id) == []


def test_what_waits_for_a_removed_shop_is_dropped_in_the_end(world: World, connection: int) -> None:
    for state in ("pending", "retrying"):
        world.hear(connection, ["order", state])
        world.sql(
            "UPDATE inbound_events SET state = :state WHERE id = (SELECT max(id) FROM inbound_events)",
            state=state,
        )
    world.sql("UPDATE inbound_events SET received_at = now() - interval '40 days'")
    sweeper.house_keeping(30)
    assert len(world.rows("SELECT 1 FROM inbound_events")) == 2
    world.sql("UPDATE connections SET state = 'disconnected'")
    sweeper.house_keeping(30)
    assert world.rows("SELECT 1 FROM inbound_events") == []


def test_polls_come_due(world: World, connection: int) -> None:
    world.settle()
    world.redis.flushall()
    sweeper.wake_due()
    assert len(world.queued("sync")) == 1


def test_a_nudge_wakes_one_worker_and_a_drain_that_began_lets_the_next_one_through(
    world: World, connection: int
) -> None:
    world.redis.flushall()
    for _ in range(3):
        nudge(Drain.PUSH, connection)
    assert len(world.queued("push")) == 1
    begin(Drain.PUSH, connection)
    nudge(Drain.PUSH, connection)
    assert len(world.queued("push")) == 2


def time_passes(world: World, seconds: int) -> None:
    """For all flags."""
    for flag in world.redis.keys("syncflow:nudge:*"):
        world.redis.expire(flag, world.redis.ttl(flag) - seconds)


def test_a_queue_that_nobody_works_on_does_not_fill_up_with_the_same_job(
    world: World, connection: int
) -> None:
    owe(world, connection)
    world.redis.flushall()
    for _ in range(4):
        sweeper.sweep()
        time_passes(world, 10)
    assert len(world.queued("push")) == 1


def test_a_drain_whose_worker_died_before_it_began_is_woken_again_though_its_flag_stands(
    world: World, connection: int
) -> None:
    owe(world, connection)
    world.redis.flushall()
    sweeper.sweep()
    [taken] = world.queued("push")
    world.redis.delete("rq:queue:push", f"rq:job:{taken}")
    time_passes(world, 10)
    sweeper.sweep()
    assert len(world.queued("push")) == 1


def test_a_retry_that_waits_for_a_worker_is_not_put_beside_itself(world: World, connection: int) -> None:
    event_id = world.hear(connection, ["order", "1"])
    world.sql(
        "UPDATE inbound_events SET state = 'retrying', attempts = 2, next_attempt_at = now() - interval '1s'"
    )
    for _ in range(3):
        sweeper.wake_due()
        world.age(timedelta(minutes=2))
    assert world.queued("retries") == [f"event-{event_id}-2"]


def test_a_retry_is_due_once_and_again_only_if_its_job_was_lost(world: World, connection: int) -> None:
    event_id = world.hear(connection, ["order", "1"])
    world.sql(
        "UPDATE inbound_events SET state = 'retrying', attempts = 2, next_attempt_at = now() - interval '1s'"
    )
    sweeper.wake_due()
    sweeper.wake_due()
    assert world.queued("retries") == [f"event-{event_id}-2"]
    world.redis.flushall()
    world.age(timedelta(minutes=2))
    sweeper.wake_due()
    assert world.queued("retries") == [f"event-{event_id}-2"]


# ------------------------------------------------------------------------------------------ house-keeping


def _partitions(world: World) -> set[str]:
    return {
        row.relname
        for row in world.rows(
            "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
            " AND relname LIKE 'inbound_events%'"
        )
    }


@pytest.fixture
def _drop_partitions(world: World) -> object:
    yield
    for name in _partitions(world) - {"inbound_events_default"}:
        world.sql(f"DROP TABLE {name}")


@pytest.mark.usefixtures("_drop_partitions")
def test_house_keeping_makes_the_coming_months_and_moves_what_the_default_took(
    world: World, connection: int
) -> None:
    kept = [world.hear(connection, ["order", str(number)]) for number in range(3)]
    sweeper.house_keeping(30)
    assert len(_partitions(world)) == 4
    month = world.one("SELECT DISTINCT tableoid::regclass::text AS name FROM inbound_events")
    assert month.name == f"inbound_events_{now():%Y_%m}"
    assert [r.id for r in world.rows("SELECT id FROM inbound_events ORDER BY id")] == kept
    sweeper.house_keeping(30)
    assert len(_partitions(world)) == 4
    assert world.hear(connection, ["order", "new"]) > max(kept)
    world.settle(connection, rounds=1)


@pytest.mark.usefixtures("_drop_partitions")
def test_house_keeping_forgets_what_was_done_and_keeps_what_was_not(world: World, connection: int) -> None:
    done, dead = world.hear(connection, ["order", "1"]), world.hear(connection, ["order", "2"])
    world.sql(
        "UPDATE inbound_events SET state = 'done', received_at = now() - interval '40 days' WHERE id = :i",
        i=done,
    )
    world.sql(
        "UPDATE inbound_events SET state = 'dead', received_at = now() - interval '40 days' WHERE id = :i",
        i=dead,
    )
    sweeper.house_keeping(30)
    assert [r.id for r in world.rows("SELECT id FROM inbound_events")] == [dead]


@pytest.mark.usefixtures("_drop_partitions")
def test_house_keeping_forgets_events_that_were_over_long_ago(world: World, connection: int) -> None:
    ended = {"open": None, "over_lately": 399, "over_long_ago": 401}
    for kind, days in ended.items():
        world.sql(
            "INSERT INTO events (account_id, kind, connection_id, raised_at, cleared_at) SELECT account_id,"
            " :kind, id, now() - interval '500 days', now() - make_interval(days => :days)"
            " FROM connections WHERE id = :id",
            days=days,
            kind=kind,
            id=connection,
        )
    sweeper.house_keeping(30)
    left = world.rows("SELECT kind FROM events WHERE connection_id = :id AND kind LIKE 'o%'", id=connection)
    assert {row.kind for row in left} == {"open", "over_lately"}


# ------------------------------------------------------------------------------------------------ leases


def test_a_lease_is_held_by_one_and_free_when_left(world: World, connection: int) -> None:
    with lease(Work.PUSH, connection) as first, lease(Work.PUSH, connection) as second:
        assert first is not None
        assert second is None
        with lease(Work.ORDERS, connection) as other_work:
            assert other_work is not None
    with lease(Work.PUSH, connection) as third:
        assert third is not None


def test_a_dead_workers_lease_is_taken_over_and_it_cannot_give_away_its_heirs(
    world: World, connection: int
) -> None:
    with lease(Work.PUSH, connection) as dead:
        assert dead
        world.sql("UPDATE drain_leases SET until = now() - interval '1 second'")
        with lease(Work.PUSH, connection) as heir:
            assert heir
            assert not dead.renew()
            dead.release()
            with lease(Work.PUSH, connection) as third:
                assert third is None
            assert heir.renew()


def test_whoever_came_for_a_taken_lease_is_woken_when_it_is_left(world: World, connection: int) -> None:
    world.redis.flushall()
    with lease(Work.ORDERS, connection):
        pass
    assert world.queued("intake") == []
    with lease(Work.ORDERS, connection):
        world.hear(connection, ["order", "1"])
        world.drain(connection)
        assert world.queued("intake") == []
    assert len(world.queued("intake")) == 1


def test_a_lease_that_was_asked_for_is_kept_for_a_moment_for_those_who_left(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for it would else take it before they are woken, again and again."""
    monkeypatch.setattr(leases, "KEPT_SECONDS", 60.0)
    with lease(Work.ORDERS, connection):
        world.hear(connection, ["order", "1"])
        world.drain(connection)  # comes, leaves word and goes
    with lease(Work.ORDERS, connection, wait_seconds=0.05) as waits:
        assert waits is None
    with lease(Work.ORDERS, connection) as comes_back:
        assert comes_back is not None


def test_a_lease_is_renewed_while_its_holder_is_at_work(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 60.0)
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.05)
    with lease(Work.PUSH, connection) as held:
        assert held
        world.sql("UPDATE drain_leases SET until = now() + interval '30 seconds' WHERE kind = 'push'")
        give_up, ends = time.monotonic() + 25, "until < now() + interval '40 seconds'"
        while world.one(f"SELECT {ends} AS soon FROM drain_leases WHERE kind = 'push'").soon:
            assert time.monotonic() < give_up
            time.sleep(0.02)
        with lease(Work.PUSH, connection) as other:
            assert other is None


def test_a_lease_that_ran_out_and_nobody_took_can_be_renewed(world: World, connection: int) -> None:
    with lease(Work.PUSH, connection) as held:
        assert held
        world.sql("UPDATE drain_leases SET until = now() - interval '1 second'")
        assert held.renew()
        with lease(Work.PUSH, connection) as other:
            assert other is None


def test_waiting_for_a_lease_gets_it_when_it_is_left(world: World, connection: int) -> None:
    with lease(Work.PUSH, connection) as held:
        assert held

        def left_meanwhile(_seconds: float) -> None:
            held.release()

        with lease(Work.PUSH, connection, wait_seconds=5, sleep=left_meanwhile) as other:
            assert other is not None


def test_redis_away_loses_a_nudge_and_nothing_else(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import redis

    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    monkeypatch.setitem(current_app.extensions, "redis", nowhere)
    owe(world, connection)
    assert world.level("SKU") == (10, 3)
    push.drain(connection)
    assert world.cell(connection, "A").expected == 7
    nowhere.close()


@pytest.mark.usefixtures("world")
def test_one_tasks_fault_keeps_no_other_of_the_schedule_from_running() -> None:
    stop = threading.Event()

    def fails() -> None:
        raise DataError("statement", None, Exception("integer out of range"))

    with schedule.lock_connection() as connection, ThreadPoolExecutor(2) as pool:
        table = [schedule.Task(60, fails, "fails"), schedule.Task(60, stop.set, "stops")]
        schedule.work_while_locked(connection, table, stop, pool)
    assert stop.is_set()


@pytest.mark.usefixtures("world")
def test_a_task_that_hangs_holds_up_no_other_and_is_not_begun_twice() -> None:
    stop, let_go = threading.Event(), threading.Event()
    hangs, goes_on = [], []

    def hang() -> None:
        hangs.append(1)
        let_go.wait()

    def go_on() -> None:
        goes_on.append(1)
        if len(goes_on) == 5:
            stop.set()

    with schedule.lock_connection() as connection, ThreadPoolExecutor(2) as pool:
        table = [schedule.Task(0, hang, "hangs"), schedule.Task(0, go_on, "goes on")]
        schedule.work_while_locked(connection, table, stop, pool)
        let_go.set()
    assert (len(hangs), len(goes_on)) == (1, 5)


def test_nightly_work_has_each_account_once_a_night_and_not_at_every_start(
    world: World, connection: int
) -> None:
    turn = schedule.at_night(world.account_id, datetime(2026, 11, 25, 12, tzinfo=UTC))
    assert 3 <= turn.hour < 5
    schedule.Nights(turn + timedelta(hours=4)).look(turn + timedelta(hours=4))
    nights = schedule.Nights(turn - timedelta(minutes=5))
    nights.look(turn - timedelta(seconds=1))
    assert world.queued("reports") == []
    nights.look(turn + timedelta(seconds=90))
    assert len(world.queued("reports")) == 3
    world.redis.flushall()
    nights.look(turn + timedelta(seconds=150))
    assert world.queued("reports") == []
    schedule.Nights(turn + timedelta(minutes=1)).look(turn + timedelta(minutes=1))  # another one took over
    assert len(world.queued("reports")) == 3
    world.redis.flushall()
    schedule.Nights(turn - timedelta(days=2)).look(turn + timedelta(hours=1))  # it stood by
    assert world.queued("reports") == []


def test_every_account_with_stock_is_gone_through_at_night(world: World, connection: int) -> None:
    night = datetime(2026, 11, 25, 3, tzinfo=UTC)
    nights = schedule.Nights(night)
    for minute in range(121):
        nights.look(night + timedelta(minutes=minute))
    account = world.account_id
    jobs = ("catch_up_stock_events", "check_ledger", "check_sums")
    assert sorted(world.queued("reports")) == [f"{job}-{account}" for job in jobs]
