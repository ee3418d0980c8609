"""Signing in, and what each role may do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from flask import Flask
from flask_jwt_extended import create_access_token

from app.api import limits
from app.api.policy import POLICY, RANKS, Access
from app.errors import Conflict, InvalidInput
from app.models import Connection
from app.services import auth
from app.services.auth import WrongCredentials
from tests.api.conftest import PASSWORD, Caller, execute, rows


def test_signing_in_gives_a_token_for_the_account(merchant: Caller) -> None:
    merchant.token = ""
    answer = merchant.sign_in().json()
    assert answer["account_id"] == merchant.account_id
    assert answer["expires_in"] == 8 * 3600
    me = merchant.get("/me")
    assert (me["email"], me["role"], me["account_name"]) == (merchant.email, "owner", "A shop")
    assert "$argon2id$" in rows("SELECT password_hash FROM users")[0].password_hash


def test_wrong_passwords_and_unknown_users_get_the_same_answer(merchant: Caller) -> None:
    wrong = merchant.post("/auth/login", {"email": merchant.email, "password": "wrong"})
    unknown = merchant.post("/auth/login", {"email": "nobody@example.com", "password": PASSWORD})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["code"] == "wrong_credentials"


def test_an_address_is_known_in_any_case_and_an_account_can_be_chosen(
    merchant: Caller, make_merchant: Callable[[], Caller]
) -> None:
    other = make_merchant()
    execute(
        "INSERT INTO memberships (account_id, user_id, role) VALUES (:account, :user, 'viewer')",
        account=other.account_id,
        user=merchant.user_id,
    )
    assert auth.sign_in(f" {merchant.email.upper()} ", PASSWORD).account_id == merchant.account_id
    chosen = auth.sign_in(merchant.email, PASSWORD, account_id=other.account_id)
    assert (chosen.account_id, chosen.role) == (other.account_id, "viewer")
    with pytest.raises(WrongCredentials):
        auth.sign_in(other.email, PASSWORD, account_id=merchant.account_id)


def test_an_account_opens_once_per_address_and_with_a_real_password() -> None:
    opened = auth.open_account("Blue", "Anna@Example.com", PASSWORD)
    assert auth.sign_in("anna@example.com", PASSWORD).account_id == opened.account_id
    with pytest.raises(Conflict):
        auth.open_account("Red", "anna@example.com", PASSWORD)
    with pytest.raises(InvalidInput):
        auth.open_account("Red", "bob@example.com", "short")


def test_guessing_passwords_is_slowed_down(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_USER", 2)
    guesses = [merchant.sign_in("wrong") for _ in range(3)]
    assert [answer.status_code for answer in guesses] == [401, 401, 429]
    assert guesses[-1].json()["code"] == "too_many_requests"
    assert 1 <= int(guesses[-1].headers["Retry-After"]) <= 60


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x.y.z", "Basic eDp5"])
def test_no_token_or_nonsense_is_not_signed_in(base_url: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.get(f"{base_url}/api/v1/me", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_signed_in"


def test_a_token_dies_with_its_time_its_membership_and_its_key(merchant: Caller, app: Flask) -> None:
    claims = {"account_id": merchant.account_id}
    good = merchant.token
    merchant.token = create_access_token(
        str(merchant.user_id), additional_claims=claims, expires_delta=timedelta(seconds=-1)
    )
    assert merchant.call("GET", "/me").status_code == 401
    merchant.token = good[:-4] + "AAAA"
    assert merchant.call("GET", "/me").status_code == 401
    merchant.token = create_access_token(
        str(merchant.user_id), additional_claims={"account_id": merchant.account_id + 1}
    )
    assert merchant.call("GET", "/me").status_code == 401

    merchant.token = good
    assert merchant.call("GET", "/me").status_code == 200
    execute("DELETE FROM memberships")
    assert merchant.call("GET", "/me").status_code == 401


def test_every_route_is_in_the_policy_and_nothing_else_is(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(POLICY)


def test_public_routes_are_these() -> None:
    public = {endpoint for endpoint, access in POLICY.items() if access is Access.PUBLIC}
    assert public == {
        "pages.home",
        "pages.health",
        "pages.docs",
        "api-docs.openapi_json",
        "auth.login",
        "connect.callback",
        "connect.done",
        "webhooks.receive",
        "webhooks.receive_for_app",
    }


def test_every_other_route_refuses_a_stranger(app: Flask, base_url: str) -> None:
    for rule in app.url_map.iter_rules():
        if POLICY[rule.endpoint] is Access.PUBLIC:
            continue
        path = app.url_map.bind("x").build(
            rule.endpoint,
            dict.fromkeys(rule.arguments, 1),
            method=next(iter(rule.methods - {"OPTIONS", "HEAD"})),
        )
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            answer = requests.request(method, base_url + path, json={}, timeout=10)
            assert answer.status_code == 401, rule


def test_a_route_that_is_not_in_the_policy_is_refused(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(POLICY, "auth.me")
    assert merchant.call("GET", "/me").status_code == 403


@pytest.mark.parametrize("role", list(RANKS))
def test_each_role_may_do_what_the_policy_says(
    app: Flask,
    merchant: Caller,
    make_member: Callable[[int, str], Caller],
    make_connection: Callable[..., Connection],
    role: str,
) -> None:
    member = make_member(merchant.account_id, role)
    number = make_connection(merchant.account_id).id
    asked = {
        ("GET", "/connections"): "connections.list_connections",
        ("POST", f"/connections/{number}/pause"): "connections.pause",
        ("PATCH", f"/connections/{number}"): "connections.configure",
        ("POST", f"/connections/{number}/disconnect"): "connections.disconnect",
    }
    for (method, path), endpoint in asked.items():
        may = RANKS[role] >= POLICY[endpoint]
        answer = member.call(method, path, json={} if method != "GET" else None)
        assert (answer.status_code == 200) == may, (role, endpoint)
        assert may or answer.json()["code"] == "forbidden"
