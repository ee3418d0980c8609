"""Pages, documents and errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import requests
from flask import Flask
from redis import Redis
from rq import Queue, SimpleWorker

from app.api.docs_page import marked
from app.services.nudge import PAUSED_KEY
from app.services.queries.operations import SCHEDULER_LOCK
from app.services.queue_states import QUEUES
from app.settings import Settings
from tests.api.conftest import Caller, execute, rows
from tests.statements import statements

READ_ONLY = {"database_url": "as it is, and read-only"}


def test_alive_asks_nobody_else(app: Flask, base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {"redis_url": "redis://127.0.0.1:1/0", "database_url": "postgresql://x@127.0.0.1:1/x"}
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], **broken))
    with statements() as sent:
        answer = requests.get(f"{base_url}/healthz", timeout=10)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert sent == []


@pytest.fixture
def workers(clean_redis: str) -> Iterator[Redis]:
    """Every queue has a worker."""
    with Redis.from_url(clean_redis) as client:
        for name in QUEUES:
            SimpleWorker([Queue(name, connection=client)], connection=client).register_birth()
        yield client


@pytest.fixture
def scheduler(settings: Settings) -> Iterator[None]:
    """Some process holds its lock."""
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (SCHEDULER_LOCK,))
        yield


@pytest.mark.usefixtures("scheduler")
def test_ready_while_everything_answers(base_url: str, workers: Redis) -> None:
    answer = requests.get(f"{base_url}/readyz", timeout=10)
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "ok",
        "migrations": "ok",
        "scheduler": "ok",
        "redis": "ok",
        "queues": dict.fromkeys(QUEUES, "ok"),
    }


def test_that_no_scheduler_works_is_told_and_makes_no_web_process_unready(
    base_url: str, workers: Redis
) -> None:
    answer = requests.get(f"{base_url}/readyz", timeout=10)
    assert (answer.status_code, answer.json()["status"]) == (200, "behind")
    assert answer.json()["scheduler"] == "none works"


@pytest.mark.usefixtures("scheduler")
def test_a_queue_without_a_worker_is_named_and_makes_no_web_process_unready(
    base_url: str, workers: Redis
) -> None:
    [dead] = workers.smembers("rq:workers:push")
    workers.delete(dead)  # as when it was killed: its key ran out
    answer = requests.get(f"{base_url}/readyz", timeout=10)
    assert (answer.status_code, answer.json()["status"]) == (200, "behind")
    assert {name: said for name, said in answer.json()["queues"].items() if said != "ok"} == {
        "push": "no worker"
    }


@pytest.mark.usefixtures("scheduler")
def test_a_paused_queue_is_named_and_nothing_is_wrong_with_it(base_url: str, workers: Redis) -> None:
    workers.sadd(PAUSED_KEY, "hints")
    answer = requests.get(f"{base_url}/readyz", timeout=10).json()
    assert (answer["status"], answer["queues"]["hints"]) == ("ok", "paused")


def test_a_queue_whose_next_job_waits_for_long_is_named(base_url: str, workers: Redis) -> None:
    for name in ("sync", "reports"):
        job = Queue(name, connection=workers).enqueue("workers.jobs.reconcile", 1)
        long_ago = datetime.now(UTC) - timedelta(seconds=200)
        workers.hset(job.key, "enqueued_at", long_ago.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    answer = requests.get(f"{base_url}/readyz", timeout=10)
    assert (answer.status_code, answer.json()["status"]) == (200, "behind")
    assert re.fullmatch(r"a job waits for 2\d\d s", answer.json()["queues"]["sync"])
    assert answer.json()["queues"]["reports"] == "ok"  # goes through whole accounts


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"redis_url": "redis://127.0.0.1:1/0"}, {"redis": "does not answer", "queues": {}}),
        ({"database_url": "postgresql://x:secret@127.0.0.1:1/x"}, {"database": "does not answer"}),
        (READ_ONLY, {"database": "takes no writes", "migrations": "ok"}),
    ],
)
def test_not_ready_tells_what_is_missing_but_no_secret(
    app: Flask, base_url: str, monkeypatch: pytest.MonkeyPatch, broken: dict[str, str], said: dict[str, str]
) -> None:
    settings = app.extensions["settings"]
    if broken is READ_ONLY:
        broken = {"database_url": f"{settings.database_url}?options=-c%20default_transaction_read_only%3Don"}
    monkeypatch.setitem(app.extensions, "settings", replace(settings, **broken))
    answer = requests.get(f"{base_url}/readyz", timeout=10)
    assert answer.status_code == 503
    assert answer.json()["status"] == "unwell"
    assert said.items() <= answer.json().items()
    assert "secret" not in answer.text


def test_not_ready_while_migrations_are_missing(base_url: str) -> None:
    (applied,) = rows("SELECT version_num FROM alembic_version")
    execute("UPDATE alembic_version SET version_num = 'older'")
    try:
        answer = requests.get(f"{base_url}/readyz", timeout=10)
    finally:
        execute("UPDATE alembic_version SET version_num = :now", now=applied.version_num)
    assert answer.status_code == 503
    assert "older" in answer.json()["migrations"]


def test_the_openapi_document_names_every_operation_and_type(base_url: str, app: Flask) -> None:
    document = requests.get(f"{base_url}/api/v1/openapi.json", timeout=10).json()
    assert document["openapi"] == "3.1.0"
    routes = {
        re.sub(r"<(?:int:)?(\w+)>", r"{\1}", str(rule))
        for rule in app.url_map.iter_rules()
        if str(rule).startswith("/api/v1/") and not str(rule).endswith("openapi.json")
    }
    assert set(document["paths"]) == routes
    operations = [
        operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    ]
    assert all(operation["summary"] and operation["operationId"] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert {"Connection", "StockPage", "OrderDetail", "Problem", "Status"} <= set(
        document["components"]["schemas"]
    )
    assert document["security"] == [{"token": []}]


def test_the_documentation_asks_no_other_host_for_anything(base_url: str) -> None:
    page = requests.get(f"{base_url}/api/docs", timeout=10)
    assert page.status_code == 200
    assert "/api/v1/connections/{connection_id}/first-sync" in page.text
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?:https?:)?//""", page.text)
    assert "<script" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_documentation_shows_every_operation_and_type_and_leads_to_each(base_url: str) -> None:
    page = requests.get(f"{base_url}/api/docs", timeout=10).text
    document = requests.get(f"{base_url}/api/v1/openapi.json", timeout=10).json()
    ids = re.findall(r' id="([^"]+)"', page)
    operations = [
        operation["operationId"]
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method != "parameters"
    ]
    assert len(ids) == len(set(ids))
    assert {*operations, *document["components"]["schemas"]} <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert "Undefined" not in page


def test_the_documentation_shows_code_as_code_and_words_as_words(base_url: str) -> None:
    page = requests.get(f"{base_url}/api/docs", timeout=10).text
    assert "<code>POST /api/v1/auth/login</code>" in page
    assert "`" not in page
    assert marked("a < b, `x > 1`") == "a &lt; b, <code>x &gt; 1</code>"
    assert marked("an odd ` one <b>") == "an odd <code> one &lt;b&gt;</code>"


def test_home_leads_on(base_url: str) -> None:
    page = requests.get(base_url, timeout=10)
    for path in re.findall(r'href="([^"]+)"', page.text):
        assert requests.get(base_url + path, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/api/v1/auth/login", 405, "method_not_allowed"),
        ("POST", "/api/v1/auth/login", 422, "invalid_input"),
    ],
)
def test_faults_are_problems(base_url: str, method: str, path: str, status: int, code: str) -> None:
    answer = requests.request(method, base_url + path, timeout=10)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)


def test_a_body_that_is_no_json_is_a_problem_too(base_url: str) -> None:
    answer = requests.post(
        f"{base_url}/api/v1/auth/login",
        data="{nonsense",
        headers={"Content-Type": "application/json"},
        timeout=10,
    )
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_bug_is_a_problem_without_its_insides(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr("app.api.status.status", broken)
    answer = merchant.call("GET", "/status")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "1234" not in answer.text


def test_platforms_say_what_to_fill_in_and_whether_they_are_ready(merchant: Caller) -> None:
    found = {row["slug"]: row for row in merchant.get("/platforms")["items"]}
    assert found["woocommerce"]["ready"] is True
    assert found["shopify"]["ready"] is False
    assert "SYNCFLOW_SHOPIFY_CLIENT_SECRET" in found["shopify"]["missing_settings"]
    assert found["shopify"]["capabilities"]["compare_and_set"] is True
    schema = found["woocommerce"]["config_schema"]
    assert schema["required"] == ["store_url"]
    assert schema["properties"]["store_url"]["title"] == "Store address"
    assert schema["properties"]["consumer_secret"]["writeOnly"] is True
