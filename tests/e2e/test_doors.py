"""In and out of the web app: opening an account, being invited, second factors, tabs."""

from __future__ import annotations

import re
import time

import pyotp
import pytest
from playwright.sync_api import expect

from syncflow.trial.merchant import Merchant
from tests.e2e.town import PASSWORD, Town
from tests.e2e.window import OpenWindow

pytestmark = pytest.mark.timeout(1800)


def test_a_newcomer_opens_an_account_and_looks_around(open_window: OpenWindow, town: Town) -> None:
    """In German, by the links of the mails that are sent, to sample data and back."""
    email = "neu@merchants.example"
    window = open_window(390, language="de-DE")
    page = window.page
    window.go("/")
    page.get_by_role("link", name="Konto eröffnen").first.click()
    page.get_by_label("Name des Kontos").fill("Töpferei Neu")
    page.get_by_label("E-Mail-Adresse").fill(email)
    page.get_by_label("Passwort", exact=True).fill("kurz")
    page.get_by_role("button", name="Weiter").click()
    expect(page.get_by_label("Passwort", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Weiter").click()
    expect(window.heading("Sehen Sie in Ihre Post")).to_be_visible()

    window.go(town.mailed(email, "Bestätigen Sie .*"))
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Konto eröffnen").click()
    expect(window.heading("Ihr Konto ist eröffnet")).to_be_visible()
    page.get_by_role("link", name="Anmelden").click()
    window.sign_in(email, PASSWORD)

    expect(page.get_by_text("Noch ist kein Shop verbunden")).to_be_visible()
    page.get_by_role("button", name="Mit Beispieldaten umsehen").click()
    expect(page.get_by_role("note")).to_contain_text("Beispieldaten")
    expect(page.get_by_role("article").first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Konto: Sample")).click()
    page.get_by_role("menuitem", name="Töpferei Neu").click()
    expect(page.get_by_text("Noch ist kein Shop verbunden")).to_be_visible()

    window.go("/forgot-password")
    page.get_by_label("E-Mail-Adresse").fill(email)
    page.get_by_role("button", name="Link schicken").click()
    expect(window.heading("Sehen Sie in Ihre Post")).to_be_visible()
    window.go(town.mailed(email, "Neues Passwort .*"))
    page.get_by_label("Neues Passwort").fill(f"{PASSWORD} 2")
    page.get_by_role("button", name="Passwort setzen").click()
    expect(window.heading("Ihr Passwort ist geändert")).to_be_visible()
    window.go("/overview")
    expect(window.heading("Anmelden")).to_be_visible()
    window.sign_in(email, f"{PASSWORD} 2")
    expect(window.heading("Übersicht")).to_be_visible()


def test_somebody_is_invited_and_signs_in_with_a_second_factor(open_window: OpenWindow, town: Town) -> None:
    email = "staff@merchants.example"
    town.by_api(*town.owner).ask("POST", "invitations", {"email": email, "role": "staff"})
    window = open_window()
    page = window.page
    window.go(town.mailed(email))
    expect(window.heading("Join Demo merchant")).to_be_visible()
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    page.get_by_role("link", name="Sign in").click()

    staff = Merchant(town.url, email, PASSWORD)
    secret = staff.ask("POST", "auth/second-factor", {"password": PASSWORD})["secret"]
    totp = pyotp.TOTP(secret)
    code = {"code": totp.now()}
    recovery = staff.ask("POST", "auth/second-factor/confirm", code)["recovery_codes"]

    window.sign_in(email, PASSWORD)
    page.get_by_label("Code").fill(totp.at(int(time.time()) + 30))
    page.get_by_role("button", name="Sign in").click()
    expect(window.heading("Overview")).to_be_visible()

    other = open_window(390, "dark")
    other.go("/sign-in?next=%2Forders")
    other.sign_in(email, PASSWORD)
    other.page.get_by_role("button", name=re.compile("use a recovery code")).click()
    other.page.get_by_label("Recovery code").fill(recovery[0])
    other.page.get_by_role("button", name="Sign in").click()
    expect(other.heading("Orders")).to_be_visible()


def test_tabs_share_a_session_and_end_together(open_window: OpenWindow, town: Town) -> None:
    window = open_window()
    window.go("/orders")
    window.sign_in(*town.owner)
    expect(window.heading("Orders")).to_be_visible()
    kept = window.page.evaluate(
        "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )
    assert "eyJ" not in kept  # as every token begins
    second = window.page.context.new_page()
    second.goto("/overview")
    expect(second.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    second.keyboard.press("Control+k")
    second.get_by_role("combobox", name="SKU, order, page").fill("sign out")
    second.keyboard.press("Enter")
    expect(second.get_by_role("heading", level=1, name="One stock for all your shops")).to_be_visible()
    expect(window.heading("Sign in")).to_be_visible()
