"""What support sees of merchants' shops, webhooks, runs and ledgers, and what it does there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from flask import current_app

from app.models import Connection
from app.platforms.base import Lane
from app.services import events as event_service
from app.services import runs
from app.services.alerts import Watch
from app.services.dead_letters.follow import follow
from app.services.error_meter import ErrorMeter
from app.services.faults import told
from app.services.queries.support import events as support_events
from tests.api.books import keep_books
from tests.api.conftest import Caller, execute, rows
from tests.console.conftest import Browser, words_of
from tests.statements import statements
from workers.queues import QUEUES

PERSON = "jane.roe@example.com"
BODY = '{"id": 4711, "customer": {"email": "jane.roe@example.com", "name": "Jane Roe"}}'
VIEWS = ("connections", "webhooks", "runs", "ledger", "errors", "alerts")


@pytest.fixture
def shop(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id, name="Blue shop")


def webhook(shop: Connection, *, state: str = "done", lane: str = "orders", body: str = BODY) -> int:
    execute(
        "INSERT INTO inbound_events"
        " (account_id, connection_id, topic, lane, dedupe_key, body, state, verdict)"
        " VALUES (:a, :c, 'orders/updated', :lane, gen_random_uuid()::text, :body, :state, :verdict)",
        a=shop.account_id,
        c=shop.id,
        lane=lane,
        body=body.encode(),
        state=state,
        verdict=f"order of {PERSON}",
    )
    return int(rows("SELECT max(id) AS id FROM inbound_events")[0].id)


def ran(shop: Connection, kind: str = "import") -> int:
    with runs.sync_run(shop.account_id, shop.id, kind) as run:
        run.fail("CUP-9", "no_sku", message=f"Ask {PERSON}")
    return int(rows("SELECT max(id) AS id FROM sync_runs")[0].id)


def note_errors(count: int, **fault: str) -> None:
    meter: ErrorMeter = current_app.extensions["errors"]
    meter.forget()
    for number in range(count):
        meter.note(f"kind {number}", told("Transient", fault.get("code", "platform_transient"), "Busy."))
    meter.flush()


def actions() -> list[tuple[str, Any, dict[str, Any]]]:
    return [
        (row.action, row.about_account, row.detail)
        for row in rows("SELECT action, about_account, detail FROM staff_actions ORDER BY id")
        if row.action.startswith("support.")
    ]


# ----------------------------------------------------------------------------------------- what holds for all


@pytest.mark.parametrize("view", VIEWS)
def test_an_empty_view_says_so_and_an_unknown_number_is_nothing(staff: Browser, view: str) -> None:
    answer = staff.get(f"/admin/{view}/")
    assert answer.status_code == 200
    assert 'class="nothing"' in answer.text
    assert staff.get(f"/admin/{view}/99999999").status_code == 404
    assert staff.get(f"/admin/{view}/{2**70}").status_code == 404
    assert staff.get(f"/admin/{view}/", cursor="?").status_code == 422
    assert staff.get(f"/admin/{view}/", cursor="WzFd" * 3).status_code == 422


@pytest.mark.parametrize("view", VIEWS[:-1])
def test_a_view_costs_the_same_few_statements_whatever_there_is(
    staff: Browser, shop: Connection, merchant: Caller, view: str
) -> None:
    keep_books(shop, variants=1)
    query = {"account_id": str(merchant.account_id)} if view == "ledger" else {}

    def more(count: int) -> None:
        for _each in range(count):
            webhook(shop)
            ran(shop)
        note_errors(count)

    more(1)
    staff.get(f"/admin/{view}/", **query)
    with statements() as few:
        staff.get(f"/admin/{view}/", **query)
    more(6)
    with statements() as many:
        assert staff.get(f"/admin/{view}/", **query).status_code == 200
    assert len(many) == len(few) <= 8


def test_a_page_of_one_costs_the_same_few_statements_whatever_belongs_to_it(
    staff: Browser, make_merchant: Callable[[], Caller], make_connection: Callable[..., Connection]
) -> None:
    def asked(much: int) -> dict[str, list[str]]:
        merchant = make_merchant()
        shops = [make_connection(merchant.account_id) for _each in range(much)]
        books = keep_books(shops[0], orders=2 * much)
        for _each in range(much):
            webhook(shops[0], state="dead")
        execute(
            "INSERT INTO sync_run_items (account_id, run_id, subject, outcome)"
            " SELECT :account_id, :run, 'CUP-' || n, 'no_sku' FROM generate_series(1, :much) AS n",
            account_id=merchant.account_id,
            run=(run := ran(shops[0])),
            much=much,
        )
        note_errors(much)
        follow(QUEUES)
        [newest] = rows(
            "SELECT (SELECT max(id) FROM inbound_events) AS webhooks,"
            ' (SELECT max(id) FROM dead_letters) AS "dead-letters",'
            " (SELECT max(id) FROM error_groups) AS errors"
        )
        pages = {
            "connections": shops[0].id,
            "runs": run,
            "ledger": books.variant_ids[0],
            "accounts": merchant.account_id,
            "users": merchant.user_id,
            **newest._mapping,
        }
        return {view: _asked(staff, f"/admin/{view}/{number}") for view, number in pages.items()}

    asked(1)  # once for what is remembered
    few, many = asked(1), asked(4)
    assert many == few
    assert max(map(len, few.values())) <= 12


def _asked(staff: Browser, path: str) -> list[str]:
    with statements() as sent:
        answer = staff.get(path)
    assert answer.status_code == 200, path
    return [each for each in sent if each.lstrip().startswith("SELECT")]  # others only note


def test_lists_are_walked_page_by_page(staff: Browser, shop: Connection) -> None:
    for _each in range(51):
        webhook(shop)
    first = staff.get("/admin/webhooks/").text
    assert first.count("/admin/webhooks/") >= 50
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = staff.get(following).text
    assert second.count("orders/updated") == 1
    assert 'rel="next"' not in second


# ------------------------------------------------------------------------------------------------ connections


def test_a_connection_is_found_by_its_trouble_and_tells_how_it_is(
    staff: Browser, shop: Connection, make_connection: Callable[..., Connection]
) -> None:
    make_connection(shop.account_id, name="Green shop")
    execute(
        "UPDATE connections SET failures = 4, last_error = 'No answer for jane.roe@example.com',"
        " backoff_until = now() + interval '1 minute' WHERE id = :id",
        id=shop.id,
    )
    for trouble, names in {"breaker": ["Blue shop"], "failing": ["Blue shop"], "needs_auth": []}.items():
        page = words_of(staff.get("/admin/connections/", trouble=trouble).text)
        assert [name for name in ("Blue shop", "Green shop") if name in page] == names
    page = words_of(staff.get(f"/admin/connections/{shop.id}").text)
    for words in ("failures in a row 4", "left alone until", "credentials stored", "webhooks looked at"):
        assert words in page
    assert PERSON not in page
    assert "t0" not in page  # the token


def test_support_has_a_shop_synced_and_its_webhooks_registered_and_both_are_on_record(
    staff: Browser, shop: Connection, merchant: Caller, clean_redis: str
) -> None:
    detail = f"/admin/connections/{shop.id}"
    answer = staff.post(f"{detail}/sync", {"reason": "It is behind."}, seen=detail)
    [run] = rows("SELECT id, kind, connection_id FROM sync_runs")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/runs/{run.id}")
    assert (run.kind, run.connection_id) == ("manual", shop.id)
    assert staff.post(f"{detail}/webhooks", {"reason": "None come."}, seen=detail).status_code == 302
    with redis.Redis.from_url(clean_redis) as client:
        assert client.exists(f"rq:job:webhooks-{shop.id}")
    assert actions() == [
        ("support.sync_asked", shop.account_id, {"reason": "It is behind."}),
        ("support.webhooks_asked", shop.account_id, {"reason": "None come."}),
    ]
    told_merchant = merchant.get("/audit-log")["items"]
    assert {"support.sync_asked", "sync.asked"} <= {entry["action"] for entry in told_merchant}


def test_without_a_reason_or_for_a_shop_that_cannot_be_synced_nothing_is_done(
    staff: Browser, shop: Connection
) -> None:
    detail = f"/admin/connections/{shop.id}"
    assert staff.post(f"{detail}/sync", {"reason": " "}, seen=detail).status_code == 422
    execute("UPDATE connections SET state = 'needs_auth'")
    assert "Sync now" not in staff.get(detail).text
    assert staff.post(f"{detail}/sync", {"reason": "Try."}, seen=detail).status_code == 409
    assert rows("SELECT * FROM sync_runs") == []


# --------------------------------------------------------------------------------------------------- webhooks


def test_a_webhook_is_shown_without_what_names_a_person(staff: Browser, shop: Connection) -> None:
    number = webhook(shop)
    for path in ("/admin/webhooks/", f"/admin/webhooks/{number}"):
        page = staff.get(path).text
        assert "orders/updated" in page
        for secret in (PERSON, "Jane"):
            assert secret not in page
    assert "4711" in staff.get(f"/admin/webhooks/{number}").text


def test_the_raw_body_is_shown_with_a_reason_and_that_is_on_record(staff: Browser, shop: Connection) -> None:
    detail = f"/admin/webhooks/{webhook(shop)}"
    assert staff.get(f"{detail}/show").status_code == 405
    assert PERSON not in staff.post(f"{detail}/show", {"reason": ""}, seen=detail).text
    assert actions() == []
    shown = staff.post(f"{detail}/show", {"reason": "The merchant asked."}, seen=detail)
    assert PERSON in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert actions() == [("support.event_shown", shop.account_id, {"reason": "The merchant asked."})]


def test_a_body_that_is_no_json_breaks_nothing_and_runs_nothing(staff: Browser, shop: Connection) -> None:
    detail = f"/admin/webhooks/{webhook(shop, body='<script>alert(1)</script>')}"
    assert "cannot be read as JSON" in staff.get(detail).text
    shown = staff.post(f"{detail}/show", {"reason": "Why."}, seen=detail).text
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize("state", ["done", "ignored", "dead"])
def test_a_webhook_is_processed_again_once_and_that_is_on_record(
    staff: Browser, shop: Connection, state: str
) -> None:
    number = webhook(shop, state=state)
    detail = f"/admin/webhooks/{number}"
    assert staff.post(f"{detail}/again", {"reason": "A bug is mended."}, seen=detail).status_code == 302
    assert [row.state for row in rows("SELECT state FROM inbound_events")] == ["pending"]
    assert staff.post(f"{detail}/again", {"reason": "Twice."}, seen=detail).status_code == 409
    assert actions() == [("support.event_processed_again", shop.account_id, {"reason": "A bug is mended."})]
    event_service.drain(shop.id, Lane.ORDERS)
    assert [row.state for row in rows("SELECT state FROM inbound_events")] != ["pending"]


def test_a_request_about_a_persons_data_is_not_processed_again(staff: Browser, shop: Connection) -> None:
    detail = f"/admin/webhooks/{webhook(shop, lane='privacy')}"
    assert "Process again" not in staff.get(detail).text
    assert staff.post(f"{detail}/again", {"reason": "Try."}, seen=detail).status_code == 409


def test_webhooks_are_filtered(staff: Browser, shop: Connection, make_connection: Any) -> None:
    other = make_connection(name="Other shop")
    webhook(shop)
    webhook(shop, state="dead")
    webhook(other, lane="hints")
    for filters, count in (
        ({"state": "dead"}, 1),
        ({"connection_id": shop.id}, 2),
        ({"account_id": other.account_id}, 1),
        ({"lane": "hints"}, 1),
        ({"topic": "orders/updated", "state": "done"}, 2),
    ):
        found = support_events.events(limit=50, cursor=None, **filters)
        assert len(found.items) == count, filters


# ------------------------------------------------------------------------------------------- runs and ledgers


def test_a_run_shows_what_it_came_upon(staff: Browser, shop: Connection) -> None:
    number = ran(shop)
    page = words_of(staff.get("/admin/runs/", connection_id=str(shop.id)).text)
    assert "Blue shop" in page
    detail = words_of(staff.get(f"/admin/runs/{number}").text)
    assert "CUP-9" in detail
    assert PERSON not in detail
    assert "Blue shop" not in words_of(staff.get("/admin/runs/", state="failed", kind="push").text)


def test_a_ledger_is_found_by_account_and_sku_and_says_why(
    staff: Browser, shop: Connection, merchant: Caller
) -> None:
    books = keep_books(shop, variants=2, orders=2)
    assert staff.get("/admin/ledger/", sku="CUP-0").status_code == 422
    found = staff.get("/admin/ledger/", sku="CUP-0", account_id=str(merchant.account_id)).text
    assert f"/admin/ledger/{books.variant_ids[0]}" in found
    assert f"/admin/ledger/{books.variant_ids[1]}" not in found
    page = words_of(staff.get(f"/admin/ledger/{books.variant_ids[0]}").text)
    for words in ("Main", "Blue shop", "counting began with 10 units", "reserved for order"):
        assert words in page
    moved = words_of(staff.get(f"/admin/ledger/{books.variant_ids[0]}/movements").text)
    assert "counting began with 10 units" in moved
    assert staff.get("/admin/ledger/99999999/movements").status_code == 404


def test_a_ledger_names_no_member_of_the_merchants(
    staff: Browser, shop: Connection, merchant: Caller
) -> None:
    books = keep_books(shop, variants=1)
    merchant.post(
        "/stock/receipts",
        {
            "location_id": books.location_id,
            "lines": [{"variant_id": books.variant_ids[0], "quantity": 5}],
            "key": "delivery-1",
        },
    ).raise_for_status()
    for path in ("", "/movements"):
        page = staff.get(f"/admin/ledger/{books.variant_ids[0]}{path}").text
        assert "received" in page
        assert merchant.email not in page


# ------------------------------------------------------------------------------------------ errors and alerts


def test_errors_show_their_rate_a_cause_and_a_remedy(staff: Browser) -> None:
    note_errors(3)
    page = staff.get("/admin/errors/").text
    assert page.count("<rect") == 24
    words = words_of(page)
    assert "kind 2" in words
    assert "The shop did not answer, was busy" in words
    assert "kind 2" not in words_of(staff.get("/admin/errors/", kind="kind 1").text)
    [group] = rows("SELECT id FROM error_groups WHERE kind = 'kind 1'")
    detail = words_of(staff.get(f"/admin/errors/{group.id}").text)
    assert f"{datetime.now(UTC):%Y-%m-%d %H:00} 1" in detail


def test_an_open_alert_is_on_the_first_page_and_one_that_is_over_is_not(staff: Browser) -> None:
    assert "not working web" not in words_of(staff.get("/admin/").text)
    watch = Watch()
    watch.look()  # nobody works here
    watch.look()
    home = words_of(staff.get("/admin/").text)
    assert home.count("queue push") == 1, "the page shows by itself how queues are"
    assert "queue without worker push" not in home
    execute("UPDATE alerts SET kind = 'not_working', subject = 'web' WHERE subject = 'push'")
    assert "not working web" in words_of(staff.get("/admin/").text)
    assert "not working web" in words_of(staff.get("/admin/alerts/", open="yes").text)
    execute("UPDATE alerts SET cleared_at = now()")
    assert "not working web" not in words_of(staff.get("/admin/").text)
    assert "not working web" not in words_of(staff.get("/admin/alerts/", open="yes").text)
    assert "not working web" in words_of(staff.get("/admin/alerts/").text)
