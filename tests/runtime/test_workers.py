"""Worker processes, real ones: several jobs at a time, an orderly end, and what a killed one leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from rq import Queue
from rq.executions import Execution
from rq.job import Job
from rq.registry import FailedJobRegistry, StartedJobRegistry

from tests.runtime.waiting import wait_for

PROJECT = Path(__file__).parents[2]
THREADS = 3
# The worker as it is, less patient.
COMMAND = """
import sys
from workers import abandoned, run, worker
worker.BEAT_SECONDS, abandoned.SILENT_SECONDS, abandoned.EXECUTION_SECONDS = 0.5, 4, 15
worker.MAINTENANCE_SECONDS, worker.STOP_SECONDS = 1, 3.0
sys.exit(run.main(["push"]))
"""
Start = Callable[..., subprocess.Popen[bytes]]

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def client(clean_redis: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(clean_redis) as client:
        client.flushall()
        yield client


@pytest.fixture
def queue(client: redis.Redis) -> Queue:
    return Queue("push", connection=client)


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Start]:
    """Starts workers of the queue `push`."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**more: str) -> subprocess.Popen[bytes]:
        settings = {**os.environ, **environ, "WORKER_THREADS": str(THREADS), **more}
        worker = subprocess.Popen([sys.executable, "-c", COMMAND], cwd=PROJECT, env=settings)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.wait()


def give(queue: Queue, job: str, word: str, *, timeout: int = 600) -> Job:
    return queue.enqueue(
        f"tests.runtime.worker_jobs.{job}", word, job_timeout=timeout, result_ttl=0, failure_ttl=3600
    )


def told(client: redis.Redis) -> list[str]:
    return [word.decode() for word in client.lrange("told", 0, -1)]


def told_of(client: redis.Redis, *words: str) -> None:
    wait_for(lambda: set(words) <= set(told(client)), what=f"{words}", within_seconds=60)


def is_quiet(queue: Queue) -> bool:
    """Nothing waits, and nothing counts as under way."""
    started = StartedJobRegistry(queue=queue)
    return not queue.get_job_ids() and not queue.connection.zcard(started.key)


def failed(queue: Queue) -> list[str]:
    return FailedJobRegistry(queue=queue).get_job_ids()


def test_jobs_that_hang_hold_up_no_other_while_a_thread_is_free(
    client: redis.Redis, queue: Queue, start: Start
) -> None:
    start()
    give(queue, "hold", "one")
    give(queue, "hold", "two")
    told_of(client, "one began", "two began")
    give(queue, "tell", "sale")
    told_of(client, "sale")
    assert set(told(client)) == {"one began", "two began", "sale"}
    client.set("let-go", 1)
    wait_for(lambda: is_quiet(queue), what="the end of all jobs")
    assert not failed(queue)


def test_no_more_jobs_are_taken_than_there_are_threads(
    client: redis.Redis, queue: Queue, start: Start
) -> None:
    start()
    for word in ("one", "two", "three", "four"):
        give(queue, "hold", word)
    told_of(client, "one began", "two began", "three began")
    assert len(queue.get_job_ids()) == 1
    other = start()
    told_of(client, "four began")
    client.set("let-go", 1)
    wait_for(lambda: is_quiet(queue), what="the end of all jobs")
    assert other.poll() is None


def test_a_worker_that_is_told_to_stop_ends_its_batch_and_another_takes_up_the_rest_at_once(
    client: redis.Redis, queue: Queue, start: Start
) -> None:
    first = start()
    give(queue, "go_on", "long")
    told_of(client, "long began")
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=30) == 0
    assert len(queue.get_job_ids()) == 1
    assert not StartedJobRegistry(queue=queue).get_job_ids(cleanup=False)
    client.delete("told")
    start()
    told_of(client, "long began")
    client.set("let-go", 1)
    told_of(client, "long ended")
    wait_for(lambda: is_quiet(queue), what="the end of all jobs")
    assert not failed(queue)


def test_a_worker_ends_in_time_though_a_job_hangs_and_leaves_it_to_another(
    client: redis.Redis, queue: Queue, start: Start
) -> None:
    first = start()
    hanging = give(queue, "hold", "slow shop")
    told_of(client, "slow shop began")
    give(queue, "tell", "quick")
    told_of(client, "quick")
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=30) == 0
    assert queue.get_job_ids() == [hanging.id]
    client.delete("told")
    client.set("let-go", 1)
    start()
    told_of(client, "slow shop began", "slow shop ended")
    wait_for(lambda: is_quiet(queue), what="the end of all jobs")
    assert not failed(queue)


def test_an_idle_worker_ends_at_once(client: redis.Redis, queue: Queue, start: Start) -> None:
    worker = start()
    give(queue, "tell", "up")
    told_of(client, "up")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0


def test_a_killed_workers_jobs_are_taken_up_by_another_long_before_their_time_is_over(
    client: redis.Redis, queue: Queue, start: Start
) -> None:
    first = start()
    give(queue, "hold", "killed", timeout=7200)
    told_of(client, "killed began")
    first.kill()
    first.wait()
    client.delete("told")
    client.set("let-go", 1)
    start()
    told_of(client, "killed began", "killed ended")
    wait_for(lambda: is_quiet(queue), what="the end of all jobs")
    assert not failed(queue)


def test_a_job_that_was_taken_from_the_queue_and_no_more_is_put_back(
    client: redis.Redis, queue: Queue, start: Start
) -> None:
    """Its worker died in that moment: no record tells of it."""
    give(queue, "tell", "taken")
    client.lmove(queue.key, queue.intermediate_queue.key)
    start()
    told_of(client, "taken")
    wait_for(lambda: is_quiet(queue), what="the end of all jobs")
    assert not client.exists(queue.intermediate_queue.key)
    assert not failed(queue)


def test_a_job_whose_worker_died_between_its_record_and_its_start_is_put_back(
    client: redis.Redis, queue: Queue, start: Start
) -> None:
    job = give(queue, "tell", "taken")
    client.lmove(queue.key, queue.intermediate_queue.key)
    with client.pipeline() as pipeline:
        Execution.create(job, 1, pipeline, worker_name="dead")
        pipeline.execute()
    start()
    told_of(client, "taken")
    wait_for(lambda: is_quiet(queue), what="the end of all jobs")
    assert not client.exists(queue.intermediate_queue.key)
    assert not failed(queue)


def test_a_job_that_takes_its_workers_along_fails_in_the_end(
    client: redis.Redis, queue: Queue, start: Start
) -> None:
    job = give(queue, "take_worker_along", "poison")
    for _ in range(3):
        worker = start()
        wait_for(lambda worker=worker: worker.poll() is not None, what="the worker's end", within_seconds=60)
    start()
    wait_for(lambda: failed(queue) == [job.id], what="the job's failure", within_seconds=60)
    give(queue, "tell", "others go on")
    told_of(client, "others go on")


def test_a_job_that_overruns_is_ended_and_its_thread_serves_the_next(
    client: redis.Redis, queue: Queue, start: Start
) -> None:
    start(WORKER_THREADS="1")
    job = give(queue, "hold", "for ever", timeout=1)
    give(queue, "tell", "next")
    told_of(client, "for ever began", "next")
    assert failed(queue) == [job.id]
    assert "JobTimeoutException" in str(job.latest_result().exc_string)


def test_a_failing_job_is_kept_and_ends_nothing_else(client: redis.Redis, queue: Queue, start: Start) -> None:
    worker = start()
    job = give(queue, "fail", "no such thing")
    give(queue, "tell", "next")
    told_of(client, "next")
    wait_for(lambda: failed(queue) == [job.id], what="the failure")
    assert worker.poll() is None


def test_a_worker_goes_on_and_is_known_again_after_redis_was_emptied(
    client: redis.Redis, queue: Queue, start: Start
) -> None:
    start()
    give(queue, "hold", "before")
    told_of(client, "before began")
    client.flushall()
    client.set("let-go", 1)
    told_of(client, "before ended")
    wait_for(lambda: client.scard("rq:workers"), what="the worker's new record")
    give(queue, "tell", "after")
    told_of(client, "after")
    wait_for(lambda: is_quiet(queue), what="the end of all jobs")
    assert not failed(queue)
    assert not client.keys("rq:job:*")
