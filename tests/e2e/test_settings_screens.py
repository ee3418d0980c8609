"""The settings, part by part: filled, as they are at first, and where something is wrong."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from syncflow.trial.merchant import Merchant, MerchantStuck
from tests.e2e.town import PASSWORD, Town
from tests.e2e.window import OpenWindow, Window

pytestmark = pytest.mark.timeout(1800)

PARTS = {
    "account": ("Account", "account"),
    "team": ("Members", "members"),
    "notifications": ("Mails", "notification-preferences"),
    "security": ("Devices", "auth/sessions"),
    "api-keys": ("API keys", "api-keys"),
    "webhooks": ("Webhooks", "webhook-subscriptions"),
    "audit-log": ("Audit log", "audit-log"),
    "data": ("Take your data along", "account/exports"),
    "more": ("Google Sheets", ""),
}
"""By the end of their addresses: a heading, and what of the API they show."""
KINDS = ["order.created", "stock.low", "review.opened"]
COLOUR = "(element, part) => getComputedStyle(element, part).color"


def test_settings_of_a_newcomer(open_window: OpenWindow, town: Town) -> None:
    window = open_window()
    window.go("/settings/api-keys")
    window.sign_in(*town.newcomer)
    expect(window.page.get_by_text("No API key yet")).to_be_visible()
    window.look("settings-api-keys-empty")
    open_part(window, "webhooks")
    expect(window.page.get_by_text("No webhook yet")).to_be_visible()
    window.look("settings-webhooks-empty")
    open_part(window, "data")
    expect(window.page.get_by_text("None was made yet.")).to_be_visible()
    window.look("settings-data-empty")
    window.go("/settings/audit-log?actor=key%3A2000000000")
    expect(window.page.get_by_text("Nothing is like that")).to_be_visible()
    window.look("settings-audit-log-no-match")


def test_settings_of_somebody_who_works_with_them(open_window: OpenWindow, town: Town) -> None:
    merchant = town.by_api(*town.owner)
    hook = furnish(merchant, f"{town.url}/hook")
    window = open_window()
    window.go("/settings")
    window.sign_in(*town.owner)
    expect(window.heading("Settings")).to_be_visible()
    for name, (_heading, api) in PARTS.items():
        open_part(window, name)
        window.look(f"settings-{name}")
        if api:
            window.look_at_failure(f"/settings/{name}", f"settings-{name}-error", of=api)
    window.go(f"/settings/webhooks/{hook}")
    expect(window.page.get_by_role("listitem").filter(has_text="ping").first).to_be_visible()
    window.look("settings-webhook")
    window.page.get_by_role("button", name=re.compile("^Look at")).first.click()
    expect(window.page.get_by_role("list", name="Every attempt")).to_be_visible()
    window.look("settings-webhook-delivery", whole=False)
    window.look_at_nothing("/settings/webhooks/2000000000", "settings-webhook-error")
    look_at_dialogs(window)


def open_part(window: Window, name: str) -> None:
    window.go(f"/settings/{name}")
    expect(window.page.get_by_role("heading", level=2, name=PARTS[name][0]).first).to_be_visible()


def furnish(merchant: Merchant, url: str) -> int:
    """An invitation, a key, an export, and a webhook to where nobody takes it, whose id it gives."""
    merchant.ask("POST", "invitations", {"email": "soon@merchants.example", "role": "staff"})
    merchant.ask("POST", "api-keys", {"name": "ERP", "scopes": ["stock:read", "orders:read"]})
    with suppress(MerchantStuck):  # one was asked for just now
        merchant.ask("POST", "account/exports")
    made = merchant.ask("POST", "webhook-subscriptions", {"url": url, "kinds": KINDS, "description": "ERP"})
    merchant.ask("POST", f"webhook-subscriptions/{made['id']}/ping")
    hook: int = made["id"]
    return hook


def look_at_dialogs(window: Window) -> None:
    """What is made, and what is asked before it is done."""
    page = window.page
    dialog = page.get_by_role("dialog")
    open_part(window, "api-keys")
    page.get_by_role("button", name="New key").click()
    expect(dialog.get_by_label("Name")).to_be_visible()
    window.look("settings-api-key-new", whole=False)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Revoke")).first.click()
    expect(dialog).to_be_visible()
    window.look("settings-api-key-revoke", whole=False)
    open_part(window, "webhooks")
    page.get_by_role("button", name="New webhook").click()
    dialog.get_by_role("button", name="Create").click()
    address = dialog.get_by_role("textbox", name="Address")
    expect(address).to_have_attribute("aria-invalid", "true")
    wrong = dialog.get_by_text("This is needed.").evaluate(COLOUR, None)
    assert address.evaluate(COLOUR, "::placeholder") != wrong, "an example is not what is wrong"
    window.look("settings-webhook-new-error", whole=False)
    open_part(window, "security")
    page.get_by_role("button", name="Set up a second factor").click()
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Go on").click()
    expect(window.alert("The password is wrong")).to_be_visible()
    window.look("settings-second-factor-error", whole=False)
    open_part(window, "data")
    page.get_by_role("button", name="Delete the account").click()
    expect(dialog).to_be_visible()
    window.look("settings-deletion", whole=False)
