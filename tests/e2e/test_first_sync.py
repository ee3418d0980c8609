"""Shops that were just connected: before, during and after their first sync, and taking it back."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from syncflow.demo import SHOP_DOMAIN
from syncflow.demo_catalog import demo_products
from syncflow.trial.merchant import Merchant
from syncflow.trial.stage import connect
from tests.e2e.town import SHOP_NAMES, Town
from tests.e2e.window import OpenWindow, Window

pytestmark = pytest.mark.timeout(1800)

DIFFERENT: str = demo_products()[5]["variants"][0]["sku"]


def test_a_first_sync_is_begun_and_taken_back(open_window: OpenWindow, town: Town) -> None:
    """By the shop's numbers; right away, and later from the run."""
    email, password = town.opened("beginner@merchants.example")
    town.let_go()
    merchant = town.by_api(email, password)
    window = open_window()
    window.go("/overview")
    window.sign_in(email, password)
    for platform in ("shopify", "woocommerce"):
        connection = connect(merchant, town.demo.shops[platform], SHOP_DOMAIN)
        merchant.wait_for_state(connection, "review")
        change_ours(merchant)
        if platform == "shopify":
            look_at_what_waits(window, connection)
        begin(window, platform, connection)
        if platform == "woocommerce":
            window.page.get_by_role("link", name="See each number").click()
            expect(window.heading(re.compile("^First sync"))).to_be_visible()
            # Of others as well where the shops were left apart by whoever had them before.
            taken_over = window.page.get_by_role("row", name=re.compile("Taken over into the stock"))
            expect(taken_over.filter(has_text=DIFFERENT)).to_have_count(1)
            window.look("run-first-sync")
        take_back(window, platform)
    town.let_go()


def change_ours(merchant: Merchant) -> None:
    """Have another number than the shops."""
    [variant] = merchant.ask("GET", f"stock?q={DIFFERENT}&limit=1")["items"]
    [location] = merchant.ask("GET", "locations")["items"]
    where = {"variant_id": variant["variant_id"], "location_id": location["id"]}
    merchant.ask("POST", "stock/adjustments", {**where, "delta": -1, "reason": "damaged", "key": uuid4().hex})


def look_at_what_waits(window: Window, connection: int) -> None:
    page = window.page
    window.go("/overview")
    expect(page.get_by_role("article")).to_have_count(1)
    window.look("overview-first-sync-waits")
    window.go(f"/connections/{connection}")
    expect(window.heading(SHOP_NAMES["shopify"])).to_be_visible()
    window.look("connection-first-sync-waits")
    window.go(f"/matching?shop={connection}")
    page.get_by_role("checkbox", name=re.compile("^Tick ")).first.wait_for()
    window.look("matching-first")
    window.go(f"/changes?shop={connection}&q=zzzz")
    expect(page.get_by_text("No change is like that")).to_be_visible()
    window.look("first-sync-no-match")
    window.look_at_failure(
        f"/changes?shop={connection}", "first-sync-error", of=r"connections/\d+/first-sync"
    )


def begin(window: Window, platform: str, connection: int) -> None:
    page, shop = window.page, SHOP_NAMES[platform]
    window.go(f"/changes?shop={connection}")
    page.get_by_role("radio", name="The shop's").click()
    expect(page.get_by_label("Numbers that differ")).to_contain_text(DIFFERENT)
    see(window, platform, "first-sync")
    page.get_by_role("button", name="Begin to sync").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    see(window, platform, "first-sync-ask", whole=False)
    page.get_by_role("dialog").get_by_role("button", name="Begin").click()
    expect(page.get_by_role("status").get_by_text(f"{shop} is in step")).to_be_visible()
    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    see(window, platform, "first-sync-done")


def take_back(window: Window, platform: str) -> None:
    page = window.page
    page.get_by_role("button", name="Take it back").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    see(window, platform, "undo", whole=False)
    dialog.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text(re.compile(r"^[1-9]\d* changes? of stock taken back"))).to_be_visible()


def see(window: Window, platform: str, name: str, *, whole: bool = True) -> None:
    """Of the first shop; the second looks the same."""
    if platform == "shopify":
        window.look(name, whole=whole)
