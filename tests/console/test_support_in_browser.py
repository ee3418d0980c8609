"""The way that support goes about a shop, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from app.models import Connection
from app.services.alerts import Watch
from tests.api.books import keep_books
from tests.api.conftest import Caller, execute
from tests.console.browser import in_a_browser, sign_in
from tests.console.test_support import PERSON, note_errors, ran, webhook

pytestmark = in_a_browser


@pytest.mark.usefixtures("somebody")
def test_support_looks_into_a_shop_has_it_synced_and_sees_why_a_number_is_what_it_is(
    window: Page,
    see: Callable[[str], None],
    merchant: Caller,
    make_connection: Callable[..., Connection],
) -> None:
    shop = make_connection(merchant.account_id, name="Blue shop")
    keep_books(shop, variants=2, orders=2)
    execute("UPDATE connections SET failures = 4, backoff_until = now() + interval '2 minutes'")
    webhook(shop, state="dead")
    ran(shop)
    note_errors(3)
    _errors_of_hours()
    watch = Watch()
    watch.look()  # no worker runs here
    watch.look()

    sign_in(window)
    window.goto("/admin/")
    expect(window.get_by_role("link", name="queue push")).to_be_visible()
    see("home")
    window.goto("/admin/alerts/?open=yes")
    see("alerts")
    window.goto("/admin/connections/")
    window.get_by_label("Trouble").select_option("breaker")
    window.get_by_role("button", name="Filter").click()
    see("connections")
    window.get_by_role("link", name=str(shop.id), exact=True).click()
    expect(window.get_by_text("failures in a row")).to_be_visible()
    see("connection")
    form = window.locator("form.action", has_text="Sync now")
    form.get_by_label("Reason").fill("The merchant says it is behind.")
    form.get_by_role("button", name="Sync now").click()
    expect(window.get_by_role("status")).to_have_text("It is being synced.")
    see("run")
    window.goto("/admin/runs/")
    see("runs")

    window.goto("/admin/webhooks/")
    see("webhooks")
    window.get_by_role("row").filter(has_text="orders/updated").get_by_role("link").first.click()
    expect(window.get_by_text("Process again").first).to_be_visible()
    assert PERSON not in window.content()
    see("webhook")
    form = window.locator("form.action", has_text="Show the raw body")
    form.get_by_label("Reason").fill("The merchant asked.")
    form.get_by_role("button", name="Show the raw body").click()
    expect(window.get_by_text(PERSON)).to_be_visible()
    see("body")

    window.goto("/admin/ledger/")
    window.get_by_label("Account's number").fill(str(merchant.account_id))
    window.get_by_label("SKU").fill("CUP-0")
    window.get_by_role("button", name="Filter").click()
    window.get_by_role("link", name="CUP-0").click()
    expect(window.get_by_text("counting began with 10 units", exact=False)).to_be_visible()
    see("ledger")
    window.get_by_role("link", name="Movements only").click()
    see("movements")

    window.goto("/admin/errors/")
    expect(window.locator("svg.bars rect").first).to_be_visible()
    see("errors")
    window.get_by_role("row").filter(has_text="kind 1").get_by_role("link").click()
    see("error")

    window.goto("/admin/staff-actions/?action=support.sync_asked")
    expect(window.get_by_role("row").filter(has_text=f"connection:{shop.id}")).to_have_count(1)


def _errors_of_hours() -> None:
    """More of them, spread over the day."""
    for hours in range(1, 20, 3):
        execute(
            "INSERT INTO error_hours (group_id, hour, count)"
            " SELECT id, date_trunc('hour', CAST(:at AS timestamptz), 'UTC'), :count FROM error_groups",
            at=datetime.now(UTC) - timedelta(hours=hours),
            count=hours,
        )
