"""The uptime figure: what counts as up, what a restart leaves, and what nobody can know."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from flask import Flask
from rq.utils import utcformat
from sqlalchemy.exc import OperationalError

from app.domain.periods import Grain
from app.services import probes, sweeper
from app.services.probes import Seen
from app.services.queries.dashboard.reporting import Span
from app.services.queries.dashboard.uptime import uptime
from app.services.queue_states import QUEUES
from app.services.uptime import Prober, record
from tests.services.threads import in_threads
from tests.services.world import World

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GOOD = Seen()


def at(minutes: float) -> datetime:
    return NOON + minutes * MINUTE


def saw(minutes: Sequence[float], seen: Seen = GOOD) -> None:
    for minute in minutes:
        record(at(minute), seen)


def figures(first: float, end: float, *, now: float) -> dict[str, Any]:
    asked = Span(NOON.date(), NOON.date(), Grain.DAY, [at(first), at(end)], ZoneInfo("UTC"))
    return uptime(asked, now=at(now))


def seconds(found: dict[str, Any]) -> tuple[int, int, int]:
    return found["up_seconds"], found["down_seconds"], found["unknown_seconds"]


# ------------------------------------------------------------------------------------ from minutes to figures


def test_before_the_first_probe_nothing_is_known_and_there_is_no_share(world: World) -> None:
    found = figures(0, 10, now=20)
    assert seconds(found) == (0, 0, 600)
    assert (found["up_ppm"], found["probed_since"], found["last_interruption"]) == (None, None, None)


def test_the_time_before_probes_began_is_unknown_and_counts_neither_way(world: World) -> None:
    saw(range(6, 10))
    found = figures(0, 10, now=10.6)
    assert seconds(found) == (240, 0, 360)
    assert found["up_ppm"] == 1_000_000
    assert found["probed_since"] == at(6)


def test_a_minute_without_a_row_is_a_minute_in_which_the_scheduler_was_down(world: World) -> None:
    saw([0, 1, 2, 5, 6, 7, 8, 9])
    found = figures(0, 10, now=11)
    assert seconds(found) == (480, 120, 0)
    assert found["up_ppm"] == 800_000
    assert (found["interruptions"], found["longest_seconds"]) == (1, 120)
    assert found["last_interruption"] == {"started_at": at(3), "ended_at": at(5), "parts": ["scheduler"]}


def test_a_restart_within_a_minute_is_no_interruption(world: World) -> None:
    """The old process looked early in its last minute, the new one late in the next."""
    saw([0, 1, 2.02, 3.97, 4, 5])
    assert seconds(figures(0, 5, now=6)) == (300, 0, 0)


def test_what_is_mended_within_its_minute_was_up_and_stays_so(world: World) -> None:
    saw([0])
    saw([1.1, 1.3], Seen(down=("web",)))
    saw([1.5])
    saw([1.6], Seen(down=("web",)))  # another scheduler's, on its way out
    saw([2])
    assert seconds(figures(0, 3, now=4)) == (180, 0, 0)


def test_what_is_down_at_every_look_is_down_and_minutes_that_touch_are_one(
    world: World,
) -> None:
    saw([0])
    saw([1, 1.2, 2], Seen(down=("push",)))
    saw([3], Seen(down=("redis", "web")))
    saw([6, 7])
    saw([8], Seen(down=("web",)))
    saw([9, 10])
    found = figures(0, 10, now=11)
    assert seconds(found) == (240, 360, 0)
    assert (found["interruptions"], found["longest_seconds"]) == (2, 300)
    assert found["last_interruption"] == {"started_at": at(8), "ended_at": at(9), "parts": ["web"]}
    earlier = figures(0, 8, now=11)["last_interruption"]
    assert earlier["parts"] == ["push", "redis", "scheduler", "web"]


def test_minutes_of_which_nobody_can_tell_count_neither_way(world: World) -> None:
    saw([0])
    saw([1, 2], Seen(unknown=("web",)))
    saw([3], Seen(unknown=("web",), down=("push",)))
    saw([4])
    found = figures(0, 5, now=6)
    assert seconds(found) == (120, 60, 120)
    assert found["up_ppm"] == 666_666
    assert (found["interruptions"], found["last_interruption"]["parts"]) == (1, ["push"])


def test_an_interruption_that_lasts_is_told_while_it_lasts(world: World) -> None:
    saw([0, 1])
    saw([2], Seen(down=("web",)))
    lasting = figures(0, 60, now=3.6)
    assert seconds(lasting) == (120, 60, 0)
    assert lasting["last_interruption"] == {"started_at": at(2), "ended_at": None, "parts": ["web"]}
    later = figures(0, 60, now=9)  # the scheduler died with it
    assert seconds(later) == (120, 360, 0)
    assert (later["interruptions"], later["last_interruption"]["ended_at"]) == (1, None)
    assert later["last_interruption"]["parts"] == ["scheduler", "web"]


def test_a_minute_whose_row_may_still_come_is_not_judged(world: World) -> None:
    saw([0, 1])
    assert seconds(figures(0, 60, now=3.4)) == (120, 0, 0)
    assert seconds(figures(0, 60, now=3.6)) == (120, 60, 0)


def test_a_period_has_what_lies_in_it_of_an_interruption(world: World) -> None:
    saw([0, 1])
    saw([2, 3, 4, 5], Seen(down=("web",)))
    saw([6, 7])
    assert seconds(figures(0, 3, now=8)) == (120, 60, 0)
    assert seconds(figures(3, 5, now=8)) == (0, 120, 0)
    assert figures(3, 5, now=8)["up_ppm"] == 0
    assert figures(6, 8, now=9)["interruptions"] == 0


def test_a_period_that_is_to_come_is_neither_up_nor_unknown(world: World) -> None:
    saw([0, 1])
    found = figures(60, 70, now=2.6)
    assert (seconds(found), found["up_ppm"]) == ((0, 0, 0), None)


def test_late_words_about_an_earlier_minute_change_nothing(world: World) -> None:
    saw([0, 1, 4])
    saw([2, 3])
    assert world.rows("SELECT count(*) FROM probe_minutes") == [(3,)]
    assert seconds(figures(0, 5, now=6)) == (180, 120, 0)


def test_schedulers_that_look_at_once_count_a_gap_once(world: World) -> None:
    saw([0])
    barrier = threading.Barrier(4)

    def look(minute: int) -> None:
        barrier.wait()
        record(at(minute), GOOD)

    for minute in range(5, 30, 5):
        in_threads(*[partial(look, minute)] * 4)
    assert world.rows("SELECT count(*) FROM interruptions") == [(5,)]
    assert seconds(figures(0, 26, now=27)) == (360, 1200, 0)


def test_minutes_are_forgotten_after_a_week_but_not_since_when_we_look(world: World) -> None:
    saw([0, 1])
    saw([2], Seen(down=("web",)))
    saw([3, 5])
    world.sql("UPDATE probe_minutes SET minute = minute - interval '30 days'")
    world.sql("UPDATE interruptions SET ended_at = now() - interval '401 days' WHERE parts = '{web}'")
    sweeper.house_keeping(30)
    assert world.rows("SELECT minute FROM probe_minutes") == [(at(0) - timedelta(days=30),)]
    assert world.rows("SELECT parts FROM interruptions") == [(["scheduler"],)]


# --------------------------------------------------------------------------------------- what is looked at


class _Web(HTTPServer):
    status = 200


class _Handler(BaseHTTPRequestHandler):
    server: _Web

    def do_GET(self) -> None:
        self.send_response(self.server.status if self.path == "/readyz" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Not on the screen."""


@pytest.fixture
def web() -> Iterator[_Web]:
    server = _Web(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def nobody() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        yield int(listening.getsockname()[1])


@pytest.fixture
def see(world: World, engine_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Seen]:
    monkeypatch.setattr(probes, "PATIENCE_SECONDS", 0.2)
    for queue in QUEUES:
        world.redis.sadd(f"rq:workers:{queue}", f"rq:worker:{queue}")
        world.redis.set(f"rq:worker:{queue}", "alive")

    def see(public: int, local: int) -> Seen:
        settings = replace(
            engine_app.extensions["settings"], public_url=f"http://127.0.0.1:{public}", port=local
        )
        monkeypatch.setitem(engine_app.extensions, "settings", settings)
        return probes.look()

    return see


def test_the_web_is_up_where_shops_reach_it_or_where_it_stands(
    see: Callable[..., Seen], web: _Web, nobody: int, silent: int
) -> None:
    port = web.server_port
    assert see(port, nobody).well
    assert see(nobody, port).well
    assert see(silent, port).well


def test_an_error_of_ours_and_a_closed_port_are_down_whatever_else_is_so(
    see: Callable[..., Seen], web: _Web, nobody: int
) -> None:
    assert see(nobody, nobody) == Seen(down=("web",))
    web.status = 503
    assert see(web.server_port, nobody) == Seen(down=("web",))


def test_no_answer_is_the_networks_doing_until_something_tells(
    see: Callable[..., Seen], world: World, connection: int, web: _Web, nobody: int, silent: int
) -> None:
    """A gate in front of us that wants a password is no sign, either."""
    web.status = 403
    assert see(silent, nobody) == see(web.server_port, nobody) == Seen(unknown=("web",))
    world.sql(
        "INSERT INTO inbound_events (account_id, connection_id, topic, lane, dedupe_key, headers, body)"
        " SELECT account_id, id, 't', 'orders', 'k', '{}', '' FROM connections WHERE id = :id",
        id=connection,
    )
    assert see(silent, nobody).well


def test_a_queue_is_worked_on_if_it_has_a_worker_and_leaves_no_short_job_waiting(
    see: Callable[..., Seen], world: World, web: _Web
) -> None:
    def idle() -> tuple[str, ...]:
        return see(web.server_port, 1).down

    def waits(queue: str, minutes: int) -> None:
        since = utcformat(datetime.now(UTC) - minutes * MINUTE)
        world.redis.lpush(f"rq:queue:{queue}", f"{queue}-{minutes}")
        world.redis.hset(f"rq:job:{queue}-{minutes}", "enqueued_at", since)

    world.redis.delete(*world.redis.smembers("rq:workers:sync"))
    assert idle() == ("sync",)
    world.redis.set("rq:worker:sync", "alive")
    assert idle() == ()
    waits("sync", 60)
    waits("push", 1)
    assert idle() == ()
    waits("push", 6)
    assert idle() == ("push",)


def test_without_redis_nothing_is_synced(
    see: Callable[..., Seen], engine_app: Flask, web: _Web, nobody: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis.Redis(port=nobody) as gone:
        monkeypatch.setitem(engine_app.extensions, "redis", gone)
        assert see(web.server_port, nobody).down == ("redis",)


def test_a_good_minute_is_looked_at_once_and_a_bad_one_again(world: World) -> None:
    answers = iter([Seen(down=("web",)), GOOD, GOOD])
    moment = NOON

    def tick(seconds: int) -> tuple[datetime, list[str]]:
        nonlocal moment
        moment = NOON + timedelta(seconds=seconds)
        prober.tick()
        [(minute, down)] = world.rows("SELECT minute, down FROM probe_minutes ORDER BY minute DESC LIMIT 1")
        return minute, down

    prober = Prober(look=lambda: next(answers), clock=lambda: moment)
    assert tick(0) == (at(0), ["web"])
    assert tick(5) == (at(0), [])
    assert tick(10) == (at(0), [])
    assert tick(60) == (at(1), [])
    assert next(answers, None) is None


def test_while_the_database_is_away_nothing_is_written_and_the_scheduler_lives(
    world: World, logged: list[Any]
) -> None:
    def look() -> Seen:
        raise OperationalError("SELECT", {}, Exception("gone"))

    Prober(look=look).tick()
    assert [entry["event"] for entry in logged if entry["event"] == "not_probed"] == ["not_probed"]
    assert world.rows("SELECT * FROM probe_minutes") == []
