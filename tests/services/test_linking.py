"""Links that people make: what is counted where from then on, and what was counted before stays."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.domain.stock import Movement
from app.errors import Conflict, NotFound
from app.services import importer, ledger, linking, matching, push, reconcile, sweeper, tracking
from app.services.uow import unit_of_work
from tests.services.shop import Crash, Shop, a_line, an_order, cancelled, lose_answer, lose_request
from tests.services.world import World, new_account, now

ACTOR = "user:1"


@pytest.fixture
def shop() -> Shop:
    """Ten of SKU, listed as A; B has no SKU and shows 5."""
    shop = Shop()
    shop.stock("A", "SKU", 10)
    shop.stock("B", "", 5)
    return shop


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    return world.connect(shop)


def listing_id(world: World, connection: int, listing: str) -> int:
    return int(
        world.one(
            "SELECT id FROM listings WHERE connection_id = :c AND external_id = :l", c=connection, l=listing
        ).id
    )


def variant_id(world: World, sku: str) -> int:
    return int(world.one("SELECT id FROM variants WHERE sku = :sku", sku=sku).id)


def link(world: World, connection: int, listing: str, sku: str) -> None:
    linking.link(
        world.account_id, listing_id(world, connection, listing), variant_id(world, sku), actor=ACTOR
    )


def unlink(world: World, connection: int, listing: str) -> None:
    linking.unlink(world.account_id, listing_id(world, connection, listing), actor=ACTOR)


def new_variant(world: World, sku: str, *, counted: int | None = None) -> int:
    """A variant that somebody made here, and counted if told so."""
    made = world.one(
        """
        WITH p AS (INSERT INTO products (account_id, title) VALUES (:account, 'Mug') RETURNING id)
        INSERT INTO variants (account_id, product_id, sku, title, currency)
        SELECT :account, id, :sku, 'Mug', 'EUR' FROM p RETURNING id
        """,
        account=world.account_id,
        sku=sku,
    ).id
    if counted is not None:
        [location] = world.rows("SELECT id FROM locations WHERE account_id = :a", a=world.account_id)
        with unit_of_work() as uow:
            entry = ledger.Entry(made, location.id, Movement(counted), "count", f"count:{made}", now())
            ledger.book(uow.session, world.account_id, [entry])
            uow.commit()
    return int(made)


def links(world: World) -> dict[str, str | None]:
    rows = world.rows(
        """
        SELECT l.external_id, coalesce(v.sku, l.unlinked_reason) AS what
        FROM listings l LEFT JOIN variants v ON v.id = l.variant_id
        """
    )
    return {row.external_id: row.what for row in rows}


# ---------------------------------------------------------------------------------------------- linking


def test_a_listing_linked_by_hand_is_read_and_then_follows_the_ledger(
    world: World, connection: int, shop: Shop
) -> None:
    link(world, connection, "B", "SKU")
    assert (world.cell(connection, "B").state, links(world)["B"]) == ("waiting", "SKU")
    push.drain(connection)
    assert shop.number("B") == 5  # nothing is written before the number was read
    tracking.track_linked(connection)
    world.settle(connection)
    assert (shop.number("A"), shop.number("B")) == (10, 10)
    assert world.movements("SKU") == [("import", 10, 0)]
    world.assert_explained()
    world.assert_quiet()


def test_a_variant_counted_then_linked_late_keeps_its_count(
    world: World, connection: int, shop: Shop
) -> None:
    placed = now() - timedelta(minutes=10)
    shop.sell("1", "B", 2, at=placed)
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    new_variant(world, "MUG", counted=20)
    link(world, connection, "B", "MUG")
    tracking.track_linked(connection)
    # Twenty lie on the shelf, two of them sold and not shipped; the shop's 3 count for nothing.
    assert world.level("MUG") == (20, 2)
    assert world.movements("MUG") == [("count", 20, 0), ("import", 0, 2)]
    world.settle(connection)
    assert shop.number("B") == 18
    world.assert_explained()
    world.assert_quiet()


def test_a_variant_that_nobody_counted_opens_with_the_number_of_the_first_listing(
    world: World, connection: int, shop: Shop
) -> None:
    placed = now() - timedelta(minutes=10)
    shop.sell("1", "B", 2, at=placed)
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    new_variant(world, "MUG")
    link(world, connection, "B", "MUG")
    tracking.track_linked(connection)
    assert world.level("MUG") == (5, 2)
    world.settle(connection)
    assert shop.number("B") == 3
    world.assert_quiet()


def test_a_link_that_nobody_took_up_is_found(world: World, connection: int) -> None:
    link(world, connection, "B", "SKU")
    world.redis.flushall()
    world.sql("UPDATE connections SET orders_polled_at = now(), levels_swept_at = now()")
    sweeper.wake_due()
    assert len(world.queued("sync")) == 1


def test_what_a_dead_worker_left_of_a_link_is_taken_up_again(
    world: World, connection: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now() - timedelta(minutes=10)
    world.take(connection, an_order("1", a_line("B", 2, at=at, effects=()), at=at))
    link(world, connection, "B", "SKU")

    def die(*_args: object) -> int:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(tracking, "reapply_listings", die)
        with pytest.raises(Crash):
            tracking.track_linked(connection)
    assert world.level("SKU") == (10, 0)
    world.sql("UPDATE stock_cells SET track_due_at = track_due_at - interval '1 minute'")
    tracking.track_linked(connection)
    assert world.level("SKU") == (10, 2)
    assert not world.rows("SELECT id FROM stock_cells WHERE track_due_at IS NOT NULL")


def test_a_number_that_cannot_be_read_is_not_asked_for_all_the_time(
    world: World, connection: int, shop: Shop
) -> None:
    shop.untracked.add(shop.ref("B"))
    link(world, connection, "B", "SKU")
    tracking.track_linked(connection)
    tracking.track_linked(connection)
    assert len(shop.readings) == 1
    row = world.one(
        "SELECT track_due_at > now() + interval '50 minutes' AS late FROM stock_cells"
        " WHERE track_due_at IS NOT NULL"
    )
    assert row.late


def test_linking_twice_is_linking_once(world: World, connection: int) -> None:
    for _repeat in range(2):
        link(world, connection, "B", "SKU")
        tracking.track_linked(connection)
    assert len(world.rows("SELECT id FROM audit_log WHERE action = 'listings.linked'")) == 1


def test_what_is_not_the_accounts_cannot_be_linked(world: World, connection: int) -> None:
    ours, variant = listing_id(world, connection, "B"), variant_id(world, "SKU")
    with pytest.raises(NotFound):
        linking.link(new_account("Another"), ours, variant, actor=ACTOR)
    with pytest.raises(NotFound):
        linking.link(world.account_id, ours, variant + 1000, actor=ACTOR)
    with pytest.raises(NotFound):
        linking.create_variants(new_account("Another"), [ours], actor=ACTOR)


def test_a_listing_whose_number_the_shop_does_not_keep_cannot_be_linked(
    world: World, connection: int, shop: Shop
) -> None:
    shop.untracked.add(shop.ref("B"))
    importer.run_import(connection)
    with pytest.raises(Conflict):
        link(world, connection, "B", "SKU")


# ------------------------------------------------------------------------------------- one shared number


@pytest.fixture
def sharing(world: World, shop: Shop) -> int:
    """C, without a SKU, shares A's number."""
    shop.skus["C"], shop.shared["C"] = "", "A"
    return world.connect(shop)


def test_a_number_is_of_one_variant(world: World, sharing: int) -> None:
    new_variant(world, "MUG")
    with pytest.raises(Conflict):
        link(world, sharing, "C", "MUG")
    assert links(world)["C"] == "no_sku"


def test_a_listing_that_joins_a_tracked_number_brings_the_orders_it_had(
    world: World, sharing: int, shop: Shop
) -> None:
    shop.sell("1", "C", 2, at=now())
    world.hear(sharing, ["order", "1"])
    world.settle(sharing)
    assert world.level("SKU") == (8, 0)  # the sale looked like an edit of the shop's number
    link(world, sharing, "C", "SKU")
    tracking.track_linked(sharing)
    world.settle(sharing)
    assert world.level("SKU") == (10, 2)
    assert shop.number("A") == 8
    world.assert_explained()
    world.assert_quiet()


def test_unlinking_one_of_two_leaves_the_number_in_step(world: World, sharing: int, shop: Shop) -> None:
    link(world, sharing, "C", "SKU")
    tracking.track_linked(sharing)
    unlink(world, sharing, "C")
    cell = world.cell(sharing, "A")
    assert (cell.state, cell.expected) == ("active", 10)


# -------------------------------------------------------------------------------------------- unlinking


def test_nothing_is_written_to_an_unlinked_number(world: World, connection: int, shop: Shop) -> None:
    unlink(world, connection, "A")
    cell = world.cell(connection, "A")
    assert (cell.state, cell.variant_id, cell.account, cell.dirty) == ("waiting", None, None, False)
    at = now()
    shop.edit("A", 4)
    world.hear(connection, ["level", "A", 4])
    world.take(connection, an_order("1", a_line("A", 3, at=at), at=at))
    world.settle(connection)
    assert shop.number("A") == 4
    assert shop.writes == []
    assert world.level("SKU") == (10, 0)
    world.assert_quiet()


def test_an_unlinked_listing_stays_so_whatever_its_sku(world: World, connection: int) -> None:
    unlink(world, connection, "A")
    importer.run_import(connection)
    assert links(world)["A"] == "by_hand"
    link(world, connection, "A", "SKU")
    importer.run_import(connection)
    assert links(world)["A"] == "SKU"


def test_what_a_fall_of_an_unlinked_number_held_is_free(world: World, connection: int, shop: Shop) -> None:
    link(world, connection, "B", "SKU")
    tracking.track_linked(connection)
    world.settle(connection)
    shop.edit("A", 4)
    world.hear(connection, ["level", "A", 4])
    world.drain(connection)
    world.sql("UPDATE stock_cells SET check_due_at = now() WHERE check_due_at IS NOT NULL")
    reconcile.reconcile(connection)
    push.drain(connection)
    assert shop.number("B") == 4
    unlink(world, connection, "A")
    assert not world.rows("SELECT id FROM drifts WHERE state = 'pending'")
    world.settle(connection)
    assert shop.number("B") == 10
    world.assert_quiet()


def test_an_order_under_the_old_link_is_undone_where_it_was_counted(
    world: World, connection: int, shop: Shop
) -> None:
    order = shop.sell("1", "A", 3, at=now())
    world.take(connection, order)
    unlink(world, connection, "A")
    world.take(connection, cancelled(order, at=now()))
    assert world.level("SKU") == (10, 0)
    cell = world.cell(connection, "A")
    assert (cell.account, cell.dirty) == (None, False)
    world.assert_explained()


def test_what_was_to_be_written_is_not_when_the_listing_is_unlinked(
    world: World, connection: int, shop: Shop
) -> None:
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at, effects=()), at=at))
    assert world.cell(connection, "A").dirty
    unlink(world, connection, "A")
    assert not world.cell(connection, "A").dirty
    push.drain(connection)
    assert shop.writes == []


# ------------------------------------------------------------------------------------------- linked anew


def test_a_listing_linked_anew_leaves_what_it_sold_with_the_variant_before(
    world: World, connection: int, shop: Shop
) -> None:
    order = shop.sell("1", "A", 3, at=now())
    world.take(connection, order)
    new_variant(world, "MUG", counted=20)
    link(world, connection, "A", "MUG")
    tracking.track_linked(connection)
    world.settle(connection)
    assert (world.level("SKU"), world.level("MUG")) == ((10, 3), (20, 0))
    assert shop.number("A") == 20

    shop.sell("2", "A", 1, at=now())
    world.hear(connection, ["order", "2"])
    shop.cancel("1", at=now())
    world.hear(connection, ["order", "1"])
    world.settle(connection)
    assert (world.level("SKU"), world.level("MUG")) == ((10, 0), (20, 1))
    # The three that came back lie in the shop's number of MUG, and are not MUGs.
    assert shop.number("A") == 19
    world.assert_explained()
    world.assert_quiet()


def test_a_change_before_the_new_link_that_is_learned_after_it_moves_nothing_twice(
    world: World, connection: int, shop: Shop
) -> None:
    order = shop.sell("1", "A", 3, at=now() - timedelta(minutes=30))
    world.take(connection, order)
    new_variant(world, "MUG", counted=20)
    shop.cancel("1", at=now() - timedelta(minutes=20))  # nobody hears of it yet
    link(world, connection, "A", "MUG")
    tracking.track_linked(connection)
    world.hear(connection, ["order", "1"])
    world.settle(connection)
    assert (world.level("SKU"), world.level("MUG")) == ((10, 0), (20, 0))
    assert shop.number("A") == 20
    world.assert_quiet()


def test_an_old_order_that_changes_before_the_number_was_read_anew_is_no_belief(
    world: World, connection: int, shop: Shop
) -> None:
    order = shop.sell("1", "A", 3, at=now())
    world.take(connection, order)
    new_variant(world, "MUG", counted=20)
    link(world, connection, "A", "MUG")
    world.take(connection, cancelled(order, at=now()))
    assert world.cell(connection, "A").account is None
    assert world.level("SKU") == (10, 0)


def test_a_blind_write_that_has_only_read_its_number_is_not_sent_any_more(world: World, shop: Shop) -> None:
    shop.compare_and_set = False
    connection = world.connect(shop)
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at, effects=()), at=at))
    new_variant(world, "MUG", counted=20)
    shop.on_read.append(lambda: link(world, connection, "A", "MUG"))
    push.drain(connection)
    cell = world.cell(connection, "A")
    assert (cell.account, cell.check_due_at, shop.number("A")) == (None, None, 10)


def test_an_import_does_not_overrule_a_person(
    world: World, connection: int, shop: Shop, engine_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_variant(world, "MUG")
    shop.skus["B"] = "FOUND"
    ours = listing_id(world, connection, "B"), variant_id(world, "MUG")

    def act() -> None:
        with engine_app.app_context():
            linking.link(world.account_id, *ours, actor=ACTOR)

    person = threading.Thread(target=act)
    make = matching.make_variants

    def interrupted(*given: Any) -> dict[int, int]:
        if person.ident is None:
            person.start()
            person.join(timeout=0.5)  # he has to wait for the import's transaction
        return make(*given)

    monkeypatch.setattr(matching, "make_variants", interrupted)
    importer.run_import(connection)
    person.join()
    assert links(world)["B"] == "MUG"


def test_a_number_that_opened_one_variant_opens_another_once(
    world: World, connection: int, shop: Shop
) -> None:
    for sku in ("MUG", "CUP"):
        new_variant(world, sku)
        link(world, connection, "A", sku)
        tracking.track_linked(connection)
        world.settle(connection)
    link(world, connection, "A", "SKU")
    tracking.track_linked(connection)
    world.settle(connection)
    assert [world.level(sku) for sku in ("SKU", "MUG", "CUP")] == [(10, 0)] * 3
    world.assert_explained()


@pytest.mark.parametrize("landed", [True, False])
@pytest.mark.parametrize("compare_and_set", [True, False])
def test_a_write_under_way_is_given_up_and_the_number_read_when_it_cannot_land_any_more(
    world: World, shop: Shop, landed: bool, compare_and_set: bool
) -> None:
    shop.compare_and_set = compare_and_set
    connection = world.connect(shop)
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at, effects=()), at=at))
    shop.next_writes.append(lose_answer if landed else lose_request)
    push.drain(connection)
    assert world.attempts()[-1] == ("unknown", 10, 7)
    new_variant(world, "MUG")
    link(world, connection, "A", "MUG")
    assert world.attempts()[-1] == ("not_applied", 10, 7)
    tracking.track_linked(connection)
    importer.run_import(connection)
    assert world.cell(connection, "A").account is None  # it may still land
    world.sql(
        """
        UPDATE push_attempts SET deadline_at = now() - interval '1 second';
        UPDATE stock_cells SET track_due_at = now() WHERE track_due_at IS NOT NULL
        """
    )
    tracking.track_linked(connection)
    assert world.level("MUG") == (7 if landed else 10, 0)
    world.settle(connection)
    assert shop.number("A") == world.available("MUG")
    world.assert_quiet()


def test_an_answer_that_comes_after_the_new_link_moves_nothing(
    world: World, connection: int, shop: Shop
) -> None:
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at, effects=()), at=at))
    new_variant(world, "MUG", counted=20)
    shop.before_write.append(lambda: link(world, connection, "A", "MUG"))
    push.drain(connection)
    assert world.cell(connection, "A").account is None
    assert shop.number("A") == 7
    world.sql("UPDATE push_attempts SET deadline_at = now() - interval '1 second'")
    world.sql("UPDATE stock_cells SET track_due_at = now() WHERE track_due_at IS NOT NULL")
    tracking.track_linked(connection)
    world.settle(connection)
    assert shop.number("A") == 20
    world.assert_quiet()


def test_two_links_of_one_number_at_once_and_one_is_refused(
    world: World, sharing: int, engine_app: Flask
) -> None:
    unlink(world, sharing, "A")
    new_variant(world, "MUG")
    ids = [
        (listing_id(world, sharing, listing), variant_id(world, sku))
        for listing, sku in (("A", "SKU"), ("C", "MUG"))
    ]
    barrier = threading.Barrier(2)
    refused: list[Exception] = []

    def act(listing: int, variant: int) -> None:
        with engine_app.app_context():
            barrier.wait()
            try:
                linking.link(world.account_id, listing, variant, actor=ACTOR)
            except Conflict as err:
                refused.append(err)

    threads = [threading.Thread(target=act, args=each) for each in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    linked = world.rows("SELECT external_id FROM listings WHERE variant_id IS NOT NULL")
    assert len({row.external_id for row in linked} & {"A", "C"}) == 1


def test_a_reading_under_way_when_a_listing_is_linked_anew_says_nothing_of_it(
    world: World, connection: int, shop: Shop
) -> None:
    new_variant(world, "MUG", counted=20)
    shop.edit("A", 4)
    world.sql("UPDATE stock_cells SET check_due_at = now() WHERE account IS NOT NULL")
    shop.on_read.append(lambda: link(world, connection, "A", "MUG"))
    reconcile.reconcile(connection)
    assert world.cell(connection, "A").account is None
    tracking.track_linked(connection)
    world.settle(connection)
    assert (world.level("SKU"), world.level("MUG")) == ((10, 0), (20, 0))
    assert shop.number("A") == 20


# ------------------------------------------------------------------------------------------ new variants


def test_variants_are_made_in_bulk_and_each_opens_with_its_number(
    world: World, connection: int, shop: Shop
) -> None:
    shop.stock("D1", "TWICE", 2)
    shop.stock("D2", "TWICE", 3)
    shop.stock("E", "", 1)
    shop.skus["F"], shop.shared["F"] = "", "E"
    shop.stock("G", "", 9)
    shop.untracked.add(shop.ref("G"))
    importer.run_import(connection)
    ids = {i: listing_id(world, connection, i) for i in ("A", "B", "D1", "D2", "E", "F", "G")}
    made = linking.create_variants(world.account_id, list(ids.values()), actor=ACTOR)
    again = linking.create_variants(world.account_id, list(ids.values()), actor=ACTOR)
    assert again == made
    by_listing = {each.listing_id: each for each in made}
    assert by_listing[ids["A"]].variant_id == variant_id(world, "SKU")
    assert by_listing[ids["E"]].variant_id == by_listing[ids["F"]].variant_id
    assert by_listing[ids["G"]].variant_id is None
    assert by_listing[ids["G"]].problem
    assert len({each.variant_id for each in made}) == 6
    assert len(world.rows("SELECT id FROM variants WHERE sku IS NULL")) == 4

    tracking.track_linked(connection)
    levels = world.rows("SELECT on_hand FROM stock_levels ORDER BY on_hand")
    assert [row.on_hand for row in levels] == [1, 2, 3, 5, 10]
    world.assert_explained()


def test_a_new_variant_takes_a_free_sku_over(world: World, connection: int, shop: Shop) -> None:
    unlink(world, connection, "A")
    world.sql("UPDATE variants SET sku = 'RENAMED' WHERE sku = 'SKU'")
    [made] = linking.create_variants(world.account_id, [listing_id(world, connection, "A")], actor=ACTOR)
    assert variant_id(world, "SKU") == made.variant_id
