"""Alerts of the installation and events of merchants: opened once, closed when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from flask import Flask

from app.services.alerts import MANY_DEAD, Watch, watch_credentials
from app.services.credentials import vault
from app.services.nudge import PAUSED_KEY
from app.services.queries import alerts
from app.services.queue_states import QUEUES
from tests.services.world import World


@pytest.fixture(autouse=True)
def _workers(world: World) -> None:
    for queue in QUEUES:
        world.redis.sadd(f"rq:workers:{queue}", f"rq:worker:{queue}")
        world.redis.set(f"rq:worker:{queue}", "alive")


def opened(world: World) -> list[tuple[str, str]]:
    return [
        (row.kind, row.subject)
        for row in world.rows("SELECT kind, subject FROM alerts WHERE cleared_at IS NULL ORDER BY id")
    ]


def events(world: World, kind: str) -> list[tuple[int, bool]]:
    return [
        (row.connection_id, row.over)
        for row in world.rows(
            "SELECT connection_id, cleared_at IS NOT NULL AS over FROM events WHERE kind = :kind ORDER BY id",
            kind=kind,
        )
    ]


def letter(world: World, connection: int, subject: int, *, state: str = "dead", ago: str = "0") -> None:
    world.sql(
        "INSERT INTO dead_letters (kind, subject_id, queue, about_account_id, connection_id, state,"
        " error_class, code, message, failed_at) SELECT 'event', :subject, 'intake', account_id, id, :state,"
        " 'E', 'internal', 'm', now() - CAST(:ago AS interval) FROM connections WHERE id = :id",
        subject=subject,
        state=state,
        ago=ago,
        id=connection,
    )


def test_all_is_well_and_nothing_is_said(world: World, connection: int) -> None:
    watch = Watch()
    watch.look()
    watch.look()
    assert opened(world) == []
    assert world.rows("SELECT * FROM events WHERE kind <> 'low_stock'") == []


def test_what_is_wrong_at_two_looks_opens_one_alert_and_what_is_well_at_two_closes_it(world: World) -> None:
    watch = Watch()
    world.redis.delete("rq:worker:push")
    watch.look()
    assert opened(world) == []
    watch.look()
    watch.look()
    assert opened(world) == [("queue_without_worker", "push")]
    world.redis.set("rq:worker:push", "alive")
    watch.look()
    assert opened(world) == [("queue_without_worker", "push")]
    watch.look()
    assert opened(world) == []
    [row] = world.rows("SELECT cleared_at >= raised_at AS ok FROM alerts")
    assert row.ok


def test_a_restart_within_a_look_says_nothing(world: World) -> None:
    watch = Watch()
    for _minute in range(2):
        world.redis.delete("rq:worker:push")
        watch.look()
        world.redis.set("rq:worker:push", "alive")
        watch.look()
    assert opened(world) == []


def test_another_scheduler_that_takes_over_opens_no_second_one_and_closes_it(world: World) -> None:
    world.redis.delete("rq:worker:push")
    for watch in (Watch(), Watch()):
        watch.look()
        watch.look()
    assert world.one("SELECT count(*) AS count FROM alerts").count == 1
    world.redis.set("rq:worker:push", "alive")
    other = Watch()
    other.look()
    assert opened(world) == []


def test_a_late_queue_and_a_part_that_does_not_work_are_told(world: World) -> None:
    old = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    world.redis.lpush("rq:queue:intake", "job")
    world.redis.hset("rq:job:job", "enqueued_at", old)
    world.sql(
        "INSERT INTO probe_minutes (minute, down)"
        " SELECT date_trunc('minute', now()) - n * interval '1 minute',"
        " CASE WHEN n = 2 THEN CAST('{web,smoke}' AS text[]) ELSE '{web,redis,push}' END"
        " FROM generate_series(0, 3) AS n"
    )
    watch = Watch()
    watch.look()
    watch.look()
    assert opened(world) == [("not_working", "web"), ("queue_late", "intake")]
    [late] = [row for row in alerts.open_alerts() if row["kind"] == "queue_late"]
    assert late["detail"]["waiting"] == 1
    assert late["means"]
    assert late["remedy"]


def test_a_queue_that_staff_paused_is_neither_late_nor_without_a_worker(world: World) -> None:
    world.redis.sadd(PAUSED_KEY, "push")
    world.redis.delete("rq:worker:push")
    watch = Watch()
    watch.look()
    watch.look()
    assert opened(world) == []


def test_without_redis_that_is_what_is_told(
    world: World, engine_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis.Redis(port=1) as gone:
        monkeypatch.setitem(engine_app.extensions, "redis", gone)
        watch = Watch()
        watch.look()
        watch.look()
    assert opened(world) == [("redis_away", "")]


def test_dead_letters_rise_when_many_died_within_an_hour(world: World, connection: int) -> None:
    for number in range(MANY_DEAD - 1):
        letter(world, connection, number)
    letter(world, connection, 100, ago="2 hours")
    letter(world, connection, 101, state="trying")
    watch = Watch()
    watch.look()
    watch.look()
    assert opened(world) == []
    letter(world, connection, 102)
    watch.look()
    watch.look()
    assert opened(world) == [("dead_letters_rising", "")]


def test_many_shops_of_a_platform_that_fail_at_once_are_hardly_the_shops(
    world: World, connection: int, other: int
) -> None:
    world.sql("UPDATE connections SET failures = 3, platform = 'big'")
    watch = Watch()
    watch.look()
    watch.look()
    assert opened(world) == []
    world.sql(
        "INSERT INTO connections (account_id, platform, external_shop_id, name, state, failures)"
        " SELECT account_id, platform, 'third', 'Third', 'active', 3 FROM connections WHERE id = :id",
        id=connection,
    )
    watch.look()
    watch.look()
    assert opened(world) == [("many_shops_fail", "big")]


def test_a_merchant_is_told_once_that_work_failed_for_good_and_that_it_is_over(
    world: World, connection: int, other: int
) -> None:
    watch = Watch()
    letter(world, connection, 1)
    letter(world, connection, 2)
    letter(world, other, 3, state="trying")
    watch.look()
    watch.look()
    assert events(world, "sync_failed") == [(connection, False)]
    world.sql("UPDATE dead_letters SET state = 'mended' WHERE subject_id = 1")
    watch.look()
    assert events(world, "sync_failed") == [(connection, False)]
    world.sql("UPDATE dead_letters SET state = 'discarded' WHERE subject_id = 2")
    watch.look()
    assert events(world, "sync_failed") == [(connection, True)]


def test_a_merchant_is_told_that_a_shop_refuses_us_until_it_is_connected_again(
    world: World, connection: int
) -> None:
    watch = Watch()
    world.sql("UPDATE connections SET state = 'needs_auth', state_reason = 'No.'")
    watch.look()
    watch.look()
    assert events(world, "reconnect_needed") == [(connection, False)]
    world.sql("UPDATE connections SET state = 'active'")
    watch.look()
    assert events(world, "reconnect_needed") == [(connection, True)]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"refresh_token": "r", "refresh_expires_at": 6}, True),
        ({"refresh_token": "r", "refresh_expires_at": 8}, False),
        ({"refresh_token": "r", "expires_at": 0}, False),
        ({"expires_at": 6}, True),
        ({"consumer_key": "k"}, False),
    ],
)
def test_credentials_that_run_out_within_a_week_and_are_not_renewed_are_told(
    world: World, connection: int, document: dict[str, Any], told: bool
) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    sealed = {
        name: (now + timedelta(days=value)).isoformat() if isinstance(value, int) else value
        for name, value in document.items()
    }
    world.sql("UPDATE connections SET credentials = :sealed", sealed=vault().seal(sealed))
    watch_credentials(lambda: now)
    watch_credentials(lambda: now)
    assert events(world, "credentials_expiring") == ([(connection, False)] if told else [])
    if told:
        world.sql("UPDATE connections SET credentials = :sealed", sealed=vault().seal({"a": "b"}))
        watch_credentials(lambda: now)
        assert events(world, "credentials_expiring") == [(connection, True)]


def test_credentials_that_cannot_be_read_stop_nobody_elses(world: World, connection: int) -> None:
    world.sql("UPDATE connections SET credentials = 'nonsense'")
    watch_credentials()
    assert events(world, "credentials_expiring") == []
