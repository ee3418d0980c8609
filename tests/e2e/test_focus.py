"""Where the focus is after what one does: a browser takes it from a button that cannot be used."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from syncflow.demo_catalog import demo_products
from tests.e2e.town import Town
from tests.e2e.window import OpenWindow, Window

pytestmark = pytest.mark.timeout(900)

LOWERED = [product["variants"][0]["sku"] for product in demo_products()[40:42]]


def test_the_focus_stays_with_what_one_does(open_window: OpenWindow, town: Town) -> None:
    window = open_window()
    window.go("/overview")
    window.sign_in(*town.owner)
    expect(window.heading("Overview")).to_be_visible()
    merchant = town.merchant()
    [shop] = [
        connection["id"]
        for connection in merchant.ask("GET", "connections")["items"]
        if connection["platform"] == "woocommerce" and connection["state"] == "active"
    ]
    merchant.choose_policy(shop, "merge")
    have_the_shop_ask(window, shop)
    for sku in LOWERED:
        town.demo.shops["woocommerce"].edit_stock(sku, -1)
    decide(window)
    look_at_a_sku(window)


def have_the_shop_ask(window: Window, shop: int) -> None:
    page = window.page
    window.go(f"/connections/{shop}?tab=settings")
    buttons, save = page.get_by_role("group", name="Settings"), page.get_by_role("button", name="Save")
    page.get_by_role("radio", name="Ask me").check()
    page.get_by_role("button", name="Discard changes").click()
    expect(buttons).to_be_focused()
    page.get_by_role("radio", name="Ask me").check()
    with window.broken(f"connections/{shop}$"):
        save.click()
        expect(page.get_by_role("alert").first).to_be_visible()
        expect(buttons).to_be_focused()
    save.click()
    expect(page.get_by_text("Saved: the shop follows within seconds")).to_be_visible()
    expect(buttons).to_be_focused()


def decide(window: Window) -> None:
    """About two numbers that were lowered at a shop, coming from where they are said to be held."""
    page = window.page
    window.go("/reviews")
    cards = page.get_by_role("article")
    expect(cards.filter(has_text=LOWERED[0])).to_be_visible()
    expect(cards.filter(has_text=LOWERED[1])).to_be_visible()
    window.go(f"/stock?q={LOWERED[0]}")
    expect(page.get_by_role("link", name=re.compile(r"^Held at \d+ until you decide"))).to_have_count(2)
    window.look("inventory-held")
    page.get_by_role("main").get_by_role("link", name=LOWERED[0]).click()
    expect(page.get_by_role("link", name="Decide")).to_have_count(2)
    window.look("sku-held")
    page.get_by_role("link", name="Decide").first.click()
    expect(cards).to_have_count(1)
    expect(cards).to_contain_text(re.compile(r"Changed to \d+: -1"))
    window.look("review-of-a-sku")
    page.get_by_role("button", name="Show all").click()
    heading = page.get_by_role("heading", name="Numbers changed at a shop")
    expect(heading).to_be_focused()
    expect(cards.filter(has_text=LOWERED[1])).to_be_visible()
    count = cards.count()
    cards.first.get_by_role("button", name="Write ours again").click()
    expect(cards).to_have_count(count - 1)
    expect(cards.first).to_be_focused()
    for left in range(count - 1, 0, -1):
        cards.last.get_by_role("button", name="Write ours again").click()
        expect(cards).to_have_count(left - 1)
    expect(heading).to_be_focused()


def look_at_a_sku(window: Window) -> None:
    page = window.page
    window.go(f"/stock?q={LOWERED[0]}")
    page.get_by_role("main").get_by_role("link", name=LOWERED[0]).click()
    archive = page.get_by_role("button", name="Archive")
    with window.broken(r"variants/\d+/archive"):
        archive.click()
        expect(page.get_by_role("alert").first).to_be_visible()
        expect(archive).to_be_focused()
    page.get_by_role("button", name="Make a bundle").click()
    expect(page.get_by_role("searchbox")).to_be_focused()
