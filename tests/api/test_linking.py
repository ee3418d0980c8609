"""Listings that people link through the API, and what is suggested to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.models import Connection, Listing, StockCell
from app.services.queries import suggestions
from app.services.uow import unit_of_work
from tests.api.books import Books, keep_books
from tests.api.conftest import Caller, execute, rows


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


@pytest.fixture
def books(connection: Connection) -> Books:
    """Three variants with titles of their own."""
    books = keep_books(connection, variants=3, orders=0)
    titles = ("Mug blue 12oz", "Mug blue 15oz", "Lantern, white metal")
    for variant_id, title in zip(books.variant_ids, titles, strict=True):
        execute("UPDATE variants SET title = :title WHERE id = :id", title=title, id=variant_id)
    return books


@pytest.fixture
def second(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


def offer(connection: Connection, location_id: int, *titles: str, **columns: Any) -> list[int]:
    """Unlinked listings of the shop, each with a number of its own."""
    with unit_of_work() as uow:
        ids = []
        for number, title in enumerate(titles):
            cell = StockCell(
                account_id=connection.account_id,
                connection_id=connection.id,
                external_stock_id=f"s{number}",
                location_id=location_id,
            )
            uow.session.add(cell)
            uow.session.flush()
            values = {"unlinked_reason": "no_sku", "details": {"product_title": title}} | columns
            listing = Listing(
                account_id=connection.account_id,
                connection_id=connection.id,
                external_id=f"l{number}",
                external_product_id=f"p{number}",
                title=title,
                external_stock_id=cell.external_stock_id,
                **values,
            )
            uow.session.add(listing)
            uow.session.flush()
            ids.append(listing.id)
        uow.commit()
    return ids


def suggested(caller: Caller, connection: Connection, **query: Any) -> dict[str, list[tuple[str, float]]]:
    found = caller.get(f"/connections/{connection.id}/suggestions", **query)["items"]
    return {
        row["title"]: [(candidate["title"], candidate["likeness"]) for candidate in row["candidates"]]
        for row in found
    }


def test_a_listing_is_linked_and_unlinked(merchant: Caller, second: Connection, books: Books) -> None:
    [listing] = offer(second, books.location_id, "Mug")
    answer = merchant.post(f"/listings/{listing}/link", {"variant_id": books.variant_ids[0]})
    assert (answer.status_code, answer.json()["variant_id"]) == (200, books.variant_ids[0])
    assert answer.json()["cell_state"] == "waiting"
    answer = merchant.post(f"/listings/{listing}/unlink")
    assert (answer.status_code, answer.json()["unlinked_reason"]) == (200, "by_hand")
    actions = [row.action for row in rows("SELECT action FROM audit_log ORDER BY id")]
    assert actions == ["listings.linked", "listings.unlinked"]


def test_variants_are_made_in_bulk(merchant: Caller, second: Connection, books: Books) -> None:
    listings = offer(second, books.location_id, "Plate", "Cup")
    answer = merchant.post("/listings/variants", {"listing_ids": listings})
    assert [item["listing_id"] for item in answer.json()["items"]] == listings
    assert None not in [item["variant_id"] for item in answer.json()["items"]]
    assert merchant.post("/listings/variants", {"listing_ids": []}).status_code == 422


def test_what_another_account_has_is_not_there(
    merchant: Caller, make_merchant: Callable[[], Caller], second: Connection, books: Books
) -> None:
    [listing] = offer(second, books.location_id, "Mug")
    other = make_merchant()
    calls = [
        other.post(f"/listings/{listing}/link", {"variant_id": books.variant_ids[0]}),
        other.post(f"/listings/{listing}/unlink"),
        other.post("/listings/variants", {"listing_ids": [listing]}),
        other.call("GET", f"/connections/{second.id}/suggestions"),
    ]
    assert [answer.status_code for answer in calls] == [404] * 4


def test_a_viewer_links_nothing(
    make_member: Callable[[int, str], Caller], second: Connection, books: Books
) -> None:
    [listing] = offer(second, books.location_id, "Mug")
    viewer = make_member(second.account_id, "viewer")
    assert viewer.post(f"/listings/{listing}/link", {"variant_id": 1}).status_code == 403
    assert suggested(viewer, second) == {"Mug": []}


def test_what_was_decided_waits_no_more_and_does_again_once_that_is_taken_back(
    merchant: Caller, second: Connection, books: Books
) -> None:
    first, other = offer(second, books.location_id, "Mug", "Cup", sku="SAME", unlinked_reason="duplicate_sku")
    assert waiting(merchant, second) == [(first, "duplicate_sku"), (other, "duplicate_sku")]
    merchant.post("/listings/unlinks", {"listing_ids": [first]})
    merchant.post("/listings/links", {"links": [{"listing_id": other, "variant_id": books.variant_ids[0]}]})
    assert waiting(merchant, second) == []
    assert waiting(merchant, second, kept_apart=True) == [(first, "by_hand")]

    answer = merchant.post("/listings/reopened", {"listing_ids": [first, other, 10**9]}).json()["items"]
    assert [item["problem"] for item in answer] == ["", "", "There is no such listing."]
    assert waiting(merchant, second) == [(first, "duplicate_sku"), (other, "duplicate_sku")]
    assert waiting(merchant, second, kept_apart=True) == []
    actions = [row.action for row in rows("SELECT action FROM audit_log ORDER BY id")]
    assert actions[:2] == ["listings.unlinked", "listings.linked"]
    assert actions[-1] == "listings.reopened"


def test_what_was_linked_by_its_codes_and_is_open_again_is_looked_at_with_the_next_reading(
    merchant: Caller, second: Connection, books: Books
) -> None:
    sku = merchant.get(f"/variants/{books.variant_ids[0]}")["sku"]
    (listing,) = offer(second, books.location_id, "Mug", sku=sku)
    merchant.post("/listings/unlinks", {"listing_ids": [listing]})
    merchant.post("/listings/reopened", {"listing_ids": [listing]})
    assert waiting(merchant, second) == [(listing, "not_matched_yet")]


def waiting(caller: Caller, connection: Connection, **query: object) -> list[tuple[int, str]]:
    found = caller.get(f"/connections/{connection.id}/suggestions", **query)["items"]
    return [(row["listing_id"], row["unlinked_reason"]) for row in found]


# ------------------------------------------------------------------------------------------ suggestions


def test_a_title_suggests_what_nothing_tells_it_from_and_no_other_size(
    merchant: Caller, second: Connection, books: Books
) -> None:
    offer(second, books.location_id, "MUG, Blue - 12 oz", "White metal lantern large", "Plate")
    assert suggested(merchant, second) == {
        "MUG, Blue - 12 oz": [("Mug blue 12oz", 1.0)],
        "White metal lantern large": [],
        "Plate": [],
    }


def test_suggestions_link_nothing(merchant: Caller, second: Connection, books: Books) -> None:
    offer(second, books.location_id, "Mug blue 12oz")
    (row,) = merchant.get(f"/connections/{second.id}/suggestions")["items"]
    assert [(c["title"], c["listed_here"]) for c in row["candidates"]] == [("Mug blue 12oz", False)]
    [level] = rows(
        "SELECT sum(on_hand - committed) FROM stock_levels WHERE variant_id = :id",
        id=row["candidates"][0]["variant_id"],
    )
    assert row["candidates"][0]["available"] == level[0]
    assert rows("SELECT 1 FROM listings WHERE unlinked_reason = 'no_sku'")


def test_at_most_three_are_suggested_and_it_is_said_which_the_shop_sells_already(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    execute("UPDATE variants SET title = 'Mug blue 12oz'")
    execute(
        "INSERT INTO variants (account_id, product_id, title, currency)"
        " SELECT account_id, product_id, 'Blue mug 12 oz', 'EUR' FROM variants"
    )
    execute("UPDATE stock_cells SET external_stock_id = 'old' || id")
    execute("UPDATE listings SET external_id = 'old' || id")
    offer(connection, books.location_id, "12 oz mug, blue")
    (row,) = merchant.get(f"/connections/{connection.id}/suggestions")["items"]
    assert [candidate["listed_here"] for candidate in row["candidates"]] == [True, True, True]
    execute(
        "UPDATE listings SET variant_id = NULL, unlinked_reason = 'by_hand' WHERE variant_id = :id",
        id=books.variant_ids[0],
    )
    found = merchant.get(f"/connections/{connection.id}/suggestions")["items"][-1]["candidates"]
    assert [candidate["listed_here"] for candidate in found] == [False, True, True]


def test_suggestions_come_in_pages_of_what_can_be_linked(
    merchant: Caller, second: Connection, books: Books
) -> None:
    offer(second, books.location_id, "A", "B", "C")
    execute("""UPDATE listings SET details = '{"unsyncable": "untracked"}' WHERE title = 'B'""")
    first = merchant.get(f"/connections/{second.id}/suggestions", limit=1)
    assert [row["title"] for row in first["items"]] == ["A"]
    rest = merchant.get(f"/connections/{second.id}/suggestions", limit=1, cursor=first["next"])
    assert ([row["title"] for row in rest["items"]], rest["next"]) == (["C"], None)


def test_the_titles_of_another_account_suggest_nothing(
    merchant: Caller,
    make_merchant: Callable[[], Caller],
    second: Connection,
    books: Books,
    make_connection: Callable[..., Connection],
) -> None:
    theirs = make_connection(make_merchant().account_id)
    location = keep_books(theirs).location_id
    offer(theirs, location, "Mug blue 12oz", unlinked_reason="no_sku")
    found = suggestions.suggestions(theirs.account_id, theirs.id, limit=10)
    assert [row["candidates"] for row in found.items] == [[]]


@pytest.mark.parametrize(("common", "longer"), [(0, []), (1, ["Mug blue 12oz"])])
def test_a_title_without_rare_words_is_looked_up_by_all_of_them_together(
    merchant: Caller,
    second: Connection,
    books: Books,
    monkeypatch: pytest.MonkeyPatch,
    common: int,
    longer: list[str],
) -> None:
    """Of the words only `12` is rare, if one of one variant is."""
    monkeypatch.setattr(suggestions, "COMMON", common)
    offer(second, books.location_id, "Blue mug 12oz", "Blue mug 12oz ceramic")
    found = {title: [name for name, _ in names] for title, names in suggested(merchant, second).items()}
    assert found == {"Blue mug 12oz": ["Mug blue 12oz"], "Blue mug 12oz ceramic": longer}
