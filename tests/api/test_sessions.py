"""Sessions: refreshed by tokens that work once, and over at once when they are ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import requests
from cryptography.fernet import InvalidToken
from flask import Flask
from sqlalchemy import text

from app.api.tokens import COOKIE, CSRF_HEADER
from app.domain.devices import device_of
from app.services import sweeper
from app.services.sign_in import WrongCredentials, sign_in
from app.services.tokens import open_by
from app.services.uow import unit_of_work
from tests.api.conftest import (
    PASSWORD,
    Caller,
    begin_anew,
    execute,
    rows,
)
from tests.api.test_auth import CLIENT

CSRF = {CSRF_HEADER: "1"}
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def in_body(merchant: Caller) -> str:
    """A refresh token of a session just begun."""
    document = {"email": merchant.email, "password": PASSWORD, "delivery": "body"}
    answer = merchant.post("/auth/login", document)
    assert "Set-Cookie" not in answer.headers
    merchant.token = answer.json()["access_token"]
    return str(answer.json()["refresh_token"])


def refresh(merchant: Caller, token: str, **more: Any) -> requests.Response:
    return merchant.post("/auth/refresh", {"refresh_token": token, **more})


def refused(answer: requests.Response) -> bool:
    return (answer.status_code, answer.json()["code"]) == (401, "invalid_refresh_token")


def works(merchant: Caller, token: str) -> bool:
    answer = requests.get(
        f"{merchant.base_url}/api/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    return answer.status_code == 200


def another_session(merchant: Caller) -> str:
    """The access token of a further session of the same user."""
    other = replace(merchant)
    begin_anew(other)
    return other.token


def join(user: Caller, account: Caller, role: str = "viewer") -> None:
    execute(
        "INSERT INTO memberships (account_id, user_id, role) VALUES (:account, :user, :role)",
        account=account.account_id,
        user=user.user_id,
        role=role,
    )


def audited(action: str) -> list[Any]:
    return rows("SELECT account_id, actor, detail FROM audit_log WHERE action = :action", action=action)


def test_a_refresh_token_is_exchanged_for_the_next_one(merchant: Caller) -> None:
    first = in_body(merchant)
    answer = refresh(merchant, first)
    second = answer.json()["refresh_token"]
    assert second != first
    assert works(merchant, answer.json()["access_token"])
    assert refresh(merchant, second).status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_refresh_token_that_comes_again_ends_the_session_for_everybody(merchant: Caller) -> None:
    stolen = in_body(merchant)
    other = another_session(merchant)
    thief = refresh(merchant, stolen).json()
    thief_again = refresh(merchant, thief["refresh_token"]).json()
    assert works(merchant, thief_again["access_token"])
    assert refused(refresh(merchant, stolen))
    assert refused(refresh(merchant, thief_again["refresh_token"]))
    assert not works(merchant, thief_again["access_token"])
    assert not works(merchant, merchant.token)
    assert works(merchant, other)
    [entry] = audited("session.token_reused")
    assert entry.account_id == merchant.account_id


def both_at_once(merchant: Caller, token: str) -> list[requests.Response]:
    """Two refreshes with one token, both under way before either of them has the session's row."""
    barrier = threading.Barrier(2)

    def go() -> requests.Response:
        barrier.wait(10)
        return refresh(merchant, token)

    with unit_of_work() as uow, ThreadPoolExecutor() as pool:
        uow.session.execute(text("SELECT id FROM sessions FOR UPDATE"))
        coming = [pool.submit(go) for _ in range(2)]
        _wait_for_two_waiters()
        uow.commit()
        return [future.result() for future in coming]


def _wait_for_two_waiters() -> None:
    for _try in range(500):
        if len(rows("SELECT 1 FROM pg_locks WHERE NOT granted")) >= 2:
            return
        time.sleep(0.02)
    raise AssertionError("Nobody waits for a lock.")


def end_the_grace() -> None:
    execute("UPDATE sessions SET previous_until = clock_timestamp()")


def test_two_tabs_that_refresh_at_once_both_go_on_with_the_same_next_token(merchant: Caller) -> None:
    token = in_body(merchant)
    answers = both_at_once(merchant, token)
    assert [answer.status_code for answer in answers] == [200, 200]
    one, other = [answer.json() for answer in answers]
    assert one["refresh_token"] == other["refresh_token"] != token
    assert works(merchant, one["access_token"])
    assert works(merchant, other["access_token"])
    end_the_grace()
    assert refresh(merchant, one["refresh_token"]).status_code == 200
    assert audited("session.token_reused") == []


def test_two_that_come_with_one_token_after_the_grace_both_end_its_session(merchant: Caller) -> None:
    token = in_body(merchant)
    current = refresh(merchant, token).json()
    end_the_grace()
    answers = both_at_once(merchant, token)
    assert all(refused(answer) for answer in answers)
    assert not works(merchant, current["access_token"])
    assert refused(refresh(merchant, current["refresh_token"]))
    assert len(audited("session.token_reused")) == 1


def test_coming_again_does_not_lengthen_the_grace(merchant: Caller) -> None:
    token = in_body(merchant)
    refresh(merchant, token)
    [before] = rows("SELECT * FROM sessions ORDER BY id DESC LIMIT 1")
    assert refresh(merchant, token).status_code == 200
    assert rows("SELECT * FROM sessions ORDER BY id DESC LIMIT 1") == [before]


def test_only_the_token_used_last_has_a_grace(merchant: Caller) -> None:
    first = in_body(merchant)
    second = refresh(merchant, first).json()
    third = refresh(merchant, second["refresh_token"]).json()
    assert refused(refresh(merchant, first))
    assert not works(merchant, third["access_token"])


def test_a_thief_within_the_grace_is_found_out_when_both_have_refreshed(merchant: Caller) -> None:
    token = in_body(merchant)
    owner, thief = refresh(merchant, token).json(), refresh(merchant, token).json()
    end_the_grace()
    thief = refresh(merchant, thief["refresh_token"]).json()
    end_the_grace()
    assert refused(refresh(merchant, owner["refresh_token"]))
    assert not works(merchant, thief["access_token"])
    assert refused(refresh(merchant, thief["refresh_token"]))


def test_a_session_that_was_ended_has_no_grace(merchant: Caller) -> None:
    token = in_body(merchant)
    refresh(merchant, token)
    assert merchant.post("/auth/logout").status_code == 204
    assert refused(refresh(merchant, token))
    assert audited("session.token_reused") == []


@pytest.mark.parametrize("token", ["", ".", "x", "x.y", "\ud800.x", "ü" * 200])
def test_nonsense_refreshes_nothing_and_ends_nothing(merchant: Caller, token: str) -> None:
    assert refused(refresh(merchant, token))
    assert merchant.call("GET", "/me").status_code == 200


def test_what_is_kept_of_a_refresh_token_is_no_token(merchant: Caller) -> None:
    family, secret = in_body(merchant).split(".")
    [row] = rows("SELECT * FROM sessions ORDER BY id DESC LIMIT 1")
    assert family not in str(row)
    assert secret not in str(row)
    assert len(bytes(row.token_hash)) == 32


def test_the_next_token_is_kept_for_whoever_holds_the_one_before(merchant: Caller) -> None:
    token = in_body(merchant)
    secret = refresh(merchant, token).json()["refresh_token"].split(".")[1]
    [row] = rows("SELECT * FROM sessions ORDER BY id DESC LIMIT 1")
    assert secret not in str(row)
    assert open_by(token.split(".")[1], bytes(row.sealed_secret)) == secret
    with pytest.raises(InvalidToken):
        open_by(secret, bytes(row.sealed_secret))


def test_a_session_runs_out(merchant: Caller) -> None:
    token = in_body(merchant)
    execute("UPDATE sessions SET expires_at = now()")
    assert refused(refresh(merchant, token))
    assert not works(merchant, merchant.token)
    sweeper.house_keeping(30)
    assert rows("SELECT 1 FROM sessions") == []


def test_refreshing_keeps_a_session_but_not_for_ever(merchant: Caller) -> None:
    token = in_body(merchant)
    execute(
        "UPDATE sessions SET created_at = now() - interval '175 days', expires_at = now() + interval '1 day'"
    )
    refresh(merchant, token)
    [row] = rows("SELECT expires_at - created_at AS life FROM sessions ORDER BY id DESC LIMIT 1")
    assert row.life.days == 180


# ------------------------------------------------------------------------------------------------ cookie


def browser(merchant: Caller) -> requests.Session:
    session = requests.Session()
    answer = session.post(
        f"{merchant.base_url}/api/v1/auth/login",
        json={"email": merchant.email, "password": PASSWORD},
        timeout=10,
    )
    assert "refresh_token" not in answer.json()
    return session


def test_a_browser_refreshes_by_a_cookie_that_scripts_and_other_sites_cannot_use(merchant: Caller) -> None:
    session = browser(merchant)
    [cookie] = session.cookies
    assert (cookie.name, cookie.path) == (COOKIE, "/api/v1/auth")
    before = cookie.value
    url = f"{merchant.base_url}/api/v1/auth/refresh"
    refusal = session.post(url, timeout=10)
    assert (refusal.status_code, refusal.json()["code"]) == (403, "csrf_header_missing")
    answer = session.post(url, headers=CSRF, timeout=10)
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()
    header = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"} <= set(header.split("; "))
    assert "Secure" not in header  # this installation is reached by http
    assert session.cookies[COOKIE] != before
    assert session.post(url, headers=CSRF, timeout=10).status_code == 200


def test_the_cookie_is_kept_to_https_where_the_installation_is(
    merchant: Caller, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure = replace(app.extensions["settings"], public_url="https://sync.example.com")
    monkeypatch.setitem(app.extensions, "settings", secure)
    assert "Secure" in merchant.sign_in().headers["Set-Cookie"].split("; ")


def test_no_cookie_and_no_token_is_not_signed_in(merchant: Caller) -> None:
    answer = merchant.call("POST", "/auth/refresh")
    assert refused(answer)


# ------------------------------------------------------------------------------------------------ ending


def test_logging_out_ends_this_session_at_once(merchant: Caller) -> None:
    token = in_body(merchant)
    other = another_session(merchant)
    answer = merchant.post("/auth/logout")
    assert answer.status_code == 204
    assert f"{COOKIE}=;" in answer.headers["Set-Cookie"]
    assert not works(merchant, merchant.token)
    assert refused(refresh(merchant, token))
    assert works(merchant, other)


def test_logging_out_everywhere_ends_all_sessions_of_the_user_only(
    merchant: Caller, make_merchant: Callable[[], Caller]
) -> None:
    stranger, other = make_merchant(), another_session(merchant)
    assert merchant.post("/auth/logout-everywhere").status_code == 204
    assert not works(merchant, merchant.token)
    assert not works(merchant, other)
    assert works(merchant, stranger.token)
    [entry] = audited("session.all_ended")
    assert entry.detail == {"sessions": 2}


def test_sessions_are_listed_and_can_be_ended_one_by_one(
    merchant: Caller, make_merchant: Callable[[], Caller]
) -> None:
    requests.post(
        f"{merchant.base_url}/api/v1/auth/login",
        json={"email": merchant.email, "password": PASSWORD},
        headers={"User-Agent": FIREFOX},
        timeout=10,
    )
    newer, own = merchant.get("/auth/sessions")["items"]
    assert (newer["device"], newer["address"], newer["current"]) == ("Firefox on Windows", "127.0.0.1", False)
    assert (newer["program"], newer["system"]) == ("Firefox", "Windows")
    assert own["current"] is True
    times = {"created_at", "last_used_at", "expires_at"}
    assert set(own) == {"id", "device", "program", "system", "address", "current"} | times
    first_page = merchant.get("/auth/sessions", limit=1)
    assert [row["id"] for row in first_page["items"]] == [newer["id"]]
    second_page = merchant.get("/auth/sessions", limit=1, cursor=first_page["next"])
    assert [row["id"] for row in second_page["items"]] == [own["id"]]

    path = f"/auth/sessions/{newer['id']}"
    assert make_merchant().call("DELETE", path).status_code == 404
    assert merchant.call("DELETE", path).status_code == 204
    assert merchant.call("DELETE", path).status_code == 404
    assert len(merchant.get("/auth/sessions")["items"]) == 1


def test_signing_in_is_audited_in_the_account_signed_in_to(merchant: Caller) -> None:
    merchant.sign_in()
    [entry] = audited("user.signed_in")
    assert (entry.account_id, entry.actor) == (merchant.account_id, f"user:{merchant.user_id}")


def test_a_password_that_was_changed_meanwhile_begins_no_session(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(password_hash: str | None, _password: str) -> bool:
        execute("UPDATE users SET password_hash = 'another'")
        return True

    monkeypatch.setattr("app.services.sign_in.matches", slowly)
    with pytest.raises(WrongCredentials):
        sign_in(merchant.email, PASSWORD, client=CLIENT)
    assert len(rows("SELECT 1 FROM sessions")) == 1


# ---------------------------------------------------------------------------------------------- accounts


def test_a_user_of_several_accounts_switches_between_them(
    merchant: Caller, make_merchant: Callable[[], Caller]
) -> None:
    other, stranger = make_merchant(), make_merchant()
    join(merchant, other)
    token = in_body(merchant)
    me = merchant.get("/me")
    assert [(a["account_id"], a["role"]) for a in me["accounts"]] == [
        (merchant.account_id, "owner"),
        (other.account_id, "viewer"),
    ]
    assert merchant.post("/auth/switch-account", {"account_id": stranger.account_id}).status_code == 404
    switched = merchant.post("/auth/switch-account", {"account_id": other.account_id}).json()
    assert works(merchant, merchant.token)  # each token goes on acting for its own account
    merchant.token = switched["access_token"]
    assert (merchant.get("/me")["account_id"], merchant.get("/me")["role"]) == (other.account_id, "viewer")

    refreshed = refresh(merchant, token).json()
    assert refreshed["account_id"] == other.account_id
    back = refresh(merchant, refreshed["refresh_token"], account_id=merchant.account_id).json()
    assert back["account_id"] == merchant.account_id
    assert refresh(merchant, back["refresh_token"], account_id=stranger.account_id).status_code == 404
    assert refresh(merchant, back["refresh_token"]).status_code == 200  # it was left as it is


def test_a_user_who_left_an_account_goes_on_in_another(
    merchant: Caller, make_merchant: Callable[[], Caller]
) -> None:
    other = make_merchant()
    join(merchant, other)
    token = in_body(merchant)
    execute("DELETE FROM memberships WHERE user_id = :id AND role = 'owner'", id=merchant.user_id)
    assert not works(merchant, merchant.token)
    answer = refresh(merchant, token).json()
    assert answer["account_id"] == other.account_id
    execute("DELETE FROM memberships WHERE user_id = :id", id=merchant.user_id)
    assert refused(refresh(merchant, answer["refresh_token"]))


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (FIREFOX, "Firefox on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
            " Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
            " Safari/537.36 Edg/140.0",
            "Edge on Linux",
        ),
        ("curl/8.5.0", "curl"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_named_as_its_owner_would(user_agent: str, device: str) -> None:
    assert device_of(user_agent).text == device
