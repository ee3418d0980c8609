"""Idempotency-Key: sent again, a call is answered as before and done once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet
from flask import Flask

from app.services import idempotency
from app.services.credentials import rotate_keys
from app.services.sweeper import house_keeping
from tests.api.conftest import Caller, execute, rows
from tests.api.mails import mails, token_in


def make(caller: Caller, name: str = "Attic", key: str = "k1", **headers: str) -> requests.Response:
    return caller.call("POST", "/locations", json={"name": name}, headers={"Idempotency-Key": key, **headers})


def names() -> list[str]:
    return sorted(row.name for row in rows("SELECT name FROM locations"))


def test_the_same_again_is_done_once_and_answered_as_before(merchant: Caller) -> None:
    first, again = make(merchant), make(merchant)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert names() == ["Attic"]


def test_a_refusal_is_an_answer_too(merchant: Caller) -> None:
    make(merchant, key="other")
    first = make(merchant, key="k1")
    assert first.status_code == 409
    execute("DELETE FROM locations")
    again = make(merchant, key="k1")
    assert (again.status_code, again.content) == (409, first.content)
    assert names() == []


def test_a_key_with_another_request_is_refused(merchant: Caller) -> None:
    make(merchant)
    for other in (
        make(merchant, "Cellar"),
        merchant.call("POST", "/counts", json={}, headers={"Idempotency-Key": "k1"}),
    ):
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert names() == ["Attic"]


def test_a_key_is_its_callers_own(
    merchant: Caller, make_merchant: Callable[[], Caller], make_member: Callable[[int, str], Caller]
) -> None:
    make(merchant, "Attic")
    assert make(make_merchant(), "Attic").status_code == 201
    assert make(make_member(merchant.account_id, "admin"), "Cellar").status_code == 201
    assert names() == ["Attic", "Attic", "Cellar"]


def test_what_is_under_way_is_not_begun_again(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, go_on = threading.Event(), threading.Event()
    put_down = idempotency.put_down

    def slow(*args: Any) -> None:
        under_way.set()
        assert go_on.wait(10)
        put_down(*args)

    monkeypatch.setattr(idempotency, "put_down", slow)
    answers: list[requests.Response] = []
    thread = threading.Thread(target=lambda: answers.append(make(merchant)))
    thread.start()
    assert under_way.wait(10)
    second = make(merchant)
    go_on.set()
    thread.join()
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_flight")
    assert second.headers["Retry-After"] == "1"
    assert answers[0].status_code == 201
    monkeypatch.undo()
    assert make(merchant).content == answers[0].content


def test_what_died_half_way_can_be_tried_again_once_its_lease_ran_out(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        idempotency, "put_down", lambda *_args: None
    )  # killed between its commit and the note
    assert make(merchant).status_code == 201  # it was done, and says so
    monkeypatch.undo()
    assert make(merchant).json()["code"] == "idempotency_in_flight"
    execute("UPDATE idempotent_calls SET leased_until = now() - interval '1 second'")
    assert make(merchant).json()["code"] == "conflict"  # it was done


def test_a_fault_of_ours_is_not_kept(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("app.services.locations.create_location", broken)
        assert make(merchant).status_code == 500
    assert make(merchant).status_code == 201


def test_who_may_not_does_not_use_a_key_up(
    merchant: Caller, make_member: Callable[[int, str], Caller]
) -> None:
    viewer = make_member(merchant.account_id, "viewer")
    assert make(viewer).status_code == 403
    execute("UPDATE memberships SET role = 'admin' WHERE user_id = :id", id=viewer.user_id)
    assert make(viewer).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "b\xfcrste"])
def test_a_key_that_cannot_be_used_is_refused(merchant: Caller, key: str) -> None:
    answer = make(merchant, key=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert names() == []


@pytest.mark.parametrize("path", ["/imports/catalog", "/counts/1/sheet"])
@pytest.mark.parametrize("said", [{"Content-Type": "application/json"}, {"Content-Type": "text/csv"}])
@pytest.mark.parametrize("pieces", [True, False])
def test_a_file_is_not_read_for_its_key(
    merchant: Caller, path: str, said: dict[str, str], pieces: bool
) -> None:
    """Whatever it says of its type and length: else 256 MB would be in memory at once."""
    body = b"sku,title\nA,Thing\n"
    headers = {"Idempotency-Key": "k1", **said}
    answer = merchant.call("POST", path, data=iter([body]) if pieces else body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "JSON" in answer.json()["detail"]
    assert rows("SELECT 1 FROM idempotent_calls") == []


def test_reading_needs_no_key(merchant: Caller) -> None:
    assert merchant.call("GET", "/locations", headers={"Idempotency-Key": "k1"}).status_code == 200
    assert rows("SELECT 1 FROM idempotent_calls") == []


def test_answers_and_mails_outlive_the_key_that_they_were_sealed_by(
    app: Flask, merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make(merchant)
    merchant.post("/auth/password/reset", {"email": merchant.email})
    settings, new = app.extensions["settings"], Fernet.generate_key().decode()
    keys = (new, *settings.credential_keys)
    monkeypatch.setitem(app.extensions, "settings", replace(settings, credential_keys=keys))
    assert rotate_keys() == 2
    monkeypatch.setitem(app.extensions, "settings", replace(settings, credential_keys=(new,)))
    assert make(merchant).content == first.content
    assert token_in(mails(merchant.email)[0])


def test_answers_are_kept_encrypted_and_for_a_day(merchant: Caller) -> None:
    make(merchant)
    (row,) = rows("SELECT answer FROM idempotent_calls")
    assert b"Attic" not in bytes(row.answer)
    execute("UPDATE idempotent_calls SET created_at = now() - interval '25 hours'")
    assert make(merchant, "Cellar").status_code == 201  # whether or not it was purged meanwhile
    execute("UPDATE idempotent_calls SET created_at = now() - interval '25 hours'")
    house_keeping(30)
    assert rows("SELECT 1 FROM idempotent_calls") == []
