"""Base prices, price rules, previews, and the price in a listing's view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.models import Connection
from tests.api.books import Books, keep_books
from tests.api.conftest import Caller, execute, rows

RULE: dict[str, Any] = {"enabled": True, "factor": "1.10", "rounding": "ending", "rounding_minor": 95}


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id, currency="EUR")


@pytest.fixture
def books(connection: Connection) -> Books:
    """Three cups; the shop shows 10.00, 10.00 and no price."""
    made = keep_books(connection, variants=3, orders=0)
    execute("UPDATE variants SET price_minor = 1000")
    execute("UPDATE listings SET details = '{\"price_minor\": 1000}' WHERE sku <> 'CUP-2'")
    return made


def path(connection: Connection, tail: str = "price-rule") -> str:
    return f"/connections/{connection.id}/{tail}"


def put(merchant: Caller, connection: Connection, **changes: Any) -> Any:
    return merchant.call("PUT", path(connection), json={**RULE, **changes})


# ------------------------------------------------------------------------------------------- base prices


def test_base_prices_are_listed_and_set(merchant: Caller, books: Books) -> None:
    one = books.variant_ids[0]
    assert merchant.get("/prices", q="CUP-0")["items"] == [
        {"variant_id": one, "sku": "CUP-0", "title": "Cup 100% no. 0", "price_minor": 1000, "currency": "EUR"}
    ]
    changed = merchant.call("PATCH", f"/prices/{one}", json={"price_minor": 1850, "currency": "JPY"})
    assert (changed.json()["price_minor"], changed.json()["currency"]) == (1850, "JPY")
    kept = merchant.call("PATCH", f"/prices/{one}", json={"price_minor": None}).json()
    assert (kept["price_minor"], kept["currency"]) == (None, "JPY")
    assert merchant.call("PATCH", "/prices/999999", json={"price_minor": 1}).status_code == 404
    first = merchant.get("/prices", limit=2)
    rest = merchant.get("/prices", limit=2, cursor=first["next"])
    assert [row["sku"] for row in first["items"] + rest["items"]] == ["CUP-0", "CUP-1", "CUP-2"]


@pytest.mark.parametrize("wrong", [0, -1, 10**13, 12.5, "1200", True])
def test_what_is_no_price_is_refused(merchant: Caller, books: Books, wrong: Any) -> None:
    answer = merchant.call("PATCH", f"/prices/{books.variant_ids[0]}", json={"price_minor": wrong})
    assert answer.status_code == 422
    assert merchant.get("/prices")["items"][0]["price_minor"] == 1000


def test_many_base_prices_are_set_together_or_not_at_all(
    merchant: Caller, books: Books, make_merchant: Callable[[], Caller]
) -> None:
    one, two, _three = books.variant_ids
    good = [{"variant_id": one, "price_minor": 1100}, {"variant_id": two, "price_minor": 1000}]
    assert merchant.call("PATCH", "/prices", json={"items": good}).json() == {"changed": 1}
    bad = [{"variant_id": one, "price_minor": 900}, {"variant_id": 999_999, "price_minor": 900}]
    refused = merchant.call("PATCH", "/prices", json={"items": bad})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_rows")
    assert refused.json()["errors"] == {"999999": "There is no such variant."}
    assert make_merchant().call("PATCH", "/prices", json={"items": good}).status_code == 422
    assert [row["price_minor"] for row in merchant.get("/prices")["items"]] == [1100, 1000, 1000]
    [audited] = rows("SELECT detail FROM audit_log WHERE action = 'prices.set'")
    assert audited.detail == {"variants": {str(one): [1100, "EUR"]}}


# ------------------------------------------------------------------------------------------------- rules


def test_a_rule_is_off_until_it_is_set_and_a_preview_until_it_is_applied(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    before = merchant.get(path(connection))
    assert (before["state"], before["version"], before["factor"]) == ("off", 0, "1")
    assert merchant.call("GET", path(connection, "price-preview")).status_code == 404
    shown = put(merchant, connection, rates={"USD": "0.9215"}).json()
    assert (shown["state"], shown["factor"], shown["rates"]) == ("preview", "1.1", {"USD": "0.9215"})
    assert rows("SELECT id FROM listing_prices") == []
    assert merchant.post(path(connection, "price-rule/apply"), {"version": 0}).status_code == 409
    applied = merchant.post(path(connection, "price-rule/apply"), {"version": shown["version"]}).json()
    assert applied["state"] == "on"
    assert len(rows("SELECT id FROM listing_prices WHERE dirty_since IS NOT NULL")) == 3
    assert merchant.post(path(connection, "price-rule/apply"), {"version": 1}).status_code == 409
    assert put(merchant, connection, enabled=False).json()["state"] == "off"


def test_a_preview_shows_old_and_new_prices_and_why_there_are_none(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    merchant.call("PATCH", f"/prices/{books.variant_ids[1]}", json={"price_minor": 900})
    put(merchant, connection)
    found = merchant.get(path(connection, "price-preview"))["items"]
    assert [(r["sku"], r["shop_minor"], r["new_minor"], r["change"], r["problem"]) for r in found] == [
        ("CUP-0", 1000, 1095, "raised", ""),
        ("CUP-1", 1000, 995, "lowered", ""),
        ("CUP-2", None, None, "cannot", "not_priced"),
    ]
    page = merchant.get(path(connection, "price-preview"), limit=1)
    assert merchant.get(path(connection, "price-preview"), limit=2, cursor=page["next"])["items"] == found[1:]
    assert merchant.get(path(connection, "price-preview"), change="lowered")["items"] == [found[1]]
    assert (
        merchant.call("GET", path(connection, "price-preview"), params={"change": "odd"}).status_code == 422
    )
    assert merchant.get(path(connection, "price-preview/summary")) == {
        "raised": 1,
        "lowered": 1,
        "unchanged": 0,
        "cannot": 1,
        "large": 0,
        "problems": {"not_priced": 1},
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"factor": 1.1},
        {"factor": "-1"},
        {"factor": "0"},
        {"factor": "1001"},
        {"factor": "1e3"},
        {"rates": {"USD": 1.1}},
        {"rates": {"usd": "1.1"}},
        {"rates": {"USD": "0"}},
        {"rounding": "odd"},
        {"rounding": "step", "rounding_minor": 0},
        {"rounding_minor": 100},
        {"direction": "down"},
        {"brake_percent": 0},
        {"brake_change_percent": 1001},
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(
    merchant: Caller, connection: Connection, wrong: dict[str, Any]
) -> None:
    assert put(merchant, connection, **wrong).status_code == 422
    assert merchant.get(path(connection))["version"] == 0


def test_a_shop_that_has_to_be_connected_again_says_so(
    merchant: Caller, make_connection: Callable[..., Connection]
) -> None:
    grudging = make_connection(merchant.account_id, external_shop_id="grudging", currency="EUR")
    refused = put(merchant, grudging)
    assert (refused.status_code, refused.json()["detail"]) == (409, "Connect it again.")
    assert put(merchant, grudging, enabled=False).status_code == 200


def test_a_brake_of_prices_is_shown_and_released(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    version = put(merchant, connection).json()["version"]
    merchant.post(path(connection, "price-rule/apply"), {"version": version})
    release = path(connection, "price-rule/release-brake")
    assert merchant.post(release).status_code == 409
    execute("UPDATE price_syncs SET braked_at = now()")
    assert merchant.get(path(connection))["braked_at"]
    assert merchant.post(release).json()["braked_at"] is None


def test_nobody_sees_or_sets_another_merchants_prices(
    merchant: Caller, connection: Connection, books: Books, make_merchant: Callable[[], Caller]
) -> None:
    put(merchant, connection)
    stranger, listing = make_merchant(), rows("SELECT id FROM listings LIMIT 1")[0].id
    answers = [
        stranger.call("GET", path(connection)),
        put(stranger, connection),
        stranger.call("GET", path(connection, "price-preview")),
        stranger.call("GET", path(connection, "price-preview/summary")),
        stranger.post(path(connection, "price-rule/apply"), {"version": 1}),
        stranger.post(path(connection, "price-rule/release-brake")),
        stranger.call("PUT", f"/listings/{listing}/price", json={"override_minor": 5}),
        stranger.post(f"/listings/{listing}/price/decision", {"choice": "ours"}),
        stranger.call("PATCH", f"/prices/{books.variant_ids[0]}", json={"price_minor": 5}),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert stranger.get("/prices")["items"] == []


# ---------------------------------------------------------------------------------------------- listings


def test_a_listings_price_is_fixed_shown_and_decided(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    [listing, *_others] = merchant.get(path(connection, "listings"))["items"]
    assert listing["price"] is None
    where = f"/listings/{listing['id']}/price"
    fixed = merchant.call("PUT", where, json={"override_minor": 777}).json()["price"]
    assert (fixed["override_minor"], fixed["shop_minor"], fixed["currency"]) == (777, 1000, "EUR")
    assert fixed["dirty"] is False, "price sync is off"
    for wrong in (0, -1, 7.5, "777"):
        assert merchant.call("PUT", where, json={"override_minor": wrong}).status_code == 422
    assert merchant.post(f"{where}/decision", {"choice": "ours"}).status_code == 409
    execute("UPDATE listing_prices SET state = 'contested', shop_minor = 800, changed_at = now()")
    [listing, *_others] = merchant.get(path(connection, "listings"))["items"]
    assert (listing["price"]["state"], listing["price"]["shop_minor"]) == ("contested", 800)
    assert listing["price"]["changed_at"]
    waiting = merchant.get("/listings", price_waits=True, connection_id=connection.id)["items"]
    assert [found["id"] for found in waiting] == [listing["id"]]
    others = merchant.get("/listings", price_waits=False)["items"]
    assert len(others) == 2
    assert listing["id"] not in [found["id"] for found in others]
    assert merchant.post(f"{where}/decision", {"choice": "odd"}).status_code == 422
    decided = merchant.post(f"{where}/decision", {"choice": "shop"}).json()["price"]
    assert (decided["state"], decided["override_minor"]) == ("active", 800)
    assert merchant.get("/listings", price_waits=True)["items"] == []
