"""Syncing over the API: runs, their items, dry runs, brakes, and how a connection is doing."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.remedies import remedy
from app.models import Connection
from app.platforms.errors import AuthExpired, Transient
from app.platforms.http import CallRecord, OutcomeUnknown
from app.platforms.rate_budget import RateBudget
from app.services import connecting, run_book
from app.services.credentials import vault
from app.services.uow import unit_of_work
from tests.api.books import Books, hear, keep_books
from tests.api.conftest import Caller, execute, rows
from tests.api.fake_platform import FakeChannel

MakeConnection = Callable[..., Connection]


@pytest.fixture
def connection(merchant: Caller, make_connection: MakeConnection) -> Connection:
    return make_connection(merchant.account_id, name="Blue")


@pytest.fixture
def books(connection: Connection) -> Books:
    return keep_books(connection, variants=3)


def write(connection: Connection, *, outcome: str = "applied", message: str = "", times: int = 1) -> None:
    """Numbers that were written to the shop."""
    execute(
        """
        INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind,
            from_quantity, to_quantity, wanted_version, outcome, started_at, deadline_at, closed_at, message)
        SELECT c.account_id, c.connection_id, c.id, gen_random_uuid(), 1, 'set', 10, 8, 1, :outcome, now(),
            now(), now(), :message
        FROM stock_cells c CROSS JOIN generate_series(1, :times) WHERE c.connection_id = :id
        """,
        id=connection.id,
        outcome=outcome,
        message=message,
        times=times,
    )


# -------------------------------------------------------------------------------------------------- runs


def test_a_run_is_asked_for_once_and_polled(merchant: Caller, connection: Connection, books: Books) -> None:
    asked = merchant.post("/sync/runs", {"connection_id": connection.id})
    assert asked.status_code == 202
    assert (asked.json()["state"], asked.json()["kind"], asked.json()["trigger"]) == (
        "running",
        "manual",
        "person",
    )
    assert merchant.post("/sync/runs", {"connection_id": connection.id}).json()["id"] == asked.json()["id"]
    everything = merchant.post("/sync/runs", {})
    assert everything.json()["connection_id"] is None
    variant = merchant.post("/sync/runs", {"variant_id": books.variant_ids[0]})
    assert variant.status_code == 202
    assert merchant.get(f"/sync/runs/{asked.json()['id']}")["connection_name"] == "Blue"
    assert len(merchant.get("/sync/runs", kind="manual")["items"]) == 3
    audited = rows("SELECT 1 FROM audit_log WHERE action = 'sync.asked'")
    assert len(audited) == 4


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"connection_id": 2**40}, 404),
        ({"variant_id": 1, "product_id": 1}, 422),
        ({"connection_id": "1"}, 422),
        ({"connection_id": 2.6e-42}, 422),
        ({"unknown": 1}, 422),
        ({"connection_id": 2**70}, 422),
        ([], 422),
    ],
)
def test_what_cannot_be_run_is_refused(
    merchant: Caller, connection: Connection, given: Any, status: int
) -> None:
    assert merchant.post("/sync/runs", given).status_code == status


def test_a_shop_that_cannot_be_worked_on_is_a_conflict(
    merchant: Caller, make_connection: MakeConnection
) -> None:
    dead = make_connection(merchant.account_id, state="needs_auth")
    answer = merchant.post("/sync/runs", {"connection_id": dead.id})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_runs_are_asked_for_only_so_often(merchant: Caller, connection: Connection) -> None:
    statuses = {merchant.post("/sync/runs", {"connection_id": connection.id}).status_code for _ in range(61)}
    assert statuses == {202, 429}


def test_runs_are_listed_by_what_they_are(merchant: Caller, connection: Connection, books: Books) -> None:
    write(connection, outcome="rejected", message="no such item")
    run_book.sum_up_pushes()
    merchant.post("/sync/runs", {})
    found = merchant.get("/sync/runs")["items"]
    assert {run["kind"] for run in found} == {"push", "manual"}
    [failed] = merchant.get("/sync/runs", not_well="true")["items"]
    assert (failed["state"], failed["error"]) == ("failed", "no such item")
    assert merchant.get("/sync/runs", state="failed", connection_id=connection.id)["items"] == [failed]
    assert merchant.get("/sync/runs", connection_id=0)["items"] == []
    assert merchant.get("/sync/runs", since="2099-01-01T00:00:00Z")["items"] == []
    assert len(merchant.get("/sync/runs", until="2099-01-01T00:00:00Z")["items"]) == 2
    assert merchant.call("GET", "/sync/runs?since=yesterday").status_code == 422
    assert merchant.call("GET", "/sync/runs?kind=other").status_code == 422


def test_runs_and_items_come_in_pages(merchant: Caller, connection: Connection, books: Books) -> None:
    write(connection, times=3)
    run_book.sum_up_pushes()
    for variant in books.variant_ids:
        merchant.post("/sync/runs", {"variant_id": variant})
    for path in (
        "/sync/runs",
        f"/sync/runs/{merchant.get('/sync/runs', kind='push')['items'][0]['id']}/items",
    ):
        whole = merchant.get(path)["items"]
        walked, cursor = [], None
        while True:
            page = merchant.get(path, limit=2, **({"cursor": cursor} if cursor else {}))
            walked += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        assert [item["id"] for item in walked] == [item["id"] for item in whole]
        assert len(whole) > 2
        assert merchant.call("GET", f"{path}?cursor=WyJ4Iiwx").status_code == 422
        assert merchant.call("GET", f"{path}?cursor=WyJ4IiwxXQ").status_code == 422


def test_items_leave_as_a_file_whole_and_without_formulas(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    execute("UPDATE variants SET title = '=cmd()' WHERE id = :id", id=books.variant_ids[0])
    write(connection, times=600)
    run_book.sum_up_pushes()
    [run] = merchant.get("/sync/runs", kind="push")["items"]
    answer = merchant.call("GET", f"/sync/runs/{run['id']}/items.csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    found = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(found) == 1800
    assert {row["title"] for row in found} == {"'=cmd()", "Cup 100% no. 1", "Cup 100% no. 2"}
    assert {(row["from_quantity"], row["to_quantity"]) for row in found} == {("10", "8")}
    one = merchant.call("GET", f"/sync/runs/{run['id']}/items.csv?outcome=rejected")
    assert len(one.text.splitlines()) == 1


def test_an_account_sees_and_starts_nothing_of_another(
    merchant: Caller, make_merchant: Callable[[], Caller], connection: Connection, books: Books
) -> None:
    write(connection)
    run_book.sum_up_pushes()
    [run] = merchant.get("/sync/runs")["items"]
    stranger = make_merchant()
    assert stranger.get("/sync/runs")["items"] == stranger.get("/brakes")["items"] == []
    assert stranger.get("/sync/preview")["items"] == []
    for method, path in (
        ("GET", f"/sync/runs/{run['id']}"),
        ("GET", f"/sync/runs/{run['id']}/items"),
        ("GET", f"/sync/runs/{run['id']}/items.csv"),
        ("POST", f"/sync/runs/{run['id']}/undo"),
        ("GET", f"/sync/preview?connection_id={connection.id}"),
        ("GET", f"/sync/preview/totals?connection_id={connection.id}"),
        ("GET", f"/connections/{connection.id}/health"),
        ("POST", f"/connections/{connection.id}/test"),
        ("POST", f"/connections/{connection.id}/webhooks"),
    ):
        assert stranger.call(method, path).status_code == 404, path
    assert stranger.post("/sync/runs", {"connection_id": connection.id}).status_code == 404
    assert stranger.post("/sync/runs", {"variant_id": books.variant_ids[0]}).status_code == 404
    assert stranger.post(f"/connections/{connection.id}/reconnect", {}).status_code == 404


def test_only_a_run_that_is_over_and_changed_the_stock_is_undone(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    running = merchant.post("/sync/runs", {"connection_id": connection.id}).json()
    assert merchant.post(f"/sync/runs/{running['id']}/undo").status_code == 409
    write(connection)
    run_book.sum_up_pushes()
    [pushed] = merchant.get("/sync/runs", kind="push")["items"]
    assert merchant.post(f"/sync/runs/{pushed['id']}/undo").status_code == 409
    execute("UPDATE sync_runs SET state = 'succeeded', finished_at = clock_timestamp() WHERE kind = 'manual'")
    answer = merchant.post(f"/sync/runs/{running['id']}/undo")
    assert (answer.status_code, answer.json()) == (200, {"movements": 0})


# ---------------------------------------------------------------------------------------- dry run, brakes


def test_a_dry_run_shows_what_a_run_would_write(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    [row] = merchant.get("/sync/preview", connection_id=connection.id)["items"]
    assert (row["from_quantity"], row["to_quantity"], row["written"], row["obstacle"]) == (10, 8, True, "")
    assert "open orders hold 2" in row["causes"]
    assert merchant.get("/sync/preview", effect="lowered", q="cup")["items"] == [row]
    assert merchant.get("/sync/preview", effect="held")["items"] == []
    assert merchant.get("/sync/preview", q="no such thing")["items"] == []
    [shop] = merchant.get("/sync/preview/totals")["connections"]
    assert (shop["connection_id"], shop["lowered"], shop["held"]) == (connection.id, 1, 0)
    merchant.post("/account/stop-writes")
    [row] = merchant.get("/sync/preview", variant_id=books.variant_ids[0])["items"]
    assert (row["written"], row["effect"], row["obstacle_code"]) == (False, "held", "writes_stopped")
    assert row["obstacle"] == "all writes of the account are stopped"
    assert row["why"] == {"on_hand": 10, "committed": 2, "is_bundle": False, "by_rules": False}
    [shop] = merchant.get("/sync/preview/totals", variant_id=books.variant_ids[0])["connections"]
    assert (shop["lowered"], shop["held"]) == (0, 1)
    assert merchant.call("GET", "/sync/preview?variant_id=1&product_id=2").status_code == 422


def test_brakes_that_are_on_are_listed_and_their_release_is_a_run(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    execute("UPDATE connections SET braked_at = now() WHERE id = :id", id=connection.id)
    execute(
        "INSERT INTO events (account_id, kind, connection_id, detail, raised_at)"
        " VALUES (:account, 'brake', :id, '{\"changed\": 40}', now())",
        account=merchant.account_id,
        id=connection.id,
    )
    [brake] = merchant.get("/brakes")["items"]
    assert (brake["kind"], brake["connection_id"], brake["detail"]) == (
        "stock",
        connection.id,
        {"changed": 40},
    )
    assert merchant.get(f"/connections/{connection.id}/health")["reasons"] == ["braked"]
    assert merchant.post(f"/connections/{connection.id}/release-brake").status_code == 200
    assert merchant.get("/brakes")["items"] == []
    assert [run["trigger"] for run in merchant.get("/sync/runs")["items"]] == ["brake_release"]


# ------------------------------------------------------------------------------------------------- health


def test_the_health_of_a_shop_says_why_and_what_to_do(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    found = merchant.get(f"/connections/{connection.id}/health")
    assert (found["light"]["colour"], found["light"]["code"], found["reasons"]) == ("green", "well", [])
    assert found["credentials"] == {"state": "stored", "expires_at": None}
    assert found["rate_budget"] is None
    assert found["error_rate"] is None
    hear(connection, "orders/updated")
    execute("UPDATE inbound_events SET received_at = received_at - interval '10 minutes'")
    found = merchant.get(f"/connections/{connection.id}/health")
    assert (found["light"]["colour"], found["pending_events"]) == ("amber", 1)
    assert found["light"]["remedy"]


def test_the_health_knows_calls_budget_webhooks_and_when_credentials_end(
    merchant: Caller, connection: Connection, app: Any
) -> None:
    for status in (200, 200, 503, 429):
        app.extensions["calls"].note(
            CallRecord(connection.id, "GET", "shop", "orders", status, "", 1, 1.0, 0.2)
        )
    app.extensions["calls"].flush()
    budget = RateBudget(app.extensions["redis"], f"connection:{connection.id}")
    budget.observe(available=30, maximum=80, restore_per_second=0.001)
    sealed = vault().seal(
        {"token": "t", "refresh_token": "r", "refresh_expires_at": "2027-02-01T00:00:00+00:00"}
    )
    execute("UPDATE connections SET credentials = :c WHERE id = :id", c=sealed, id=connection.id)
    execute(
        "INSERT INTO webhook_days (account_id, connection_id, day, announced, missed)"
        " VALUES (:account, :id, (now() AT TIME ZONE 'UTC')::date, 9, 1)",
        account=merchant.account_id,
        id=connection.id,
    )
    found = merchant.get(f"/connections/{connection.id}/health")
    assert (found["calls"], found["failed_calls"], found["error_rate"]) == (4, 1, 0.25)
    assert found["mean_latency_ms"] == 200
    assert found["webhook_coverage"] == 0.9
    assert 30 <= found["rate_budget"]["calls"] < 31
    assert found["rate_budget"]["maximum"] == 80
    assert found["credentials"]["expires_at"].startswith("2027-02-01")
    execute("UPDATE connections SET credentials = 'x' WHERE id = :id", id=connection.id)
    assert merchant.get(f"/connections/{connection.id}/health")["credentials"]["state"] == "unreadable"


def test_a_connection_that_works_is_said_to_and_may_go_on(merchant: Caller, connection: Connection) -> None:
    execute(
        "UPDATE connections SET failures = 3, backoff_until = now() + interval '1 minute' WHERE id = :id",
        id=connection.id,
    )
    answer = merchant.post(f"/connections/{connection.id}/test")
    assert answer.status_code == 200
    assert answer.json()["ok"]
    [row] = rows("SELECT failures, backoff_until FROM connections")
    assert (row.failures, row.backoff_until) == (0, None)


@pytest.mark.parametrize(
    ("fault", "state", "code"),
    [
        (AuthExpired("The key is dead."), "needs_auth", "platform_auth_expired"),
        (Transient("The shop is away."), "active", "platform_transient"),
        # A test only reads: there is no outcome that one might wonder about.
        (OutcomeUnknown("shop.example answered with 502."), "active", "platform_transient"),
    ],
)
def test_a_connection_that_does_not_work_says_what_is_wrong_in_words(
    merchant: Caller,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    state: str,
    code: str,
) -> None:
    def probe(_self: FakeChannel) -> None:
        raise fault

    monkeypatch.setattr(FakeChannel, "probe", probe)
    answer = merchant.post(f"/connections/{connection.id}/test").json()
    assert (answer["ok"], answer["message"], answer["code"]) == (False, str(fault), code)
    assert answer["remedy"] == remedy(code)
    assert merchant.get(f"/connections/{connection.id}")["state"] == state


def test_no_transaction_is_open_while_a_shop_is_tried(
    merchant: Caller, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_then: list[int] = []

    def probe(_self: FakeChannel) -> None:
        with unit_of_work() as uow:
            open_then.append(
                uow.session.execute(
                    text(
                        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
                        " AND datname = current_database()"
                    )
                ).scalar_one()
            )

    monkeypatch.setattr(FakeChannel, "probe", probe)
    merchant.post(f"/connections/{connection.id}/test")
    assert open_then == [0]


def test_a_shop_is_tried_only_so_often(merchant: Caller, connection: Connection) -> None:
    statuses = [merchant.post(f"/connections/{connection.id}/test").status_code for _ in range(13)]
    assert set(statuses) == {200, 429}


def test_a_shop_is_connected_again_as_itself(
    merchant: Caller, make_connection: MakeConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "nudge", lambda *_: None)
    lost = make_connection(
        merchant.account_id,
        state="needs_auth",
        external_shop_id="blue.example",
        config={"shop": "blue.example"},
    )
    path = f"/connections/{lost.id}/reconnect"
    consent = merchant.post(path, {})
    assert consent.status_code == 200
    assert "state=" in consent.json()["authorize_url"]
    assert consent.json()["connection"]["id"] == lost.id
    other = merchant.post(path, {"config": {"shop": "red.example"}})
    assert (other.status_code, other.json()["code"]) == (422, "invalid_input")
    assert merchant.post(path, {"config": {"key": "dead"}}).status_code == 409
    keys = merchant.post(path, {"config": {"key": "good"}})
    assert keys.json()["authorize_url"] is None
    assert (keys.json()["connection"]["id"], keys.json()["connection"]["state"]) == (lost.id, "importing")
    assert len(rows("SELECT 1 FROM connections WHERE state <> 'connecting' AND external_shop_id <> ''")) == 1


def test_webhooks_are_registered_again_in_the_background(
    merchant: Caller, connection: Connection, make_connection: MakeConnection, app: Any
) -> None:
    answer = merchant.post(f"/connections/{connection.id}/webhooks")
    assert answer.status_code == 202
    queued = [job.decode() for job in app.extensions["redis"].lrange("rq:queue:sync", 0, -1)]
    assert queued == [f"webhooks-{connection.id}"]
    gone = make_connection(merchant.account_id, state="disconnected")
    assert merchant.post(f"/connections/{gone.id}/webhooks").status_code == 409
    assert merchant.post(f"/connections/{gone.id}/test").status_code == 409


# ------------------------------------------------------------------------------------------------- events


def test_events_are_found_by_what_they_are(merchant: Caller, connection: Connection) -> None:
    hear(connection, "orders/updated", "products/update")
    execute("UPDATE inbound_events SET lane = 'hints' WHERE topic = 'products/update'")
    assert [e["topic"] for e in merchant.get("/events", lane="hints")["items"]] == ["products/update"]
    assert [e["lane"] for e in merchant.get("/events", topic="orders/updated")["items"]] == ["orders"]
    assert len(merchant.get("/events", connection_id=connection.id, state="pending")["items"]) == 2
    assert merchant.get("/events", connection_id=2**40)["items"] == []
    assert merchant.get("/events", since="2099-01-01T00:00:00Z")["items"] == []
    assert len(merchant.get("/events", until="2099-01-01T00:00:00Z")["items"]) == 2
    assert merchant.call("GET", "/events?lane=other").status_code == 422


def test_one_event_shows_its_shape_but_no_personal_data_and_only_to_admins(
    merchant: Caller,
    connection: Connection,
    make_member: Callable[[int, str], Caller],
    make_merchant: Callable[[], Caller],
) -> None:
    hear(connection, "orders/updated")
    [event] = merchant.get("/events")["items"]
    path = f"/events/{event['id']}"
    assert merchant.get(path)["body"] is None
    execute(
        """
        UPDATE inbound_events SET body = convert_to('{"id": 7, "email": "ann@example.com", "phone": 123,
            "line_items": [{"sku": "CUP", "quantity": 2, "name": "Cup for Ann"}]}', 'UTF8')
        """
    )
    found = merchant.get(path)
    assert found["body"] == {
        "id": 7,
        "email": "…",
        "phone": "…",
        "line_items": [{"sku": "CUP", "quantity": 2, "name": "…"}],
    }
    assert found["bytes"] > 50
    assert make_member(merchant.account_id, "staff").call("GET", path).status_code == 403
    assert make_merchant().call("GET", path).status_code == 404


@pytest.mark.parametrize("body", ["\\xff", "name=Ann", "[" * 100_000])
def test_a_body_that_is_no_document_is_not_shown(merchant: Caller, connection: Connection, body: str) -> None:
    hear(connection, "orders/updated")
    execute("UPDATE inbound_events SET body = convert_to(:body, 'UTF8')", body=body)
    [event] = merchant.get("/events")["items"]
    assert merchant.get(f"/events/{event['id']}")["body"] is None


def test_many_reviews_are_decided_in_one_call(
    merchant: Caller, make_member: Callable[[int, str], Caller]
) -> None:
    one = {"review_id": 1, "choice": "add", "quantity": 1}
    answer = merchant.post("/reviews/decisions", {"decisions": [one]})
    assert answer.status_code == 200
    assert [(o["decided"], o["code"]) for o in answer.json()["items"]] == [(False, "not_found")]
    odd = ({"choice": "other"}, {"quantity": "1"}, {"review_id": 2**63}, {"review_id": -(2**63) - 1})
    for wrong in ([], [one, one], [one] * 101, *([{**one, **part}] for part in odd)):
        assert merchant.post("/reviews/decisions", {"decisions": wrong}).status_code == 422
    viewer = make_member(merchant.account_id, "viewer")
    assert viewer.post("/reviews/decisions", {"decisions": [one]}).status_code == 403


@pytest.mark.parametrize("role", ["viewer", "staff", "admin"])
def test_each_role_may_do_what_the_table_says(
    merchant: Caller, connection: Connection, make_member: Callable[[int, str], Caller], role: str
) -> None:
    caller = make_member(merchant.account_id, role)
    started = caller.post("/sync/runs", {"connection_id": connection.id}).status_code
    assert started == (403 if role == "viewer" else 202)
    tried = caller.post(f"/connections/{connection.id}/test").status_code
    assert tried == (403 if role == "viewer" else 200)
    undone = caller.post(f"/sync/runs/{2**40}/undo").status_code
    assert undone == (404 if role == "admin" else 403)
    assert caller.call("GET", f"/connections/{connection.id}/health").status_code == 200
