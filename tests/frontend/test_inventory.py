"""An inventory of 100,000 SKUs costs what 100 cost: whatever a browser's speed, few rows are in its document,
and only those that come are written. How long that takes, `benchmarks.inventory` measures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from benchmarks.inventory import served
from syncflow.web_build import FRONTEND, Node, build
from tests.console.browser import CHROMIUM, in_a_browser

SKUS, MOST_ROWS, ROW_HEIGHT = 100_000, 60, 44
NUMBERS_OF_A_ROW = 20
"""That are written with a row, and some to spare; hundreds are in sight."""

pytestmark = [*in_a_browser, pytest.mark.timeout(1000)]

COUNTED = """
localStorage.setItem('syncflow.signed-in', '1');
const { get } = Object.getOwnPropertyDescriptor(Intl.NumberFormat.prototype, 'format');
window.written = 0;
Object.defineProperty(Intl.NumberFormat.prototype, 'format', {
    get() { window.written += 1; return get.call(this); },
});
"""
"""Counts the numbers that are written out: the same number written anew is no change that is seen."""

WATCHED = """
() => {
    const rows = new Set(document.querySelectorAll('tr[data-index]'));
    window.changed = { came: 0, went: 0, stayed: new Set() };
    window.written = 0;
    new MutationObserver((changes) => {
        for (const { type, target, addedNodes, removedNodes } of changes) {
            const isRow = (node) => node.dataset?.index !== undefined;
            window.changed.came += [...addedNodes].filter(isRow).length;
            window.changed.went += [...removedNodes].filter(isRow).length;
            const row = target.closest?.('tr[data-index]') ?? target.parentElement?.closest('tr[data-index]');
            if (rows.has(row) && row.isConnected) window.changed.stayed.add(row);
        }
    }).observe(document.querySelector('tbody'), {
        subtree: true, childList: true, attributes: true, characterData: true,
    });
}
"""
CHANGED = "() => ({ ...window.changed, stayed: window.changed.stayed.size, written: window.written })"
SETTLED = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))"
IN_DOCUMENT = "document.querySelectorAll('[role=grid] tbody tr').length"


@pytest.fixture(scope="module")
def inventory(node: Node) -> Iterator[Page]:
    build(lambda _words: None)
    with served(FRONTEND / "dist", SKUS) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
        page.set_default_timeout(120_000)
        page.add_init_script(COUNTED)
        page.goto(f"{address}/stock")
        page.get_by_role("link", name="SKU-000001").wait_for()
        page.wait_for_load_state("networkidle")
        yield page
        browser.close()


def test_scrolling_writes_the_rows_that_come_and_touches_none_that_stay(inventory: Page) -> None:
    _scroll_to(inventory, 20)
    inventory.evaluate(WATCHED)
    _scroll_to(inventory, 23)
    changed = inventory.evaluate(CHANGED)
    assert (changed["came"], changed["went"], changed["stayed"]) == (3, 3, 0)
    assert 0 < changed["written"] <= 3 * NUMBERS_OF_A_ROW


def test_selecting_a_row_writes_no_other(inventory: Page) -> None:
    _scroll_to(inventory, 40)
    row = inventory.locator('tr[data-index="45"]')
    row.focus()
    inventory.evaluate(SETTLED)
    inventory.evaluate(WATCHED)
    inventory.keyboard.press("Space")
    inventory.get_by_role("region", name="What is selected").wait_for()
    inventory.evaluate(SETTLED)
    changed = inventory.evaluate(CHANGED)
    assert row.get_attribute("aria-selected") == "true"
    assert (changed["came"], changed["went"], changed["stayed"]) == (0, 0, 1)
    assert changed["written"] <= NUMBERS_OF_A_ROW


def test_few_rows_are_in_the_document_however_far_one_goes(inventory: Page) -> None:
    most = 0
    inventory.locator("tr[data-index]").first.focus()
    for _ in range(12):
        inventory.keyboard.press("End")
        most = max(most, inventory.evaluate(IN_DOCUMENT))
        inventory.evaluate(SETTLED)
        most = max(most, inventory.evaluate(IN_DOCUMENT))
    assert inventory.evaluate("Number(document.activeElement.ariaRowIndex)") > 500
    assert most < MOST_ROWS


def _scroll_to(page: Page, row: int) -> None:
    page.get_by_test_id("stock").evaluate("(of, top) => { of.scrollTop = top }", row * ROW_HEIGHT)
    page.evaluate(SETTLED)


def test_a_narrow_window_selects_too_and_keeps_what_can_be_done_in_sight(inventory: Page) -> None:
    inventory.keyboard.press("Escape")
    inventory.set_viewport_size({"width": 390, "height": 844})
    inventory.get_by_role("checkbox", name="Select SKU-000002").click()
    inventory.mouse.wheel(0, 2000)
    inventory.evaluate(SETTLED)
    inventory.locator('li[data-index="20"] label').click()
    done = inventory.get_by_role("region", name="What is selected")
    box = done.get_by_text("2 selected").bounding_box()
    assert box is not None
    assert 600 < box["y"] < 844 - box["height"], "it is in sight, and covers nothing above"
    assert inventory.locator("li[data-index]").count() < MOST_ROWS
    assert inventory.evaluate("document.documentElement.scrollWidth") == 390
