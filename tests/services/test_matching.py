"""Which variants a shop's listings are linked to when its catalog is read."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.matching import gtin
from app.services import importer
from tests.services.shop import Shop
from tests.services.world import World

EAN, UPC, OTHER_EAN = "4006381333931", "036000291452", "4006381333955"


@pytest.fixture
def first(world: World) -> Shop:
    """Ten of MUG, with a barcode, which the account has imported."""
    shop = Shop()
    shop.stock("A", "MUG", 10)
    shop.barcodes["A"] = EAN
    world.connect(shop)
    return shop


@pytest.fixture
def second(first: Shop) -> Shop:
    """Another shop of the account, empty so far."""
    return Shop()


def links(world: World, shop: Shop) -> dict[str, str | None]:
    """Listing -> SKU of its variant, or why it has none."""
    [connection] = [i for i, each in world.shops.items() if each is shop]
    importer.run_import(connection)
    rows = world.rows(
        """
        SELECT l.external_id, coalesce(v.sku, l.unlinked_reason) AS what
        FROM listings l LEFT JOIN variants v ON v.id = l.variant_id WHERE l.connection_id = :c
        """,
        c=connection,
    )
    return {row.external_id: row.what for row in rows}


@pytest.mark.parametrize("sku", ["", "ITS-OWN"])
def test_a_listing_is_found_by_its_barcode_with_and_without_a_sku_of_its_own(
    world: World, second: Shop, sku: str
) -> None:
    second.stock("B", sku, 4)
    second.barcodes["B"] = f"0{EAN}"
    world.connect(second)
    assert links(world, second) == {"B": "MUG"}
    assert world.level("MUG") == (10, 0)


def test_a_sku_goes_before_a_barcode(world: World, first: Shop, second: Shop) -> None:
    first.stock("P", "PLATE", 3)
    links(world, first)
    second.stock("B", "PLATE", 4)
    second.barcodes["B"] = EAN
    world.connect(second)
    assert links(world, second) == {"B": "PLATE"}


def test_a_barcode_that_two_numbers_of_a_shop_have_links_neither(world: World, second: Shop) -> None:
    for listing, sku in (("B", "B-SKU"), ("C", "")):
        second.stock(listing, sku, 4)
        second.barcodes[listing] = EAN
    world.connect(second)
    assert links(world, second) == {"B": "B-SKU", "C": "duplicate_barcode"}


def test_a_barcode_whose_variant_the_shop_sells_by_its_sku_links_nothing_else(
    world: World, second: Shop
) -> None:
    second.stock("B", "MUG", 4)
    second.stock("C", "", 4)
    second.barcodes["C"] = EAN
    world.connect(second)
    assert links(world, second) == {"B": "MUG", "C": "duplicate_barcode"}


def test_a_barcode_that_two_variants_have_links_nothing(world: World, first: Shop, second: Shop) -> None:
    first.stock("P", "PLATE", 3)
    first.barcodes["P"] = EAN
    links(world, first)
    second.stock("B", "", 4)
    second.barcodes["B"] = EAN
    world.connect(second)
    assert links(world, second) == {"B": "duplicate_barcode"}


def test_listings_of_one_number_become_one_variant_whatever_their_codes(
    world: World, first: Shop, second: Shop
) -> None:
    first.stock("P", "PLATE", 3)
    links(world, first)
    second.stock("B", "NEW", 4)
    for listing, sku in (("C", "PLATE"), ("D", "MUG"), ("E", "NEWER")):
        second.skus[listing], second.shared[listing] = sku, "B"
    world.connect(second)
    assert links(world, second) == dict.fromkeys("BCDE", "PLATE")


def test_a_listing_kept_apart_does_not_follow_the_others_of_its_number(world: World, second: Shop) -> None:
    second.stock("B", "", 4)
    second.skus["C"], second.shared["C"] = "", "B"
    world.connect(second)
    world.sql("UPDATE listings SET kept_apart = true WHERE external_id = 'C'")
    second.skus |= {"B": "NEW", "C": "NEW"}
    assert links(world, second) == {"B": "NEW", "C": "by_hand"}


def test_a_wrong_barcode_is_none(world: World, first: Shop, second: Shop) -> None:
    first.barcodes["A"] = second.barcodes["B"] = "4006381333932"
    world.sql("UPDATE variants SET barcode = '4006381333932'")
    second.stock("B", "", 4)
    world.connect(second)
    assert links(world, second) == {"B": "no_sku"}


def test_a_renamed_sku_keeps_its_link(world: World, first: Shop) -> None:
    first.skus["A"] = "RENAMED"
    assert links(world, first) == {"A": "MUG"}
    assert len(world.rows("SELECT id FROM variants")) == 1


def test_a_sku_that_moved_to_another_listing_is_left_to_a_person(world: World, first: Shop) -> None:
    first.skus["A"] = "RENAMED"
    first.stock("N", "MUG", 2)
    assert links(world, first) == {"A": "MUG", "N": "variant_taken"}


def test_a_product_made_anew_after_it_was_deleted_is_its_variant_again(world: World, first: Shop) -> None:
    [connection] = world.shops
    world.hear(connection, ["product_deleted", "A"])
    world.drain(connection)
    assert world.cell(connection, "A").error == "vanished"
    del first.skus["A"]
    first.stock("A2", "MUG", 6)
    assert links(world, first) == {"A": "MUG", "A2": "MUG"}


def test_a_deleted_product_that_comes_back_beside_its_copy_is_a_duplicate(world: World, second: Shop) -> None:
    second.stock("B", "", 1)
    connection = world.connect(second)
    world.sql(
        "UPDATE stock_cells SET state = 'failed', error = 'vanished' WHERE connection_id = :c", c=connection
    )
    second.skus["B"] = "NEW"
    second.stock("C", "NEW", 2)
    assert links(world, second) == {"B": "duplicate_sku", "C": "duplicate_sku"}


barcodes = st.text("0123456789 -x", max_size=18) | st.sampled_from(
    [EAN, UPC, OTHER_EAN, f"00{UPC}", "96385074"]
)


@given(st.lists(barcodes, min_size=1, max_size=20))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_gtin_is_looked_up_where_the_table_keeps_it(world: World, given_codes: list[str]) -> None:
    rows = world.rows(
        "SELECT b AS barcode, barcode_key(b) AS key FROM unnest(CAST(:given AS text[])) AS b",
        given=given_codes,
    )
    for row in rows:
        assert gtin(row.barcode) in (None, row.key)
        assert row.key is None or gtin(row.barcode) == gtin(row.key)
