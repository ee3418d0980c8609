"""Variants, products and listings over the API: found, changed, archived, linked, exported."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from app.extensions import db
from app.models import Connection
from tests.api.books import Books, keep_books
from tests.api.conftest import Caller, execute, rows


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


@pytest.fixture
def books(connection: Connection) -> Books:
    """CUP-0 to CUP-2, ten of each, linked to a listing each."""
    return keep_books(connection, variants=3, orders=1)


def made(caller: Caller, **fields: Any) -> dict[str, Any]:
    answer = caller.post("/variants", {"title": "A thing", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def skus(caller: Caller, **query: Any) -> list[str | None]:
    return [item["sku"] for item in caller.get("/variants", **query)["items"]]


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def exported(caller: Caller, path: str, **query: Any) -> list[dict[str, str]]:
    answer = caller.call("GET", path, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


# ---------------------------------------------------------------------------------------------- variants


def test_a_variant_is_made_changed_and_read(merchant: Caller) -> None:
    new = made(merchant, sku="A-1", currency="EUR", price_minor=1250, unit_cost_minor=400)
    assert (new["sku"], new["product_title"], new["available"]) == ("A-1", "A thing", 0)
    change = {"title": "Another", "barcode": "4006381333931", "low_stock_threshold": 3, "sku": None}
    for _time in range(2):
        answer = merchant.call("PATCH", f"/variants/{new['id']}", json=change)
        assert answer.status_code == 200, answer.text
    shown = merchant.get(f"/variants/{new['id']}")
    assert {name: shown[name] for name in change} == change
    assert (shown["price_minor"], shown["levels"], shown["listings"]) == (1250, [], [])
    assert [row.action for row in rows("SELECT action FROM audit_log ORDER BY id")] == [
        "variant.created",
        "variant.changed",
    ]


def test_a_variant_may_be_one_of_a_product(merchant: Caller, make_merchant: Callable[[], Caller]) -> None:
    first = made(merchant, sku="A")
    second = made(merchant, sku="B", product_id=first["product_id"])
    [product] = merchant.get("/products")["items"]
    assert (product["id"], product["variant_count"]) == (first["product_id"], 2)
    assert merchant.get(f"/products/{product['id']}")["title"] == "A thing"
    found = merchant.get(f"/products/{product['id']}/variants")["items"]
    assert [item["id"] for item in found] == [first["id"], second["id"]]
    foreign = made(make_merchant())["product_id"]
    assert refused(merchant.post("/variants", {"title": "x", "product_id": foreign})) == (404, "not_found")


def test_a_variant_shows_its_stock_its_listings_and_its_parts(merchant: Caller, books: Books) -> None:
    cup = merchant.get(f"/variants/{books.variant_ids[0]}")
    assert (cup["on_hand"], cup["committed"], cup["available"]) == (10, 2, 8)
    assert [level["available"] for level in cup["levels"]] == [8]
    assert [listing["external_id"] for listing in cup["listings"]] == [f"l{cup['id']}"]
    assert cup["listings"][0]["error_said"] is None
    box = made(merchant, sku="BOX")["id"]
    parts = {"components": [{"variant_id": cup["id"], "quantity": 2}]}
    assert merchant.call("PUT", f"/bundles/{box}", json=parts).status_code == 200
    shown = merchant.get(f"/variants/{box}")
    assert (shown["is_bundle"], [part["sku"] for part in shown["components"]]) == (True, ["CUP-0"])
    assert [part["sku"] for part in merchant.get(f"/variants/{cup['id']}")["part_of"]] == ["BOX"]


def test_what_a_shop_has_against_a_listing_is_told_for_other_languages_too(
    merchant: Caller, books: Books
) -> None:
    execute("UPDATE stock_cells SET error = 'The shop answered 5 to a write of 8.'")
    (listing,) = merchant.get(f"/variants/{books.variant_ids[0]}")["listings"]
    said = {"code": "number_differs", "values": {"now": "5", "quantity": "8"}}
    assert (listing["error"], listing["error_said"]) == ("The shop answered 5 to a write of 8.", said)
    execute("UPDATE stock_cells SET state = 'failed', error = 'vanished'")
    (listing,) = merchant.get(f"/variants/{books.variant_ids[0]}")["listings"]
    (channel,) = merchant.get("/stock")["items"][0]["channels"]
    for shown in (listing, channel, merchant.get("/sync/preview")["items"][0]):
        assert shown["error"] == "It is no longer at the shop. Restore it there, or unlink it here."
        assert shown["error_said"] == {"code": "number_gone", "values": {}}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"title": ""},
        {"title": None},
        {"title": "x", "sku": ""},
        {"title": "x", "sku": " A"},
        {"title": "x", "price_minor": 5},
        {"title": "x", "price_minor": "5", "currency": "EUR"},
        {"title": "x", "price_minor": 2.6e-42, "currency": "EUR"},
        {"title": "x", "price_minor": -5, "currency": "EUR"},
        {"title": "x", "currency": "euro"},
        {"title": "x", "low_stock_threshold": 10**12},
        {"title": "x", "sku": "\0"},
        {"title": "x" * 1001},
        {"title": "x", "color": "red"},
    ],
)
def test_nonsense_makes_no_variant(merchant: Caller, wrong: dict[str, Any]) -> None:
    assert refused(merchant.post("/variants", wrong)) == (422, "invalid_input")
    assert rows("SELECT 1 FROM variants") == []


def test_a_sku_is_had_once_in_an_account(merchant: Caller, make_merchant: Callable[[], Caller]) -> None:
    made(merchant, sku="A")
    other = made(merchant, sku="a")["id"]
    made(make_merchant(), sku="A")
    assert refused(merchant.post("/variants", {"title": "x", "sku": "A"})) == (409, "sku_taken")
    answer = merchant.call("PATCH", f"/variants/{other}", json={"sku": "A"})
    assert refused(answer) == (409, "sku_taken")


def test_a_taken_sku_is_told_of_without_a_wait_for_who_has_it(merchant: Caller, books: Books) -> None:
    """A file's check locks its variants in the order of their ids; who waited for one would hold another."""
    first, _second, third = books.variant_ids
    with db.engine.begin() as session:
        session.execute(text("SELECT 1 FROM variants WHERE id = :id FOR NO KEY UPDATE"), {"id": first})
        answer = merchant.call("PATCH", f"/variants/{third}", json={"sku": "CUP-0"})
    assert refused(answer) == (409, "sku_taken")


def test_two_who_make_one_sku_at_a_time_make_one_variant(merchant: Caller) -> None:
    together, statuses = threading.Barrier(4), []

    def make() -> None:
        together.wait(10)
        statuses.append(merchant.post("/variants", {"title": "x", "sku": "A"}).status_code)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 409, 409, 409]


def test_another_threshold_tells_of_low_stock(merchant: Caller, books: Books) -> None:
    assert skus(merchant, low_stock=True) == ["CUP-0", "CUP-1", "CUP-2"]  # the usual number is ten
    for variant_id in books.variant_ids[1:]:
        merchant.call("PATCH", f"/variants/{variant_id}", json={"low_stock_threshold": 2})
    assert skus(merchant, low_stock=True) == ["CUP-0"]
    assert skus(merchant, low_stock=False) == ["CUP-1", "CUP-2"]


def test_a_variant_in_use_is_neither_deleted_nor_archived(merchant: Caller, books: Books) -> None:
    """And it is said what to do first, in words that the reader's language has."""
    cup = books.variant_ids[0]

    def why(method: str, path: str) -> str:
        answer = merchant.call(method, path)
        assert refused(answer) == (409, "variant_in_use")
        return str(answer.json()["said"]["code"])

    assert why("DELETE", f"/variants/{cup}") == "listings_linked"
    assert why("POST", f"/variants/{cup}/archive") == "listings_linked"
    for listing in merchant.get("/listings", variant_id=cup)["items"]:
        merchant.post(f"/listings/{listing['id']}/unlink")
    assert why("POST", f"/variants/{cup}/archive") == "has_stock"
    assert why("DELETE", f"/variants/{cup}") == "has_history"


def test_a_variant_without_listings_and_stock_is_archived_and_comes_back_when_it_is_linked(
    merchant: Caller, books: Books
) -> None:
    cup, place = books.variant_ids[2], books.location_id
    [listing] = (item["id"] for item in merchant.get("/listings", variant_id=cup)["items"])
    merchant.post(f"/listings/{listing}/unlink")
    gone = {"variant_id": cup, "location_id": place, "delta": -10, "reason": "lost", "key": "k"}
    merchant.post("/stock/adjustments", gone)
    for _time in range(2):
        assert merchant.post(f"/variants/{cup}/archive").status_code == 200
    assert skus(merchant) == ["CUP-0", "CUP-1"]
    assert skus(merchant, archived="yes") == ["CUP-2"]
    assert len(skus(merchant, archived="any")) == 3
    assert merchant.get(f"/variants/{cup}")["archived_at"] is not None
    merchant.post(f"/listings/{listing}/link", {"variant_id": cup})
    assert skus(merchant) == ["CUP-0", "CUP-1", "CUP-2"]
    merchant.post(f"/listings/{listing}/unlink")
    merchant.post(f"/variants/{cup}/archive")
    assert merchant.post(f"/variants/{cup}/restore").json()["archived_at"] is None
    done = [
        row.action for row in rows("SELECT action FROM audit_log WHERE action LIKE 'variant.%' ORDER BY id")
    ]
    assert done == ["variant.archived", "variant.archived", "variant.restored"]


def test_a_variant_that_nothing_knows_of_is_deleted_with_its_product(merchant: Caller) -> None:
    first = made(merchant, sku="A")
    second = made(merchant, sku="B", product_id=first["product_id"])
    assert merchant.call("DELETE", f"/variants/{first['id']}").status_code == 204
    assert len(merchant.get("/products")["items"]) == 1
    assert merchant.call("DELETE", f"/variants/{second['id']}").status_code == 204
    assert merchant.get("/products")["items"] == []
    assert refused(merchant.call("DELETE", f"/variants/{second['id']}")) == (404, "not_found")


# -------------------------------------------------------------------------------------------------- lists


def test_variants_are_found_by_any_part_of_what_they_are_called(merchant: Caller) -> None:
    made(merchant, sku="Mug-Blue", title="Becher, blau 100%", barcode="4006381333931")
    made(merchant, sku="MUG-RED", title="Becher_rot", barcode=None)
    made(merchant, sku=None, title="Straße")
    for q, found in {
        "mug": 2,
        "BLAU": 1,
        "638133": 1,
        "100%": 1,
        "r_r": 1,
        "%": 1,
        "\\": 0,
        "u": 2,
        "straße": 1,
        "  mug-red ": 1,
        "": 3,
        "'; DROP TABLE variants --": 0,
    }.items():
        assert len(skus(merchant, q=q)) == found, q
    assert skus(merchant, sku="MUG-RED") == ["MUG-RED"]
    assert skus(merchant, sku="mug-red") == []


def test_variants_are_filtered(merchant: Caller, books: Books) -> None:
    box = made(merchant, sku="BOX")["id"]
    parts = {"components": [{"variant_id": books.variant_ids[0], "quantity": 2}]}
    merchant.call("PUT", f"/bundles/{box}", json=parts)
    assert skus(merchant, has_listings=False) == ["BOX"] == skus(merchant, is_bundle=True)
    assert skus(merchant, has_listings=True) == ["CUP-0", "CUP-1", "CUP-2"] == skus(merchant, is_bundle=False)
    assert skus(merchant, has_listings=True, is_bundle=True) == []


@pytest.mark.parametrize("sort", ["id", "-id", "sku", "-sku", "title", "-title"])
def test_variants_are_sorted_and_paged_without_a_gap(merchant: Caller, sort: str) -> None:
    for number, (sku, title) in enumerate(
        [("b", "Z"), (None, "same"), ("A", "same"), (None, "same"), ("c", "Same"), ("B2", "x" * 900)]
    ):
        made(merchant, sku=sku, title=title, barcode=str(number))
    items, cursor = [], None
    while True:
        found = merchant.get("/variants", sort=sort, limit=2, **({"cursor": cursor} if cursor else {}))
        items += found["items"]
        if (cursor := found["next"]) is None:
            break
    name = sort.lstrip("-")
    keys = [((item[name] or "").lower()[:100], item["id"]) if name != "id" else item["id"] for item in items]
    assert len(keys) == 6
    assert keys == sorted(keys, reverse=sort.startswith("-"))


@pytest.mark.parametrize(
    "query", [{"sort": "price"}, {"limit": 0}, {"cursor": "x"}, {"archived": "maybe"}, {"q": "x" * 201}]
)
def test_a_list_that_makes_no_sense_is_refused(merchant: Caller, query: dict[str, Any]) -> None:
    assert merchant.call("GET", "/variants", params=query).status_code == 422


def test_a_cursor_of_another_sort_is_refused(merchant: Caller) -> None:
    made(merchant), made(merchant)
    for sort, other in (("id", "sku"), ("id", "-id"), ("sku", "title"), ("title", "-title")):
        cursor = merchant.get("/variants", limit=1, sort=sort)["next"]
        answer = merchant.call("GET", "/variants", params={"sort": other, "cursor": cursor})
        assert refused(answer) == (422, "invalid_cursor")


def test_a_page_costs_the_same_number_of_statements_however_much_it_shows(
    merchant: Caller, books: Books
) -> None:
    seen: list[str] = []

    def note(*call: Any) -> None:
        seen.append(call[2])

    event.listen(db.engine, "before_cursor_execute", note)
    for path in ("/variants", "/listings", f"/variants/{books.variant_ids[0]}"):
        counts = []
        for limit in (1, 3):
            seen.clear()
            merchant.get(path, **({"limit": limit} if not path[-1].isdigit() else {}))
            counts.append(len(seen))
        assert counts[0] == counts[1] <= 5, (path, seen)
    event.remove(db.engine, "before_cursor_execute", note)


def test_listings_of_all_shops_are_found(
    merchant: Caller, books: Books, connection: Connection, make_connection: Callable[..., Connection]
) -> None:
    other = make_connection(merchant.account_id)
    keep_more = (
        "INSERT INTO listings (account_id, connection_id, external_id, external_product_id, sku, title,"
    )
    execute(
        f"{keep_more} unlinked_reason, details) VALUES (:a, :c, 'x', 'p', 'LAMP', 'Lamp', 'no_sku', :d)",
        a=merchant.account_id,
        c=other.id,
        d='{"barcode": "4006381333931"}',
    )
    execute("UPDATE stock_cells SET state = 'failed' WHERE variant_id = :v", v=books.variant_ids[0])
    execute("UPDATE stock_cells SET state = 'waiting' WHERE variant_id = :v", v=books.variant_ids[1])

    def found(**query: Any) -> list[str]:
        return [item["sku"] for item in merchant.get("/listings", **query)["items"]]

    assert found() == ["CUP-0", "CUP-1", "CUP-2", "LAMP"]
    assert found(connection_id=other.id) == ["LAMP"] == found(linked=False) == found(reason="no_sku")
    assert found(linked=True) == ["CUP-0", "CUP-1", "CUP-2"] == found(connection_id=connection.id)
    assert found(cell_state="failed") == ["CUP-0"]
    assert found(cell_state="waiting") == ["CUP-1"]
    assert found(cell_state="active") == ["CUP-2"]
    assert found(q="lam") == ["LAMP"] == found(q="400638")
    assert found(q="cup", cell_state="active", linked=True) == ["CUP-2"]
    assert found(variant_id=books.variant_ids[2]) == ["CUP-2"]
    assert found(reason="by_hand") == []
    assert merchant.call("GET", "/listings", params={"reason": "because"}).status_code == 422


# -------------------------------------------------------------------------------------------------- links


def unlinked(connection: Connection, location_id: int, *stock_ids: str | None) -> list[int]:
    """Listings of the shop, the same stock id: the same number."""
    ids = []
    for number, stock_id in enumerate(stock_ids):
        params = {"a": connection.account_id, "c": connection.id, "s": stock_id, "l": location_id}
        execute(
            "INSERT INTO stock_cells (account_id, connection_id, external_stock_id, location_id)"
            " SELECT :a, :c, CAST(:s AS text), :l WHERE CAST(:s AS text) IS NOT NULL ON CONFLICT DO NOTHING",
            **params,
        )
        execute(
            "INSERT INTO listings (account_id, connection_id, external_id, external_product_id, title,"
            " unlinked_reason, external_stock_id) VALUES (:a, :c, :x, 'p', 'Listing', 'no_sku', :s)",
            **{"x": f"bulk{number}", **params},
        )
        ids.append(rows("SELECT max(id) AS id FROM listings")[0].id)
    return ids


def test_many_pairs_are_linked_and_each_that_cannot_be_says_why(
    merchant: Caller, books: Books, make_connection: Callable[..., Connection]
) -> None:
    other = make_connection(merchant.account_id)
    free, shared, sharing, untracked = unlinked(other, books.location_id, "n1", "n2", "n2", None)
    cup, mug, _lamp = books.variant_ids
    pairs = [(free, cup), (shared, cup), (sharing, mug), (untracked, cup), (free + 1000, cup)]
    answer = merchant.post(
        "/listings/links", {"links": [{"listing_id": one, "variant_id": other} for one, other in pairs]}
    )
    assert answer.status_code == 200, answer.text
    problems = [item["problem"] for item in answer.json()["items"]]
    assert [bool(problem) for problem in problems] == [False, True, True, True, True]
    linked = "SELECT id, variant_id FROM listings WHERE connection_id = :c AND variant_id IS NOT NULL"
    assert [tuple(row) for row in rows(linked, c=other.id)] == [(free, cup)]
    again = [{"listing_id": shared, "variant_id": mug}, {"listing_id": sharing, "variant_id": mug}]
    for _time in range(2):
        answer = merchant.post("/listings/links", {"links": again})
        assert [item["problem"] for item in answer.json()["items"]] == ["", ""]
    [cell] = rows("SELECT variant_id FROM stock_cells WHERE external_stock_id = 'n2'")
    assert cell.variant_id == mug
    twice = [{"listing_id": free, "variant_id": cup}, {"listing_id": free, "variant_id": mug}]
    answer = merchant.post("/listings/links", {"links": twice})
    assert all("more than once" in item["problem"] for item in answer.json()["items"])
    unknown = merchant.post("/listings/links", {"links": [{"listing_id": free, "variant_id": 10**9}]})
    assert unknown.json()["items"][0]["problem"] == "There is no such variant."
    assert unknown.json()["items"][0]["problem_said"] == {"code": "no_variant", "values": {}}


def test_a_number_that_stays_linked_to_another_variant_keeps_its_listings_from_it(
    merchant: Caller, books: Books, make_connection: Callable[..., Connection]
) -> None:
    other = make_connection(merchant.account_id)
    first, second = unlinked(other, books.location_id, "n1", "n1")
    cup, mug, _lamp = books.variant_ids
    merchant.post("/listings/links", {"links": [{"listing_id": first, "variant_id": cup}]})
    pair = {"links": [{"listing_id": second, "variant_id": mug}]}
    assert "another variant" in merchant.post("/listings/links", pair).json()["items"][0]["problem"]
    pair["links"].append({"listing_id": first, "variant_id": mug})
    assert [item["problem"] for item in merchant.post("/listings/links", pair).json()["items"]] == ["", ""]


def test_many_are_unlinked(merchant: Caller, books: Books) -> None:
    ids = [item["id"] for item in merchant.get("/listings")["items"]]
    answer = merchant.post("/listings/unlinks", {"listing_ids": [*ids[:2], 10**9]})
    assert [item["problem"] for item in answer.json()["items"]] == ["", "", "There is no such listing."]
    assert [item["id"] for item in merchant.get("/listings", reason="by_hand")["items"]] == ids[:2]
    assert len(rows("SELECT 1 FROM audit_log WHERE action = 'listings.unlinked'")) == 1


def test_bulk_calls_have_a_size(merchant: Caller) -> None:
    too_many = [{"listing_id": number, "variant_id": 1} for number in range(501)]
    for body in ({"links": []}, {"links": too_many}, {"links": [{"listing_id": "1", "variant_id": 1}]}):
        assert refused(merchant.post("/listings/links", body)) == (422, "invalid_input")


# ------------------------------------------------------------------------------------------------ exports


def test_an_export_has_all_that_matches_and_runs_no_formula(merchant: Caller, books: Books) -> None:
    made(merchant, sku="=cmd|' /C calc'!A0", title='-2+3, "x"', currency="EUR", price_minor=1205)
    shown = exported(merchant, "/variants.csv")
    assert [row["sku"] for row in shown] == ["CUP-0", "CUP-1", "CUP-2", "'=cmd|' /C calc'!A0"]
    assert (shown[3]["title"], shown[3]["price"]) == ('\'-2+3, "x"', "12.05")
    assert (shown[0]["available"], shown[0]["is_bundle"]) == ("8", "false")
    assert [row["sku"] for row in exported(merchant, "/variants.csv", q="cup-1")] == ["CUP-1"]
    assert [row["sku"] for row in exported(merchant, "/listings.csv", linked=True)] == [
        "CUP-0",
        "CUP-1",
        "CUP-2",
    ]
    assert exported(merchant, "/listings.csv", linked=False) == []
    assert merchant.call("GET", "/variants.csv", params={"q": "\0"}).status_code == 422


def test_an_export_longer_than_a_page_has_no_gap(merchant: Caller) -> None:
    execute(
        "WITH p AS (INSERT INTO products (account_id, title) VALUES (:a, 'x') RETURNING id)"
        " INSERT INTO variants (account_id, product_id, sku, title, currency)"
        " SELECT :a, p.id, 'S' || n, 'T', '' FROM p, generate_series(1, 2500) n",
        a=merchant.account_id,
    )
    assert [row["sku"] for row in exported(merchant, "/variants.csv")] == [f"S{n}" for n in range(1, 2501)]


# ----------------------------------------------------------------------------------------------- strangers


def test_another_merchant_sees_and_changes_nothing(
    merchant: Caller, make_merchant: Callable[[], Caller], books: Books
) -> None:
    stranger, cup = make_merchant(), books.variant_ids[0]
    [listing] = (item["id"] for item in merchant.get("/listings", variant_id=cup)["items"])
    product = merchant.get(f"/variants/{cup}")["product_id"]
    for method, path, body in (
        ("GET", f"/variants/{cup}", None),
        ("PATCH", f"/variants/{cup}", {"title": "Mine"}),
        ("POST", f"/variants/{cup}/archive", None),
        ("POST", f"/variants/{cup}/restore", None),
        ("DELETE", f"/variants/{cup}", None),
        ("GET", f"/products/{product}", None),
        ("GET", f"/products/{product}/variants", None),
    ):
        assert refused(stranger.call(method, path, json=body)) == (404, "not_found"), path
    for path in ("/variants", "/products", "/listings"):
        assert stranger.get(path)["items"] == []
    assert stranger.get("/listings", variant_id=cup)["items"] == []
    for path in ("/variants.csv", "/listings.csv"):
        assert exported(stranger, path) == []
    mine = made(stranger)["id"]
    [tried] = stranger.post(
        "/listings/links", {"links": [{"listing_id": listing, "variant_id": mine}]}
    ).json()["items"]
    assert tried["problem"] == "There is no such listing."
    [tried] = stranger.post("/listings/unlinks", {"listing_ids": [listing]}).json()["items"]
    assert tried["problem"] == "There is no such listing."
    [tried] = merchant.post(
        "/listings/links", {"links": [{"listing_id": listing, "variant_id": mine}]}
    ).json()["items"]
    assert tried["problem"] == "There is no such variant."
    assert merchant.get(f"/variants/{cup}")["title"] == "Cup 100% no. 0"
