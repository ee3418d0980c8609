"""Queues and workers as they are, and a pause that real workers heed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask
from rq import Queue

from app.services import queues
from app.services.nudge import Drain, nudge
from app.services.queries.queues import queues as queues_now
from app.services.queries.queues import workers as workers_now
from app.services.staff.acting import COMMAND_LINE
from tests.api.conftest import rows
from tests.console.conftest import Browser, words_of
from tests.runtime.waiting import wait_for

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def client(clean_redis: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(clean_redis) as client:
        client.flushall()
        yield client


@pytest.fixture
def worker(client: redis.Redis, environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A real one, of the queue `push`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "workers.run", "push"], cwd=PROJECT, env={**os.environ, **environ}
    )
    yield process
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


def give(client: redis.Redis, queue: str, job: str, word: str) -> None:
    Queue(queue, connection=client).enqueue(f"tests.runtime.worker_jobs.{job}", word, result_ttl=0)


def told(client: redis.Redis) -> list[str]:
    return [word.decode() for word in client.lrange("told", 0, -1)]


@pytest.mark.timeout(180)
def test_a_paused_queue_waits_and_goes_on_when_it_is_resumed(
    client: redis.Redis, worker: subprocess.Popen[bytes], staff: Browser
) -> None:
    give(client, "push", "tell", "before")
    wait_for(lambda: told(client) == ["before"], what="the first job", within_seconds=60)
    form = {"reason": "the shop asks for it"}
    paused = staff.post("/admin/queues/push/pause", form, seen="/admin/queues/push")
    assert paused.status_code == 302
    wait_for(
        lambda: [row["state"] for row in workers_now()] == ["suspended"],
        what="the worker to heed it",
        within_seconds=60,
    )
    give(client, "push", "tell", "meanwhile")
    page = words_of(staff.get("/admin/queues/push").text)
    assert "the shop asks for it" in page
    assert client.llen("rq:queue:push") == 1
    client.delete(queues.PAUSED_KEY)
    queues.keep_paused()  # as the scheduler does
    assert queues.is_paused(client, "push")
    assert told(client) == ["before"]
    assert staff.post("/admin/queues/push/resume", seen="/admin/queues/push").status_code == 302
    wait_for(lambda: told(client) == ["before", "meanwhile"], what="the second job", within_seconds=60)
    done = rows("SELECT action, subject_id FROM staff_actions WHERE subject_kind = 'queue' ORDER BY id")
    assert [tuple(row) for row in done] == [("queue.paused", "push"), ("queue.resumed", "push")]


@pytest.mark.timeout(180)
def test_one_sees_what_a_worker_works_on_and_how_much_waits(
    client: redis.Redis, worker: subprocess.Popen[bytes], staff: Browser
) -> None:
    give(client, "push", "hold", "long")
    give(client, "sync", "tell", "nobody takes it")
    wait_for(lambda: told(client) == ["long began"], what="the job", within_seconds=60)
    shown = words_of(staff.get("/admin/workers/").text)
    assert "tests.runtime.worker_jobs.hold('long'): " in shown
    assert str(worker.pid) in shown
    found = {row["queue"]: row for row in queues_now()}
    assert (found["push"]["under_way"], found["push"]["workers"]) == (1, 1)
    assert (found["sync"]["waiting"], found["sync"]["workers"]) == (1, 0)
    assert found["sync"]["oldest_seconds"] >= 0
    home = words_of(staff.get("/admin/").text)
    assert "queue sync Nothing is taken from it." in home
    assert "No scheduler works" in home
    client.set("let-go", 1)
    wait_for(lambda: told(client)[-1] == "long ended", what="its end", within_seconds=60)


def test_nobody_is_woken_for_a_paused_queue(client: redis.Redis) -> None:
    queues.pause(COMMAND_LINE, "push", "a test")
    nudge(Drain.PUSH, 1)
    nudge(Drain.INTAKE, 1)
    assert (client.llen("rq:queue:push"), client.llen("rq:queue:intake")) == (0, 1)
    queues.resume(COMMAND_LINE, "push")
    nudge(Drain.PUSH, 2)
    assert client.llen("rq:queue:push") == 1


def test_what_is_so_already_and_what_does_not_exist_is_said(client: redis.Redis, staff: Browser) -> None:
    def post(path: str, **form: str) -> int:
        return staff.post(f"/admin/queues/{path}", form, seen="/admin/").status_code

    assert post("push/resume") == 409
    assert post("push/pause") == 422  # without a reason
    assert post("push/pause", reason="x" * 501) == 422
    assert post("push/pause", reason="a test") == 302
    assert post("push/pause", reason="again") == 409
    assert post("nothing/pause", reason="a test") == 404
    assert staff.get("/admin/queues/nothing").status_code == 404
    home = words_of(staff.get("/admin/").text)
    assert "paused queue push By sam@syncflow.example: a test" in home
    assert "No worker process runs" in staff.get("/admin/workers/").text


def test_without_redis_the_pages_say_so(app: Flask, staff: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=1)
    monkeypatch.setitem(app.extensions, "redis", nowhere)
    for path in ("/admin/queues/", "/admin/queues/push", "/admin/workers/"):
        answer = staff.get(path)
        assert answer.status_code == 503
        assert "Redis does not answer" in answer.text
    home = staff.get("/admin/")
    assert home.status_code == 200
    assert "Redis does not answer" in home.text
    queues.pause(COMMAND_LINE, "push", "kept in its row, told later")
    nowhere.close()
