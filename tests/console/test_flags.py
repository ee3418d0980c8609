"""What operators switch off is off, for everybody or for one account, and on record."""

from __future__ import annotations

from collections.abc import Callable

import requests

from tests.api.conftest import Caller, rows
from tests.console.conftest import Browser, words_of


def switch(staff: Browser, flag: str, to: str, **form: str) -> int:
    document = {"reason": "a test", **form}
    return staff.post(f"/admin/flags/{flag}/{to}", document, seen="/admin/flags/").status_code


def register(staff: Browser, email: str) -> requests.Response:
    form = {"email": email, "password": "correct horse battery", "account_name": "A shop"}
    return requests.post(f"{staff.base_url}/api/v1/auth/register", json=form, timeout=60)


def test_nobody_registers_while_it_is_switched_off(staff: Browser) -> None:
    assert register(staff, "a@example.com").status_code == 204
    assert switch(staff, "registrations", "off") == 302
    refused = register(staff, "b@example.com")
    assert (refused.status_code, refused.json()["code"]) == (403, "switched_off")
    assert [row.email for row in rows("SELECT email FROM registrations")] == ["a@example.com"]
    assert switch(staff, "registrations", "on") == 302
    assert register(staff, "b@example.com").status_code == 204
    done = rows(
        "SELECT action, subject_id, detail FROM staff_actions WHERE subject_kind = 'flag' ORDER BY id"
    )
    assert [(row.action, row.subject_id, row.detail) for row in done] == [
        ("flag.switched_off", "registrations", {"reason": "a test"}),
        ("flag.switched_on", "registrations", {"reason": "a test"}),
    ]


def test_an_account_may_be_an_exception(staff: Browser, make_merchant: Callable[[], Caller]) -> None:
    one, other = make_merchant(), make_merchant()
    assert switch(staff, "sample_data", "off", account_id=str(one.account_id)) == 302
    assert one.post("/sample-data").json()["code"] == "switched_off"
    assert other.post("/sample-data").status_code == 200
    [entry] = one.get("/audit-log", action="flag.switched_off")["items"]
    assert entry["subject"] == "flag:sample_data"
    shown = words_of(staff.get("/admin/flags/").text)
    assert f"A shop ({one.account_id}): off" in shown
    path = f"/admin/flags/sample_data/forget/{one.account_id}"
    assert staff.post(path, seen="/admin/flags/").status_code == 302
    assert one.post("/sample-data").status_code == 200


def test_what_cannot_be_switched_is_said(staff: Browser, merchant: Caller) -> None:
    assert switch(staff, "nothing", "off") == 404
    assert switch(staff, "sample_data", "off", account_id="999999") == 404
    assert switch(staff, "registrations", "off", account_id=str(merchant.account_id)) == 422
    assert switch(staff, "sample_data", "off", account_id="x") == 422
    assert switch(staff, "sample_data", "off", reason="") == 422
    assert switch(staff, "sample_data", "sideways") == 404
    assert rows("SELECT 1 FROM flag_settings") == []
