"""From signing up to what sells while one watches."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import expect

from syncflow.demo import SHOP_DOMAIN
from syncflow.demo_catalog import demo_products
from syncflow.trial.merchant import Merchant
from tests.e2e.town import PASSWORD, SHOP_NAMES, SKU, Town
from tests.e2e.window import OpenWindow, Window

pytestmark = pytest.mark.timeout(1800)

NO_SKU = "Gift Wrapping"
EDITED = demo_products()[2]["variants"][0]
DIFFERENT: str = demo_products()[1]["variants"][0]["sku"]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_whole_way(open_window: OpenWindow, town: Town, width: int, scheme: str) -> None:
    town.let_go()
    email = f"merchant-{width}@merchants.example"
    window = open_window(width, scheme)
    sign_up(window, town, email)
    merchant = town.by_api(email, PASSWORD)
    connections = connect_shops(window, town, merchant)
    match(window, connections)
    begin_to_sync(window, connections)
    window.go_to("Overview")
    watch_a_sale(window, town, merchant)
    see_an_order(window, merchant)
    ask_why(window)
    decide(window, town, merchant, connections)
    arrange_a_dashboard(window)
    arranged = widgets(window)
    window.sign_out()
    window.go("/dashboards")
    expect(window.heading("Sign in")).to_be_visible()
    window.sign_in(email, PASSWORD)
    expect(window.heading("My dashboard")).to_be_visible()
    expect(window.page.get_by_role("article")).to_have_count(len(arranged))
    assert widgets(window) == arranged


def sign_up(window: Window, town: Town, email: str) -> None:
    page = window.page
    window.go("/")
    page.get_by_role("link", name="Open an account").first.click()
    page.get_by_label("Name of the account").fill("Pots and pans")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(window.heading("Look into your mail")).to_be_visible()
    window.go(town.mailed(email))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Open the account").click()
    page.get_by_role("link", name="Sign in").click()
    window.sign_in(email, PASSWORD)
    expect(page.get_by_text("No shop is connected yet")).to_be_visible()


def connect_shops(window: Window, town: Town, merchant: Merchant) -> dict[str, int]:
    """By their platforms' own screens; at one shop one number is another than at the other. The connections
    by platform."""
    page, shops = window.page, town.demo.shops
    shops["woocommerce"].edit_stock(DIFFERENT, 3)
    begin_to_connect(window, "Shopify", SHOP_DOMAIN)
    page.get_by_role("button", name="Install app").click()
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("link", name="Back to SyncFlow").click()
    expect(window.heading(SHOP_NAMES["shopify"])).to_be_visible()
    begin_to_connect(window, "WooCommerce", shops["woocommerce"].url)
    page.get_by_role("link", name="Approve").click()
    page.get_by_role("link", name="Back to SyncFlow").click()
    expect(window.heading("Connections")).to_be_visible()
    found = {each["platform"]: each["id"] for each in merchant.ask("GET", "connections")["items"]}
    for connection_id in found.values():
        merchant.wait_for_state(connection_id, "review")
    return found


def begin_to_connect(window: Window, platform: str, shop: str) -> None:
    page = window.page
    window.go_to("Connections")
    page.get_by_role("link", name="Connect a shop").first.click()
    page.get_by_role("link", name=f"Connect {platform}").click()
    page.get_by_role("main").get_by_role("textbox").fill(shop)
    page.get_by_role("button", name=f"Go on to {platform}").click()


def match(window: Window, connections: Mapping[str, int]) -> None:
    """What has no SKU is made a variant of one's own, and linked to it."""
    page = window.page
    for platform, button, done in (
        ("shopify", "New variant", "1 variant made."),
        ("woocommerce", "Link", "1 listing linked."),
    ):
        window.go(f"/matching?shop={connections[platform]}")
        page.get_by_role("button", name=f"{button}: {NO_SKU}").click()
        expect(page.get_by_text(done)).to_be_visible()
        expect(page.get_by_role("checkbox", name=f"Tick {NO_SKU}")).to_have_count(0)


def begin_to_sync(window: Window, connections: Mapping[str, int]) -> None:
    """Look at what would change, and agree."""
    page = window.page
    for platform in ("shopify", "woocommerce"):
        shop = SHOP_NAMES[platform]
        if platform == "woocommerce":
            # Many more may differ, by what others did at the shops.
            window.go(f"/changes?shop={connections[platform]}&q={DIFFERENT}")
            expect(page.get_by_label("Numbers that differ")).to_contain_text(DIFFERENT)
        window.go(f"/changes?shop={connections[platform]}")
        expect(page.get_by_text(f"Nothing was written to {shop} yet.")).to_be_visible()
        page.get_by_role("button", name="Begin to sync").click()
        page.get_by_role("dialog").get_by_role("button", name="Begin").click()
        expect(page.get_by_role("status").get_by_text(f"{shop} is in step")).to_be_visible()


def watch_a_sale(window: Window, town: Town, merchant: Merchant) -> None:
    merchant.wait_until_quiet(60)
    before = len(merchant.ask("GET", "orders")["items"])
    page = window.page
    for shop in SHOP_NAMES.values():
        card = page.get_by_role("article", name=shop)
        expect(card).to_contain_text("In sync")
        expect(card).to_contain_text("Last success")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    sold = page.get_by_role("region", name="Sold today")
    if before:
        expect(sold.get_by_text(count(before))).to_be_visible()
    town.buy("shopify")
    expect(sold.get_by_text(count(before + 1))).to_be_visible()

    window.go_to("Orders")
    totals = page.get_by_label("Totals")
    expect(totals.get_by_text(count(before + 1))).to_be_visible()
    newest = page.get_by_role("link", name=re.compile(r"^#?\d+$")).first
    number = newest.inner_text()
    town.buy("woocommerce")
    expect(newest).not_to_have_text(number)
    expect(totals.get_by_text(count(before + 2))).to_be_visible()


def see_an_order(window: Window, merchant: Merchant) -> None:
    page = window.page
    page.get_by_role("link", name=re.compile(r"^#?\d+$")).first.click()
    expect(window.heading(re.compile("^Order "))).to_be_focused()
    history = page.get_by_role("region", name="What happened")
    expect(history).to_contain_text("1 unit reserved")
    merchant.wait_until_quiet(60)
    page.reload()
    expect(history).to_contain_text(f"{SHOP_NAMES['shopify']} was told to show")


def ask_why(window: Window) -> None:
    page = window.page
    window.go(f"/stock?q={SKU}")
    expect(window.heading("Inventory")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name=SKU).click()
    why = page.get_by_role("region", name=re.compile("^Why is this"))
    expect(why).to_contain_text("order")


def decide(window: Window, town: Town, merchant: Merchant, connections: Mapping[str, int]) -> None:
    """Somebody changes a number at a shop that asks about such changes."""
    page = window.page
    merchant.choose_policy(connections["woocommerce"], "review")
    window.go_to("Review")
    town.demo.shops["woocommerce"].edit_stock(EDITED["sku"], 5)
    conflict = page.get_by_role("article").filter(has_text=EDITED["sku"])
    expect(conflict).to_be_visible()
    conflict.get_by_role("button", name="Take it into the stock").click()
    expect(page.get_by_text("1 number decided.")).to_be_visible()


def arrange_a_dashboard(window: Window) -> None:
    page = window.page
    window.go_to("Dashboards", heading="My dashboard")
    page.get_by_role("button", name="Arrange").click()
    before = widgets(window)
    page.get_by_role("button", name=f"Move or resize: {before[0]}").click()
    page.get_by_role("menuitem", name="Move down").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"Move or resize: {before[-1]}").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Arrange")).to_be_visible()
    after = widgets(window)
    assert after[0] != before[0]
    assert sorted(after) == sorted(before[:-1])


def widgets(window: Window) -> list[str]:
    """As they lie, from the top."""
    window.page.get_by_role("article").first.wait_for()
    return window.page.get_by_role("article").evaluate_all(
        "all => all.map(one => [one.getBoundingClientRect().top, one.getBoundingClientRect().left,"
        " one.getAttribute('aria-label')]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(one => one[2])"
    )


def count(orders: int) -> re.Pattern[str]:
    return re.compile(rf"^{orders} orders?\b")
