"""One rate budget for all workers of a connection, in a real Valkey."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from time import sleep

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.platforms.errors import Transient
from app.platforms.rate_budget import RateBudget

FAR = 1e9


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def redis(clean_redis: str) -> Iterator[Redis]:
    with Redis.from_url(clean_redis) as client:
        yield client


def budget(redis: Redis, *, maximum: float = 10, restore: float = 0.01, name: str = "c1") -> RateBudget:
    """Restores so slowly that no test sees a token come back by itself."""
    time = Time()
    return RateBudget(redis, name, maximum=maximum, restore_per_second=restore, clock=time, sleep=time.sleep)


def test_it_starts_full_and_runs_empty(redis: Redis) -> None:
    ours = budget(redis)
    for _ in range(10):
        ours.acquire(1, 0.0)
    with pytest.raises(Transient) as caught:
        ours.acquire(1, 0.0)
    assert caught.value.retry_after == pytest.approx(100, rel=0.1)


def test_workers_share_it(redis: Redis) -> None:
    budget(redis).acquire(10, 0.0)
    with pytest.raises(Transient):
        budget(redis).acquire(1, 0.0)
    budget(redis, name="c2").acquire(10, 0.0)


def test_many_threads_take_no_more_than_there_is(redis: Redis) -> None:
    taken: list[int] = []
    barrier = threading.Barrier(8)

    def work() -> None:
        ours = budget(redis)
        barrier.wait()
        for _ in range(5):
            try:
                ours.acquire(1, 0.0)
            except Transient:
                continue
            taken.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 10


def test_a_call_waits_for_its_turn_behind_those_that_wait_already(redis: Redis) -> None:
    first, second = Time(), Time()
    for time in (first, second):
        ours = RateBudget(redis, "c1", maximum=10, restore_per_second=1, clock=time, sleep=time.sleep)
        ours.acquire(10, FAR)
    assert first.slept == []
    assert second.slept[0] == pytest.approx(10, abs=2)
    third = Time()
    RateBudget(redis, "c1", maximum=10, restore_per_second=1, clock=third, sleep=third.sleep).acquire(5, FAR)
    assert third.slept[0] == pytest.approx(15, abs=2)


def test_a_refused_call_took_nothing(redis: Redis) -> None:
    ours = budget(redis)
    ours.acquire(6, 0.0)
    with pytest.raises(Transient):
        ours.acquire(5, 0.0)
    ours.acquire(4, 0.0)


def test_a_call_dearer_than_the_whole_bucket_goes_when_it_is_full(redis: Redis) -> None:
    budget(redis).acquire(500, 0.0)


def test_the_platforms_own_numbers_replace_ours(redis: Redis) -> None:
    ours = budget(redis)
    ours.observe(available=100, maximum=200, restore_per_second=0.01)
    ours.acquire(100, 0.0)
    with pytest.raises(Transient):
        budget(redis).acquire(1, 0.0)


def test_what_the_platform_says_does_not_forget_those_that_wait(redis: Redis) -> None:
    time = Time()
    ours = RateBudget(redis, "c1", maximum=10, restore_per_second=1, clock=time, sleep=time.sleep)
    ours.acquire(10, FAR)
    ours.acquire(10, FAR)
    ours.observe(available=3, maximum=10, restore_per_second=0.01)
    with pytest.raises(Transient):
        ours.acquire(1, 0.0)


def test_senseless_numbers_change_nothing(redis: Redis) -> None:
    ours = budget(redis)
    ours.observe(available=0, maximum=0, restore_per_second=0)
    ours.acquire(10, 0.0)


def test_a_pause_holds_everybody_up(redis: Redis) -> None:
    budget(redis).pause(20)
    with pytest.raises(Transient) as caught:
        budget(redis).acquire(1, 5.0)
    assert caught.value.retry_after == pytest.approx(20, abs=2)


def test_a_shorter_pause_does_not_end_a_longer_one(redis: Redis) -> None:
    ours = budget(redis)
    ours.pause(25)
    ours.pause(1)
    with pytest.raises(Transient) as caught:
        ours.acquire(1, 5.0)
    assert caught.value.retry_after == pytest.approx(25, abs=2)


def wait_of(ours: RateBudget) -> float:
    """Seconds until a call of no cost may be sent."""
    with pytest.raises(Transient) as caught:
        ours.acquire(0, 0.0)
    assert caught.value.retry_after is not None
    return caught.value.retry_after


def test_a_lone_short_pause_is_a_moment_and_one_right_after_it_lasts_longer(redis: Redis) -> None:
    ours = budget(redis)
    ours.pause(2)
    ours.pause(2)  # of a call that was under way already
    assert wait_of(ours) <= 0.25
    lasted = []
    for _ in range(4):
        sleep(wait_of(ours) + 0.01)
        ours.pause(2)
        lasted.append(wait_of(ours))
    assert lasted == pytest.approx([0.5, 1, 2, 2], abs=0.2)


def test_an_emptied_redis_starts_anew(redis: Redis) -> None:
    ours = budget(redis)
    ours.acquire(10, 0.0)
    redis.flushall()
    redis.script_flush()
    ours.acquire(10, 0.0)


def test_what_was_learned_outlives_an_emptied_redis(redis: Redis) -> None:
    ours = budget(redis)
    ours.observe(available=200, maximum=200, restore_per_second=0.01)
    redis.flushall()
    ours.acquire(200, 0.0)
    with pytest.raises(Transient):
        ours.acquire(1, 0.0)


class TestWithoutRedis:
    @pytest.fixture
    def away(self) -> Iterator[Redis]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with Redis(port=port, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            yield client

    def test_calls_go_on_at_a_quarter(self, away: Redis) -> None:
        ours = budget(away, maximum=40)
        for _ in range(10):
            ours.acquire(1, 0.0)
        with pytest.raises(Transient):
            ours.acquire(1, 0.0)

    def test_a_call_waits_for_its_turn(self, away: Redis) -> None:
        time = Time()
        ours = RateBudget(away, "c1", maximum=40, restore_per_second=4, clock=time, sleep=time.sleep)
        ours.acquire(10, FAR)
        ours.acquire(1, FAR)
        assert time.slept == [pytest.approx(1.0)]

    def test_pauses_and_observations_are_not_lost_calls(self, away: Redis) -> None:
        ours = budget(away)
        ours.observe(available=5, maximum=80, restore_per_second=0.01)
        ours.acquire(20, 0.0)
        ours.pause(20)
        with pytest.raises(Transient):
            ours.acquire(1, 5.0)


def test_redis_is_asked_again_when_it_is_back(redis: Redis) -> None:
    time = Time()
    ours = RateBudget(redis, "c1", maximum=8, restore_per_second=0.01, clock=time, sleep=time.sleep)
    script, ours._script = ours._script, _Away()
    ours.acquire(2, 0.0)
    ours._script = script
    with pytest.raises(Transient):
        ours.acquire(1, 0.0)
    time.now += 5
    ours.acquire(8, 5.0)


class _Away:
    def __call__(self, **_: object) -> None:
        raise ConnectionError
