"""Registering and setting passwords by mail, without telling who is known."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from app.api import limits
from app.domain.fault_texts import FAULTS
from app.services import sweeper
from tests.api.conftest import PASSWORD, Caller, execute, rows
from tests.api.documented import Document
from tests.api.mails import mails, token_in
from tests.api.test_sessions import another_session, audited, in_body, refresh, refused, works
from tests.statements import statements

NEW = "anna@example.com"
NEW_PASSWORD = "another horse battery"


@pytest.fixture
def visitor(base_url: str, openapi: Document) -> Caller:
    """Somebody without an account."""
    return Caller(base_url, openapi, 0, 0, NEW)


def register(visitor: Caller, email: str = NEW, password: str = PASSWORD) -> requests.Response:
    document = {"email": email, "password": password, "account_name": "Blue"}
    return visitor.post("/auth/register", document)


def verify(visitor: Caller, token: str, password: str = PASSWORD) -> requests.Response:
    return visitor.post("/auth/verify-email", {"token": token, "password": password})


def same(first: requests.Response, second: requests.Response) -> bool:
    """Whether two answers cannot be told apart."""
    dated = {"Date", "X-Request-ID"}
    headers = [{k: v for k, v in answer.headers.items() if k not in dated} for answer in (first, second)]
    return (first.status_code, first.content, headers[0]) == (second.status_code, second.content, headers[1])


def test_registering_makes_the_account_and_its_owner_once_the_address_is_confirmed(visitor: Caller) -> None:
    assert register(visitor, email="Anna@Example.com").status_code == 204
    assert visitor.sign_in().status_code == 401
    assert rows("SELECT 1 FROM users") == []
    [mail] = mails(NEW)
    assert mail["template"] == "verify_email"
    assert "http://127.0.0.1:8000/verify-email#token=" in mail["html"]
    assert verify(visitor, token_in(mail)).status_code == 204
    assert visitor.sign_in().status_code == 200
    me = visitor.get("/me")
    assert (me["email"], me["role"], me["account_name"]) == (NEW, "owner", "Blue")
    assert [entry.account_id for entry in audited("account.opened")] == [me["account_id"]]
    assert rows("SELECT 1 FROM registrations") == []


@pytest.mark.parametrize(
    ("told", "zone"),
    [
        ({"time_zone": "Europe/Berlin"}, "Europe/Berlin"),
        ({"time_zone": "Asia/Calcutta"}, "Asia/Calcutta"),  # what browsers call Asia/Kolkata
        ({"time_zone": "Etc/Unknown"}, "UTC"),
        ({"time_zone": "+01:00"}, "UTC"),
        ({"time_zone": "../" * 9000}, "UTC"),
        ({"time_zone": "\0\ud800"}, "UTC"),
        ({"time_zone": None}, "UTC"),
        ({}, "UTC"),
    ],
)
def test_an_accounts_days_begin_where_it_was_registered_from(
    visitor: Caller, told: dict[str, Any], zone: str
) -> None:
    """What a browser calls its zone keeps nobody out."""
    document = {"email": NEW, "password": PASSWORD, "account_name": "Blue"} | told
    assert visitor.post("/auth/register", document).status_code == 204
    assert visitor.post("/auth/verify-email/resend", {"email": NEW}).status_code == 204
    assert verify(visitor, token_in(mails(NEW)[-1])).status_code == 204
    visitor.sign_in()
    assert visitor.get("/account/reporting")["time_zone"] == zone


def test_registering_a_known_address_answers_the_same_and_its_owner_is_told(
    visitor: Caller, merchant: Caller
) -> None:
    with statements() as for_unknown:
        unknown = register(visitor)
    with statements() as for_known:
        known = register(visitor, email=merchant.email, password=NEW_PASSWORD)
    assert same(known, unknown)
    assert for_known == for_unknown
    [mail] = mails(merchant.email)
    assert mail["template"] == "already_registered"
    assert "token" not in mail["text"]
    assert merchant.sign_in(NEW_PASSWORD).status_code == 401
    assert merchant.sign_in().status_code == 200


def test_who_confirms_a_strangers_registration_gives_them_nothing(visitor: Caller) -> None:
    """Also where it is the stranger's that is sent again, since theirs came last."""
    register(visitor)
    register(visitor, password=NEW_PASSWORD)
    visitor.post("/auth/verify-email/resend", {"email": NEW})
    mine, _stale, strangers = [token_in(mail) for mail in mails(NEW)]
    answer = verify(visitor, strangers)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert rows("SELECT 1 FROM users") == []
    assert verify(visitor, mine).status_code == 204
    assert verify(visitor, strangers, NEW_PASSWORD).json()["code"] == "invalid_token"
    assert visitor.sign_in(NEW_PASSWORD).status_code == 401
    assert visitor.sign_in().status_code == 200


def test_a_link_works_once_and_not_for_ever(visitor: Caller) -> None:
    register(visitor)
    token = token_in(mails(NEW)[0])
    execute("UPDATE registrations SET expires_at = now()")
    assert verify(visitor, token).json()["code"] == "invalid_token"
    sweeper.house_keeping(30)
    assert rows("SELECT 1 FROM registrations") == []
    register(visitor)
    token = token_in(mails(NEW)[1])
    assert [verify(visitor, token).status_code for _ in range(2)] == [204, 422]


def test_of_many_who_confirm_at_once_one_makes_the_account(visitor: Caller) -> None:
    for _ in range(5):
        register(visitor)
    tokens = [token_in(mail) for mail in mails(NEW)]
    barrier = threading.Barrier(5)

    def go(token: str) -> int:
        barrier.wait()
        return verify(visitor, token).status_code

    with ThreadPoolExecutor() as pool:
        statuses = sorted(pool.map(go, tokens))
    assert statuses == [204, 422, 422, 422, 422]
    assert len(rows("SELECT 1 FROM accounts")) == len(rows("SELECT 1 FROM users")) == 1


def test_a_link_is_sent_again_and_the_one_before_stops_working(visitor: Caller, merchant: Caller) -> None:
    def resend(email: str) -> requests.Response:
        return visitor.post("/auth/verify-email/resend", {"email": email})

    register(visitor)
    waiting, unknown, known = resend(NEW), resend("bob@example.com"), resend(merchant.email)
    assert waiting.status_code == 204
    assert same(waiting, unknown)
    assert same(waiting, known)
    first, second = [token_in(mail) for mail in mails(NEW)]
    assert [mail["template"] for mail in mails("bob@example.com")] == ["not_registered"]
    assert [mail["template"] for mail in mails(merchant.email)] == ["already_registered"]
    assert verify(visitor, first).status_code == 422
    assert verify(visitor, second).status_code == 204


def test_who_left_every_account_may_register_again(
    visitor: Caller, merchant: Caller, make_member: Callable[[int, str], Caller]
) -> None:
    """As the user they were: else they could neither sign in nor register, for good."""
    former = make_member(merchant.account_id, "staff")
    left = in_body(former)
    execute("DELETE FROM memberships WHERE user_id = :id", id=former.user_id)
    assert request_reset(visitor, former.email).status_code == 204
    assert mails(former.email)[-1]["template"] == "no_account"
    assert register(visitor, email=former.email, password=NEW_PASSWORD).status_code == 204
    assert former.sign_in(NEW_PASSWORD).status_code == 401
    token = token_in(mails(former.email)[-1])
    assert verify(visitor, token, NEW_PASSWORD).status_code == 204
    assert refused(refresh(visitor, left))
    assert former.sign_in().status_code == 401
    assert former.sign_in(NEW_PASSWORD).status_code == 200
    me = former.get("/me")
    assert (me["user_id"], me["account_name"]) == (former.user_id, "Blue")
    assert [account["role"] for account in me["accounts"]] == ["owner"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"},
        {"email": "a@b@c.example"},
        {"email": "anna@example.com\nBcc: bob@example.com"},
        {"email": "ännä@example.com"},
        {"email": '"a\x1b[31m"@example.com'},
        {"email": "x" * 300 + "@example.com"},
        {"email": 7},
        {"password": "short"},
        {"password": "x" * 1001},
        {"password": "\ud800" * 10},
        {"password": None},
        {"account_name": "  "},
        {"account_name": "x" * 201},
        {"account_name": "a\0b"},
        {"time_zone": 1},
        {"role": "owner"},
    ],
)
def test_what_cannot_be_registered_is_refused_by_field(visitor: Caller, wrong: dict[str, Any]) -> None:
    document = {"email": NEW, "password": PASSWORD, "account_name": "Blue"} | wrong
    answer = visitor.post("/auth/register", document)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert list(answer.json()["errors"]["json"]) == list(wrong)
    ((found, *_),) = answer.json()["errors_said"]["json"].values()
    assert found["code"] in FAULTS
    assert rows("SELECT 1 FROM mails") == []


def test_what_is_wrong_with_a_field_is_told_to_programs_too(visitor: Caller) -> None:
    document = {"email": "nobody", "password": "short", "account_name": "Blue"}
    answer = visitor.post("/auth/register", document)
    assert answer.json()["errors_said"] == {
        "json": {
            "email": [{"code": "no_email", "values": {}}],
            "password": [{"code": "length_between", "values": {"least": 10, "most": 1000}}],
        }
    }


def test_nobody_is_pestered_with_mails(visitor: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAILS_TO", limits.Limit("test", 2, 10**9))
    asked = [
        register(visitor),
        visitor.post("/auth/password/reset", {"email": NEW.upper()}),
        visitor.post("/auth/verify-email/resend", {"email": NEW}),
    ]
    assert [answer.status_code for answer in asked] == [204, 204, 429]
    assert len(mails(NEW)) == 2
    assert register(visitor, email="bob@example.com").status_code == 204


def test_an_address_has_so_many_mails_sent_and_no_more(
    visitor: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAILS_BY_ADDRESS", limits.Limit("test", 1, 10**9))
    assert register(visitor).status_code == 204
    assert register(visitor, email="bob@example.com").status_code == 429


def test_tokens_are_not_to_be_tried_out(visitor: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TOKENS_OF_ADDRESS", limits.Limit("test", 3, 10**9))
    confirm = {"token": "x", "password": NEW_PASSWORD}
    assert verify(visitor, "x").status_code == 422
    assert visitor.post("/auth/password/reset/confirm", confirm).status_code == 422
    assert refused(refresh(visitor, "x"))
    assert verify(visitor, "x").status_code == 429


# --------------------------------------------------------------------------------------------- passwords


def request_reset(caller: Caller, email: str) -> requests.Response:
    return caller.post("/auth/password/reset", {"email": email})


def reset(caller: Caller, token: str, password: str = NEW_PASSWORD) -> requests.Response:
    return caller.post("/auth/password/reset/confirm", {"token": token, "password": password})


def test_a_password_is_set_by_a_mail_and_all_sessions_end(merchant: Caller) -> None:
    refresh_token, other = in_body(merchant), another_session(merchant)
    request_reset(merchant, merchant.email)
    token = token_in(mails(merchant.email)[0])
    assert reset(merchant, token).status_code == 204
    assert not works(merchant, merchant.token)
    assert not works(merchant, other)
    assert refused(refresh(merchant, refresh_token))
    assert reset(merchant, token).json()["code"] == "invalid_token"
    assert merchant.sign_in().status_code == 401
    assert merchant.sign_in(NEW_PASSWORD).status_code == 200
    assert [mail["template"] for mail in mails(merchant.email)] == ["reset_password", "security_notice"]
    [entry] = audited("user.password_changed")
    assert (entry.account_id, entry.detail) == (merchant.account_id, {"by": "mail"})


def test_of_many_links_that_are_used_at_once_one_sets_the_password(merchant: Caller) -> None:
    for _ in range(2):
        request_reset(merchant, merchant.email)
    tokens = [token_in(mail) for mail in mails(merchant.email)]
    barrier = threading.Barrier(4)

    def go(token: str) -> int:
        barrier.wait()
        return reset(merchant, token).status_code

    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(go, tokens * 2)) == [204, 422, 422, 422]


def test_no_answer_tells_whether_an_address_is_known(visitor: Caller, merchant: Caller) -> None:
    with statements() as for_known:
        known = request_reset(visitor, merchant.email)
    with statements() as for_unknown:
        unknown = request_reset(visitor, "bob@example.com")
    assert same(known, unknown)
    assert for_known == for_unknown
    [mail] = mails("bob@example.com")
    assert mail["template"] == "no_account"
    assert "token" not in mail["text"]


def test_only_the_links_of_an_unchanged_password_work(merchant: Caller) -> None:
    for _ in range(2):
        request_reset(merchant, merchant.email)
    first, second = [token_in(mail) for mail in mails(merchant.email)]
    assert reset(merchant, first, "short").status_code == 422
    assert reset(merchant, first).status_code == 204
    assert reset(merchant, second, PASSWORD).status_code == 422
    request_reset(merchant, merchant.email)
    third = token_in(mails(merchant.email)[-1])
    execute("UPDATE password_resets SET expires_at = now()")
    assert reset(merchant, third).status_code == 422
    sweeper.house_keeping(30)
    assert rows("SELECT 1 FROM password_resets") == []


def test_a_password_is_changed_by_the_old_one_and_other_sessions_end(merchant: Caller) -> None:
    request_reset(merchant, merchant.email)
    token, other = token_in(mails(merchant.email)[0]), another_session(merchant)

    def change(current: str, new: str) -> requests.Response:
        return merchant.post("/auth/password", {"current_password": current, "new_password": new})

    assert change("wrong", NEW_PASSWORD).json()["code"] == "wrong_password"
    assert change(PASSWORD, "short").status_code == 422
    assert works(merchant, other)
    assert change(PASSWORD, NEW_PASSWORD).status_code == 204
    assert works(merchant, merchant.token)
    assert not works(merchant, other)
    assert reset(merchant, token).status_code == 422
    assert merchant.sign_in(NEW_PASSWORD).status_code == 200
    assert [entry.detail for entry in audited("user.password_changed")] == [{"by": "password"}]


def test_a_stolen_access_token_does_not_find_out_the_password(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OWN_SECRETS", limits.Limit("test", 2, 10**9))
    document = {"current_password": "wrong", "new_password": NEW_PASSWORD}
    guesses = [merchant.post("/auth/password", document).status_code for _ in range(2)]
    assert guesses == [403, 403]
    for path in ("", "/disable", "/recovery-codes"):
        assert merchant.post(f"/auth/second-factor{path}", {"password": "wrong"}).status_code == 429
