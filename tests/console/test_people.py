"""Support finds accounts and users without seeing who they are, and may look at an account, no more."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import requests
from flask import Flask

from app.api.policy import FOR_PEOPLE, NOT_FOR_SUPPORT, POLICY, RANKS, Access
from app.services.queries.people import masked_address
from app.services.staff import people
from tests.api.conftest import Caller, execute, rows
from tests.console.conftest import Browser, words_of
from tests.console.staff import ADDRESS

Merchants = Callable[[], Caller]


def begin_visit(staff: Browser, account_id: int, minutes: str = "15") -> str:
    answer = staff.post(
        f"/admin/accounts/{account_id}/visit",
        {"reason": "ticket 12", "minutes": minutes},
        seen=f"/admin/accounts/{account_id}",
    )
    assert answer.status_code == 200, words_of(answer.text)
    token = re.search(r'<code id="token">([\w-]+)</code>', answer.text)
    assert token is not None
    return token[1]


def call(staff: Browser, token: str, path: str, method: str = "GET") -> requests.Response:
    return requests.request(
        method,
        f"{staff.base_url}{path}",
        headers={"Authorization": f"Bearer {token}"},
        json={} if method != "GET" else None,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("jane@example.com", "j***@e***.com"),
        ("j@shop.example.co", "j***@s***.co"),
        ("root@localhost", "r***@l***"),
        ("nobody", "n***@***"),
    ],
)
def test_an_address_is_masked(address: str, masked: str) -> None:
    assert masked_address(address) == masked


def test_accounts_are_found_by_name_number_and_a_members_address(
    staff: Browser, make_merchant: Merchants
) -> None:
    one, other = make_merchant(), make_merchant()
    execute("UPDATE accounts SET name = 'Blue 100%_Shop' WHERE id = :id", id=one.account_id)
    execute("UPDATE users SET email = 'jane.doe@example.com' WHERE id = :id", id=one.user_id)

    def found(**query: str) -> set[int]:
        page = staff.get("/admin/accounts/", **query)
        assert page.status_code == 200
        assert "jane" not in re.sub(r'value="[^"]*"', "", page.text)
        return {int(number) for number in re.findall(r'href="/admin/accounts/(\d+)"', page.text)}

    assert found() == {one.account_id, other.account_id}
    assert found(name="blue 100%_s") == {one.account_id}
    assert found(name="%") == {one.account_id}
    assert found(account_id=str(other.account_id)) == {other.account_id}
    assert found(email="Jane.Doe@example.com") == {one.account_id}
    assert found(email="jane.doe@") == set()
    account = staff.get(f"/admin/accounts/{one.account_id}").text
    assert "j***@e***.com" in account
    assert "jane" not in account
    user = staff.get(f"/admin/users/{one.user_id}").text
    assert "j***@e***.com" in user
    assert "Blue 100%_Shop" in user
    users = staff.get("/admin/users/", email="jane.doe@example.com").text
    assert re.findall(r'href="/admin/users/(\d+)"', users) == [str(one.user_id)]


def test_a_visit_reads_the_account_and_both_audit_logs_tell(staff: Browser, make_merchant: Merchants) -> None:
    merchant, other = make_merchant(), make_merchant()
    token = begin_visit(staff, merchant.account_id)
    assert token not in str(rows("SELECT * FROM support_visits"))
    answer = call(staff, token, "/api/v1/account")
    assert (answer.status_code, answer.json()["id"]) == (200, merchant.account_id)
    entries = merchant.get("/audit-log", action="support.visit_begun")["items"]
    assert [entry["detail"] for entry in entries] == [{"reason": "ticket 12", "minutes": 15}]
    assert entries[0]["actor_name"] == "SyncFlow support"
    assert other.get("/audit-log", action="support.visit_begun")["items"] == []
    [action] = rows("SELECT * FROM staff_actions WHERE action = 'support.visit_begun'")
    assert (action.about_account, action.address) == (merchant.account_id, "127.0.0.1")
    assert token not in str(action)
    shown = words_of(staff.get(f"/admin/accounts/{merchant.account_id}").text)
    assert "ticket 12" in shown


def test_a_visit_reaches_nothing_but_what_a_viewer_may_read(
    app: Flask, staff: Browser, make_merchant: Merchants
) -> None:
    """Every route of the URL map, by every method."""
    merchant = make_merchant()
    token = begin_visit(staff, merchant.account_id)
    execute("UPDATE support_visits SET used_at = now()")
    reached = set()
    for rule in app.url_map.iter_rules():
        if POLICY.get(rule.endpoint, Access.PUBLIC) is Access.PUBLIC:
            continue
        path = re.sub(r"<[^>]*>", "1", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = call(staff, token, path, method)
            if answer.status_code != 403:
                reached.add((rule.endpoint, method))
    assert reached
    assert {method for _endpoint, method in reached} == {"GET"}
    endpoints = {endpoint for endpoint, _method in reached}
    assert not endpoints & (set(FOR_PEOPLE) | NOT_FOR_SUPPORT)
    assert {POLICY[endpoint] for endpoint in endpoints} == {RANKS["viewer"]}
    everything = {endpoint for endpoint in POLICY if ".export_" in endpoint and endpoint not in FOR_PEOPLE}
    assert everything == NOT_FOR_SUPPORT
    audit = merchant.get("/audit-log")["items"]
    assert [entry["action"] for entry in audit] == ["support.visit_begun"]


@pytest.mark.parametrize(
    "end",
    [
        lambda staff, visit: staff.post(f"/admin/accounts/visits/{visit}/end", seen="/admin/"),
        lambda staff, visit: execute("UPDATE support_visits SET expires_at = now()"),
        lambda staff, visit: people.disable(ADDRESS),
        lambda staff, visit: people.reset_second_factor(ADDRESS),
    ],
    ids=["ended", "expired", "staff member disabled", "phone lost"],
)
def test_a_visit_is_over_at_once(
    staff: Browser, make_merchant: Merchants, end: Callable[[Browser, int], object]
) -> None:
    merchant = make_merchant()
    token = begin_visit(staff, merchant.account_id)
    assert call(staff, token, "/api/v1/account").status_code == 200
    [visit] = rows("SELECT id FROM support_visits")
    end(staff, visit.id)
    assert call(staff, token, "/api/v1/account").status_code == 401
    over = rows("SELECT ended_at FROM support_visits")[0].ended_at is not None
    assert len(merchant.get("/audit-log", action="support.visit_ended")["items"]) == int(over)


def test_another_visit_to_the_account_ends_the_first(staff: Browser, make_merchant: Merchants) -> None:
    merchant, other = make_merchant(), make_merchant()
    first, elsewhere = begin_visit(staff, merchant.account_id), begin_visit(staff, other.account_id)
    second = begin_visit(staff, merchant.account_id)
    statuses = [call(staff, token, "/api/v1/account").status_code for token in (first, elsewhere, second)]
    assert statuses == [401, 200, 200]
    [ended] = merchant.get("/audit-log", action="support.visit_ended")["items"]
    [visit] = rows("SELECT id FROM support_visits WHERE ended_at IS NOT NULL")
    assert ended["subject"] == f"visit:{visit.id}"
    assert other.get("/audit-log", action="support.visit_ended")["items"] == []


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"minutes": "15"}, 422),
        ({"reason": " ", "minutes": "15"}, 422),
        ({"reason": "x", "minutes": "600"}, 422),
        ({"reason": "x"}, 422),
    ],
)
def test_a_visit_needs_a_reason_and_a_time(
    staff: Browser, merchant: Caller, form: dict[str, str], status: int
) -> None:
    answer = staff.post(f"/admin/accounts/{merchant.account_id}/visit", form, seen="/admin/")
    assert answer.status_code == status
    assert rows("SELECT 1 FROM support_visits") == []


def test_what_does_not_exist_is_said(staff: Browser) -> None:
    form = {"reason": "x", "minutes": "15"}
    for path in ("/admin/accounts/999999", "/admin/users/999999"):
        assert staff.get(path).status_code == 404
    assert staff.post("/admin/accounts/999999/visit", form, seen="/admin/").status_code == 404
    assert staff.post("/admin/accounts/visits/999999/end", seen="/admin/").status_code == 404


def test_an_accounts_audit_log_is_shown_without_addresses(staff: Browser, merchant: Caller) -> None:
    assert "Enter an account" in staff.get("/admin/audit-log/").text
    execute(
        "INSERT INTO audit_log (account_id, actor, action, subject, detail) VALUES"
        " (:account, :actor, 'member.invited', 'x:1', '{\"to\": [\"jane@example.com\"]}')",
        account=merchant.account_id,
        actor=f"user:{merchant.user_id}",
    )
    page = staff.get("/admin/audit-log/", account_id=str(merchant.account_id), action="member.invited").text
    assert "member.invited" in page
    assert "jane@example.com" not in page
    assert merchant.email not in page
    assert masked_address(merchant.email) in page
