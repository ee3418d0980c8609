"""The history of runs: what is kept of the work, what is not, and runs that a person asks for."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.errors import Conflict, InvalidInput, NotFound
from app.platforms.errors import Transient
from app.services import connections, importer, publishing, push, reconcile, run_book, runs, sweeper, undo
from app.services.first_sync import Source, approve
from app.services.queries import runs as queries
from app.services.queries.connection_health import health
from app.services.queries.connections import connections as connections_shown
from app.services.queries.dashboard.overview import overview
from app.services.queries.dashboard.status import shop_status
from app.services.queries.sync_preview import sync_preview, sync_totals
from app.services.run_now import Scope, run_now
from tests.services.shop import Shop
from tests.services.world import World, new_account, owe

BY = "user:1"


def history(world: World, *kinds: str) -> list[dict[str, Any]]:
    """Oldest first."""
    found = queries.runs(world.account_id, limit=250).items
    return [row for row in reversed(found) if row["kind"] in kinds]


def ask(world: World, **scope: int) -> int:
    return run_now(world.account_id, Scope(**scope), actor=BY)


def work(connection: int) -> None:
    """What the nudges of a run ask for."""
    reconcile.reconcile(connection)
    push.drain(connection)
    reconcile.reconcile(connection)
    push.drain(connection)


def due(world: World) -> None:
    world.sql("UPDATE connections SET orders_polled_at = NULL, levels_swept_at = NULL")


# ------------------------------------------------------------------------------------------- what is kept


def test_what_was_written_within_five_minutes_is_one_run_with_its_numbers(
    world: World, connection: int
) -> None:
    owe(world, connection, 3)
    push.drain(connection)
    owe(world, connection, 1, order_id="second")
    push.drain(connection)
    run_book.sum_up_pushes()
    run_book.sum_up_pushes()
    [run] = history(world, "push")
    assert (run["state"], run["trigger"], run["looked_at"], run["changed"]) == ("succeeded", "change", 2, 2)
    assert run["window_at"] == run["created_at"]
    items = queries.items(world.account_id, run["id"], limit=10).items
    assert [(i["sku"], i["from_quantity"], i["to_quantity"], i["outcome"]) for i in items] == [
        ("SKU", 10, 7, "applied"),
        ("SKU", 7, 6, "applied"),
    ]


def test_numbers_that_a_shop_refuses_say_so_in_the_run(world: World, connection: int, shop: Shop) -> None:
    shop.refused.add(shop.ref("A"))
    owe(world, connection, 3)
    push.drain(connection)
    run_book.sum_up_pushes()
    [run] = history(world, "push")
    assert (run["state"], run["failed"], run["changed"]) == ("failed", 1, 0)
    assert run["error"]
    assert run["suggestion"]
    [item] = queries.items(world.account_id, run["id"], limit=10, outcome="rejected").items
    assert item["suggestion"]


def test_a_write_that_nobody_answered_keeps_its_run_open_until_it_is_known(
    world: World, connection: int
) -> None:
    owe(world, connection, 3)
    push.drain(connection)
    world.sql("UPDATE push_attempts SET outcome = 'unknown', closed_at = NULL")
    run_book.sum_up_pushes()
    assert history(world, "push")[0]["state"] == "running"
    world.sql(
        "UPDATE push_attempts SET outcome = 'applied', created_at = created_at - interval '1 hour';"
        "UPDATE sync_runs SET window_at = window_at - interval '1 hour' WHERE kind = 'push'"
    )
    run_book.sum_up_pushes()
    assert [row["state"] for row in history(world, "push")] == ["succeeded"]


def test_looks_that_find_nothing_share_a_row(world: World, connection: int) -> None:
    for _look in range(4):
        due(world)
        reconcile.reconcile(connection)
    [run] = history(world, "reconcile")
    assert (run["state"], run["times"], run["changed"]) == ("succeeded", 4, 0)
    assert run["looked_at"] > 0
    assert run["window_at"] is None
    assert history(world, "orders_poll", "push") == []


def test_a_number_changed_at_the_shop_is_in_the_history_and_can_be_taken_back_by_its_run(
    world: World, connection: int, shop: Shop
) -> None:
    shop.edit("A", 4)
    due(world)
    reconcile.reconcile(connection)
    while not world.rows("SELECT 1 FROM drifts WHERE state = 'booked'"):
        world.age()
        reconcile.reconcile(connection)
    [decided] = [
        run
        for run in history(world, "reconcile")
        if queries.items(world.account_id, run["id"], limit=1).items
    ]
    assert decided["changed"] == 1
    [item] = queries.items(world.account_id, decided["id"], limit=10).items
    assert (item["from_quantity"], item["to_quantity"], item["outcome"]) == (10, 4, "booked")
    assert world.available("SKU") == 4

    assert undo.undo_run(world.account_id, decided["id"], actor=BY) == 1
    assert undo.undo_run(world.account_id, decided["id"], actor=BY) == 0
    assert world.available("SKU") == 10


def test_a_poll_that_fails_is_in_the_history_with_what_to_do(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object, **_more: object) -> int:
        raise Transient("The shop is away.")

    monkeypatch.setattr("app.services.orders.poll", away)
    for _look in range(2):
        due(world)
        world.sql("UPDATE connections SET backoff_until = NULL")
        reconcile.reconcile(connection)
    [run] = history(world, "orders_poll")
    assert (run["state"], run["failed"], run["code"]) == ("failed", 2, "platform_transient")
    assert run["error"] == "The shop is away."
    assert run["suggestion"]


def test_a_fault_of_our_own_does_not_tell_of_our_insides(world: World, connection: int) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        runs.sync_run(world.account_id, connection, "reconcile"),
    ):
        raise ZeroDivisionError("SELECT secret FROM insides")
    run = history(world, "reconcile")[-1]
    assert (run["state"], run["code"]) == ("failed", "internal")
    assert "secret" not in run["error"]


def test_a_first_sync_is_a_run_that_a_person_began(world: World, shop: Shop) -> None:
    connection = world.connect(shop, syncing=False)
    approve(world.account_id, connection, Source.SYNCFLOW, actor=BY)
    push.drain(connection)
    [run] = history(world, "first_sync")
    assert (run["state"], run["trigger"]) == ("succeeded", "person")
    assert run["looked_at"] > 0
    assert [row["trigger"] for row in history(world, "import")] == ["person"]


def test_an_import_that_a_person_asked_for_can_be_followed(world: World, connection: int) -> None:
    first = connections.import_again(world.account_id, connection, actor=BY)
    assert connections.import_again(world.account_id, connection, actor=BY) == first
    importer.run_import(connection)
    run = queries.run(world.account_id, first)
    assert (run["state"], run["trigger"]) == ("succeeded", "person")
    importer.run_import(connection)
    assert [row["trigger"] for row in history(world, "import")] == ["person", "person", "clock"]


def test_a_run_whose_worker_died_ends(world: World, connection: int) -> None:
    world.sql(
        "INSERT INTO sync_runs (account_id, connection_id, kind, created_at)"
        " VALUES (:account, :id, 'import', now() - interval '4 hours')",
        account=world.account_id,
        id=connection,
    )
    run_book.follow()
    assert [row["code"] for row in history(world, "import") if row["state"] == "failed"] == ["worker_lost"]


def test_old_runs_are_purged(world: World, connection: int) -> None:
    world.sql("UPDATE sync_runs SET created_at = now() - interval '91 days'")
    sweeper.house_keeping(30)
    assert queries.runs(world.account_id, limit=10).items == []


# --------------------------------------------------------------------------------- what a person asks for


def test_a_run_of_a_shop_reads_it_and_is_followed_to_its_end(
    world: World, connection: int, shop: Shop
) -> None:
    run_id = ask(world, connection_id=connection)
    assert ask(world, connection_id=connection) == run_id
    run_book.follow()
    assert queries.run(world.account_id, run_id)["state"] == "running"
    owe(world, connection, 3)
    work(connection)
    run_book.follow()
    run = queries.run(world.account_id, run_id)
    assert (run["state"], run["changed"], run["failed"]) == ("succeeded", 1, 0)
    assert run["looked_at"] == 2
    assert shop.number("A") == 7
    assert len(queries.items(world.account_id, run_id, limit=10).items) == 1
    assert ask(world, connection_id=connection) != run_id


def test_a_run_of_a_variant_looks_at_its_numbers_in_all_shops_and_at_no_other(
    world: World, connection: int, other: int, shop: Shop, other_shop: Shop
) -> None:
    variant = world.cell(connection, "A").variant_id
    shop.refused.add(shop.ref("A"))
    owe(world, connection, 3)
    push.drain(connection)
    world.sql("UPDATE stock_cells SET state = 'failed', failures = 5, error = 'no' WHERE failures > 0")
    shop.refused.clear()
    run_id = ask(world, variant_id=variant)
    world.sql("UPDATE sync_runs SET created_at = created_at - interval '20 minutes' WHERE kind = 'manual'")
    world.settle(rounds=3, step=timedelta(minutes=1))
    run_book.follow()
    run = queries.run(world.account_id, run_id)
    assert (run["state"], run["connection_id"], run["looked_at"]) == ("succeeded", None, 2)
    assert (shop.number("A"), other_shop.number("B")) == (7, 7)
    assert {item["sku"] for item in queries.items(world.account_id, run_id, limit=10).items} == {"SKU"}


def test_a_run_of_everything_of_which_a_shop_must_be_connected_again_is_partly_done(
    world: World, connection: int, other: int
) -> None:
    run_id = ask(world)
    connections.mark_needs_auth(other, "The key is dead.")
    work(connection)
    run_book.follow()
    run = queries.run(world.account_id, run_id)
    assert (run["state"], run["code"], run["error"]) == (
        "partly",
        "platform_auth_expired",
        "The key is dead.",
    )


def test_a_run_that_does_not_end_is_given_up(world: World, connection: int) -> None:
    run_id = ask(world, connection_id=connection)
    world.sql("UPDATE sync_runs SET created_at = created_at - interval '31 minutes' WHERE kind = 'manual'")
    run_book.follow()
    run = queries.run(world.account_id, run_id)
    assert (run["state"], run["code"]) == ("failed", "not_finished")


def test_what_cannot_be_synced_is_refused(world: World, connection: int) -> None:
    with pytest.raises(NotFound):
        ask(world, connection_id=2**40)
    with pytest.raises(NotFound):
        run_now(new_account(), Scope(connection_id=connection), actor=BY)
    with pytest.raises(InvalidInput):
        ask(world, connection_id=connection, variant_id=1)
    world.sql("UPDATE connections SET state = 'needs_auth'")
    with pytest.raises(Conflict):
        ask(world)


def test_people_who_ask_at_once_share_a_run(world: World, connection: int, engine_app: Flask) -> None:
    barrier = threading.Barrier(4)
    found: list[int] = []

    def press() -> None:
        with engine_app.app_context():
            barrier.wait()
            found.append(ask(world, connection_id=connection))

    threads = [threading.Thread(target=press) for _person in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_who_asks_while_a_sweep_is_under_way_gets_one_of_his_own(
    world: World, connection: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    all_levels = shop.all_levels

    def meanwhile(location: str) -> Any:
        if not asked:
            asked.append(ask(world, connection_id=connection))
        return all_levels(location)

    monkeypatch.setattr(shop, "all_levels", meanwhile)
    world.sql("UPDATE connections SET levels_swept_at = now() - interval '1 hour'")
    reconcile.reconcile(connection)
    run_book.follow()
    assert queries.run(world.account_id, asked[0])["state"] == "running"
    reconcile.reconcile(connection)
    run_book.follow()
    assert queries.run(world.account_id, asked[0])["state"] == "succeeded"


# ------------------------------------------------------------------------------------------------ dry run


def test_a_dry_run_says_what_would_be_written_and_what_keeps_it(
    world: World, connection: int, shop: Shop
) -> None:
    assert sync_preview(world.account_id, Scope(), limit=10).items == []
    owe(world, connection, 3)
    shop.writes.clear()
    [row] = sync_preview(world.account_id, Scope(connection_id=connection), limit=10).items
    assert (row["sku"], row["from_quantity"], row["to_quantity"], row["written"]) == ("SKU", 10, 7, True)
    assert row["causes"] == ["the ledger has 10 on hand, the shop shows 10", "open orders hold 3"]
    connections.pause(world.account_id, connection, actor=BY)
    [row] = sync_preview(world.account_id, Scope(variant_id=row["variant_id"]), limit=10).items
    assert (row["written"], row["obstacle"]) == (False, "its connection is paused")
    assert shop.writes == []


def test_a_shop_that_always_worked_has_its_last_success_also_once_it_was_asked_to_be_read_anew(
    world: World, connection: int
) -> None:
    at = datetime(2026, 11, 29, 12, tzinfo=UTC)
    asks = [
        lambda: ask(world),
        lambda: publishing.allow_writes(world.account_id, actor=BY),
        lambda: connections.resume(world.account_id, connection, actor=BY),
    ]
    for asked in asks:
        world.sql("UPDATE connections SET levels_swept_at = :at, last_success_at = NULL", at=at)
        world.sql("UPDATE connections SET orders_polled_at = :at", at=at - timedelta(hours=1))
        asked()
        assert world.one("SELECT orders_polled_at, levels_swept_at FROM connections") == (None, None)
        [row] = connections_shown(world.account_id, limit=1).items
        [status] = shop_status(world.account_id)
        assert health(world.account_id, connection)["last_success_at"] == at
        assert (row["last_success_at"], status["last_success_at"]) == (at, at)


@pytest.mark.parametrize(
    "so",
    [
        "UPDATE stock_cells SET wanted_version = synced_version, dirty_since = NULL",  # it differs by nothing
        "UPDATE stock_cells SET account = account + 2 WHERE state = 'failed'",
        "UPDATE stock_cells SET account = NULL WHERE state = 'failed'",
        "UPDATE listings SET paused = true",
        "UPDATE connections SET state = 'paused'",
        "UPDATE accounts SET writes_stopped_at = now()",
    ],
)
def test_as_many_numbers_as_a_shop_is_said_to_refuse_are_listed_with_why(
    world: World, connection: int, so: str
) -> None:
    world.sql("UPDATE stock_cells SET state = 'failed', error = 'vanished' WHERE external_stock_id = 'iA'")
    world.sql(so)
    told = overview(world.account_id, now=datetime.now(UTC))["attention"]
    [said] = [item["count"] for item in told if item["kind"] == "refused"]
    rows = sync_preview(world.account_id, Scope(connection_id=connection), effect="refused", limit=10).items
    [shop] = sync_totals(world.account_id, Scope(connection_id=connection))["connections"]
    assert said == len(rows) == shop["refused"] == 1
    [row] = rows
    assert row["obstacle_code"] == "refused"
    assert row["error"] == "It is no longer at the shop. Restore it there, or unlink it here."
    assert row["sku"] == "SKU"


def test_a_dry_run_comes_in_pages_that_together_are_all(
    world: World, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        shop.stock(f"N{number}", f"SKU-{number}", 10)
    connection = world.connect(shop)
    world.sql("UPDATE connections SET buffer = 1")
    monkeypatch.setattr("app.services.queries.sync_preview.CELLS_AT_A_TIME", 4)
    seen, cursor = [], None
    while True:
        found = sync_preview(world.account_id, Scope(connection_id=connection), limit=3, cursor=cursor)
        assert len(found.items) <= 3
        seen += [row["cell_id"] for row in found.items]
        cursor = found.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 9
