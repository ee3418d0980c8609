"""What staff do is on record: for staff, and for the merchant whom it is about."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from app.services.staff.acting import COMMAND_LINE, Staff, record, record_about
from app.services.uow import unit_of_work
from tests.api.conftest import Caller, execute, rows
from tests.console.conftest import Browser, words_of
from tests.console.staff import ADDRESS


def do(staff: Staff, count: int, account_id: int | None = None) -> None:
    with unit_of_work() as uow:
        for number in range(count):
            record_about(
                uow.session,
                staff,
                "support.event_shown",
                f"thing:{number}",
                account_id=account_id,
                detail={"n": number},
            )
        uow.commit()


def test_an_action_about_an_account_is_in_its_audit_log_too(merchant: Caller, staff: Browser) -> None:
    [somebody] = rows("SELECT id FROM staff_users")
    do(Staff(somebody.id, ADDRESS, "192.0.2.1"), 1, merchant.account_id)
    [entry] = merchant.get("/audit-log", action="support.event_shown")["items"]
    assert (entry["actor"], entry["actor_name"]) == (f"staff:{somebody.id}", "SyncFlow support")
    assert (entry["subject"], entry["detail"]) == ("thing:0", {"n": 0})
    page = words_of(staff.get("/admin/staff-actions/", action="support.event_shown").text)
    assert f"A shop ({merchant.account_id})" in page
    assert "192.0.2.1" in page


def test_nothing_on_record_can_be_changed_or_removed() -> None:
    do(COMMAND_LINE, 1)
    for statement in (
        "UPDATE staff_actions SET action = 'x'",
        "DELETE FROM staff_actions",
        "TRUNCATE staff_actions",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            execute(statement)


def test_the_list_is_paged_filtered_and_says_when_it_is_empty(staff: Browser) -> None:
    do(COMMAND_LINE, 60)
    first = staff.get("/admin/staff-actions/", action="support.event_shown").text
    assert first.count("<tr>") == 51
    following = first.split('rel="next"')[0].split('href="')[-1].split('"')[0].replace("&amp;", "&")
    second = staff.get(following).text
    assert second.count("<tr>") == 11
    assert "thing:0" in second
    assert "First page" in second
    none = staff.get("/admin/staff-actions/", action="other").text
    assert "Nothing matches these filters." in none
    day = staff.get("/admin/staff-actions/", since="2100-01-01T00:00").text
    assert "Nothing matches" in day


@pytest.mark.parametrize(
    "query",
    [
        {"account_id": "x"},
        {"account_id": "9" * 30},
        {"since": "yesterday"},
        {"cursor": "no"},
        {"action": "x" * 201},
        {"action": "\0"},
    ],
)
def test_a_filter_that_cannot_be_used_is_said_and_the_page_stays(
    staff: Browser, query: dict[str, str]
) -> None:
    answer = staff.get("/admin/staff-actions/", **query)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'name="action"' in answer.text


def test_one_action_has_a_page_and_an_unknown_number_a_page_that_says_so(staff: Browser) -> None:
    do(COMMAND_LINE, 1)
    [action] = rows("SELECT id FROM staff_actions WHERE action = 'support.event_shown'")
    page = words_of(staff.get(f"/admin/staff-actions/{action.id}").text)
    assert "command line" in page
    assert "thing:0" in page
    for number in (action.id + 1000, 2**63, 2**80):
        answer = staff.get(f"/admin/staff-actions/{number}")
        assert answer.status_code == 404
        assert "nothing with this number" in answer.text


def test_what_is_on_record_is_shown_as_text(staff: Browser) -> None:
    with unit_of_work() as uow:
        record(uow.session, COMMAND_LINE, "<script>alert(1)</script>", "x:1", detail={"<b>": "<i>"})
        uow.commit()
    shown = staff.get("/admin/staff-actions/").text
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
