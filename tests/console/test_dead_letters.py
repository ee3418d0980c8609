"""Support finds what failed for good, reads why, and puts it back to work or gives it up."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest

from app.models import Connection
from app.services import events
from app.services.dead_letters import mass
from tests.api.conftest import Caller, execute, rows
from tests.console.conftest import Browser, words_of
from tests.console.failures import PERSON, kill_events, letter_of

LIST = "/admin/dead-letters/"


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id, name="Blue <b>shop</b>")


def test_without_any_the_pages_say_so(staff: Browser) -> None:
    assert "Nothing has failed for good." in words_of(staff.get(LIST).text)
    assert "Nothing has failed for good." in words_of(staff.get(f"{LIST}groups").text)
    assert "Nothing was replayed by a filter yet." in words_of(staff.get("/admin/replays/").text)
    assert staff.get(f"{LIST}1").status_code == 404


def test_a_dead_letter_tells_what_failed_why_and_what_helps(staff: Browser, connection: Connection) -> None:
    [event_id] = kill_events(connection)
    number = letter_of(event_id)
    listed = staff.get(LIST)
    assert f"event {event_id}" in words_of(listed.text)
    assert "<b>shop" not in listed.text
    page = staff.get(f"{LIST}{number}").text
    words = words_of(page)
    assert "Our code could not read what the shop sent" in words
    assert f"workers.jobs.process_event({event_id})" in words
    assert page.count("<details") - page.count('class="menu"') == 5
    assert "KeyError" in words
    assert "failures.py" in words  # where it happened
    assert '"customer"' in words.replace("&#34;", '"')
    assert PERSON not in page


def test_one_is_replayed_after_a_question_and_is_gone(staff: Browser, connection: Connection) -> None:
    [event_id] = kill_events(connection)
    number = letter_of(event_id)
    asked = staff.get(f"{LIST}confirm", what="replay", id=str(number))
    assert "Replay 1 dead letter?" in words_of(asked.text)
    assert rows("SELECT state FROM inbound_events")[0].state == "dead"
    answer = staff.post(f"{LIST}replay", {"id": str(number)}, seen=f"{LIST}confirm?what=replay&id={number}")
    assert answer.status_code == 302
    page = words_of(staff.get(LIST).text)
    assert "1 was put back to work." in page
    assert "Nothing has failed for good." in page
    assert rows("SELECT state FROM inbound_events")[0].state == "retrying"
    events.process_one(event_id)
    assert rows("SELECT state FROM inbound_events")[0].state == "ignored"
    [action] = rows("SELECT action, subject_id, about_account FROM staff_actions WHERE action LIKE 'dead%'")
    assert tuple(action) == ("dead_letter.replayed", str(number), connection.account_id)


def test_it_is_given_up_for_a_reason_only(staff: Browser, connection: Connection, merchant: Caller) -> None:
    [event_id] = kill_events(connection)
    number = letter_of(event_id)
    seen = f"{LIST}confirm?what=discard&id={number}"
    assert staff.post(f"{LIST}discard", {"id": str(number), "reason": " "}, seen=seen).status_code == 422
    assert (
        staff.post(f"{LIST}discard", {"id": str(number), "reason": "A test."}, seen=seen).status_code == 302
    )
    assert "Nothing has failed for good." in words_of(staff.get(LIST).text)
    assert "A test." in words_of(staff.get(f"{LIST}{number}").text)
    assert f"event {event_id}" in words_of(staff.get(LIST, state="discarded").text)
    [entry] = merchant.get("/audit-log", action="dead_letter.discarded")["items"]
    assert entry["detail"]["reason"] == "A test."
    assert entry["actor_name"] == "SyncFlow support"


def test_several_are_chosen_together(staff: Browser, connection: Connection) -> None:
    numbers = [str(letter_of(event_id)) for event_id in kill_events(connection, 3)]
    seen = f"{LIST}confirm?what=replay&id={numbers[0]}&id={numbers[1]}"
    assert "Replay 2 dead letters?" in words_of(staff.get(seen).text)
    token = staff.get(seen).text.split('name="csrf" value="')[-1].split('"')[0]
    answer = staff.session.post(
        f"{staff.base_url}{LIST}replay",
        data={"csrf": token, "id": numbers[:2]},
        allow_redirects=False,
        timeout=60,
    )
    assert answer.status_code == 302
    assert [row.state for row in rows("SELECT state FROM inbound_events ORDER BY id")] == [
        "retrying",
        "retrying",
        "dead",
    ]


def test_all_that_match_are_replayed_in_the_background_and_can_be_stopped(
    staff: Browser, connection: Connection
) -> None:
    kill_events(connection, 3)
    seen = f"{LIST}confirm-all?kind=event"
    assert "Replay all 3 that match?" in words_of(staff.get(seen).text)
    answer = staff.post(f"{LIST}replay-all", {"kind": "event", "per_second": "1"}, seen=seen)
    assert answer.status_code == 302
    page = answer.headers["Location"]
    twice = staff.post(f"{LIST}replay-all", {"kind": "event", "per_second": "1"}, seen=seen)
    assert twice.status_code == 409
    assert "under way" in twice.text
    assert "sam@syncflow.example" in staff.get(page).text
    mass.step()
    assert "put back to work 1" in words_of(staff.get(page).text)
    assert staff.post(f"{page}/stop", seen=page).status_code == 302
    assert "Replay" in words_of(staff.get(page).text)
    assert "stopped" in words_of(staff.get(page).text)
    mass.step()
    states = sorted(row.state for row in rows("SELECT state FROM inbound_events"))
    assert states == ["dead", "dead", "retrying"]
    done = [
        row.action for row in rows("SELECT action FROM staff_actions WHERE action LIKE 'dead%' ORDER BY id")
    ]
    assert done == ["dead_letter.many_replayed", "dead_letter.replay_stopped"]


def test_what_else_an_address_says_goes_nowhere(staff: Browser, connection: Connection) -> None:
    kill_events(connection, 1)
    planted = {"kind": "event", "_scheme": "javascript", "_external": "1", "method": "x", "csrf": "planted"}
    answer = staff.get(f"{LIST}confirm-all", **planted)
    assert answer.status_code == 200
    assert "javascript" not in answer.text
    assert "planted" not in answer.text
    assert f'href="{LIST}?kind=event"' in answer.text


def test_errors_are_grouped_and_lead_to_their_letters(staff: Browser, connection: Connection) -> None:
    ids = kill_events(connection, 2)
    execute("UPDATE dead_letters SET error_class = 'TypeError' WHERE subject_id = :id", id=ids[0])
    page = staff.get(f"{LIST}groups").text
    assert page.count("<tr>") == 3
    [to] = re.findall(r'href="([^"]*error_class=TypeError[^"]*)"', unescape(page))
    listed = words_of(staff.get(to).text)
    assert f"event {ids[0]}" in listed
    assert f"event {ids[1]}" not in listed


@pytest.mark.parametrize(
    "query",
    [
        "confirm",
        "confirm?what=replay",
        "confirm?what=eat&id=1",
        "confirm?what=replay&id=x",
        f"confirm?what=replay&id={2**63}",
        "confirm-all?account_id=x",
        "confirm-all?failed_after=yesterday",
        "?state=alive",
        f"?account_id={2**64}",
        "?cursor=x",
    ],
)
def test_what_makes_no_sense_is_refused(staff: Browser, query: str) -> None:
    assert staff.get(f"{LIST}{query}").status_code in (400, 422)


def test_numbers_of_nothing_do_nothing(staff: Browser) -> None:
    assert "None of them is there any more." in words_of(staff.get(f"{LIST}confirm?what=replay&id=7").text)
    assert "Nothing matches." in words_of(staff.get(f"{LIST}confirm-all?account_id=7").text)
    for form in ({"id": "7"}, {"id": str(2**62)}):
        assert staff.post(f"{LIST}replay", form, seen="/admin/").status_code == 302
    assert staff.post(f"{LIST}replay-all", {"per_second": "0"}, seen="/admin/").status_code == 422
    assert staff.post(f"{LIST}replay-all", {"per_second": "²"}, seen="/admin/").status_code == 422
    assert staff.post("/admin/replays/7/stop", seen="/admin/").status_code == 404
    assert rows("SELECT 1 FROM staff_actions WHERE action LIKE 'dead%'") == []
