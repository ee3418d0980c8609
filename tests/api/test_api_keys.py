"""API keys: what programs may do, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.api import limits
from app.api.policy import FOR_PEOPLE, POLICY, RANKS, Access, scope_of, scopes
from app.models import Connection
from app.services import api_keys
from tests.api.conftest import Caller, execute, rows


def key_of(maker: Caller, *allowed: str, **more: Any) -> Caller:
    """A program with a new key of the maker's."""
    answer = maker.post("/api-keys", {"name": "Till", "scopes": list(allowed), **more})
    assert answer.status_code == 201, answer.text
    return replace(maker, user_id=0, email="", token=answer.json()["secret"])


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_key_is_shown_once_listed_without_its_secret_and_stored_as_a_hash(merchant: Caller) -> None:
    expires = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    document = {"name": "Till", "scopes": ["stock:read", "stock:read"], "expires_at": expires}
    made = merchant.post("/api-keys", document).json()
    assert made["secret"].startswith("sf_live_")
    assert made["secret"].startswith(made["prefix"])
    [listed] = merchant.get("/api-keys")["items"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert (listed["scopes"], listed["made_by"]) == (["stock:read"], merchant.email)
    assert listed["last_used_at"] is listed["revoked_at"] is None
    stored = str(rows("SELECT * FROM api_keys")) + str(rows("SELECT * FROM audit_log"))
    assert made["secret"] not in stored
    assert [row.action for row in rows("SELECT action FROM audit_log")] == ["api_key.created"]


def test_no_secret_is_kept_for_a_call_that_may_be_sent_again(merchant: Caller) -> None:
    document = {"name": "Till", "scopes": ["stock:read"]}
    secrets = {
        merchant.call("POST", "/api-keys", json=document, headers={"Idempotency-Key": "k"}).json()["secret"]
        for _call in range(2)
    }
    assert len(secrets) == 2
    assert rows("SELECT 1 FROM idempotent_calls") == []


def test_a_key_does_what_its_scopes_say_and_nothing_else(
    merchant: Caller, make_connection: Callable[..., Connection]
) -> None:
    number = make_connection(merchant.account_id).id
    key = key_of(merchant, "connections:read")
    assert [c["id"] for c in key.get("/connections")["items"]] == [number]
    assert code(key.post(f"/connections/{number}/pause")) == (403, "missing_scope")
    assert code(key.call("GET", "/stock")) == (403, "missing_scope")
    writer = key_of(merchant, "connections:write")
    assert writer.post(f"/connections/{number}/pause").status_code == 200
    assert code(writer.call("GET", "/connections")) == (403, "missing_scope")
    [key_id] = rows("SELECT id FROM api_keys WHERE scopes = '{connections:write}'")[0]
    [entry] = rows("SELECT actor FROM audit_log WHERE action = 'connection.paused'")
    assert entry.actor == f"key:{key_id}"


def test_no_scope_opens_what_is_for_people(app: Flask, merchant: Caller, base_url: str) -> None:
    every = merchant.get("/api-keys/scopes")["items"]
    assert "stock:write" in every
    assert not {scope for scope in every if scope.partition(":")[0] in ("auth", "workplace", "api_keys")}
    key = key_of(merchant, *every)
    asked = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in FOR_PEOPLE:
            continue
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            path = app.url_map.bind("x").build(rule.endpoint, dict.fromkeys(rule.arguments, 1), method=method)
            answer = key.call(method, path.removeprefix("/api/v1"), json={})
            assert code(answer) == (403, "forbidden"), rule
            asked += 1
    assert asked >= len(FOR_PEOPLE)


def test_every_route_is_for_people_or_has_a_scope_and_none_that_asks_for_the_owner_has_one(
    app: Flask,
) -> None:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            asked, scope = POLICY[rule.endpoint], scope_of(rule.endpoint, method)
            if asked is Access.PUBLIC or rule.endpoint in FOR_PEOPLE:
                assert scope is None
            else:
                assert asked < Access.OWNER
                assert scope in scopes()


@pytest.mark.parametrize("role", list(RANKS))
def test_a_key_has_its_makers_rights_of_now_and_an_admins_at_most(
    merchant: Caller, make_member: Callable[[int, str], Caller], role: str
) -> None:
    maker = make_member(merchant.account_id, "admin")
    key = key_of(maker, "account:write", "account:read")
    execute("UPDATE memberships SET role = :role WHERE user_id = :id", role=role, id=maker.user_id)
    may = min(RANKS[role], Access.ADMIN) >= POLICY["account.configure_account"]
    answer = key.call("PATCH", "/account", json={"safety_stock": 1})
    assert answer.status_code == (200 if may else 403)
    assert key.call("GET", "/account").status_code == 200


@pytest.mark.parametrize("role", ["viewer", "staff"])
def test_only_admins_and_owners_make_and_see_keys(
    merchant: Caller, make_member: Callable[[int, str], Caller], role: str
) -> None:
    key_of(merchant, "stock:read")
    member = make_member(merchant.account_id, role)
    assert code(member.call("GET", "/api-keys")) == (403, "forbidden")
    assert code(member.post("/api-keys", {"name": "Mine", "scopes": ["stock:read"]})) == (403, "forbidden")


def test_a_key_that_is_revoked_too_old_changed_or_whose_maker_left_is_nobodys(
    merchant: Caller, make_member: Callable[[int, str], Caller]
) -> None:
    key = key_of(merchant, "stock:read")
    [listed] = merchant.get("/api-keys")["items"]
    assert merchant.call("DELETE", f"/api-keys/{listed['id']}").status_code == 204
    assert merchant.call("DELETE", f"/api-keys/{listed['id']}").status_code == 204
    assert code(key.call("GET", "/stock")) == (401, "not_signed_in")
    assert merchant.get("/api-keys")["items"][0]["revoked_at"]
    assert len(rows("SELECT 1 FROM audit_log WHERE action = 'api_key.revoked'")) == 1

    key = key_of(merchant, "stock:read")
    assert key.call("GET", "/stock").status_code == 200
    execute("UPDATE api_keys SET expires_at = now() WHERE revoked_at IS NULL")
    assert key.call("GET", "/stock").status_code == 401

    maker = make_member(merchant.account_id, "admin")
    key = key_of(maker, "stock:read")
    key.token += "x"
    assert key.call("GET", "/stock").status_code == 401
    key.token = key.token[:-1]
    assert key.call("GET", "/stock").status_code == 200
    execute("DELETE FROM memberships WHERE user_id = :id", id=maker.user_id)
    assert key.call("GET", "/stock").status_code == 401


def test_keys_are_the_accounts_own(merchant: Caller, make_merchant: Callable[[], Caller]) -> None:
    key_of(merchant, "stock:read")
    [listed] = merchant.get("/api-keys")["items"]
    stranger = make_merchant()
    assert stranger.get("/api-keys")["items"] == []
    assert stranger.call("DELETE", f"/api-keys/{listed['id']}").status_code == 404
    assert merchant.get("/api-keys")["items"][0]["revoked_at"] is None


def test_keys_come_in_pages_the_newest_first(merchant: Caller) -> None:
    for _number in range(3):
        key_of(merchant, "stock:read")
    first = merchant.get("/api-keys", limit=2)
    rest = merchant.get("/api-keys", limit=2, cursor=first["next"])
    ids = [key["id"] for key in first["items"] + rest["items"]]
    assert (ids, rest["next"]) == (sorted(ids, reverse=True), None)
    assert len(ids) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": []},
        {"scopes": ["stock:everything"]},
        {"scopes": ["api_keys:write"]},
        {"scopes": "stock:read"},
        {"name": ""},
        {"name": "x" * 101},
        {"name": "nul\0"},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2099-01-01T00:00:00"},
        {"expires_at": "9999-12-31T23:59:59-14:00"},
        {"role": "owner"},
    ],
)
def test_what_makes_no_key_is_refused(merchant: Caller, wrong: dict[str, Any]) -> None:
    answer = merchant.post("/api-keys", {"name": "Till", "scopes": ["stock:read"], **wrong})
    assert answer.status_code == 422
    assert rows("SELECT 1 FROM api_keys") == []


def test_the_number_of_keys_is_bounded_even_in_a_race(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MOST_KEYS", 3)
    document = {"name": "Till", "scopes": ["stock:read"]}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _n: merchant.post("/api-keys", document).status_code, range(6)))
    assert sorted(answers) == [201, 201, 201, 409, 409, 409]


def test_a_use_is_noted_once_a_minute_after_the_answer(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = threading.Semaphore(0)
    note = api_keys.note_use
    monkeypatch.setattr(api_keys, "note_use", lambda key_id: (note(key_id), noted.release()))
    key = key_of(merchant, "stock:read")
    key.get("/stock")
    assert noted.acquire(timeout=10)
    first = merchant.get("/api-keys")["items"][0]["last_used_at"]
    assert first
    key.get("/stock")
    assert not noted.acquire(blocking=False)
    execute("UPDATE api_keys SET last_used_at = now() - interval '2 minutes'")
    key.get("/stock")
    assert noted.acquire(timeout=10)
    assert merchant.get("/api-keys")["items"][0]["last_used_at"] > first


def test_noting_a_use_waits_for_nobody(merchant: Caller) -> None:
    from app.extensions import db

    key_of(merchant, "stock:read")
    [[key_id]] = rows("SELECT id FROM api_keys")
    with db.engine.begin() as other:
        other.exec_driver_sql("UPDATE api_keys SET name = 'Held'")
        api_keys.note_use(key_id)
    assert rows("SELECT last_used_at FROM api_keys")[0][0] is None


def test_a_key_that_calls_too_often_is_told_to_wait(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CALLS_OF_KEY", limits.Limit("key", 2, 10**9))
    key, other = key_of(merchant, "stock:read"), key_of(merchant, "stock:read")
    assert [key.call("GET", "/stock").status_code for _call in range(3)] == [200, 200, 429]
    assert other.call("GET", "/stock").status_code == 200


def test_the_document_names_each_operations_scope(app: Flask, base_url: str, merchant: Caller) -> None:
    paths = merchant.get("/openapi.json")["paths"]
    assert paths["/api/v1/stock"]["get"]["security"] == [{"token": []}, {"key": ["stock:read"]}]
    assert paths["/api/v1/me"]["get"]["security"] == [{"token": []}]
    assert paths["/api/v1/auth/login"]["post"]["security"] == []
