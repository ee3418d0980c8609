"""What the web app keeps for a member: theirs alone, checked, bounded, and never overwritten unseen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from app.services import plans, sweeper
from app.services.plans import Limits
from app.services.uow import unit_of_work
from app.services.workplace import dashboards, saved_views, web_vitals
from tests.api.conftest import Caller, execute, rows
from tests.api.fake_platform import SLUG

WIDGET = {"kind": "orders", "x": 0, "y": 0, "width": 6, "height": 4, "options": {"grain": "week"}}
VIEW = {
    "resource": "orders",
    "name": "Unpaid",
    "filters": {"payment": ["pending", "on_hold"]},
    "sort": "-placed_at",
}


@pytest.fixture
def colleague(merchant: Caller, make_member: Callable[[int, str], Caller]) -> Caller:
    return make_member(merchant.account_id, "viewer")


def made(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


# ------------------------------------------------------------------------------------------- dashboards


def test_a_dashboard_is_kept_changed_reset_and_forgotten(merchant: Caller) -> None:
    assert merchant.get("/dashboards")["items"] == []
    default = merchant.get("/dashboards/default")["widgets"]
    kept = made(merchant.post("/dashboards", {"name": "Mine", "widgets": [WIDGET]}))
    assert (kept["widgets"], kept["version"]) == ([WIDGET], 1)

    moved = {**WIDGET, "x": 6}
    path = f"/dashboards/{kept['id']}"
    changed = merchant.call("PUT", path, json={"name": "Ours", "widgets": [moved], "version": 1}).json()
    assert (changed["name"], changed["widgets"], changed["version"]) == ("Ours", [moved], 2)

    reset = merchant.post(f"{path}/reset", {"version": 2}).json()
    assert (reset["name"], reset["widgets"], reset["version"]) == ("Ours", default, 3)
    assert merchant.get("/dashboards")["items"] == [merchant.get(path)]
    assert merchant.call("DELETE", path).status_code == 204
    assert merchant.call("GET", path).status_code == merchant.call("DELETE", path).status_code == 404


def test_a_dashboard_holds_every_kind_of_widget(merchant: Caller) -> None:
    one_of_each = [{**WIDGET, "kind": kind, "y": 4 * row} for row, kind in enumerate(dashboards.KINDS)]
    kept = made(merchant.post("/dashboards", {"name": "All", "widgets": one_of_each}))
    assert [widget["kind"] for widget in kept["widgets"]] == list(dashboards.KINDS)
    assert {"average_order", "api_latency", "api_errors"} <= set(dashboards.KINDS)
    unknown = {"name": "None", "widgets": [{**WIDGET, "kind": "weather"}]}
    assert merchant.post("/dashboards", unknown).status_code == 422


def test_a_new_dashboard_without_widgets_has_the_default_ones(merchant: Caller) -> None:
    kept = made(merchant.post("/dashboards", {"name": "Mine"}))
    assert kept["widgets"] == merchant.get("/dashboards/default")["widgets"]


def test_of_two_who_change_the_same_version_one_is_told_that_it_changed(merchant: Caller) -> None:
    """Both have come to the dashboard before either has changed it."""
    kept = made(merchant.post("/dashboards", {"name": "Mine"}))
    path = f"/dashboards/{kept['id']}"

    def change(name: str) -> int:
        document = {"name": name, "widgets": [], "version": 1}
        return merchant.call("PUT", path, json=document).status_code

    with ThreadPoolExecutor(2) as pool, unit_of_work() as uow:
        uow.session.execute(text("SELECT 1 FROM dashboards FOR UPDATE"))
        answers = [pool.submit(change, name) for name in ("A", "B")]
        while rows("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0] < 2:
            pass
        uow.rollback()
        assert sorted(answer.result() for answer in answers) == [200, 409]
    assert merchant.post(f"/dashboards/{kept['id']}/reset", {"version": 1}).status_code == 409


@pytest.mark.parametrize(
    "widgets",
    [
        [{**WIDGET, "kind": "mine"}],
        [{**WIDGET, "x": 7}],
        [{**WIDGET, "y": 198}],
        [{**WIDGET, "x": -1}],
        [{**WIDGET, "x": 2.6e-42}],
        [{**WIDGET, "x": "0"}],
        [{**WIDGET, "width": 0}],
        [{**WIDGET, "height": 10**9}],
        [{**WIDGET, "script": "alert(1)"}],
        [{**WIDGET, "options": {"sql": "DROP TABLE orders"}}],
        [{**WIDGET, "options": {"connection_id": 10**30}}],
        [WIDGET, {**WIDGET, "x": 5, "y": 3}],
        [{**WIDGET, "width": 1, "height": 1, "y": row} for row in range(41)],
        "all",
    ],
)
def test_widgets_that_do_not_fit_are_refused(merchant: Caller, widgets: Any) -> None:
    assert merchant.post("/dashboards", {"name": "Mine", "widgets": widgets}).status_code == 422


def test_names_are_ones_own_and_their_number_is_bounded_even_in_a_race(
    merchant: Caller, colleague: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(merchant.post("/dashboards", {"name": "Mine"}))
    assert merchant.post("/dashboards", {"name": "Mine"}).status_code == 409
    made(colleague.post("/dashboards", {"name": "Mine"}))
    monkeypatch.setattr(dashboards, "MOST_DASHBOARDS", 3)
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda n: merchant.post("/dashboards", {"name": f"D{n}"}).status_code, range(6))
        )
    assert sorted(answers) == [201, 201, 409, 409, 409, 409]


# ------------------------------------------------------------------------------------------------- views


def test_a_shared_view_is_seen_by_all_members_and_changed_by_its_owner(
    merchant: Caller, colleague: Caller, make_merchant: Callable[[], Caller]
) -> None:
    own = made(merchant.post("/saved-views", VIEW))
    path = f"/saved-views/{own['id']}"
    assert own["mine"]
    assert colleague.call("GET", path).status_code == 404
    content = {name: own[name] for name in ("name", "filters", "sort", "version")}
    assert merchant.call("PUT", path, json={**content, "shared": True}).json()["version"] == 2

    [seen] = colleague.get("/saved-views", resource="orders")["items"]
    assert (seen["id"], seen["mine"], seen["filters"]) == (own["id"], False, VIEW["filters"])
    assert colleague.get("/saved-views", resource="stock")["items"] == []
    change = {**content, "version": 2}
    assert colleague.call("PUT", path, json=change).status_code == 404
    assert colleague.call("DELETE", path).status_code == 404
    stranger = make_merchant()
    assert stranger.get("/saved-views")["items"] == []
    assert stranger.call("GET", path).status_code == 404

    assert merchant.call("PUT", path, json={**change, "version": 1}).status_code == 409
    assert merchant.call("DELETE", path).status_code == 204
    assert [row.action for row in rows("SELECT action FROM audit_log ORDER BY id")] == [
        "saved_view.changed",
        "saved_view.deleted",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"resource": "passwords"},
        {"name": ""},
        {"name": "x" * 101},
        {"filters": {"a": {"b": 1}}},
        {"filters": {"a": [[1]]}},
        {"filters": {"a": 1.5}},
        {"filters": {"a": "\x00"}},
        {"filters": {"a": "x" * 4001}},
        {"filters": {f"f{n}": 1 for n in range(31)}},
        {"filters": {"a": [1] * 101}},
        {"filters": [1]},
        {"sort": "x" * 101},
        {"more": 1},
    ],
)
def test_views_that_are_none_are_refused(merchant: Caller, change: dict[str, Any]) -> None:
    assert merchant.post("/saved-views", {**VIEW, **change}).status_code == 422
    assert merchant.get("/saved-views")["items"] == []


def test_views_come_in_pages_and_are_bounded(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MOST_VIEWS", 3)
    for number in range(3):
        made(merchant.post("/saved-views", {**VIEW, "name": f"V{number}"}))
    assert merchant.post("/saved-views", {**VIEW, "name": "V4"}).status_code == 409
    first = merchant.get("/saved-views", limit=2)
    rest = merchant.get("/saved-views", limit=2, cursor=first["next"])
    assert [view["name"] for view in first["items"] + rest["items"]] == ["V0", "V1", "V2"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "resource", ["events", "listings", "movements", "orders", "stock", "sync_runs", "variants"]
)
def test_every_list_that_has_filters_has_views(merchant: Caller, resource: str) -> None:
    view = made(merchant.post("/saved-views", {**VIEW, "resource": resource}))
    assert merchant.get("/saved-views", resource=resource)["items"] == [view]


def test_another_accounts_dashboard_does_not_exist(
    merchant: Caller, colleague: Caller, make_merchant: Callable[[], Caller]
) -> None:
    kept = made(merchant.post("/dashboards", {"name": "Mine"}))
    path = f"/dashboards/{kept['id']}"
    for other in (colleague, make_merchant()):
        assert other.get("/dashboards")["items"] == []
        answers = [
            other.call("GET", path),
            other.call("PUT", path, json={"name": "x", "widgets": [], "version": 1}),
            other.post(f"{path}/reset", {"version": 1}),
            other.call("DELETE", path),
        ]
        assert [answer.status_code for answer in answers] == [404] * 4


# ------------------------------------------------------------------------------ preferences, vitals, plans


def test_what_one_wants_to_be_told_of_has_defaults_and_is_ones_own(
    merchant: Caller, colleague: Caller
) -> None:
    def wanted(caller: Caller) -> dict[tuple[str, str], bool]:
        items = caller.get("/notification-preferences")["items"]
        return {(item["kind"], item["channel"]): item["wanted"] for item in items}

    before = wanted(merchant)
    assert before["low_stock", "app"]
    assert not before["low_stock", "email"]
    assert before["oversold", "email"]
    for is_wanted in (True, False, True):
        wish = {"kind": "low_stock", "channel": "email", "wanted": is_wanted}
        answer = merchant.call("PATCH", "/notification-preferences", json={"items": [wish, wish]})
        assert answer.status_code == 200
        assert wanted(merchant) == {**before, ("low_stock", "email"): is_wanted}
    assert wanted(colleague) == before
    for wish in ({"kind": "nonsense"}, {"channel": "pigeon"}, {"wanted": None}):
        item = {"kind": "low_stock", "channel": "app", "wanted": True, **wish}
        assert merchant.call("PATCH", "/notification-preferences", json={"items": [item]}).status_code == 422


def test_a_phone_number_is_kept_as_e164_and_is_ones_own(merchant: Caller, colleague: Caller) -> None:
    def phone(caller: Caller) -> str | None:
        found: str | None = caller.get("/notification-preferences")["phone"]
        return found

    def set_to(number: object) -> int:
        answer = merchant.call("PATCH", "/notification-preferences", json={"phone": number})
        return answer.status_code

    assert phone(merchant) is None
    assert set_to("+4915112345678") == 200
    for wrong in (
        "015112345678",
        "+49 151 12345678",
        "+0151123456",
        "+49151",
        "+1234567890123456",
        "+1234567\n",
        1,
    ):
        assert set_to(wrong) == 422, wrong
    wish = {"kind": "low_stock", "channel": "sms", "wanted": True}
    assert merchant.call("PATCH", "/notification-preferences", json={"items": [wish]}).status_code == 200
    assert (phone(merchant), phone(colleague)) == ("+4915112345678", None)
    assert set_to(None) == 200
    assert phone(merchant) is None


def test_web_vitals_are_counted_by_page_and_day_and_pages_are_bounded(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_vitals, "MOST_ROUTES", 2)
    items = [{"metric": "LCP", "value": value} for value in (1200.5, 2500, 3000, 9000)]
    items.append({"metric": "CLS", "value": 0.3})
    for route in ("/orders/:id", "/orders/:id", "/stock", "/one/too/many", "/and/more"):
        answer = merchant.post("/web-vitals", {"route": route, "items": items})
        assert answer.status_code == 204, answer.text
    found = rows("SELECT * FROM web_vital_days ORDER BY route, metric")
    assert [(row.route, row.metric, row.good, row.fair, row.poor, row.sum_thousandths) for row in found] == [
        ("/orders/:id", "CLS", 0, 0, 2, 600),
        ("/orders/:id", "LCP", 4, 2, 2, 31_401_000),
        ("/stock", "CLS", 0, 0, 1, 300),
        ("/stock", "LCP", 2, 1, 1, 15_700_500),
        ("other", "CLS", 0, 0, 2, 600),
        ("other", "LCP", 4, 2, 2, 31_401_000),
    ]


def test_web_vitals_are_forgotten_after_400_days(merchant: Caller) -> None:
    item = {"metric": "LCP", "value": 1}
    for route in ("/old", "/orders"):
        assert merchant.post("/web-vitals", {"route": route, "items": [item]}).status_code == 204
    execute("UPDATE web_vital_days SET day = day - 401 WHERE route = '/old'")
    sweeper.house_keeping(30)
    assert [row.route for row in rows("SELECT route FROM web_vital_days")] == ["/orders"]


@pytest.mark.parametrize(
    "change",
    [
        {"route": "orders"},
        {"route": "/orders?q=jane@example.com"},
        {"route": "/" + "x" * 100},
        {"route": "/orders\n"},
        {"items": []},
        {"items": [{"metric": "LCP", "value": 1}] * 11},
        {"items": [{"metric": "LCP", "value": -1}]},
        {"items": [{"metric": "LCP", "value": "NaN"}]},
        {"items": [{"metric": "LCP", "value": 1e300}]},
        {"items": [{"metric": "XYZ", "value": 1}]},
    ],
)
def test_vitals_that_are_none_are_refused(merchant: Caller, change: dict[str, Any]) -> None:
    document = {"route": "/orders", "items": [{"metric": "LCP", "value": 1}], **change}
    assert merchant.post("/web-vitals", document).status_code == 422
    assert rows("SELECT * FROM web_vital_days") == []


def test_a_plan_limits_the_shops_connected_at_a_time(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(shop: str) -> Any:
        return merchant.post("/connections", {"platform": SLUG, "config": {"shop": shop, "key": "good"}})

    assert plans.limits(merchant.account_id) == Limits(channels=None, orders_per_month=None)
    monkeypatch.setattr(plans, "limits", lambda _account_id: Limits(channels=1))
    first = made(connect("blue.example"))["connection"]
    refused = connect("red.example")
    assert (refused.status_code, refused.json()["code"]) == (402, "plan_limit")
    again = connect("blue.example")  # the same shop takes no second place
    assert again.json()["connection"]["id"] == first["id"]
    merchant.post(f"/connections/{first['id']}/disconnect")
    made(connect("red.example"))
