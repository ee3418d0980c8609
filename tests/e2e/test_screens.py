"""Every screen filled, empty and where something is wrong; wide and narrow, in light and dark.

`make screenshots` keeps the pictures.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from syncflow.demo_catalog import demo_products
from syncflow.trial.scenario import SHOPS
from tests.e2e.town import PASSWORD, SHOP_NAMES, Town
from tests.e2e.window import OpenWindow, Window

pytestmark = pytest.mark.timeout(1800)

ORDER = re.compile(r"^#?\d+$")
FILE = """sku,title,price,unit_cost
BEE-BOARD,Bee board,24.00,9.10
NEW-1,Oak tray,31.50,12.00
NEW-2,Tray,dear,1
"""
DOORS = {
    "landing": "/",
    "sign-in": "/sign-in",
    "sign-up": "/sign-up",
    "verify-email": "/verify-email#token=x",
    "forgot-password": "/forgot-password",
    "reset-password": "/reset-password#token=x",
    "lost": "/nowhere",
}


def test_what_strangers_see(open_window: OpenWindow, town: Town) -> None:
    guest = {"email": "guest@merchants.example", "role": "viewer"}
    town.by_api(*town.owner).ask("POST", "invitations", guest)
    window = open_window()
    page = window.page
    for name, path in DOORS.items():
        window.go(path)
        page.get_by_role("heading").first.wait_for()
        window.look(name)
    window.go(town.mailed(guest["email"]))
    expect(window.heading("Join Demo merchant")).to_be_visible()
    window.look("invitation")
    window.go("/accept-invitation#token=x")
    expect(window.alert("This link does not work any more")).to_be_visible()
    window.look("invitation-error")
    window.go("/sign-in")
    window.sign_in(town.owner[0], "wrong")
    expect(window.alert("Address and password do not belong together")).to_be_visible()
    window.look("sign-in-error")
    window.go("/sign-up")
    page.get_by_role("button", name="Go on").click()
    window.look("sign-up-error")
    window.go("/reset-password#token=x")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(window.alert("This link does not work any more")).to_be_visible()
    window.look("reset-password-error")
    window.go("/forgot-password")
    page.get_by_label("E-mail address").fill("nobody@merchants.example")
    page.get_by_role("button", name="Mail me a link").click()
    expect(window.heading("Look into your mail")).to_be_visible()
    window.look("forgot-password-sent")


def test_an_account_without_a_shop(open_window: OpenWindow, town: Town) -> None:
    window = open_window()
    window.go("/overview")
    window.sign_in(*town.newcomer)
    expect(window.page.get_by_text("No shop is connected yet")).to_be_visible()
    window.look("overview-empty")
    window.go_to("Orders")
    expect(window.page.get_by_text("No shop is connected yet")).to_be_visible()
    window.look("orders-empty")
    for place in ("Matching", "What would change"):
        window.go_to(place)
        expect(window.page.get_by_text("No shop is connected yet")).to_be_visible()
        window.look(f"{slug(place)}-empty")
    window.go_to("Inventory")
    expect(window.page.get_by_text("No SKUs yet")).to_be_visible()
    window.look("inventory-empty")
    window.go("/imports")
    expect(window.page.get_by_text("No imports yet")).to_be_visible()
    window.look("imports-empty")
    window.go_to("Connections")
    expect(window.page.get_by_text("No shop is connected yet")).to_be_visible()
    window.look("connections-empty")
    window.go_to("Review")
    expect(window.page.get_by_text("Nothing waits for you")).to_be_visible()
    window.look("review-empty")
    window.go_to("Sync history")
    expect(window.page.get_by_text("No shop is connected yet")).to_be_visible()
    window.look("sync-history-empty")
    window.go_to("Dashboards", heading="My dashboard")
    window.page.get_by_role("article").first.wait_for()
    window.look("dashboard-empty")


def test_an_account_with_shops(open_window: OpenWindow, town: Town) -> None:
    merchant = town.merchant()
    for number, product in enumerate(demo_products()[:24]):
        town.buy(SHOPS[number % 2], product["variants"][0]["sku"], 1 + number % 3)
    merchant.wait_until_quiet(60)
    window = open_window()
    window.go("/overview")
    window.sign_in(*town.owner)
    look_at_the_overview(window, town)
    look_at_what_is_around(window)
    look_at_dashboards(window)
    look_at_orders(window)
    look_at_the_inventory(window, town)
    look_at_imports(window)
    look_at_connections(window)
    look_at_matching(window)
    look_at_changes(window, town)
    look_at_reviews(window, town)
    look_at_the_history(window)


def slug(words: str) -> str:
    return words.lower().replace(" ", "-")


def look_at_the_overview(window: Window, town: Town) -> None:
    page = window.page
    expect(page.get_by_role("article")).to_have_count(2)
    window.look("overview")
    town.merchant().ask("POST", "account/stop-writes")
    page.reload()
    expect(page.get_by_role("region", name="Needs you")).to_be_visible()
    window.look("overview-needs-you")
    page.get_by_role("region", name="Needs you").get_by_role("button", name="Allow writes").click()
    expect(page.get_by_role("region", name="Needs you")).to_have_count(0)
    window.look_at_failure("/overview", "overview-error", of="dashboard")


def look_at_what_is_around(window: Window) -> None:
    page = window.page
    page.get_by_role("button", name=re.compile("^Account")).click()
    expect(page.get_by_role("menuitem", name="Sign out")).to_be_visible()
    window.look("account-menu", whole=False)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    finder = page.get_by_role("combobox", name="SKU, order, page")
    expect(finder).to_be_focused()
    window.look("palette", whole=False)
    sku = demo_products()[0]["variants"][0]["sku"]
    with window.broken("variants"):
        finder.fill(sku.lower())
        expect(page.get_by_role("option", name="Try again")).to_be_visible()
        window.look("palette-error", whole=False)
    page.get_by_role("option", name="Try again").click()
    expect(page.get_by_role("group", name="SKUs").get_by_text(sku)).to_be_visible()
    window.look("palette-found", whole=False)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/stock/\d+$"))
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Orders", exact=True)).to_be_in_viewport()
    window.look("places", widths=[390], whole=False)


def look_at_dashboards(window: Window) -> None:
    page = window.page
    window.go("/dashboards")
    page.get_by_role("article").first.wait_for()
    window.look("dashboard")
    page.get_by_role("button", name="Arrange").click()
    window.look("dashboard-arrange")
    page.get_by_role("button", name="Cancel").click()
    window.look_at_failure("/dashboards", "dashboard-widgets-error", of="dashboard/")
    window.look_at_failure("/dashboards", "dashboard-error", of="dashboards")


def look_at_orders(window: Window) -> None:
    page = window.page
    window.go("/orders")
    page.get_by_role("link", name=ORDER).first.wait_for()
    window.look("orders")
    page.get_by_role("link", name=ORDER).first.click()
    expect(page.get_by_role("region", name="What happened")).to_contain_text(re.compile("units? reserved"))
    window.look("order")
    window.go("/orders?state=open&payment=paid&from=2026-01-01&review=true&q=zzz")
    expect(page.get_by_text("No order is like that")).to_be_visible()
    window.look("orders-no-match")
    window.look_at_nothing("/orders/2000000000", "order-error")
    window.look_at_failure("/orders", "orders-error", of="orders")


def look_at_the_inventory(window: Window, town: Town) -> None:
    page = window.page
    window.go("/stock")
    page.get_by_role("main").get_by_role("link", name="BEE-BOARD").wait_for()
    window.look("inventory", whole=False)
    page.get_by_role("main").get_by_role("link", name="BEE-BOARD").click()
    expect(page.get_by_role("region", name=re.compile("^Why is this"))).to_contain_text("order")
    window.look("sku")
    look_at_a_listing(window, town)
    window.go("/stock/new")
    page.get_by_role("textbox", name="Name").fill("Gift set")
    window.look("sku-new")
    page.get_by_role("textbox", name="SKU", exact=True).fill("BEE-BOARD")
    page.get_by_role("textbox", name="Price").fill("0")
    page.get_by_role("button", name="Create SKU").click()
    expect(page.get_by_text("An amount above 0, please.")).to_be_visible()
    page.get_by_role("textbox", name="Price").fill("30")
    page.get_by_role("button", name="Create SKU").click()
    expect(page.get_by_text("Another variant has this SKU")).to_be_visible()
    window.look("sku-new-error")
    page.get_by_role("textbox", name="SKU", exact=True).fill("")
    page.get_by_role("button", name="Create SKU").click()
    expect(window.heading("Gift set")).to_be_visible()
    page.get_by_role("button", name="Make a bundle").click()
    page.get_by_role("searchbox").fill("BEE-BOARD")
    page.get_by_role("button", name=re.compile("^Add Beeswax")).click()
    expect(page.get_by_text("What this does")).to_be_visible()
    window.look("sku-parts")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Made of").get_by_role("link", name="BEE-BOARD")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Low at").fill("5")
    window.look("sku-edit")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Edit")).to_have_count(0)
    window.go("/stock?q=zzzz")
    expect(page.get_by_text("No SKU matches")).to_be_visible()
    window.look("inventory-no-match")
    window.look_at_nothing("/stock/2000000000", "sku-error")
    window.look_at_failure("/stock", "inventory-error", of="stock")


def look_at_a_listing(window: Window, town: Town) -> None:
    """What can be done with one of those that a SKU's page shows."""
    page = window.page
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name=re.compile("^Rules of")).first.click()
    dialog.get_by_role("textbox", name="Buffer").fill("3")
    expect(dialog.get_by_role("region", name="What would change")).to_contain_text("→")
    dialog.get_by_role("textbox", name="Share").fill("101")
    expect(dialog.get_by_role("textbox", name="Share")).to_have_attribute("aria-invalid", "true")
    window.look("sku-rules-error", whole=False)
    dialog.get_by_role("textbox", name="Share").fill("80")
    expect(dialog.get_by_role("region", name="What would change")).to_contain_text("→")
    tops = [
        dialog.get_by_role("textbox", name=name).evaluate("field => field.getBoundingClientRect().top")
        for name in ("Limit", "Fixed")
    ]
    assert tops[0] == tops[1], "fields beside each other are at one height"
    window.look("sku-rules", whole=False)
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name=re.compile("^Link elsewhere")).first.click()
    dialog.get_by_role("searchbox").fill("oak")
    dialog.get_by_role("button", name=re.compile("^Choose ")).first.click()
    expect(dialog.get_by_role("button", name="Link", exact=True)).to_be_focused()
    window.look("sku-link", whole=False)
    merchant = town.merchant()
    for listing in merchant.ask("GET", "listings?q=BEE-BOARD")["items"]:
        merchant.ask("PUT", f"listings/{listing['id']}/price", {"override_minor": 4500})
    page.reload()
    page.get_by_role("button", name=re.compile("^Price of")).first.click()
    dialog.get_by_role("textbox", name="Its own price").fill("0")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("An amount above 0, please.")).to_be_visible()
    window.look("sku-price", whole=False)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def look_at_imports(window: Window) -> None:
    page = window.page
    window.go("/imports")
    expect(page.get_by_role("button", name="Upload and check")).to_be_visible()
    catalog = {"name": "catalog.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    page.locator("input[type=file]").set_input_files(catalog)  # type: ignore[arg-type]  # as it takes it
    page.get_by_label("Currency").fill("USD")
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_text("Leave out 1 faulty row")).to_be_visible()
    window.look("import-faulty")
    page.get_by_text("Leave out 1 faulty row").click()
    page.get_by_role("button", name="Apply 2 rows").click()
    expect(page.get_by_text("Done: 2 rows were applied.")).to_be_visible()
    window.look("import-done")
    window.go("/imports")
    page.get_by_role("link", name="catalog.csv").first.wait_for()
    window.look("imports")
    window.look_at_nothing("/imports/2000000000", "import-error")
    window.look_at_failure("/imports", "imports-error", of="imports")


def look_at_connections(window: Window) -> None:
    page = window.page
    window.go("/connections/new")
    page.get_by_role("link", name="Connect WooCommerce").wait_for()
    window.look("connect-platforms")
    page.get_by_role("link", name="Connect Shopify").click()
    page.get_by_role("main").get_by_role("textbox").fill("not a shop!")
    page.get_by_role("button", name="Go on to Shopify").click()
    expect(page.get_by_role("main").get_by_role("alert")).to_be_visible()
    window.look("connect-error")
    window.go("/connections/new")
    page.get_by_role("link", name="Connect WooCommerce").click()
    expect(page.get_by_role("button", name="Go on to WooCommerce")).to_be_visible()
    window.look("connect")
    window.go("/connections")
    page.get_by_role("main").get_by_role("link", name=SHOP_NAMES["woocommerce"]).first.click()
    for tab in ("Health", "Locations", "Settings"):
        page.get_by_role("tab", name=tab).click()
        window.look(f"connection-{slug(tab)}")
        if tab == "Locations":
            page.get_by_role("button", name=re.compile("^Rename")).first.click()
            expect(page.get_by_role("dialog").get_by_role("textbox", name="Name")).to_be_visible()
            window.look("location-rename", whole=False)
            page.keyboard.press("Escape")
    look_at_prices(window)
    for action in ("Connect again", "Disconnect"):
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("menuitem", name=action).click()
        expect(page.get_by_role("dialog").get_by_role("button").last).to_be_visible()
        window.look(f"connection-{slug(action)}", whole=False)
        page.keyboard.press("Escape")
    window.look_at_nothing("/connections/2000000000", "connection-error")
    window.go("/connections")
    page.get_by_role("main").get_by_role("link", name=SHOP_NAMES["shopify"]).first.wait_for()
    window.look("connections")
    window.look_at_failure("/connections", "connections-error", of="connections")


def look_at_prices(window: Window) -> None:
    """Of the shop that one is at. Nothing is written to it."""
    page = window.page
    page.get_by_role("tab", name="Prices").click()
    page.get_by_role("textbox", name="Factor").fill("1.5")
    page.get_by_role("button", name="Add a rate").click()
    page.get_by_role("radio", name="To an ending").check()
    page.get_by_role("button", name="Save and preview").click()
    expect(page.get_by_text("Below one whole unit, such as 0.99 of it.")).to_be_visible()
    window.look("connection-prices-error")
    page.get_by_role("button", name="Remove the rate of").click()
    expect(page.get_by_role("button", name="Add a rate")).to_be_focused()
    page.get_by_role("textbox", name="Ending, ").fill("0.99")
    page.get_by_role("button", name="Save and preview").click()
    expect(page.get_by_role("region", name="What would change at the shop")).to_contain_text("%)")
    window.look("connection-prices")
    page.get_by_role("button", name="Write the prices").click()
    expect(page.get_by_role("dialog").get_by_text("The old prices are not put back by that.")).to_be_visible()
    window.look("connection-prices-apply", whole=False)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Switch off").click()
    page.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("region", name="Price sync")).to_contain_text("writes no prices")


def look_at_matching(window: Window) -> None:
    page = window.page
    window.go("/matching")
    page.get_by_role("checkbox", name=re.compile("^Tick ")).first.wait_for()
    window.look("matching")
    page.get_by_role("button", name=re.compile("^Another variant")).first.click()
    page.get_by_role("dialog").get_by_role("searchbox").fill("oak")
    expect(page.get_by_role("dialog").get_by_role("listitem").first).to_be_visible()
    window.look("matching-pick", whole=False)
    window.look_at_failure("/matching", "matching-error", of="connections")


def look_at_changes(window: Window, town: Town) -> None:
    """With numbers that a pause keeps back."""
    page = window.page
    window.go("/changes")
    expect(page.get_by_text("Nothing would be written")).to_be_visible()
    window.look("what-would-change-none")
    merchant = town.merchant()
    merchant.ask("POST", "account/stop-writes")
    town.buy("shopify", units=2)
    window.go("/changes")
    expect(page.get_by_text("1 held back").first).to_be_visible()
    window.look("what-would-change")
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("link", name="See each number")).to_be_visible()
    window.look("what-would-change-begun")
    merchant.ask("POST", "account/allow-writes")
    window.look_at_failure("/changes", "what-would-change-error", of="sync")


def look_at_reviews(window: Window, town: Town) -> None:
    merchant, shop = town.merchant(), town.demo.shops["woocommerce"]
    for connection in merchant.ask("GET", "connections")["items"]:
        if connection["platform"] == "woocommerce" and connection["state"] == "active":
            merchant.choose_policy(connection["id"], "review")
    for product in demo_products()[30:33]:
        shop.edit_stock(product["variants"][0]["sku"], 5)
    window.go("/reviews")
    expect(window.page.get_by_role("article")).to_have_count(3)
    window.look("review")
    window.look_at_failure("/reviews", "review-error", of="reviews")


def look_at_the_history(window: Window) -> None:
    page = window.page
    window.go("/sync")
    page.get_by_role("link", name="First sync").first.wait_for()
    window.look("sync-history")
    page.get_by_role("link", name="First sync").first.click()
    expect(window.heading(re.compile("^First sync"))).to_be_visible()
    window.look("run")
    window.look_at_nothing("/sync/2000000000", "run-error")
    window.look_at_failure("/sync", "sync-history-error", of="sync")
