"""The audit log: found by what it is asked for, actors by name, in pages, the account's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from app.extensions import db
from app.services.audit import audit_subject
from app.services.uow import unit_of_work
from tests.api.conftest import Caller, execute, rows
from tests.api.test_api_keys import key_of


def write(account_id: int, *entries: tuple[str, str, str]) -> None:
    """Each in a moment of its own."""
    for actor, action, subject in entries:
        with unit_of_work() as uow:
            audit_subject(uow.session, account_id, actor, action, subject)
            uow.commit()


@pytest.fixture
def log(merchant: Caller) -> None:
    me = f"user:{merchant.user_id}"
    write(
        merchant.account_id,
        (me, "a.one", "x:1"),
        ("cli", "a.two", "x:1"),
        (me, "a.two", "x:2"),
        ("user:99999999999999999999999", "a.one", "x:3"),
    )


def found(merchant: Caller, **query: Any) -> list[tuple[str, str]]:
    return [(e["action"], e["subject"]) for e in merchant.get("/audit-log", **query)["items"]]


def test_entries_are_found_by_actor_action_subject_and_time(merchant: Caller, log: None) -> None:
    every = [("a.one", "x:3"), ("a.two", "x:2"), ("a.two", "x:1"), ("a.one", "x:1")]
    assert found(merchant) == every
    assert found(merchant, actor=f"user:{merchant.user_id}") == [every[1], every[3]]
    assert found(merchant, action="a.two") == [every[1], every[2]]
    assert found(merchant, subject="x:1") == [every[2], every[3]]
    assert found(merchant, subject="x:1", actor="cli") == [every[2]]
    assert found(merchant, action="a") == []
    moments = [entry["created_at"] for entry in merchant.get("/audit-log")["items"]]
    assert found(merchant, since=moments[2]) == every[:3]
    assert found(merchant, until=moments[2]) == every[3:]
    assert found(merchant, since=moments[2], until=moments[0]) == every[1:3]


def test_actors_are_named_as_long_as_they_exist(merchant: Caller) -> None:
    key = key_of(merchant, "account:write")
    key.call("PATCH", "/account", json={"safety_stock": 1})
    write(merchant.account_id, ("system", "a.one", "x:1"), ("user:x", "a.one", "x:1"))
    names = [entry["actor_name"] for entry in merchant.get("/audit-log")["items"]]
    assert names == [None, None, "Till", merchant.email]


def test_another_accounts_key_lends_no_name(merchant: Caller, make_merchant: Callable[[], Caller]) -> None:
    key_of(make_merchant(), "stock:read")
    [[key_id]] = rows("SELECT id FROM api_keys")
    write(merchant.account_id, (f"key:{key_id}", "a.one", "x:1"))
    [entry] = merchant.get("/audit-log")["items"]
    assert entry["actor_name"] is None


def test_pages_follow_each_other_also_within_one_moment(merchant: Caller, log: None) -> None:
    execute("UPDATE audit_log SET created_at = '2026-01-01'")
    seen: list[tuple[str, str]] = []
    cursor = None
    for _page in range(4):
        page = merchant.get("/audit-log", limit=1, **({"cursor": cursor} if cursor else {}))
        seen += [(e["action"], e["subject"]) for e in page["items"]]
        cursor = page["next"]
    assert (seen, cursor) == (found(merchant), None)


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"actor": ""},
        {"actor": "x" * 101},
        {"cursor": "WyJ4IiwxXQ"},
        {"cursor": "WyIyMDI2LTAxLTAxIiwxXQ"},
        {"cursor": "WzFd"},
        {"limit": 0},
    ],
)
def test_what_cannot_be_asked_is_refused(merchant: Caller, query: dict[str, Any]) -> None:
    assert merchant.call("GET", "/audit-log", params=query).status_code == 422


@pytest.mark.parametrize("role", ["viewer", "staff", "admin"])
def test_admins_read_it_and_so_does_a_key_with_the_scope(
    merchant: Caller, make_member: Callable[[int, str], Caller], log: None, role: str
) -> None:
    status = 200 if role == "admin" else 403
    assert make_member(merchant.account_id, role).call("GET", "/audit-log").status_code == status
    assert len(found(key_of(merchant, "audit:read"))) == 5


def test_it_is_the_accounts_own(log: None, make_merchant: Callable[[], Caller]) -> None:
    assert found(make_merchant()) == []


@pytest.mark.parametrize(
    "query",
    [{}, {"actor": "cli"}, {"action": "a.two"}, {"subject": "x:1"}, {"since": "2026-01-01T00:00:00Z"}],
)
def test_one_statement_by_an_index_answers_it(merchant: Caller, log: None, query: dict[str, str]) -> None:
    execute(
        "INSERT INTO audit_log (account_id, actor, action, subject, created_at)"
        f" SELECT {merchant.account_id}, 'user:' || n, 'some.' || n, 'thing:' || n, "
        " now() - n * interval '1 minute' FROM generate_series(1, 3000) n"
    )
    execute("ANALYZE audit_log")
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM audit_log" in statement and not statement.startswith("EXPLAIN"):
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars()
            plans.append("\n".join(plan))

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        merchant.get("/audit-log", **query)
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
    [plan] = plans
    assert "Seq Scan on audit_log" not in plan
    assert "Sort" not in plan
    asked = next(iter(query), "created_at").replace("since", "created_at")
    assert f"ix_audit_log_account_id_{asked}" in plan
