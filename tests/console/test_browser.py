"""The console in a real browser: signing in, and every view without a word in the browser's console, on wide
and on narrow screens, with a name for everything that can be used."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask
from playwright.sync_api import BrowserContext, Page

from app.services.staff.acting import COMMAND_LINE, record_about
from app.services.uow import unit_of_work
from tests.api.conftest import Caller, rows
from tests.console.browser import NARROW, TOO_WIDE, WIDE, in_a_browser, keep_picture, sign_in

USED = "a, button, input:not([type=hidden]), select, textarea, summary"
UNNAMED = f"""
() => [...document.querySelectorAll('{USED}')].filter(one => {{
    const label = one.labels && [...one.labels].some(each => each.textContent.trim());
    return !label && !(one.textContent || one.getAttribute('aria-label') || '').trim();
}}).map(one => one.outerHTML)
"""
HEADINGS = "() => [...document.querySelectorAll('h1, h2, h3')].map(one => one.tagName)"

pytestmark = in_a_browser


def test_one_signs_in_pauses_a_queue_and_sees_it_on_record(
    context: BrowserContext, somebody: str, said: list[str]
) -> None:
    page = context.new_page()
    sign_in(page, "/admin/queues/push")
    assert page.locator("h1").inner_text() == "Queue push"
    page.get_by_label("Reason").fill("a rehearsal")
    page.get_by_role("button", name="Pause this queue").click()
    assert "take nothing more from push" in page.get_by_role("status").inner_text()
    page.get_by_role("link", name="Home", exact=True).locator("visible=true").click()
    assert "By sam@syncflow.example: a rehearsal" in page.locator("main").inner_text()
    page.get_by_role("link", name="Staff actions").locator("visible=true").click()
    page.get_by_label("Action").fill("queue.paused")
    page.get_by_role("button", name="Filter").click()
    assert "a rehearsal" in page.locator("table").inner_text()
    page.get_by_role("link", name=re.compile(r"^\d{4}-")).click()
    assert page.locator("h1").inner_text() == "queue.paused"
    page.get_by_role("button", name="Sign out").click()
    page.goto("/admin/")
    assert page.locator("h1").inner_text() == "Sign in"
    assert said == []


def test_whoever_is_no_staff_member_gets_nowhere(
    context: BrowserContext, merchant: Caller, said: list[str]
) -> None:
    page = context.new_page()
    page.goto("/admin/accounts/")
    page.get_by_label("E-mail address").fill(merchant.email)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Go on").click()
    assert "do not belong together" in page.get_by_role("alert").inner_text()
    page.goto("/admin/accounts/")
    assert page.locator("h1").inner_text() == "Sign in"
    assert [one for one in said if "401" not in one] == []
    assert rows("SELECT 1 FROM staff_sessions") == []


def test_every_view_is_whole_in_a_browser(
    app: Flask,
    context: BrowserContext,
    somebody: str,
    make_merchant: Callable[[], Caller],
    make_connection: Callable[..., object],
    said: list[str],
) -> None:
    """The menu's, empty and with something in it, and the pages behind them."""
    page = context.new_page()
    sign_in(page)
    addresses = [str(link.get_attribute("href")) for link in page.locator("nav.side a").all()]
    assert len(addresses) > 5
    for address in addresses:
        look_at(page, address)
    merchant = make_merchant()
    make_connection(merchant.account_id, name="A shop with quite a long name that has to go somewhere")
    with unit_of_work() as uow:
        record_about(
            uow.session,
            COMMAND_LINE,
            "support.event_shown",
            "thing:1",
            account_id=merchant.account_id,
            detail={"word": "x" * 300},
        )
        uow.commit()
    [action] = rows("SELECT id FROM staff_actions WHERE action = 'support.event_shown'")
    for address in [
        *addresses,
        f"/admin/accounts/{merchant.account_id}",
        f"/admin/users/{merchant.user_id}",
        f"/admin/audit-log/?account_id={merchant.account_id}",
        f"/admin/staff-actions/{action.id}",
        "/admin/queues/push",
        "/admin/password/",
        "/admin/staff-actions/?action=nothing",
    ]:
        look_at(page, address)
    assert said == []


def look_at(page: Page, address: str) -> None:
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        keep_picture(page, re.sub(r"\W+", "-", address).strip("-"))
        assert page.evaluate(UNNAMED) == [], address
        assert not page.evaluate(TOO_WIDE), f"{address} at {size['width']}"
        assert page.evaluate(HEADINGS).count("H1") == 1, address
        assert page.title().endswith("SyncFlow console")
        shown = page.locator("nav[aria-label=Console]").locator("visible=true").count()
        assert shown == (1 if size is WIDE else 0)
