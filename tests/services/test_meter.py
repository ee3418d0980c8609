"""What processes count becomes one sum in Redis, whatever happens to them or to it."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import create_engine

from app.measures.catalogue import JOB_SECONDS, JOBS, REQUESTS
from app.measures.meter import GONE_SECONDS, SUM, Meter, read_pools, read_sums
from app.services.figures import Distribution, counted
from tests.services.world import World


@pytest.fixture
def client(clean_redis: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(clean_redis) as found:
        yield found


@pytest.fixture
def meter(client: redis.Redis) -> Iterator[Meter]:
    """Its timer does not come before the test is over."""
    made = Meter(client, on=True, wait_seconds=3600)
    yield made
    made.forget()


def sums_of(client: redis.Redis) -> Mapping[Any, float]:
    return read_sums(client)


def test_values_fall_into_the_bucket_whose_bound_they_do_not_exceed(
    meter: Meter, client: redis.Redis
) -> None:
    for seconds in (0.01, 0.011, 0.05, 4000.0):
        meter.observe(JOB_SECONDS, seconds, "drain_push")
    meter.add()
    [figure] = counted(sums_of(client))
    assert isinstance(figure.value, Distribution)
    assert (figure.metric, figure.labels) == (JOB_SECONDS, ("drain_push",))
    assert figure.value.counts == (1, 2, *[0] * (len(JOB_SECONDS.upper_bounds) - 2), 1)
    assert figure.value.total == pytest.approx(4000.071)


def _work(url: str, rounds: int, start: Any) -> None:
    with redis.Redis.from_url(url) as client:
        meter = Meter(client, on=True, wait_seconds=3600)
        start.wait()
        for _ in range(rounds):
            meter.count(JOBS, "drain_push", "done")
            meter.observe(JOB_SECONDS, 0.5, "drain_push")
            meter.add()
        meter.forget()


def test_processes_and_threads_that_count_at_once_lose_nothing(clean_redis: str, client: redis.Redis) -> None:
    spawning = multiprocessing.get_context("spawn")
    start = spawning.Barrier(3)
    processes = [spawning.Process(target=_work, args=(clean_redis, 50, start)) for _ in range(2)]
    for process in processes:
        process.start()
    _work(clean_redis, 50, start)
    for process in processes:
        process.join()
    sums = sums_of(client)
    assert sums[JOBS.name, ("drain_push", "done"), ""] == 150
    assert sums[JOB_SECONDS.name, ("drain_push",), SUM] == 75


def test_one_meter_serves_many_threads(meter: Meter, client: redis.Redis) -> None:
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        for _ in range(500):
            meter.count(JOBS, "reconcile", "done")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    meter.add()
    assert sums_of(client) == {(JOBS.name, ("reconcile", "done"), ""): 2000}


def test_what_redis_could_not_take_is_added_when_it_is_back(
    meter: Meter, client: redis.Redis, monkeypatch: pytest.MonkeyPatch, logged: list[MutableMapping[str, Any]]
) -> None:
    meter.count(JOBS, "reconcile", "done")
    with monkeypatch.context() as away:
        away.setattr(meter, "_redis", redis.Redis(port=1))
        meter.add()
    assert [line["event"] for line in logged] == ["measures_not_added"]
    meter.count(JOBS, "reconcile", "done")
    meter.add()
    assert sums_of(client) == {(JOBS.name, ("reconcile", "done"), ""): 2}


def test_an_emptied_redis_begins_anew(meter: Meter, client: redis.Redis) -> None:
    meter.count(JOBS, "reconcile", "done")
    meter.add()
    client.flushall()
    meter.count(JOBS, "reconcile", "done")
    meter.add()
    assert sums_of(client) == {(JOBS.name, ("reconcile", "done"), ""): 1}


def test_it_adds_by_itself(client: redis.Redis) -> None:
    meter = Meter(client, on=True, wait_seconds=0.01)
    meter.count(JOBS, "reconcile", "done")
    timer = meter._timer
    assert timer is not None
    timer.join()
    assert sums_of(client) == {(JOBS.name, ("reconcile", "done"), ""): 1}


def test_while_nobody_looks_nothing_is_counted(client: redis.Redis) -> None:
    meter = Meter(client, on=False)
    meter.count(JOBS, "reconcile", "done")
    meter.observe(JOB_SECONDS, 1, "reconcile")
    meter.add()
    assert meter._timer is None
    assert client.keys("*") == []


def test_what_an_earlier_release_counted_is_left_out(client: redis.Redis) -> None:
    old = {
        ("syncflow_gone_total", (), ""): 1.0,
        (REQUESTS.name, ("GET",), ""): 1.0,
        (JOBS.name, ("reconcile", "done"), ""): 1.0,
    }
    assert [figure.metric for figure in counted(old)] == [JOBS]


def test_the_busiest_process_of_a_kind_is_told_while_it_lives(client: redis.Redis) -> None:
    at = 1_000_000.0
    for process, most in (("web", 7), ("push", 2)):
        meter = Meter(client, on=True, process=process, wait_seconds=3600, clock=lambda: at)
        meter.note_in_use(most)
        meter.note_in_use(1)
        meter.count(JOBS, "x", "done")
        meter.add()
        meter.forget()
    assert read_pools(client, at + 1) == {"web": (7, 0), "push": (2, 0)}
    assert read_pools(client, at + GONE_SECONDS) == {"web": (0, 0), "push": (0, 0)}
    read_pools(client, at + 1000 * GONE_SECONDS)
    assert read_pools(client, at) == {}


def test_a_pool_is_watched(engine_app: Flask, world: World, client: redis.Redis) -> None:
    meter = Meter(client, on=True, process="push", wait_seconds=3600)
    engine = create_engine(engine_app.extensions["settings"].sqlalchemy_url, pool_size=2, max_overflow=3)
    meter.watch(engine.pool)
    with engine.connect(), engine.connect():
        pass
    with engine.connect():
        meter.count(JOBS, "x", "done")
    meter.add()
    meter.forget()
    engine.dispose()
    assert read_pools(client, time.time()) == {"push": (2, 5)}
