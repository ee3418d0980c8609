"""What a merchant sees first: exact, by their own clock, in their own currency, and at a constant cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from app.extensions import db
from app.models import Connection
from app.services.probes import Seen
from app.services.queries.dashboard.overview import overview
from app.services.rollups import fold
from app.services.rollups.fold import FOLDS
from app.services.uptime import record
from tests.api.books import drift, keep_books
from tests.api.conftest import Caller, execute

ROUTES = tuple(f"/dashboard/{name}" for name in ("overview", "status", "orders", "stock", "sync"))


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id, name="First")


def fold_all() -> None:
    for rollup_id in FOLDS:
        fold.fold(rollup_id)


def sell(connection: Connection, at: datetime, **columns: Any) -> None:
    """An order of 10.00 EUR, counted."""
    values = {
        "account_id": connection.account_id,
        "connection_id": connection.id,
        "placed_at": at,
        "currency": "EUR",
        "total_minor": 1000,
        "refunded_minor": 0,
        "payment": "paid",
        "state": "open",
        **columns,
    }
    execute(
        f"INSERT INTO orders (external_id, {', '.join(values)})"
        f" VALUES (gen_random_uuid()::text, {', '.join(f':{name}' for name in values)})",
        **values,
    )
    fold_all()


def report_in(caller: Caller, time_zone: str, currency: str | None = None, **rates: str) -> None:
    listed = [{"currency": code, "rate": rate} for code, rate in rates.items()]
    answer = caller.call(
        "PUT", "/account/reporting", json={"time_zone": time_zone, "currency": currency, "rates": listed}
    )
    assert answer.status_code == 200, answer.text


def orders_by_day(caller: Caller, first: str, last: str) -> list[int]:
    [series] = caller.get("/dashboard/orders", first=first, last=last)["series"]
    return [point["orders"] for point in series["points"]]


# -------------------------------------------------------------------------------------------- time zones


def test_an_order_belongs_to_the_day_on_the_merchants_clock(merchant: Caller, connection: Connection) -> None:
    """Two moments half an hour apart, between which the day begins in India."""
    sell(connection, datetime(2026, 11, 19, 18, 15, tzinfo=UTC))
    sell(connection, datetime(2026, 11, 19, 18, 45, tzinfo=UTC))
    assert orders_by_day(merchant, "2026-11-19", "2026-11-20") == [2, 0]
    report_in(merchant, "Asia/Kolkata")
    assert orders_by_day(merchant, "2026-11-19", "2026-11-20") == [1, 1]
    report_in(merchant, "Asia/Kathmandu")  # 15 minutes further on
    assert orders_by_day(merchant, "2026-11-19", "2026-11-20") == [0, 2]


def test_a_day_of_25_hours_has_25_and_all_of_its_orders(merchant: Caller, connection: Connection) -> None:
    report_in(merchant, "Europe/Berlin")
    begin = datetime(2026, 10, 24, 22, tzinfo=UTC)
    for hour in range(-1, 26):
        sell(connection, begin + timedelta(hours=hour))
    assert orders_by_day(merchant, "2026-10-24", "2026-10-26") == [1, 25, 1]
    hours = merchant.get("/dashboard/orders", first="2026-10-25", last="2026-10-25", grain="hour")
    assert [point["orders"] for point in hours["series"][0]["points"]] == [1] * 25
    shown = [period["local_start"] for period in hours["periods"]]
    assert shown[2:4] == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]


def test_weeks_and_months_add_up_to_the_same(merchant: Caller, connection: Connection) -> None:
    for day in (1, 2, 8, 30):
        sell(connection, datetime(2026, 11, day, 12, tzinfo=UTC))
    span = {"first": "2026-11-01", "last": "2026-12-31"}
    for grain, expected in {
        "week": [1, 2, 0, 0, 0, 1, 0, 0, 0, 0],  # the first of November is a Sunday
        "month": [4, 0],
        "day": [1, 1, 0, 0, 0, 0, 0, 1, *[0] * 21, 1, *[0] * 31],
    }.items():
        [series] = merchant.get("/dashboard/orders", grain=grain, **span)["series"]
        assert [point["orders"] for point in series["points"]] == expected, grain


# ------------------------------------------------------------------------------------------- currencies


def test_currencies_are_added_up_apart_and_converted_only_at_the_merchants_rates(
    merchant: Caller, connection: Connection
) -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    sell(connection, at, refunded_minor=100)
    sell(connection, at, total_minor=2001)
    sell(connection, at, currency="JPY", total_minor=1050)
    sell(connection, at, currency="GBP", total_minor=700, state="cancelled")
    span = {"first": "2026-11-20", "last": "2026-11-20"}

    found = merchant.get("/dashboard/orders", **span)
    assert found["converted"] is None
    by_currency = {row.pop("currency"): row for row in found["totals"]}
    assert by_currency["EUR"] == {
        "orders": 2,
        "cancelled": 0,
        "total_minor": 3001,
        "refunded_minor": 100,
        "net_minor": 2901,
        "average_minor": 1451,
    }
    assert (by_currency["GBP"]["cancelled"], by_currency["GBP"]["total_minor"]) == (1, 0)
    assert by_currency["GBP"]["average_minor"] is None

    report_in(merchant, "UTC", "EUR", JPY="0.0061")
    converted = merchant.get("/dashboard/orders", **span)["converted"]
    assert (converted["total_minor"], converted["orders"]) == (3001 + 641, 3)
    assert converted["without_rate"] == ["GBP"]


def test_series_are_by_connection_or_platform_and_a_connection_can_be_looked_at_alone(
    merchant: Caller, connection: Connection, make_connection: Callable[..., Connection]
) -> None:
    second = make_connection(merchant.account_id, name="Second")
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    sell(connection, at)
    sell(second, at)
    sell(second, at)
    span = {"first": "2026-11-20", "last": "2026-11-20"}
    by_shop = merchant.get("/dashboard/orders", by="connection", **span)["series"]
    assert {row["connection_id"]: row["points"][0]["orders"] for row in by_shop} == {
        connection.id: 1,
        second.id: 2,
    }
    [platform] = merchant.get("/dashboard/orders", by="platform", **span)["series"]
    assert (platform["platform"], platform["points"][0]["orders"]) == ("fakeshop", 3)
    alone = merchant.get("/dashboard/orders", connection_id=second.id, **span)
    assert alone["totals"][0]["orders"] == 2


@pytest.mark.parametrize(
    "document",
    [
        {"time_zone": "Mars/Olympus", "currency": None, "rates": []},
        {"time_zone": "../../etc/passwd", "currency": None, "rates": []},
        {"time_zone": "UTC", "currency": "eur", "rates": []},
        {"time_zone": "UTC", "currency": None, "rates": [{"currency": "JPY", "rate": "1"}]},
        {"time_zone": "UTC", "currency": "EUR", "rates": [{"currency": "EUR", "rate": "1"}]},
        *(
            {"time_zone": "UTC", "currency": "EUR", "rates": [{"currency": "JPY", "rate": rate}]}
            for rate in ("0", "-1", "1e5", "NaN", "0.0", "1.", "²", "9" * 31, 1.5)
        ),
        {"time_zone": "UTC", "currency": "EUR", "rates": [{"currency": "JPY", "rate": "1"}] * 2},
        {"time_zone": "UTC", "currency": "EUR"},
        {"time_zone": "UTC", "currency": "EUR", "rates": [], "more": 1},
    ],
)
def test_reporting_that_makes_no_sense_is_refused_and_changes_nothing(
    merchant: Caller, document: dict[str, Any]
) -> None:
    report_in(merchant, "Asia/Tokyo", "JPY", EUR="163.5")
    assert merchant.call("PUT", "/account/reporting", json=document).status_code == 422
    assert merchant.get("/account/reporting") == {
        "time_zone": "Asia/Tokyo",
        "currency": "JPY",
        "rates": [{"currency": "EUR", "rate": "163.5"}],
    }


@pytest.mark.parametrize(
    "query",
    [
        {"first": "2026-11-20", "last": "2026-11-19"},
        {"first": "1999-12-31", "last": "2000-01-02"},
        {"first": "2026-01-01", "last": "9999-12-31"},
        {"first": "2024-01-01", "last": "2026-12-31", "grain": "month"},
        {"first": "2026-01-01", "last": "2026-12-31", "grain": "hour"},
        {"grain": "second"},
        {"by": "customer"},
        {"first": "yesterday"},
    ],
)
def test_days_that_make_no_sense_are_refused(merchant: Caller, query: dict[str, str]) -> None:
    assert merchant.call("GET", "/dashboard/orders", params=query).status_code == 422


# ------------------------------------------------------------------------------------- the first screen


def test_the_overview_shows_shops_today_low_stock_and_what_needs_attention(
    merchant: Caller, connection: Connection, make_connection: Callable[..., Connection]
) -> None:
    """At half past midnight in Berlin: an order of a quarter of an hour ago is of today, an hour ago not."""
    broken = make_connection(merchant.account_id, name="Broken", state="needs_auth")
    report_in(merchant, "Europe/Berlin", "EUR")
    books = keep_books(connection, variants=3, orders=6)
    drift(connection, books.variant_ids[1], 2)
    execute("UPDATE drifts SET state = 'review'")
    execute(
        "INSERT INTO events (account_id, kind, connection_id, raised_at)"
        " VALUES (:a, 'drift_in_review', :c, now())",
        a=merchant.account_id,
        c=connection.id,
    )
    now = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)
    sell(connection, now - timedelta(minutes=15))
    sell(connection, now - timedelta(hours=1))

    found = overview(merchant.account_id, now=now)
    assert str(found["today"]["date"]) == "2026-11-28"
    assert found["today"]["totals"][0]["orders"] == found["today"]["converted"]["orders"] == 1
    lights = {shop["name"]: (shop["light"], shop["reasons"]) for shop in found["connections"]}
    assert lights == {"First": ("amber", ["in_review"]), "Broken": ("red", ["needs_auth"])}
    assert (found["low_stock"], found["oversold"]) == (3, 1)
    attention = {item["kind"]: item for item in found["attention"]}
    assert set(attention) == {"needs_auth", "oversold", "drift_in_review"}
    assert attention["needs_auth"] == {
        "kind": "needs_auth",
        "connection_id": broken.id,
        "count": 1,
        "action": "reconnect",
        "path": f"/connections/{broken.id}",
    }
    assert merchant.get("/dashboard/overview")["low_stock"] == 3


def test_stopped_writes_and_a_brake_turn_shops_amber_and_say_what_to_do(
    merchant: Caller, connection: Connection
) -> None:
    assert merchant.get("/dashboard/status")["items"][0]["light"] == "green"
    merchant.post("/account/stop-writes")
    execute("UPDATE connections SET braked_at = now(), failures = 1")
    [shop] = merchant.get("/dashboard/status")["items"]
    assert (shop["light"], shop["reasons"]) == ("amber", ["failing", "writes_stopped", "braked"])
    execute("UPDATE connections SET failures = 3")
    [shop] = merchant.get("/dashboard/status")["items"]
    assert (shop["light"], shop["reasons"][0]) == ("red", "failing")
    kinds = [item["kind"] for item in merchant.get("/dashboard/overview")["attention"]]
    assert kinds == ["writes_stopped", "failing"]


def test_the_light_and_the_count_of_refused_numbers_are_about_the_same_ones(
    merchant: Caller, connection: Connection
) -> None:
    one, _other = keep_books(connection, variants=2).variant_ids
    execute("UPDATE stock_cells SET state = 'failed', error = 'no such item'")
    execute("UPDATE stock_cells SET variant_id = NULL WHERE variant_id = :id", id=one)  # nobody's any more
    [shop] = merchant.get("/dashboard/status")["items"]
    health = merchant.get(f"/connections/{connection.id}/health")
    assert ("refused" in shop["reasons"], shop["failed_cells"], health["failed_cells"]) == (True, 1, 1)


def test_stock_has_a_value_and_shows_how_it_moved(merchant: Caller, connection: Connection) -> None:
    books = keep_books(connection, variants=2, orders=1)
    execute("UPDATE variants SET unit_cost_minor = 250 WHERE id = :id", id=books.variant_ids[0])
    execute("UPDATE variants SET price_minor = 900 WHERE id = :id", id=books.variant_ids[1])
    merchant.post(
        "/stock/receipts",
        {
            "location_id": books.location_id,
            "lines": [{"variant_id": books.variant_ids[0], "quantity": 5}],
            "key": "delivery-1",
        },
    ).raise_for_status()
    fold_all()
    found = merchant.get("/dashboard/stock")
    assert {row["basis"]: (row["units"], row["value_minor"]) for row in found["value"]} == {
        "cost": (15, 3750),
        "price": (10, 9000),
    }
    moved = {row["kind"]: row["points"][-1] for row in found["movements"]}
    assert moved == {
        "import": {"units_in": 20, "units_out": 0},
        "receipt": {"units_in": 5, "units_out": 0},
    }
    assert {row["sku"]: row["available"] for row in found["low_stock"]} == {"CUP-1": 10}
    assert merchant.get("/dashboard/stock", location_id=books.location_id)["movements"] == found["movements"]


def test_what_runs_low_begins_where_the_fewest_are_left(merchant: Caller, connection: Connection) -> None:
    """However long ago it ran low, and what is oversold once; what is archived is left out."""
    books = keep_books(connection, variants=13, orders=0)
    for variant_id, left in zip(books.variant_ids, (4, -2, 1, 40, *range(9, 0, -1)), strict=True):
        change = {"variant_id": variant_id, "location_id": books.location_id, "delta": left - 10}
        reason = {"reason": "found" if left > 10 else "damaged", "key": f"left-{variant_id}"}
        merchant.post("/stock/adjustments", change | reason).raise_for_status()
    execute("UPDATE variants SET archived_at = now() WHERE id = :id", id=books.variant_ids[-1])
    found = merchant.get("/dashboard/stock")
    told = [(row["sku"], row["kind"], row["available"]) for row in found["low_stock"]]
    assert told[:3] == [("CUP-1", "oversold", -2), ("CUP-2", "low_stock", 1), ("CUP-11", "low_stock", 2)]
    assert [left for _sku, _kind, left in told[2:]] == [2, 3, 4, 4, 5, 6, 7, 8]
    assert found["low_stock_count"] == 11
    assert len(merchant.get("/stock", low_stock=True, archived="no")["items"]) == 11


def test_writes_succeed_or_fail_by_shop(merchant: Caller, connection: Connection) -> None:
    keep_books(connection)
    execute(
        """
        INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind,
            from_quantity, to_quantity, wanted_version, started_at, deadline_at, outcome)
        SELECT c.account_id, c.connection_id, c.id, gen_random_uuid(), 0, 'set', 1, 2, 1, now(), now(), o
        FROM stock_cells c, unnest(ARRAY['applied', 'applied', 'rejected', 'stale']) AS o
        """
    )
    fold_all()
    found = merchant.get("/dashboard/sync")
    assert (found["applied"], found["failed"], found["stale"], found["success_permille"]) == (2, 1, 1, 666)
    [shop] = found["connections"]
    assert (shop["name"], shop["points"][-1]) == ("First", {"applied": 2, "failed": 1, "stale": 1})
    assert merchant.get("/dashboard/status")["items"][0]["items_per_second"] > 0


def called(connection: Connection, at: str, **counts: int) -> None:
    """The calls of an hour."""
    execute(
        f"INSERT INTO platform_call_hours (account_id, connection_id, starts_at, {', '.join(counts)})"
        f" VALUES (:account, :connection, :at, {', '.join(f':{name}' for name in counts)})",
        account=connection.account_id,
        connection=connection.id,
        at=at,
        **counts,
    )


def test_how_a_platforms_api_answers_is_shown_over_time_and_over_all_shops_there(
    merchant: Caller, connection: Connection, make_connection: Callable[..., Connection]
) -> None:
    second = make_connection(merchant.account_id, name="Second")
    other = make_connection(merchant.account_id, name="Other", platform="othershop")
    called(connection, "2026-11-20T09:00Z", succeeded=90, failed=4, total_ms=9_000, slowest_ms=700)
    called(connection, "2026-11-20T23:00Z", succeeded=3, throttled=1, total_ms=400, slowest_ms=150)
    called(second, "2026-11-20T09:00Z", refused=3, unreachable=3, total_ms=1_050, slowest_ms=900)
    called(other, "2026-11-21T00:00Z", succeeded=999, failed=1, total_ms=1_000_400, slowest_ms=2_000)
    called(other, "2026-11-22T00:00Z", succeeded=1)  # the day after

    found = merchant.get("/dashboard/sync", first="2026-11-20", last="2026-11-21")["platforms"]
    nothing = {
        **dict.fromkeys(("calls", "succeeded", "refused", "throttled", "failed"), 0),
        **dict.fromkeys(("success_permille", "error_permille", "mean_latency_ms", "slowest_ms")),
    }
    of_fakeshop = {
        "calls": 104,
        "succeeded": 93,
        "refused": 3,
        "throttled": 1,
        "failed": 7,
        "success_permille": 894,
        "error_permille": 68,
        "mean_latency_ms": 100,
        "slowest_ms": 900,
    }
    of_othershop = {
        **nothing,
        "calls": 1000,
        "succeeded": 999,
        "failed": 1,
        "success_permille": 999,
        "error_permille": 1,
        "mean_latency_ms": 1000,
        "slowest_ms": 2000,
    }
    assert found == [
        {"platform": "fakeshop", **of_fakeshop, "points": [of_fakeshop, nothing]},
        {"platform": "othershop", **of_othershop, "points": [nothing, of_othershop]},
    ]


def test_an_hour_of_calls_counts_to_the_period_that_it_begins_in(
    merchant: Caller, connection: Connection
) -> None:
    """India's days begin half past six in the evening."""
    report_in(merchant, "Asia/Kolkata")
    for hour in (17, 18, 19):
        called(connection, f"2026-11-20T{hour}:00Z", succeeded=10 ** (hour - 17))
    days = {"first": "2026-11-20", "last": "2026-11-21"}
    [platform] = merchant.get("/dashboard/sync", **days)["platforms"]
    assert [point["succeeded"] for point in platform["points"]] == [11, 100]
    [platform] = merchant.get("/dashboard/sync", **days, grain="hour")["platforms"]
    assert sum(point["succeeded"] for point in platform["points"]) == 111
    assert len([point for point in platform["points"] if point["calls"]]) == 3


def test_uptime_is_unknown_until_it_was_probed_and_then_told_with_the_last_interruption(
    merchant: Caller,
) -> None:
    unknown = merchant.get("/dashboard/sync")["uptime"]
    assert (unknown["up_ppm"], unknown["up_seconds"], unknown["interruptions"]) == (None, 0, 0)
    assert unknown["unknown_seconds"] > 0

    now = datetime.now(UTC)
    for ago, seen in ((9, Seen()), (8, Seen(down=("web",))), (7, Seen())):
        record(now - timedelta(minutes=ago), seen)
    told = merchant.get("/dashboard/sync")["uptime"]
    assert (told["up_seconds"], told["interruptions"]) == (120, 2)
    assert told["last_interruption"]["parts"] == ["scheduler"]
    assert told["last_interruption"]["ended_at"] is None


def test_a_shop_was_out_in_hours_in_which_nothing_but_faults_came_back(
    merchant: Caller, connection: Connection, make_connection: Callable[..., Connection]
) -> None:
    make_connection(merchant.account_id, name="Never called")
    called(connection, "2026-11-20T09:00Z", succeeded=1, failed=90)
    called(connection, "2026-11-20T10:00Z", unreachable=5, failed=2)
    called(connection, "2026-11-20T11:00Z", throttled=1)
    called(connection, "2026-11-22T09:00Z", unreachable=5)
    found = merchant.get("/dashboard/sync", first="2026-11-20", last="2026-11-21")["shops"]
    assert found == [
        {
            "connection_id": connection.id,
            "platform": "fakeshop",
            "name": "First",
            "hours": 3,
            "hours_out": 1,
            "reached_permille": 666,
            "last_hour_out": "2026-11-20T10:00:00+00:00",
        }
    ]


# ---------------------------------------------------------------------------------- tenants and emptiness


@pytest.mark.parametrize("path", ROUTES)
def test_a_new_account_sees_nothing_and_no_fault(merchant: Caller, path: str) -> None:
    merchant.get(path)


def test_no_account_sees_another_ones_figures(
    merchant: Caller, connection: Connection, make_merchant: Callable[[], Caller]
) -> None:
    books = keep_books(connection, variants=2, orders=6)
    called(connection, datetime.now(UTC).isoformat(), succeeded=1)
    fold_all()
    other = make_merchant()
    assert other.get("/dashboard/overview")["connections"] == []
    assert other.get("/dashboard/overview")["attention"] == []
    assert other.get("/dashboard/orders", first="2026-11-01", last="2026-11-30")["totals"] == []
    assert other.get("/dashboard/stock")["value"] == []
    assert other.get("/dashboard/sync")["connections"] == []
    assert other.get("/dashboard/sync")["platforms"] == []
    assert other.get("/dashboard/sync")["shops"] == []
    assert len(merchant.get("/dashboard/sync")["platforms"]) == 1
    for path in (
        f"/dashboard/orders?connection_id={connection.id}",
        f"/dashboard/stock?location_id={books.location_id}",
    ):
        assert other.call("GET", path).status_code == 404


def test_a_viewer_reads_and_only_an_admin_sets_how_reports_are_made(
    merchant: Caller, make_member: Callable[[int, str], Caller]
) -> None:
    viewer = make_member(merchant.account_id, "viewer")
    for path in (*ROUTES, "/account/reporting"):
        viewer.get(path)
    for role, status in {"viewer": 403, "staff": 403, "admin": 200}.items():
        member = make_member(merchant.account_id, role)
        answer = member.call(
            "PUT", "/account/reporting", json={"time_zone": "UTC", "currency": None, "rates": []}
        )
        assert answer.status_code == status


# -------------------------------------------------------------------------------------------------- cost


@pytest.mark.parametrize("path", ROUTES)
def test_a_dashboard_costs_the_same_few_statements_whatever_there_is(
    merchant: Caller, connection: Connection, make_connection: Callable[..., Connection], path: str
) -> None:
    with recorded() as few:
        merchant.get(path)
    for number in range(3):
        more = make_connection(merchant.account_id, name=f"More {number}")
        sell(more, datetime.now(UTC))
    keep_books(connection, variants=20, orders=30)
    fold_all()
    with recorded() as many:
        merchant.get(path)
    assert len(many) == len(few) <= 8


@contextmanager
def recorded() -> Iterator[list[tuple[str, Any]]]:
    """The statements that were sent meanwhile, with their parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_conn: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
