"""Dead letters: what failed is kept, follows its row, is in RQ's registry, and goes back to work once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from rq import Queue, SimpleWorker
from rq.registry import FailedJobRegistry
from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError

from app.errors import Conflict, InvalidInput, NotFound
from app.platforms.errors import Permanent
from app.services import events, ledger_repair, push, sweeper
from app.services.dead_letters import jobs, mass, registry
from app.services.dead_letters.follow import follow
from app.services.dead_letters.replay import discard, replay
from app.services.events import EventFailed
from app.services.nudge import enqueue
from app.services.push import CellRefused
from app.services.queries import dead_letters as queries
from app.services.staff.acting import COMMAND_LINE
from app.services.threads import in_this_app
from tests.services.shop import Shop, ref_of
from tests.services.world import World, now, owe
from workers.queues import QUEUES

STAFF = COMMAND_LINE
SECRET = "shpat_0123456789abcdef0123456789abcdef"
PERSON = "jane.roe@example.com"


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    return world.connect(shop)


# ----------------------------------------------------------------------------------------- what is kept


def test_each_attempt_is_kept_with_its_error_and_where_it_happened(
    world: World, connection: int, shop: Shop
) -> None:
    event_id = kill_event(world, connection, shop, KeyError(PERSON))
    [letter] = queries.letters({}, limit=10).items
    assert (letter["kind"], letter["subject_id"], letter["attempts"]) == ("event", event_id, 5)
    assert (letter["error_class"], letter["code"]) == ("KeyError", "internal")
    assert (letter["account_id"], letter["connection_id"]) == (world.account_id, connection)
    detail = queries.letter(letter["id"])
    assert detail["call"] == f"workers.jobs.process_event({event_id})"
    assert len(detail["history"]) == 5
    for attempt in detail["history"]:
        assert "fetch_orders" in attempt["traceback"]
        assert attempt["message"].startswith("KeyError in ")
    assert detail["about"]["event_id"] == event_id
    assert detail["cause"]
    assert detail["remedy"]


@pytest.mark.parametrize(
    "fault",
    [
        KeyError(PERSON),
        ValueError(f"{PERSON} lives at 12 Main Street"),
        Permanent(f"refused {PERSON}, access_token={SECRET}"),
        Permanent(f"GET https://u:{SECRET}@shop.example/x?token={SECRET} said no to {SECRET}"),
    ],
)
def test_what_is_kept_names_no_person_and_no_secret(
    world: World, connection: int, shop: Shop, fault: Exception
) -> None:
    kill_event(world, connection, shop, fault)
    follow(QUEUES)
    kept = str(world.rows("SELECT d.*, a.* FROM dead_letters d JOIN failed_attempts a ON a.letter_id = d.id"))
    [entry] = registry.jobs(listed(world, "retries")).values()
    assert entry is not None
    kept += str(entry.description) + str(entry.latest_result().exc_string)
    for leak in (PERSON, SECRET, "Main Street"):
        assert leak not in kept


def test_a_refused_number_keeps_each_refusal(world: World, connection: int, shop: Shop) -> None:
    cell_id = kill_cell(world, connection, shop)
    [letter] = queries.letters({"kind": "cell"}, limit=10).items
    assert letter["subject_id"] == cell_id
    detail = queries.letter(letter["id"])
    assert len(detail["history"]) == 5
    assert detail["about"]["sku"] == "SKU"


def test_what_is_still_tried_is_no_dead_letter(world: World, connection: int, shop: Shop) -> None:
    shop.sell("1", "A", 1, at=now())
    shop.poisonous_orders["1"] = Permanent("cannot be read")
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    follow(QUEUES)
    assert queries.count({}) == 0
    assert queries.count({"state": "trying"}) == 1
    assert listed(world, "retries") == []


# ------------------------------------------------------------------------------------- rows and registry


def test_the_registry_names_what_is_dead_also_after_redis_was_emptied(
    world: World, connection: int, shop: Shop
) -> None:
    kill_event(world, connection, shop)
    kill_cell(world, connection, shop)
    names = sorted(f"letter-{row['id']}" for row in queries.letters({}, limit=10).items)
    follow(QUEUES)
    assert sorted(listed(world, "retries")) == names
    world.redis.flushall()
    follow(QUEUES)
    assert sorted(listed(world, "retries")) == names


def test_an_entry_goes_when_its_row_was_mended(world: World, connection: int, shop: Shop) -> None:
    event_id = kill_event(world, connection, shop)
    follow(QUEUES)
    assert len(listed(world, "retries")) == 1
    shop.poisonous_orders.clear()
    events.process_one(event_id)
    follow(QUEUES)
    assert listed(world, "retries") == []
    assert [row["state"] for row in queries.letters({"state": "mended"}, limit=10).items] == ["mended"]


@pytest.mark.parametrize(
    ("made_dead", "kind"),
    [
        (
            "INSERT INTO mails (about_account_id, recipient, template, subject, state, due_at, last_error)"
            " VALUES (:a, 'x@example.com', 'reset', 's', 'failed', now(), 'refused')",
            "mail",
        ),
        (
            "INSERT INTO account_exports (account_id, state, due_at, expires_at, error)"
            " VALUES (:a, 'failed', now(), now() + interval '7 days', 'It could not be made.')",
            "export",
        ),
        (
            "INSERT INTO csv_imports (account_id, kind, state, file_name, actor, problem)"
            " VALUES (:a, 'catalog', 'failed', 'f.csv', 'user:1', 'broken')",
            "import",
        ),
        (
            "INSERT INTO webhook_subscriptions (account_id, url, kinds, secret)"
            " VALUES (:a, 'https://x.example', '{order.created}', '');"
            "INSERT INTO webhook_deliveries (account_id, subscription_id, event_id, kind, body, state, fault)"
            " SELECT account_id, id, 'e', 'order.created', '{}', 'dead', 'status' FROM webhook_subscriptions",
            "webhook",
        ),
        (
            "INSERT INTO inbound_events (account_id, connection_id, topic, dedupe_key, body, state, verdict)"
            " VALUES (:a, :c, 't', 'k', '', 'dead', 'broken long ago')",
            "event",
        ),
        (
            "UPDATE stock_cells SET state = 'failed', failures = 5, error = 'no'"
            f" WHERE connection_id = :c AND external_stock_id = '{ref_of('A').stock_id}'",
            "cell",
        ),
        (
            "INSERT INTO listing_prices (account_id, listing_id, connection_id, state, error)"
            " SELECT account_id, id, connection_id, 'failed', 'no' FROM listings ORDER BY id LIMIT 1",
            "price",
        ),
    ],
)
def test_every_row_that_fails_for_good_is_found(
    world: World, connection: int, made_dead: str, kind: str
) -> None:
    world.sql(made_dead, a=world.account_id, c=connection)
    follow(QUEUES)
    follow(QUEUES)
    [letter] = queries.letters({}, limit=10).items
    assert (letter["kind"], letter["account_id"]) == (kind, world.account_id)
    detail = queries.letter(letter["id"])
    assert len(detail["history"]) == 1
    assert detail["about"]
    assert listed(world, letter["queue"]) == [f"letter-{letter['id']}"]


def test_a_number_that_a_shop_cannot_show_is_no_dead_letter(world: World, connection: int) -> None:
    world.sql("UPDATE stock_cells SET state = 'failed', failures = 1, error = 'vanished'")
    follow(QUEUES)
    assert queries.count({}) == 0


# ------------------------------------------------------------------------------------------------- jobs


def test_a_job_that_fails_again_and_again_is_a_dead_letter(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "drain", _raise)
    world.redis.flushall()
    for attempt in range(1, 6):
        assert queries.count({}) == 0
        enqueue("push", "drain_push", connection, timeout_seconds=10)
        work(world, "push")
        follow(QUEUES)
        [letter] = world.rows("SELECT * FROM dead_letters")
        assert (letter.kind, letter.attempts, letter.connection_id) == ("drain_push", attempt, connection)
    assert listed(world, "push") == [f"letter-{letter.id}"]
    assert letter.about_account_id == world.account_id
    world.sql("UPDATE dead_letters SET failed_at = failed_at - interval '20 minutes'")
    follow(QUEUES)
    assert listed(world, "push") == []


def test_a_nightly_job_is_dead_at_once_and_can_be_replayed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_repair, "report", _raise)
    enqueue("reports", "check_ledger", world.account_id, timeout_seconds=10)
    work(world, "reports")
    [letter] = queries.letters({"queue": "reports"}, limit=10).items
    assert (letter["kind"], letter["account_id"]) == ("check_ledger", world.account_id)
    assert replay(STAFF, [letter["id"]]) == [letter["id"]]
    assert replay(STAFF, [letter["id"]]) == []
    [job_id] = world.queued("reports")
    assert registry.jobs([job_id])[job_id].func_name == "workers.jobs.check_ledger"


def test_a_job_whose_worker_was_killed_is_found(world: World, connection: int) -> None:
    enqueue("push", "drain_push", connection, timeout_seconds=10, job_id="lost")
    job = registry.jobs(["lost"])["lost"]
    assert job is not None
    FailedJobRegistry("push", connection=world.redis).add(job, exc_string="")
    follow(QUEUES)
    [letter] = world.rows("SELECT * FROM dead_letters")
    assert (letter.kind, letter.code, letter.state) == ("drain_push", "job_lost", "trying")
    assert listed(world, "push") == []


def test_a_failed_job_stays_in_the_registry_while_the_database_is_away(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.redis.flushall()
    monkeypatch.setattr(push, "drain", _raise)
    monkeypatch.setattr(jobs, "unit_of_work", _away)
    enqueue("push", "drain_push", connection, timeout_seconds=10, job_id="told-later")
    work(world, "push")
    assert listed(world, "push") == ["told-later"]
    monkeypatch.undo()
    jobs.adopt("push", 10)
    assert listed(world, "push") == []
    [letter] = world.rows("SELECT * FROM dead_letters")
    assert (letter.kind, letter.error_class) == ("drain_push", "RuntimeError")
    assert f"about {connection}" not in str(world.rows("SELECT * FROM failed_attempts"))


# ----------------------------------------------------------------------------------------------- replay


def test_a_replayed_event_is_applied_once_however_often_it_is_replayed(
    world: World, connection: int, shop: Shop
) -> None:
    event_id = kill_event(world, connection, shop)
    follow(QUEUES)
    [letter] = queries.letters({}, limit=10).items
    shop.poisonous_orders.clear()
    assert replay(STAFF, [letter["id"]]) == [letter["id"]]
    assert replay(STAFF, [letter["id"]]) == []
    assert listed(world, "retries") == []
    assert (world.event(event_id).state, world.event(event_id).attempts) == ("retrying", 0)
    let_retries_run(world)
    assert world.event(event_id).state == "done"
    before = ledger(world)
    assert world.level("SKU") == (10, 1)
    follow(QUEUES)
    assert replay(STAFF, [letter["id"]]) == []
    world.sql("UPDATE inbound_events SET state = 'dead'; UPDATE dead_letters SET state = 'dead'")
    assert replay(STAFF, [letter["id"]]) == [letter["id"]]
    let_retries_run(world)
    assert ledger(world) == before


def test_two_replays_of_everything_at_once_change_nothing_twice(
    world: World, connection: int, shop: Shop
) -> None:
    for number in ("1", "2", "3"):
        kill_event(world, connection, shop, order_id=number)
    kill_cell(world, connection, shop)
    follow(QUEUES)
    ids = [row["id"] for row in queries.letters({}, limit=10).items]
    assert len(ids) == 4
    shop.poisonous_orders.clear()
    shop.refused.clear()
    done = at_once(*[lambda: replay(STAFF, ids)] * 4)
    assert sorted(letter_id for part in done for letter_id in part) == sorted(ids)
    let_retries_run(world)
    world.settle()
    before = ledger(world)
    assert world.level("SKU")[1] == 3 + 3  # the three sales, and what the number was held for
    world.sql(
        "UPDATE inbound_events SET state = 'dead' WHERE state = 'done';UPDATE dead_letters SET state = 'dead'"
    )
    at_once(*[lambda: replay(STAFF, ids)] * 2)
    let_retries_run(world)
    world.settle()
    assert ledger(world) == before
    world.assert_quiet()
    world.assert_explained()


def test_a_replayed_number_is_written_alone_and_once(world: World, connection: int, shop: Shop) -> None:
    cell_id = kill_cell(world, connection, shop)
    [letter] = queries.letters({}, limit=10).items
    shop.refused.clear()
    shop.writes.clear()
    assert replay(STAFF, [letter["id"]]) == [letter["id"]]
    push.drain(connection)
    assert shop.writes == []  # a call that it shares with others could be refused whole
    let_retries_run(world)
    assert len(shop.writes) == 1
    cell = world.cell(connection, "A")
    assert (cell.id, cell.state, cell.failures) == (cell_id, "active", 0)
    follow(QUEUES)
    assert queries.count({}) == 0


def test_requeueing_by_rq_restores_the_retries(world: World, connection: int, shop: Shop) -> None:
    event_id = kill_event(world, connection, shop)
    follow(QUEUES)
    [job_id] = listed(world, "retries")
    FailedJobRegistry("retries", connection=world.redis).requeue(job_id)
    follow(QUEUES)  # meanwhile: it is on its way
    assert world.queued("retries") == [job_id]
    assert listed(world, "retries") == []
    work(world, "retries")
    assert (world.event(event_id).state, world.event(event_id).attempts) == ("retrying", 0)
    for _attempt in range(4):
        events.process_one(event_id)
        assert world.event(event_id).state == "retrying"
    with pytest.raises(EventFailed):
        events.process_one(event_id)
    follow(QUEUES)
    assert listed(world, "retries") == [job_id]
    [letter] = queries.letters({}, limit=10).items
    assert len(queries.letter(letter["id"])["history"]) == 10


def test_what_belongs_to_a_removed_shop_stays_dead_until_that_is_connected_again(
    world: World, connection: int, shop: Shop
) -> None:
    event_id, cell_id = kill_event(world, connection, shop), kill_cell(world, connection, shop)
    ids = [row["id"] for row in queries.letters({}, limit=10).items]
    world.sql("UPDATE connections SET state = 'disconnected'")
    assert replay(STAFF, ids) == []
    follow(QUEUES)
    assert queries.count({}) == 2
    world.sql("UPDATE connections SET state = 'active'")
    assert sorted(replay(STAFF, ids)) == sorted(ids)
    assert world.event(event_id).state == "retrying"
    assert world.cell(connection, "A").id == cell_id


def test_what_cannot_be_replayed_says_what_to_do_instead(world: World) -> None:
    world.sql(
        "INSERT INTO mails (recipient, template, subject, state, due_at, last_error)"
        " VALUES ('x@example.com', 'reset', 's', 'failed', now(), 'refused')"
    )
    follow(QUEUES)
    [letter] = queries.letters({}, limit=10).items
    assert not letter["can_replay"]
    assert letter["instead"]
    assert replay(STAFF, [letter["id"]]) == []
    assert queries.count({}) == 1


def test_replays_and_discards_are_written_down(world: World, connection: int, shop: Shop) -> None:
    kill_event(world, connection, shop)
    [letter] = queries.letters({}, limit=10).items
    discard(STAFF, [letter["id"]], "The order was a test.")
    replay(STAFF, [letter["id"]])
    entries = world.rows(
        "SELECT actor, action, detail FROM audit_log WHERE action LIKE 'dead_letter.%' ORDER BY id"
    )
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("cli", "dead_letter.discarded"),
        ("cli", "dead_letter.replayed"),
    ]
    assert entries[0].detail["reason"] == "The order was a test."
    replay(STAFF, [letter["id"]])  # does nothing, and says nothing
    by_staff = world.rows("SELECT action, subject_id, about_account FROM staff_actions ORDER BY id")
    assert [tuple(entry) for entry in by_staff] == [
        ("dead_letter.discarded", str(letter["id"]), world.account_id),
        ("dead_letter.replayed", str(letter["id"]), world.account_id),
    ]


# ---------------------------------------------------------------------------------------------- discard


def test_what_was_discarded_is_kept_and_can_be_replayed(world: World, connection: int, shop: Shop) -> None:
    event_id = kill_event(world, connection, shop)
    follow(QUEUES)
    [letter] = queries.letters({}, limit=10).items
    assert discard(STAFF, [letter["id"]], " not worth it ") == [letter["id"]]
    assert discard(STAFF, [letter["id"]], "again") == []
    follow(QUEUES)
    assert listed(world, "retries") == []
    assert queries.count({}) == 0
    [kept] = queries.letters({"state": "discarded"}, limit=10).items
    assert (kept["discarded_by"], kept["discarded_because"]) == ("cli", "not worth it")
    assert world.event(event_id).state == "dead"
    shop.poisonous_orders.clear()
    assert replay(STAFF, [letter["id"]]) == [letter["id"]]
    let_retries_run(world)
    assert world.event(event_id).state == "done"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_nothing_is_discarded_without_a_reason(
    world: World, connection: int, shop: Shop, reason: str
) -> None:
    kill_event(world, connection, shop)
    [letter] = queries.letters({}, limit=10).items
    with pytest.raises(InvalidInput):
        discard(STAFF, [letter["id"]], reason)
    assert queries.count({}) == 1


def test_what_was_discarded_and_is_old_goes_and_what_is_dead_stays(
    world: World, connection: int, shop: Shop
) -> None:
    given_up = kill_event(world, connection, shop, order_id="1")
    waiting = kill_event(world, connection, shop, order_id="2")
    [letter] = [row for row in queries.letters({}, limit=10).items if row["subject_id"] == given_up]
    discard(STAFF, [letter["id"]], "no use")
    world.sql(
        "UPDATE dead_letters SET failed_at = now() - interval '40 days',"
        " closed_at = closed_at - interval '40 days';"
        "UPDATE failed_attempts SET failed_at = now() - interval '40 days'"
    )
    sweeper.house_keeping(30)
    assert [row.id for row in world.rows("SELECT id FROM inbound_events")] == [waiting]
    assert world.rows("SELECT id FROM failed_attempts") == []
    follow(QUEUES)
    assert [row["subject_id"] for row in queries.letters({}, limit=10).items] == [waiting]
    assert listed(world, "retries") == []  # RQ's keeps thirty days


# ------------------------------------------------------------------------------------------------- many


def test_all_that_match_are_replayed_at_the_rate_and_others_left(
    world: World, connection: int, shop: Shop
) -> None:
    ids = [kill_event(world, connection, shop, order_id=str(number)) for number in range(5)]
    kill_cell(world, connection, shop)
    mass_id = mass.start(STAFF, {"kind": "event"}, per_second=2)
    assert queries.mass_replay(mass_id)["total"] == 5
    [entry] = world.rows("SELECT detail FROM audit_log WHERE action = 'dead_letter.many_replayed'")
    assert entry.detail == {"letters": 5, "kinds": ["event"]}
    mass.step()
    assert sum(world.event(event_id).state == "retrying" for event_id in ids) == 2
    for _second in range(3):
        mass.step()
    told = queries.mass_replay(mass_id)
    assert (told["state"], told["replayed"], told["passed_over"]) == ("done", 5, 0)
    assert {world.event(event_id).state for event_id in ids} == {"retrying"}
    assert world.cell(connection, "A").state == "failed"


def test_a_mass_replay_leaves_alone_what_fails_again(world: World, connection: int, shop: Shop) -> None:
    kill_event(world, connection, shop)
    mass_id = mass.start(STAFF, {}, per_second=1)
    mass.step()
    let_retries_run(world, rounds=6)
    assert queries.count({}) == 1
    mass.step()
    mass.step()
    assert queries.mass_replay(mass_id)["state"] == "done"
    assert queries.count({}) == 1


def test_a_mass_replay_comes_to_an_end_and_leaves_what_died_since(
    world: World, connection: int, shop: Shop
) -> None:
    world.sql(
        "INSERT INTO mails (recipient, template, subject, state, due_at, last_error)"
        " VALUES ('x@example.com', 'reset', 's', 'failed', now(), 'refused')"
    )
    follow(QUEUES)
    mass_id = mass.start(STAFF, {}, per_second=1)
    later = kill_event(world, connection, shop)
    for _second in range(3):
        mass.step()
    told = queries.mass_replay(mass_id)
    assert (told["state"], told["replayed"], told["passed_over"]) == ("done", 0, 1)
    assert world.event(later).state == "dead"


def test_a_mass_replay_that_was_killed_in_the_midst_of_a_share_goes_on(
    world: World, connection: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [kill_event(world, connection, shop, order_id=str(number)) for number in range(3)]
    mass_id = mass.start(STAFF, {}, per_second=2)
    with monkeypatch.context() as killed:
        killed.setattr(mass, "_MOVE_ON", text("SELECT of_no_column"))
        with pytest.raises(DBAPIError):
            mass.step()
    assert sum(world.event(event_id).state == "retrying" for event_id in ids) == 2
    for _second in range(3):
        mass.step()
    assert queries.mass_replay(mass_id)["state"] == "done"
    assert {(world.event(i).state, world.event(i).attempts) for i in ids} == {("retrying", 0)}


def test_a_mass_replay_that_fails_keeps_no_other_from_its_share(
    world: World, connection: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = kill_event(world, connection, shop)
    failing = mass.start(STAFF, {"kind": "mail"}, per_second=1)
    other = mass.start(STAFF, {"kind": "event"}, per_second=1)
    share = mass._share

    def fail_one(row: Row[Any]) -> None:
        if row.id == failing:
            raise RuntimeError("of its own")
        share(row)

    monkeypatch.setattr(mass, "_share", fail_one)
    with pytest.raises(RuntimeError, match="of its own"):
        mass.step()
    assert queries.mass_replay(other)["replayed"] == 1
    assert world.event(event_id).state == "retrying"


def test_a_mass_replay_can_be_stopped(world: World, connection: int, shop: Shop) -> None:
    for number in range(3):
        kill_event(world, connection, shop, order_id=str(number))
    mass_id = mass.start(STAFF, {}, per_second=1)
    mass.step()
    mass.stop(STAFF, mass_id)
    mass.stop(STAFF, mass_id)
    mass.step()
    assert queries.mass_replay(mass_id)["state"] == "stopped"
    assert queries.count({}) == 2
    with pytest.raises(NotFound):
        mass.stop(STAFF, mass_id + 1)


def test_two_who_start_the_same_at_once_start_it_once(world: World, connection: int, shop: Shop) -> None:
    kill_event(world, connection, shop)

    def start(filters: dict[str, Any]) -> bool:
        try:
            mass.start(STAFF, filters, per_second=1)
        except Conflict:
            return False
        return True

    same = [{"kind": "event"}, {"kind": "event", "queue": ""}]
    with ThreadPoolExecutor(4) as pool:
        begun = [pool.submit(in_this_app(partial(start, filters))) for filters in same * 2]
    assert sum(each.result() for each in begun) == 1
    assert start({"kind": "cell"})
    mass.step()
    mass.step()
    assert start({"kind": "event"})


@pytest.mark.parametrize("per_second", [0, -1, 51])
def test_a_rate_that_is_none_is_refused(world: World, per_second: int) -> None:
    with pytest.raises(InvalidInput):
        mass.start(STAFF, {}, per_second=per_second)
    assert queries.mass_replays(limit=10).items == []


# ------------------------------------------------------------------------------------------------ lists


def test_letters_are_found_by_filters_and_page_by_page(world: World, connection: int, shop: Shop) -> None:
    for number in range(3):
        kill_event(world, connection, shop, order_id=str(number))
    kill_cell(world, connection, shop)
    assert queries.count({"kind": "event", "queue": "retries"}) == 3
    assert queries.count({"account_id": world.account_id, "connection_id": connection}) == 4
    assert queries.count({"account_id": world.account_id + 1}) == 0
    assert queries.count({"code": "platform_permanent"}) == 3
    assert queries.count({"failed_before": "2000-01-01T00:00:00+00:00"}) == 0
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = queries.letters({}, limit=3, cursor=cursor)
        seen += [row["id"] for row in page.items]
        if (cursor := page.next) is None:
            break
    assert len(seen) == len(set(seen)) == 4
    with pytest.raises(InvalidInput):
        queries.letters({"password": "x"}, limit=3)
    [first, second] = queries.groups({})
    assert (first["kind"], first["letters"], second["kind"], second["letters"]) == ("event", 3, "cell", 1)
    with pytest.raises(NotFound):
        queries.letter(max(seen) + 1)


# ---------------------------------------------------------------------------------------------- helpers


def kill_event(
    world: World,
    connection: int,
    shop: Shop,
    fault: Exception | None = None,
    *,
    order_id: str = "1",
) -> int:
    """An event of an order of one piece of A that could not be read, five times. Returns its id."""
    shop.sell(order_id, "A", 1, at=now())
    shop.poisonous_orders[order_id] = fault or Permanent("cannot be read")
    event_id = world.hear(connection, ["order", order_id])
    world.drain(connection)
    for _attempt in range(3):
        events.process_one(event_id)
    with pytest.raises(EventFailed):
        events.process_one(event_id)
    return event_id


def kill_cell(world: World, connection: int, shop: Shop) -> int:
    """A's number, which is to be lowered by 3, was refused five times. Returns the cell's id."""
    shop.refused.add(ref_of("A"))
    owe(world, connection, 3)
    push.drain(connection)
    cell_id: int = world.cell(connection, "A").id
    for _attempt in range(3):
        push.push_cell(cell_id)
    with pytest.raises(CellRefused):
        push.push_cell(cell_id)
    return cell_id


def let_retries_run(world: World, *, rounds: int = 1) -> None:
    """The clock and the worker of `retries`, an hour later each time."""
    for _round in range(rounds):
        world.age()
        sweeper.wake_due()
        work(world, "retries")


def work(world: World, queue: str) -> None:
    """Do the jobs of a queue as a worker does."""
    worker = SimpleWorker(
        [Queue(queue, connection=world.redis)],
        connection=world.redis,
        exception_handlers=[lambda job, _kind, err, _trace: jobs.note_failed_job(job, err)],
    )
    worker.work(burst=True, logging_level="ERROR")


def listed(world: World, queue: str) -> list[str]:
    return FailedJobRegistry(queue, connection=world.redis).get_job_ids()


def ledger(world: World) -> Sequence[Any]:
    return world.rows(
        "SELECT level_id, cause, source_key, on_hand_delta, committed_delta, on_hand_after, committed_after"
        " FROM stock_movements ORDER BY id"
    )


def at_once(*acts: Callable[[], list[int]]) -> list[list[int]]:
    """Begun together, in threads and transactions of their own."""
    barrier = threading.Barrier(len(acts))
    found: list[list[int]] = []

    def run(act: Callable[[], list[int]]) -> None:
        barrier.wait()
        found.append(act())

    threads = [threading.Thread(target=in_this_app(lambda act=act: run(act))) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _raise(subject_id: int) -> None:
    raise RuntimeError(f"something about {subject_id}")


def _away() -> Iterator[None]:
    from sqlalchemy.exc import OperationalError

    raise OperationalError("SELECT 1", {}, Exception("away"))
