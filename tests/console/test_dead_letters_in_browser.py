"""The way that support goes, in a real browser: from the sign-in to a dead letter to its audit entry."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.models import Connection
from app.services import events
from tests.api.conftest import Caller, rows
from tests.console.browser import in_a_browser, sign_in
from tests.console.failures import PERSON, kill_events, letter_of

pytestmark = in_a_browser


@pytest.mark.usefixtures("somebody")
def test_support_finds_a_dead_letter_reads_why_replays_it_and_sees_it_on_record(
    window: Page,
    see: Callable[[str], None],
    merchant: Caller,
    make_connection: Callable[..., Connection],
) -> None:
    connection = make_connection(merchant.account_id, name="Blue shop")
    wanted, other = kill_events(connection, 2)
    sign_in(window, "/admin/dead-letters/")
    see("list")
    window.get_by_role("link", name="By error").click()
    see("groups")
    window.get_by_role("link", name="2", exact=True).click()
    row = window.get_by_role("row").filter(has_text=f"event {wanted}")
    row.get_by_role("link").first.click()
    expect(window.get_by_text("Our code could not read what the shop sent", exact=False)).to_be_visible()
    expect(window.get_by_text("KeyError in _parse", exact=False).first).to_be_visible()
    expect(window.locator("details pre").first).to_contain_text("failures.py")
    assert PERSON not in window.content()
    see("letter")
    window.get_by_role("button", name="Replay").click()
    expect(window.get_by_role("heading", name="Replay 1 dead letter?")).to_be_visible()
    see("confirm")
    window.get_by_role("button", name="Replay").click()
    expect(window.get_by_role("status")).to_have_text("1 was put back to work.")
    expect(window.get_by_role("row").filter(has_text=f"event {wanted}")).to_have_count(0)
    expect(window.get_by_role("row").filter(has_text=f"event {other}")).to_have_count(1)
    events.process_one(wanted)
    assert [row.state for row in rows("SELECT state FROM inbound_events ORDER BY id")] == ["ignored", "dead"]
    window.goto("/admin/staff-actions/?action=dead_letter.replayed")
    expect(window.get_by_role("row").filter(has_text=f"dead_letter:{letter_of(wanted)}")).to_have_count(1)
    see("record")


@pytest.mark.usefixtures("somebody")
def test_support_gives_one_up_and_replays_the_rest(
    window: Page, see: Callable[[str], None], make_connection: Callable[..., Connection]
) -> None:
    ids = kill_events(make_connection(name="Blue shop"), 3)
    sign_in(window, "/admin/dead-letters/")
    window.get_by_role("row").filter(has_text=f"event {ids[0]}").get_by_role("checkbox").check()
    window.get_by_role("button", name="Discard those chosen").click()
    see("discard")
    window.get_by_label("Why nobody needs it").fill("It was a test.")
    window.get_by_role("button", name="Discard").click()
    expect(window.get_by_role("status")).to_have_text("1 was given up.")
    window.get_by_role("link", name="Replay all that match").click()
    see("all")
    window.get_by_role("button", name="Replay 2").click()
    expect(window.get_by_role("heading", name=re.compile("Replay .*: running"))).to_be_visible()
    see("progress")
    window.get_by_role("button", name="Stop it").click()
    expect(window.get_by_role("heading", name=re.compile("Replay .*: stopped"))).to_be_visible()
    window.goto("/admin/dead-letters/?state=mended")
    expect(window.get_by_text("Nothing matches these filters.")).to_be_visible()
    see("empty")
