"""Sample data, in and out: an account of its own that looks like a shop, and of which nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from app.api.policy import FOR_REAL_ACCOUNTS, POLICY
from app.models import Base
from app.services import account_deletion, nudge, sweeper, work
from app.services.queries.ledger_check import wrong_cells, wrong_levels
from app.services.rollups import fold, proof
from app.services.sample_data import accounts
from app.services.sample_data.story import tell
from app.services.uow import unit_of_work
from tests.api.conftest import Caller, execute, rows
from tests.api.every_table import counts, fill
from tests.statements import statements
from workers import jobs

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def made(merchant: Caller) -> Caller:
    """The merchant, looking at their sample."""
    answer = merchant.call("POST", "/sample-data", timeout=60)
    assert answer.status_code == 200, answer.text
    sample = answer.json()["account_id"]
    switched = merchant.post("/auth/switch-account", {"account_id": sample})
    assert switched.status_code == 200, switched.text
    return replace(merchant, account_id=sample, token=switched.json()["access_token"])


def folded() -> None:
    for rollup_id in (fold.ORDERS, fold.MOVEMENTS, fold.PUSHES, fold.VALUES):
        fold.fold(rollup_id)


def everything() -> dict[str, int]:
    with unit_of_work() as uow:
        tables = [table.name for table in Base.metadata.sorted_tables]
        connection = uow.session.connection()
        return {t: connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one() for t in tables}


# ------------------------------------------------------------------------------------------------- in


def test_a_merchant_looks_at_a_filled_shop_that_is_not_theirs(merchant: Caller) -> None:
    execute("UPDATE accounts SET time_zone = 'Europe/Berlin' WHERE id = :a", a=merchant.account_id)
    before = counts(merchant.account_id)
    sample = made(merchant)
    folded()

    me = sample.get("/me")
    assert (me["account_id"], me["is_sample"], me["role"]) == (sample.account_id, True, "owner")
    assert [(a["account_id"], a["is_sample"]) for a in me["accounts"]] == [
        (merchant.account_id, False),
        (sample.account_id, True),
    ]
    overview = sample.get("/dashboard/overview")
    assert overview["time_zone"] == "Europe/Berlin"
    assert {shop["state"] for shop in overview["connections"]} == {"sample"}
    assert {shop["light"] for shop in overview["connections"]} == {"green"}
    assert 2 <= len(overview["connections"]) <= 4
    assert overview["low_stock"] > 0
    assert [item["kind"] for item in overview["attention"]] == ["drift_in_review"]
    day = datetime.now(UTC).date()
    first = (day - timedelta(days=89)).isoformat()
    report = sample.get("/dashboard/orders", first=first, last=day.isoformat())
    [total] = report["totals"]
    assert total["orders"] > 800
    assert sample.get("/dashboard/stock")["value"][0]["units"] > 0
    synced = sample.get("/dashboard/sync")
    assert 950 < synced["success_permille"] < 1000

    after = counts(merchant.account_id)
    assert after.pop("audit_log") == before.pop("audit_log") + 1
    assert after == before
    assert merchant.get("/orders")["items"] == []


def test_every_number_of_it_is_explained(merchant: Caller) -> None:
    sample = made(merchant)
    with unit_of_work() as uow:
        assert wrong_levels(uow.session) == []
        assert wrong_cells(uow.session) == []
    assert rows("SELECT 1 FROM stock_levels WHERE on_hand < committed OR committed < 0") == []
    assert len(rows("SELECT DISTINCT cause FROM stock_movements")) == 6
    out_of_step = """
        SELECT c.id FROM stock_cells c JOIN stock_levels l USING (variant_id, location_id)
        WHERE c.account <> l.on_hand - l.committed
    """
    assert rows(out_of_step) == []
    unlike_last = """
        SELECT l.id FROM stock_levels l CROSS JOIN LATERAL (
            SELECT * FROM stock_movements WHERE level_id = l.id ORDER BY id DESC LIMIT 1
        ) m WHERE (m.on_hand_after, m.committed_after) <> (l.on_hand, l.committed)
    """
    assert rows(unlike_last) == []
    assert rows("SELECT 1 FROM stock_movements WHERE created_at > now()") == []

    order = sample.get("/orders", limit=1)["items"][0]
    kinds = {line["kind"] for line in sample.get(f"/orders/{order['id']}/timeline")["items"]}
    assert {"placed", "stock"} <= kinds
    query = "SELECT variant_id FROM stock_movements GROUP BY 1 ORDER BY count(*) LIMIT 1"
    lines = sample.get(f"/stock/{rows(query)[0][0]}/why", limit=200)["items"]
    assert any("counting began" in line["text"] for line in lines)
    query = "SELECT variant_id FROM stock_cells WHERE id = (SELECT max(cell_id) FROM push_attempts)"
    lines = sample.get(f"/stock/{rows(query)[0][0]}/why", limit=200)["items"]
    assert {line["kind"] for line in lines} >= {"movement", "write"}
    [review] = sample.get("/reviews")["items"]
    assert sample.get(f"/reviews/{review['id']}")["quantity"] == 3
    assert len(sample.get("/bundles")["items"]) == 1
    assert len(sample.get("/locations")["items"]) == 2
    assert {run["kind"] for run in sample.get("/sync/runs", limit=200)["items"]} >= {"push", "reconcile"}


def test_its_sums_are_those_of_its_rows(merchant: Caller, logged: list[Any]) -> None:
    sample = made(merchant)
    folded()
    proof.prove(sample.account_id)
    assert [entry for entry in logged if entry["event"] == "sums_repaired"] == []


def test_it_is_the_same_for_the_same_seed_and_moment() -> None:
    def told(seed: int) -> Any:
        story = tell(seed=seed, now=NOON, zone=UTC, platforms=["a", "b"])
        return story.orders.line_rows(), story.books.movements, story.books.writes, story.changes

    assert told(1) == told(1)
    assert told(1) != told(2)


@pytest.mark.parametrize("seed", range(3))
def test_its_story_sells_nothing_that_is_not_there_and_ends_now(seed: int) -> None:
    story = tell(seed=seed, now=NOON, zone=UTC, platforms=["a"])
    times = [movement["at"] for movement in story.books.movements]
    assert times == sorted(times)
    assert max(times) < NOON.isoformat()
    assert all(m["on_hand_after"] >= m["committed_after"] >= 0 for m in story.books.movements)
    assert all(write["to_quantity"] >= 0 for write in story.books.writes)
    days = {row["placed_at"][:10] for row in story.orders.rows()}
    assert len(days) == 90
    assert {row["state"] for row in story.orders.rows()} == {"open", "fulfilled", "cancelled"}


def test_it_costs_the_same_statements_whatever_there_is_of_it(merchant: Caller) -> None:
    with statements() as sent:
        accounts.make(merchant.account_id, merchant.user_id)
    assert len(sent) <= 40


def test_twice_in_is_once_in(merchant: Caller) -> None:
    sample = made(merchant)
    once = everything()
    again = merchant.post("/sample-data").json()
    from_within = sample.post("/sample-data").json()
    assert again == from_within == merchant.get("/sample-data") == sample.get("/sample-data")
    assert (again["account_id"], again["own_account_id"]) == (sample.account_id, merchant.account_id)
    assert everything() == once


def test_of_two_who_make_it_at_once_both_get_the_same(
    merchant: Caller, make_member: Callable[[int, str], Caller]
) -> None:
    other = make_member(merchant.account_id, "admin")
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(who.call, "POST", "/sample-data", timeout=60) for who in (merchant, other)]
        answers = [each.result().json()["account_id"] for each in asked]
    assert answers[0] == answers[1]
    assert len(rows("SELECT 1 FROM accounts WHERE sample_of IS NOT NULL")) == 1
    assert made(other).account_id == answers[0]


@pytest.mark.parametrize("role", ["staff", "viewer"])
def test_owners_and_admins_make_and_remove_it(
    merchant: Caller, make_member: Callable[[int, str], Caller], role: str
) -> None:
    member = make_member(merchant.account_id, role)
    assert code(member.post("/sample-data")) == (403, "forbidden")
    assert code(merchant.call("DELETE", "/sample-data")) == (404, "not_found")
    admin = make_member(merchant.account_id, "admin")
    sample = made(admin)
    assert code(member.call("DELETE", "/sample-data")) == (403, "forbidden")
    assert member.get("/sample-data")["account_id"] == sample.account_id
    assert code(member.post("/auth/switch-account", {"account_id": sample.account_id})) == (404, "not_found")
    execute("UPDATE memberships SET role = 'viewer' WHERE account_id = :a", a=merchant.account_id)
    assert code(sample.call("DELETE", "/sample-data")) == (403, "role_too_low")


def test_others_have_nothing_of_it(merchant: Caller, make_merchant: Callable[[], Caller]) -> None:
    sample = made(merchant)
    stranger = make_merchant()
    assert code(stranger.call("GET", "/sample-data")) == (404, "not_found")
    assert code(stranger.call("DELETE", "/sample-data")) == (404, "not_found")
    switched = stranger.post("/auth/switch-account", {"account_id": sample.account_id})
    assert code(switched) == (404, "not_found")
    order = sample.get("/orders", limit=1)["items"][0]["id"]
    for own in (merchant, stranger):
        assert code(own.call("GET", f"/orders/{order}")) == (404, "not_found")
    assert made(stranger).account_id != sample.account_id


def test_who_leaves_the_account_leaves_its_sample(
    merchant: Caller, make_member: Callable[[int, str], Caller]
) -> None:
    admin = make_member(merchant.account_id, "admin")
    sample = made(admin)
    assert merchant.call("DELETE", f"/members/{admin.user_id}").status_code == 204
    assert sample.call("GET", "/me").status_code == 401
    assert made(merchant).account_id == sample.account_id


# ---------------------------------------------------------------------------------------- kept apart


def test_what_would_reach_the_outside_is_refused(merchant: Caller) -> None:
    assert POLICY.keys() >= FOR_REAL_ACCOUNTS
    sample = made(merchant)
    shop = sample.get("/connections")["items"][0]["id"]
    for path in (
        "/connections",
        f"/connections/{shop}/resume",
        f"/connections/{shop}/import",
        f"/connections/{shop}/reconnect",
        "/invitations",
        "/api-keys",
        "/webhook-subscriptions",
        "/sync/runs",
        "/account/deletion",
    ):
        assert code(sample.post(path, {})) == (409, "sample_account"), path
    assert rows("SELECT DISTINCT state FROM connections") == [("sample",)]


def test_its_stock_may_be_played_with_and_no_shop_is_told(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "open_channel", lambda *_, **__: pytest.fail("a shop was opened"))
    sample = made(merchant)
    [[variant_id, location_id]] = rows("SELECT variant_id, location_id FROM stock_levels ORDER BY id LIMIT 1")
    body = {"variant_id": variant_id, "location_id": location_id, "delta": 5, "reason": "found", "key": "one"}
    answer = sample.post("/stock/adjustments", body)
    assert answer.status_code == 200, answer.text
    [review] = sample.get("/reviews")["items"]
    answer = sample.post(f"/reviews/{review['id']}/decision", {"choice": "overwrite", "quantity": 3})
    assert answer.status_code == 204, answer.text
    assert sample.get("/reviews")["items"] == []
    _let_workers_try()
    with unit_of_work() as uow:
        assert wrong_levels(uow.session) == []


def test_workers_leave_it_alone(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[Any] = []
    monkeypatch.setattr(sweeper, "nudge", lambda *given: woken.append(given))
    monkeypatch.setattr(nudge, "enqueue", lambda *given, **_: woken.append(given))
    made(merchant)
    execute("UPDATE stock_cells SET wanted_version = wanted_version + 1, dirty_since = now()")
    execute("UPDATE stock_cells SET check_due_at = now(), track_due_at = now()")
    before = everything()
    sweeper.wake_due()
    sweeper.sweep()
    assert woken == []
    assert sweeper.webhooks_due() == []
    _let_workers_try()
    assert everything() == before
    assert rows("SELECT DISTINCT state, failures FROM connections") == [("sample", 0)]
    assert rows("SELECT 1 FROM webhook_deliveries UNION ALL SELECT 1 FROM mails") == []


def _let_workers_try() -> None:
    for (shop,) in rows("SELECT id FROM connections"):
        for job in (
            jobs.drain_intake,
            jobs.drain_hints,
            jobs.drain_push,
            jobs.reconcile,
            jobs.import_connection,
            jobs.track_linked,
            jobs.push_fulfillments,
            jobs.drain_prices,
            jobs.ensure_webhooks,
        ):
            job(shop)


def test_a_webhook_for_one_of_its_shops_is_refused(merchant: Caller) -> None:
    made(merchant)
    [(platform, public_id)] = rows("SELECT platform, public_id FROM connections ORDER BY id LIMIT 1")
    answer = requests.post(f"{merchant.base_url}/webhooks/{platform}/{public_id}", json={}, timeout=10)
    assert 400 <= answer.status_code < 500
    assert rows("SELECT 1 FROM inbound_events") == []


# ------------------------------------------------------------------------------------------------ out


def test_out_it_leaves_nothing_in_any_table(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[Any] = []
    monkeypatch.setattr(nudge, "enqueue", lambda *given, **_: woken.append(given))
    before = everything()
    sample = made(merchant)
    folded()
    fill(sample.account_id)
    assert min(counts(sample.account_id).values()) > 0
    assert merchant.call("DELETE", "/sample-data").status_code == 204
    assert woken == [("reports", "delete_account", sample.account_id)]
    assert sample.call("GET", "/orders").status_code == 401
    assert [account["account_id"] for account in merchant.get("/me")["accounts"]] == [merchant.account_id]
    assert code(merchant.call("GET", "/sample-data")) == (404, "not_found")

    jobs.delete_account(sample.account_id)
    assert set(counts(sample.account_id).values()) == {0}
    after = everything()
    assert after.pop("audit_log") == before.pop("audit_log") + 2
    assert after == before
    actions = [entry["action"] for entry in merchant.get("/audit-log")["items"]]
    assert actions == ["sample_data.removed", "sample_data.made"]


def test_it_can_be_had_again_before_the_last_one_is_gone(merchant: Caller) -> None:
    first = made(merchant)
    assert first.call("DELETE", "/sample-data").status_code == 204
    second = made(merchant)
    assert second.account_id != first.account_id
    account_deletion.remove(first.account_id)
    assert second.get("/orders", limit=1)["items"]


def test_an_old_one_goes_by_itself(merchant: Caller) -> None:
    sample = made(merchant)
    execute("UPDATE accounts SET created_at = now() - interval '29 days' WHERE id = :a", a=sample.account_id)
    sweeper.house_keeping(30)
    assert sample.get("/orders", limit=1)["items"]
    execute("UPDATE accounts SET created_at = now() - interval '31 days'")
    sweeper.house_keeping(30)
    account_deletion.remove(sample.account_id)
    account_deletion.remove(merchant.account_id)
    assert rows("SELECT id FROM accounts") == [(merchant.account_id,)]
    assert merchant.get("/me")["account_id"] == merchant.account_id


def test_it_goes_with_the_account_that_it_belongs_to(merchant: Caller) -> None:
    sample = made(merchant)
    execute("UPDATE accounts SET delete_at = now() WHERE id = :a", a=merchant.account_id)
    account_deletion.remove(merchant.account_id)
    assert sample.call("GET", "/me").status_code == 401
    assert rows("SELECT 1 FROM users") == []
    account_deletion.remove(sample.account_id)
    assert rows("SELECT 1 FROM accounts") == []
