"""Signing in, and what each role may do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from flask import Flask, request
from flask_jwt_extended import create_access_token

from app import close_app, create_app
from app.api import limits
from app.api.errors import TooManyRequests
from app.api.policy import POLICY, RANKS, Access
from app.errors import Conflict, InvalidInput
from app.models import Connection
from app.services import auth
from app.services.sessions import Client
from app.services.sign_in import WrongCredentials, sign_in
from app.settings import Settings
from tests.api.conftest import PASSWORD, Caller, execute, rows
from tests.statements import statements

CLIENT = Client("a test", "127.0.0.1")


def test_signing_in_gives_a_token_for_the_account(merchant: Caller) -> None:
    merchant.token = ""
    answer = merchant.sign_in().json()
    assert answer["account_id"] == merchant.account_id
    assert answer["expires_in"] == 15 * 60
    assert "refresh_token" not in answer
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
    shouted = sign_in(f" {merchant.email.upper()} ", PASSWORD, client=CLIENT)
    assert shouted.principal.account_id == merchant.account_id
    chosen = sign_in(merchant.email, PASSWORD, client=CLIENT, account_id=other.account_id).principal
    assert (chosen.account_id, chosen.role) == (other.account_id, "viewer")
    with pytest.raises(WrongCredentials):
        sign_in(other.email, PASSWORD, client=CLIENT, account_id=merchant.account_id)


def test_an_account_opens_once_per_address_and_with_a_real_password() -> None:
    opened = auth.open_account("Blue", "Anna@Example.com", PASSWORD)
    signed_in = sign_in("anna@example.com", PASSWORD, client=CLIENT)
    assert signed_in.principal.account_id == opened.account_id
    with pytest.raises(Conflict):
        auth.open_account("Red", "anna@example.com", PASSWORD)
    with pytest.raises(InvalidInput):
        auth.open_account("Red", "bob@example.com", "short")


def test_guessing_passwords_is_slowed_down(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SIGN_INS_OF_USER", limits.Limit("test", 2, 10**9))
    guesses = [merchant.sign_in("wrong") for _ in range(3)]
    assert [answer.status_code for answer in guesses] == [401, 401, 429]
    assert guesses[-1].json()["code"] == "too_many_requests"
    assert 1 <= int(guesses[-1].headers["Retry-After"]) <= 10**9
    assert merchant.sign_in().status_code == 429


def test_signing_in_forgives_wrong_passwords_of_before(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIGN_INS_OF_USER", limits.Limit("test", 2, 10**9))
    for _ in range(3):
        assert merchant.sign_in("wrong").status_code == 401
        assert merchant.sign_in().status_code == 200


def test_guesses_from_everywhere_count_together_and_keep_nobody_out_where_they_are_known(
    app: Flask, merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert merchant.sign_in().status_code == 200
    monkeypatch.setattr(limits, "SIGN_INS_TO_USER", limits.Limit("test", 2, 10**9))

    def sign_in_from(address: str, password: str, email: str = merchant.email) -> int:
        document = {"email": email, "password": password}
        answer = app.test_client().post(
            "/api/v1/auth/login", json=document, environ_base={"REMOTE_ADDR": address}
        )
        return answer.status_code

    for email in (merchant.email, "nobody@example.com"):
        guesses = [sign_in_from(f"203.0.113.{n}", "wrong", email) for n in range(3)]
        assert guesses == [401, 401, 429]
    assert sign_in_from("203.0.113.4", PASSWORD) == 429
    for _ in range(3):
        assert merchant.sign_in().status_code == 200


def test_an_address_is_slowed_down_whatever_users_it_tries(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIGN_INS_OF_ADDRESS", limits.Limit("test", 2, 10**9))
    document = {"password": PASSWORD}
    guesses = [merchant.post("/auth/login", {"email": f"{n}@example.com", **document}) for n in range(3)]
    assert [answer.status_code for answer in guesses] == [401, 401, 429]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2:a::1", "2001:db8:1:2:b::1", True),
        ("2001:db8:1:2:a::1", "2001:db8:1:3:a::1", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_an_ipv6_network_counts_as_one_address(
    app: Flask, monkeypatch: pytest.MonkeyPatch, first: str, second: str, same: bool
) -> None:
    monkeypatch.setattr(limits, "TOKENS_OF_ADDRESS", limits.Limit("test", 1, 10**9))
    with app.test_request_context(environ_base={"REMOTE_ADDR": first}):
        limits.limit_tokens()
    with (
        app.test_request_context(environ_base={"REMOTE_ADDR": second}),
        pytest.raises(TooManyRequests) if same else nullcontext(),
    ):
        limits.limit_tokens()


def test_callers_behind_a_trusted_proxy_are_told_apart(settings: Settings) -> None:
    def address(trusted: int) -> str | None:
        application = create_app(replace(settings, trusted_proxies=trusted))
        seen: list[str | None] = []
        application.before_request(lambda: seen.append(request.remote_addr))
        application.test_client().get("/healthz", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
        close_app(application)
        return seen[0]

    assert address(0) == "127.0.0.1"
    assert address(1) == "198.51.100.7"
    assert address(2) == "203.0.113.9"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x.y.z", "Basic eDp5"])
def test_no_token_or_nonsense_is_not_signed_in(base_url: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.get(f"{base_url}/api/v1/me", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_signed_in"


def test_a_token_dies_with_its_time_its_membership_its_session_and_its_key(
    merchant: Caller, make_merchant: Callable[[], Caller]
) -> None:
    [session] = rows("SELECT id FROM sessions")
    good = merchant.token

    def status(user_id: int = merchant.user_id, life: timedelta = timedelta(minutes=1), **claims: int) -> int:
        merchant.token = create_access_token(str(user_id), additional_claims=claims, expires_delta=life)
        return merchant.call("GET", "/me").status_code

    mine = {"account_id": merchant.account_id, "session_id": session.id}
    assert status(**mine) == 200
    assert status(**mine, life=timedelta(seconds=-1)) == 401
    assert status(**mine | {"account_id": make_merchant().account_id}) == 401
    assert status(make_merchant().user_id, **mine) == 401
    assert status(**mine | {"session_id": session.id + 1000}) == 401
    assert status(account_id=merchant.account_id) == 401
    merchant.token = good[:-4] + "AAAA"
    assert merchant.call("GET", "/me").status_code == 401

    merchant.token = good
    assert merchant.call("GET", "/me").status_code == 200
    execute("DELETE FROM memberships WHERE account_id = :id", id=merchant.account_id)
    assert merchant.call("GET", "/me").status_code == 401


def test_a_caller_costs_one_statement(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    with statements() as sent:
        assert merchant.call("GET", "/platforms").status_code == 200
    assert len(sent) == 1


def test_every_route_is_in_the_policy_and_nothing_else_is(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(POLICY)


def test_public_routes_are_these() -> None:
    public = {endpoint for endpoint, access in POLICY.items() if access is Access.PUBLIC}
    assert public == {
        "web_app.home",
        "web_app.asset",
        "pages.health",
        "pages.ready",
        "metrics.show",  # asks for a token of its own
        "pages.docs",
        "api-docs.openapi_json",
        "auth.login",
        "auth.refresh",
        "registration.register",
        "registration.resend_verification",
        "registration.verify_email",
        "passwords.request_reset",
        "passwords.confirm_reset",
        "invitations.accept_invitation",
        "invitations.show_invitation",
        "plans.list_plans",
        "connect.ask",
        "connect.confirm",
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
