"""The audit log: found by what it is asked for, actors by name, in pages, the account's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import event

from app.domain.audit_actions import ACTIONS, TOPICS, AuditAction
from app.extensions import db
from app.models import Connection
from app.services.audit import audit_subject
from app.services.uow import unit_of_work
from tests.api.conftest import Caller, execute, rows
from tests.api.foreign import MARK, another_merchant
from tests.api.test_api_keys import key_of

ONE: AuditAction = "location.created"
TWO: AuditAction = "member.removed"


def write(account_id: int, *entries: tuple[str, AuditAction, str]) -> None:
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
        (me, ONE, "x:1"),
        ("cli", TWO, "x:1"),
        (me, TWO, "x:2"),
        ("user:99999999999999999999999", ONE, "x:3"),
    )


def found(merchant: Caller, **query: Any) -> list[tuple[str, str]]:
    return [(e["action"], e["subject"]) for e in merchant.get("/audit-log", **query)["items"]]


def test_entries_are_found_by_actor_action_subject_and_time(merchant: Caller, log: None) -> None:
    every = [(ONE, "x:3"), (TWO, "x:2"), (TWO, "x:1"), (ONE, "x:1")]
    assert found(merchant) == every
    assert found(merchant, actor=f"user:{merchant.user_id}") == [every[1], every[3]]
    assert found(merchant, action=TWO) == [every[1], every[2]]
    assert found(merchant, subject="x:1") == [every[2], every[3]]
    assert found(merchant, subject="x:1", actor="cli") == [every[2]]
    assert found(merchant, action="location") == []
    moments = [entry["created_at"] for entry in merchant.get("/audit-log")["items"]]
    assert found(merchant, since=moments[2]) == every[:3]
    assert found(merchant, until=moments[2]) == every[3:]
    assert found(merchant, since=moments[2], until=moments[0]) == every[1:3]


def test_actors_are_named_as_long_as_they_exist(merchant: Caller) -> None:
    key = key_of(merchant, "account:write")
    key.call("PATCH", "/account", json={"safety_stock": 1})
    write(merchant.account_id, *((who, ONE, "x:1") for who in ("system", "user:x", "cli", "staff:1")))
    names = [entry["actor_name"] for entry in merchant.get("/audit-log")["items"]]
    assert names == ["SyncFlow support", "SyncFlow support", None, None, "Till", merchant.email]


def test_another_accounts_key_lends_no_name(merchant: Caller, make_merchant: Callable[[], Caller]) -> None:
    key_of(make_merchant(), "stock:read")
    [[key_id]] = rows("SELECT id FROM api_keys")
    write(merchant.account_id, (f"key:{key_id}", ONE, "x:1"))
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


OF_ROUTES = {
    "connection": "connection_id",
    "listing": "listing_id",
    "variant": "variant_id",
    "location": "location_id",
    "key": "key_id",
    "invitation": "invitation_id",
    "fulfillment": "fulfillment_id",
    "run": "run_id",
    "count": "count_id",
    "stock_count": "count_id",
    "csv_import": "import_id",
    "webhook": "subscription_id",
    "webhook_delivery": "delivery_id",
}


def subjects_of(caller: Caller, connection: Connection) -> dict[str, int]:
    """Kind of a subject that has a name -> one of the caller's."""
    ids = another_merchant(caller, connection).ids
    document = {
        "key": "moved",
        "from_location_id": ids["location_id"],
        "to_location_id": ids["to_location_id"],
        "lines": [{"variant_id": ids["variant_id"], "quantity": 1}],
    }
    change = caller.post("/stock/transfers", document)
    assert change.status_code == 200, change.text
    execute("UPDATE csv_imports SET file_name = 'catalog.csv'")
    [cell] = rows("SELECT max(id) AS id FROM stock_cells")
    return {
        **{kind: ids[name] for kind, name in OF_ROUTES.items()},
        "stock_change": change.json()["id"],
        "cell": cell.id,
    }


def names_of(merchant: Caller, subjects: Mapping[str, int]) -> dict[str, str | None]:
    write(merchant.account_id, *(("system", ONE, f"{kind}:{number}") for kind, number in subjects.items()))
    entries = merchant.get("/audit-log", actor="system", action=ONE)["items"]
    return {entry["subject"].partition(":")[0]: entry["subject_name"] for entry in entries}


def test_subjects_have_the_names_that_the_merchant_gave_them(
    merchant: Caller, make_connection: Callable[..., Connection]
) -> None:
    subjects = subjects_of(merchant, make_connection(merchant.account_id))
    location = f"{MARK} {subjects['location']}"
    [variant] = rows("SELECT sku FROM variants WHERE id = :id", id=subjects["variant"])
    [listing] = rows("SELECT sku FROM listings WHERE id = :id", id=subjects["listing"])
    in_cell = "SELECT sku FROM variants v JOIN stock_cells c ON c.variant_id = v.id WHERE c.id = :id"
    [cell] = rows(in_cell, id=subjects["cell"])
    assert names_of(merchant, {**subjects, "user": merchant.user_id}) == {
        "connection": MARK,
        "listing": listing.sku,
        "variant": variant.sku,
        "location": location,
        "key": MARK,
        "invitation": "invited@example.com",
        "fulfillment": MARK,
        "run": f"#{subjects['run']} · {variant.sku}",
        "count": location,
        "stock_count": location,
        "csv_import": "catalog.csv",
        "webhook": "127.0.0.1",
        "webhook_delivery": "127.0.0.1",
        "stock_change": f"{location} → Second",
        "cell": cell.sku,
        "user": merchant.email,
    }


def test_another_merchants_things_lend_no_names(
    merchant: Caller, make_merchant: Callable[[], Caller], make_connection: Callable[..., Connection]
) -> None:
    other = make_merchant()
    subjects = subjects_of(other, make_connection(other.account_id))
    assert names_of(merchant, subjects) == dict.fromkeys(subjects)


def test_what_is_gone_or_has_no_name_has_none(merchant: Caller) -> None:
    subjects = (
        "variant:999999",
        "variant:9999999999999999999",
        "variant:x",
        "flag:sample_data",
        "variant",
        "",
    )
    write(merchant.account_id, *(("system", ONE, subject) for subject in subjects))
    assert [entry["subject_name"] for entry in merchant.get("/audit-log")["items"]] == [None] * len(subjects)


def test_a_webhooks_address_is_shown_without_what_may_be_secret(merchant: Caller) -> None:
    url = "https://jane:word@hooks.example.com:8443/secret?token=secret#secret"
    execute(
        "INSERT INTO webhook_subscriptions (account_id, url, kinds, secret) VALUES (:id, :url, '{}', '')",
        id=merchant.account_id,
        url=url,
    )
    [hook] = rows("SELECT id FROM webhook_subscriptions")
    assert names_of(merchant, {"webhook": hook.id}) == {"webhook": "hooks.example.com"}


def test_each_action_has_a_topic_and_entries_are_found_by_it(merchant: Caller) -> None:
    assert len(ACTIONS) == len(set(ACTIONS))
    write(merchant.account_id, *(("system", action, "x:1") for action in ACTIONS))
    for topic, actions in TOPICS.items():
        assert [action for action, _ in found(merchant, topic=topic)] == sorted(actions, reverse=True)
    assert found(merchant, topic="team", action="member.left") == [("member.left", "x:1")]
    assert found(merchant, topic="team", action=ONE) == []
    page = merchant.get("/audit-log", topic="team", limit=3)
    rest = merchant.get("/audit-log", topic="team", cursor=page["next"])
    assert [e["action"] for e in page["items"] + rest["items"]] == sorted(TOPICS["team"], reverse=True)


def test_support_is_found_as_one_whoever_it_was(merchant: Caller) -> None:
    execute("INSERT INTO staff_users (email, password_hash) VALUES ('a@b.c', '')")
    [staff] = rows("SELECT id FROM staff_users")
    write(
        merchant.account_id,
        *((who, ONE, f"x:{n}") for n, who in enumerate(("cli", "system", f"staff:{staff.id}", "support"))),
    )
    assert found(merchant, actor="support") == [(ONE, "x:2"), (ONE, "x:0")]
    assert found(merchant, actor="support", topic="stock", subject="x:0") == [(ONE, "x:0")]
    assert found(merchant, actor="support", topic="team") == []


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"topic": "everything"},
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
    ("query", "index"),
    [
        ({}, "created_at_id"),
        ({"actor": "cli"}, "actor_created_at_id"),
        ({"actor": "support"}, "actor_created_at_id"),
        ({"action": "variant.changed"}, "action_created_at_id"),
        ({"topic": "products"}, "action_created_at_id"),
        ({"subject": "variant:12"}, "subject_created_at_id"),
        ({"until": "2020-01-01T00:00:00Z"}, "created_at_id"),
    ],
)
def test_one_statement_by_an_index_reads_no_more_than_a_page(
    merchant: Caller, query: dict[str, str], index: str
) -> None:
    """Whatever is found lies behind thousands of others."""
    insert = (
        "INSERT INTO audit_log (account_id, actor, action, subject, created_at)"
        f" SELECT {merchant.account_id}, %s, %s, %s, timestamptz '%s' - n * interval '1 minute'"
        " FROM generate_series(1, 3000) n"
    )
    execute(insert % ("'system'", "'location.created'", "'location:' || n", "2026-11-01"))
    execute(insert % ("'cli'", "'variant.changed'", "'variant:12'", "2019-11-01"))
    execute("ANALYZE audit_log")
    plans: list[dict[str, Any]] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM audit_log" in statement and not statement.startswith("EXPLAIN"):
            asked = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
            plans.append(connection.exec_driver_sql(asked, parameters).scalar_one()[0]["Plan"])

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        page = merchant.get("/audit-log", **query)
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
    assert len(page["items"]) == 50
    [plan] = plans
    scans = [node for node in nodes(plan) if node.get("Relation Name") == "audit_log"]
    assert {scan.get("Index Name") for scan in scans} == {f"ix_audit_log_account_id_{index}"}
    assert sum(read(scan) for scan in scans) <= 52


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def read(scan: dict[str, Any]) -> int:
    rows_each = scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)
    return round(rows_each * scan["Actual Loops"])
