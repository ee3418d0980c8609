"""One-time codes: asked for once confirmed, each taken once, and not to be guessed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import requests
from cryptography.fernet import Fernet
from flask import current_app
from sqlalchemy import text

from app.services import one_time_codes, second_factor
from app.services.auth import Person
from app.services.credentials import Vault
from app.services.one_time_codes import TooManyCodes, WrongCode
from app.services.second_factor import reseal_secrets
from app.services.uow import unit_of_work
from tests.api.conftest import PASSWORD, Caller, rows
from tests.api.mails import mails
from tests.api.test_sessions import audited

STEP = 30


def sign_in(merchant: Caller, code: str | None = None, password: str = PASSWORD) -> requests.Response:
    document = {"email": merchant.email, "password": password} | ({"code": code} if code else {})
    return merchant.post("/auth/login", document)


def enrol(merchant: Caller) -> pyotp.TOTP:
    answer = merchant.post("/auth/second-factor", {"password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return pyotp.TOTP(answer.json()["secret"])


def enable(merchant: Caller) -> tuple[pyotp.TOTP, list[str]]:
    """With a code of the past 30 seconds, so that those of now and next can still be taken."""
    totp, now = enrol(merchant), time.time()
    person = Person(merchant.user_id, merchant.email, merchant.account_id, session_id=0)
    return totp, second_factor.confirm(person, totp.at(now - STEP), clock=lambda: now)


def wrong_for(totp: pyotp.TOTP) -> str:
    """A code that is not one of about now."""
    near = {totp.at(time.time() + steps * STEP) for steps in range(-3, 4)}
    return next(code for code in map(str, range(333333, 333343)) if code not in near)


def test_an_enrolment_says_what_an_app_needs(merchant: Caller) -> None:
    answer = merchant.post("/auth/second-factor", {"password": PASSWORD})
    found = answer.json()
    parts = urlsplit(found["uri"])
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query)["secret"] == [found["secret"]]
    assert parse_qs(parts.query)["issuer"] == ["SyncFlow"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert found["secret"].encode() not in bytes(rows("SELECT secret FROM second_factors")[0].secret)


def test_codes_are_asked_for_once_one_was_confirmed(merchant: Caller) -> None:
    totp = enrol(merchant)
    assert sign_in(merchant).status_code == 200
    refused = merchant.post("/auth/second-factor/confirm", {"code": wrong_for(totp)})
    assert refused.json()["code"] == "wrong_code"
    assert sign_in(merchant).status_code == 200
    totp, codes = enable(merchant)
    assert len(set(codes)) == 10
    assert merchant.get("/auth/second-factor") == {"enabled": True, "recovery_codes_left": 10}
    needed = sign_in(merchant)
    assert (needed.status_code, needed.json()["code"]) == (401, "second_factor_needed")
    assert sign_in(merchant, totp.now(), password="wrong").json()["code"] == "wrong_credentials"
    assert sign_in(merchant, wrong_for(totp)).json()["code"] == "wrong_code"
    assert sign_in(merchant, totp.now()).status_code == 200
    assert len(audited("user.second_factor_enabled")) == 1
    assert [mail["template"] for mail in mails(merchant.email)] == ["security_notice"]


def test_a_code_is_taken_once_and_none_before_it(merchant: Caller) -> None:
    totp, _codes = enable(merchant)
    now = time.time()
    second_factor.spend(merchant.user_id, totp.at(now), clock=lambda: now)
    for used in (totp.at(now), totp.at(now - STEP)):
        with pytest.raises(WrongCode):
            second_factor.spend(merchant.user_id, used, clock=lambda: now)
    second_factor.spend(merchant.user_id, totp.at(now + STEP), clock=lambda: now)


def test_the_code_that_confirmed_does_not_sign_in(merchant: Caller) -> None:
    totp = enrol(merchant)
    code = totp.now()
    confirmed = merchant.post("/auth/second-factor/confirm", {"code": code})
    assert len(confirmed.json()["recovery_codes"]) == 10
    assert sign_in(merchant, code).json()["code"] == "wrong_code"


def test_of_many_with_one_code_one_signs_in(merchant: Caller) -> None:
    totp, _codes = enable(merchant)
    barrier, code = threading.Barrier(3), totp.now()

    def go() -> int:
        barrier.wait()
        return sign_in(merchant, code).status_code

    with ThreadPoolExecutor() as pool:
        statuses = sorted(future.result() for future in [pool.submit(go) for _ in range(3)])
    assert statuses == [200, 403, 403]


def test_codes_of_other_times_are_wrong(merchant: Caller) -> None:
    totp, _codes = enable(merchant)
    now = time.time() + 100 * STEP
    for steps in (-2, 2):
        code = totp.at(now + steps * STEP)
        if code not in {totp.at(now + near * STEP) for near in (-1, 0, 1)}:
            with pytest.raises(WrongCode):
                second_factor.spend(merchant.user_id, code, clock=lambda: now)


def test_codes_cannot_be_guessed(merchant: Caller) -> None:
    totp, codes = enable(merchant)
    now = float(int(time.time()))

    def spend(code: str, at: float) -> None:
        second_factor.spend(merchant.user_id, code, clock=lambda: at)

    for _ in range(one_time_codes.MOST_FAILURES):
        with pytest.raises(WrongCode):
            spend(wrong_for(totp), now)
    for code in (totp.at(now), codes[0]):
        with pytest.raises(TooManyCodes) as caught:
            spend(code, now)
    assert 0 < caught.value.retry_after <= one_time_codes.LOCK_SECONDS
    assert sign_in(merchant, totp.now()).status_code == 429
    assert "Retry-After" in sign_in(merchant, totp.now()).headers

    later = now + one_time_codes.LOCK_SECONDS + 1
    with pytest.raises(WrongCode):
        spend("000000" if totp.at(later) != "000000" else "111111", later)
    with pytest.raises(TooManyCodes):
        spend(totp.at(later), later)
    much_later = later + one_time_codes.LOCK_SECONDS + 1
    spend(totp.at(much_later), much_later)
    assert rows("SELECT failures, locked_until FROM second_factors") == [(0, None)]


def test_a_recovery_code_stands_in_once_however_it_is_typed(merchant: Caller) -> None:
    _totp, codes = enable(merchant)
    kept = rows("SELECT code_hash FROM recovery_codes")
    assert all(len(bytes(row.code_hash)) == 32 for row in kept)
    assert sign_in(merchant, codes[0]).status_code == 200
    assert sign_in(merchant, codes[0]).json()["code"] == "wrong_code"
    assert sign_in(merchant, codes[1].lower().replace("-", " ")).status_code == 200
    assert merchant.get("/auth/second-factor")["recovery_codes_left"] == 8


def test_recovery_codes_are_renewed_by_the_password(merchant: Caller) -> None:
    path = "/auth/second-factor/recovery-codes"
    assert merchant.post(path, {"password": PASSWORD}).status_code == 409
    _totp, old = enable(merchant)
    assert merchant.post(path, {"password": "wrong"}).json()["code"] == "wrong_password"
    new = merchant.post(path, {"password": PASSWORD}).json()["recovery_codes"]
    assert not set(new) & set(old)
    assert sign_in(merchant, old[0]).status_code == 403
    assert sign_in(merchant, new[0]).status_code == 200
    assert "recovery codes" in mails(merchant.email)[-1]["text"]


def test_the_second_factor_is_turned_off_by_the_password(merchant: Caller) -> None:
    enable(merchant)
    assert merchant.post("/auth/second-factor", {"password": PASSWORD}).status_code == 409
    assert merchant.post("/auth/second-factor/disable", {"password": "wrong"}).status_code == 403
    assert sign_in(merchant).status_code == 401
    for _ in range(2):
        assert merchant.post("/auth/second-factor/disable", {"password": PASSWORD}).status_code == 204
    assert sign_in(merchant).status_code == 200
    assert merchant.get("/auth/second-factor") == {"enabled": False, "recovery_codes_left": 0}
    assert len(audited("user.second_factor_disabled")) == 1


def test_it_is_turned_off_while_a_recovery_code_is_taken(merchant: Caller) -> None:
    """Neither waits for the other for good."""
    enable(merchant)
    with ThreadPoolExecutor() as pool, unit_of_work() as uow:
        uow.session.execute(text("SELECT 1 FROM second_factors FOR UPDATE"))
        off = pool.submit(merchant.post, "/auth/second-factor/disable", {"password": PASSWORD})
        while not rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
            pass
        taken = text("DELETE FROM recovery_codes WHERE id = (SELECT min(id) FROM recovery_codes)")
        uow.session.execute(taken)
        uow.commit()
        assert off.result().status_code == 204
    assert rows("SELECT 1 FROM recovery_codes") == []


def test_no_secret_is_kept_for_a_call_that_may_be_sent_again(merchant: Caller) -> None:
    for _ in range(2):
        answer = merchant.call(
            "POST", "/auth/second-factor", json={"password": PASSWORD}, headers={"Idempotency-Key": "k"}
        )
        assert answer.status_code == 200
        assert "Idempotent-Replayed" not in answer.headers
    assert rows("SELECT 1 FROM idempotent_calls") == []


def test_an_enrolment_that_was_not_confirmed_can_be_made_anew(merchant: Caller) -> None:
    enrol(merchant)
    enable(merchant)
    assert merchant.post("/auth/second-factor/confirm", {"code": "123456"}).status_code == 409


def test_secrets_survive_a_new_key(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    totp, _codes = enable(merchant)
    [old_key] = current_app.extensions["settings"].credential_keys
    new_key = Fernet.generate_key().decode()
    monkeypatch.setattr(one_time_codes, "vault", lambda: Vault([new_key, old_key]))
    assert reseal_secrets() == 1
    monkeypatch.setattr(one_time_codes, "vault", lambda: Vault([new_key]))
    second_factor.spend(merchant.user_id, totp.now())


@pytest.mark.parametrize("code", ["", "12345", "1234567" * 8, "12345\ud800", "123456\0", 123456, None])
def test_what_is_no_code_is_refused(merchant: Caller, code: Any) -> None:
    enrol(merchant)
    assert merchant.post("/auth/second-factor/confirm", {"code": code}).status_code == 422
    assert rows("SELECT failures FROM second_factors") == [(0,)]
