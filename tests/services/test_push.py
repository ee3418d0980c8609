"""Writes: computed when claimed, recorded before they are sent, and never guessed about afterwards."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from flask import current_app
from sqlalchemy import text

from app.extensions import db
from app.platforms.base import WriteKind, WriteOutcome, WriteResult
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.services import attempts, push, reconcile, sweeper
from app.services.push import CellRefused
from tests.services.shop import (
    Crash,
    Fault,
    Shop,
    an_order,
    crash_after,
    crash_before,
    done,
    lose_answer,
    lose_request,
    raising,
    ref_of,
    stocked,
)
from tests.services.world import World, now, owe


@pytest.fixture(params=[True, False], ids=["cas", "absolute"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """Both kinds of platform."""
    return stocked(Shop(compare_and_set=request.param))


@pytest.fixture
def cas(world: World) -> Shop:
    return stocked(Shop(compare_and_set=True))


def sent(shop: Shop) -> list[tuple[str, int, int]]:
    return [
        (call.kind.value, write.from_quantity, write.to_quantity)
        for call in shop.writes
        for write in call.writes
    ]


# --------------------------------------------------------------------------------------------- claiming


def test_a_push_writes_what_is_right_when_it_claims(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    owe(world, connection, 3, order_id="1")
    owe(world, connection, 2, order_id="2")
    push.drain(connection)
    assert sent(shop) == [("set", 10, 5)]
    assert world.attempts() == [("applied", 10, 5)]
    assert world.cell(connection, "A").expected == 5
    assert not world.cell(connection, "A").dirty


def test_changes_of_one_window_share_a_call(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    owe(world, connection, 3, order_id="1")
    owe(world, connection, 1, order_id="2", listing="A2")
    push.drain(connection)
    [call] = shop.writes
    assert len(call.writes) == 2


def test_a_cell_that_is_right_already_costs_no_call(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    world.take(connection, shop.sell("1", "A", 3, at=now()))
    push.drain(connection)
    assert (shop.writes, shop.readings) == ([], [])
    assert not world.cell(connection, "A").dirty


def test_what_is_sold_out_here_and_below_zero_there_is_right(world: World, cas: Shop) -> None:
    connection = world.connect(cas)
    world.take(connection, cas.sell("1", "A", 13, at=now()))
    push.drain(connection)
    assert cas.writes == []
    assert not world.cell(connection, "A").dirty


def test_a_cell_that_changes_while_it_is_written_stays_dirty(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    owe(world, connection, 3, order_id="1")
    shop.before_write.append(lambda: owe(world, connection, 2, order_id="2"))
    push.drain(connection)
    push.drain(connection)
    assert sent(shop) == [("set", 10, 7), ("set", 7, 5)]
    assert shop.number("A") == 5


def test_what_lowers_to_zero_goes_before_what_raises(world: World) -> None:
    shop = Shop()
    for number in range(50 * push.CALLS_AT_A_TIME + 10):  # more than are claimed at once
        shop.stock(f"L{number}", f"S{number}", 5)
    connection = world.connect(shop)
    world.sql("UPDATE stock_levels SET on_hand = 9")
    world.sql("UPDATE stock_cells SET wanted_version = wanted_version + 1, dirty_since = now()")
    world.sql(
        """
        UPDATE stock_levels SET on_hand = 0
        WHERE variant_id = (SELECT id FROM variants WHERE sku = 'S209')
        """
    )
    push.drain(connection)
    *first, last = shop.writes
    assert ([len(call.writes) for call in first], len(last.writes)) == ([50] * 4, 10)
    assert ref_of("L209") in {write.ref for call in first for write in call.writes}


def test_numbers_of_different_groups_take_calls_of_their_own(world: World, shop: Shop) -> None:
    for listing in ("p:1", "p:2", "q:1", "r:1", "s:1", "t:1", "B"):
        shop.stock(listing, f"SKU {listing}", 5)
    connection = world.connect(shop)
    world.sql("UPDATE stock_levels SET on_hand = on_hand - 1")
    world.sql("UPDATE stock_cells SET wanted_version = wanted_version + 1, dirty_since = now()")
    push.drain(connection)
    calls = sorted(sorted(write.ref.stock_id for write in call.writes) for call in shop.writes)
    assert calls == [["iA", "iA2", "iB"], ["ip:1", "ip:2"], ["iq:1"], ["ir:1"], ["is:1"], ["it:1"]]
    assert len({call.key for call in shop.writes}) == len(calls)


def test_a_call_that_hangs_keeps_no_other_from_being_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "STRAGGLER_SECONDS", 0.2)
    absolute = stocked(Shop(compare_and_set=False))
    connection = world.connect(absolute)
    answers, recorded = threading.Event(), threading.Event()

    def hangs(shop: Shop, write: Callable[[], Sequence[WriteResult]]) -> Sequence[WriteResult]:
        results = write()
        assert answers.wait(10)
        threading.Timer(0.2, recorded.set).start()
        return results

    absolute.stock("B", "OTHER", 10)
    owe(world, connection, 3, order_id="1")
    absolute.next_writes.append(hangs)
    push.drain(connection)
    assert world.attempts() == [("open", 10, 7)]
    owe(world, connection, 2, order_id="2")
    push.drain(connection)
    assert len(absolute.writes) == 1  # its cell waits for the answer
    answers.set()
    assert recorded.wait(10)
    assert world.attempts() == [("applied", 10, 7)]
    push.drain(connection)
    assert absolute.number("A") == 5
    world.settle(connection)
    world.assert_quiet()


def test_a_raise_waits_while_a_reading_is_due_and_a_lower_does_not(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    owe(world, connection, 3, order_id="1")
    push.drain(connection)
    world.sql("UPDATE stock_cells SET check_due_at = now() + interval '1 hour'")
    owe(world, connection, 2, order_id="2")
    push.drain(connection)
    assert shop.number("A") == 5
    world.take(connection, an_order("1", at=now()))  # the line is gone: three more may be sold
    push.drain(connection)
    assert shop.number("A") == 5
    world.sql("UPDATE stock_cells SET check_due_at = now()")
    world.settle(connection)
    assert shop.number("A") == 8
    world.assert_quiet()


def test_a_paused_connection_is_not_written_to(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    world.sql("UPDATE connections SET state = 'paused'")
    owe(world, connection, 3)
    push.drain(connection)
    assert shop.writes == []


def test_the_number_is_never_sent_as_an_expectation_of_nothing(world: World, cas: Shop) -> None:
    """A cell that was never read has no expectation: it is left alone."""
    connection = world.connect(cas)
    world.sql("UPDATE stock_cells SET account = NULL")
    owe(world, connection, 3)
    push.drain(connection)
    assert cas.writes == []


# ------------------------------------------------------------------------------------------------ stale


def test_a_stale_answer_lowers_by_the_difference_and_reads_again(world: World, cas: Shop) -> None:
    connection = world.connect(cas)
    cas.sell("unheard", "A", 1, at=now() - timedelta(minutes=1))
    owe(world, connection, 3)
    push.drain(connection)
    assert sent(cas) == [("set", 10, 7), ("delta", 10, 7)]
    assert cas.number("A") == 6
    assert world.attempts() == [("stale", 10, 7), ("applied", 10, 7)]
    world.settle(connection)
    assert cas.number("A") == 6
    assert world.level("SKU") == (10, 4)
    world.assert_quiet()


def test_a_stale_answer_to_a_raise_writes_nothing_before_a_reading(world: World, cas: Shop) -> None:
    connection = world.connect(cas)
    owe(world, connection, 3, order_id="1")
    push.drain(connection)
    cas.sell("unheard", "A", 1, at=now() - timedelta(minutes=1))
    world.take(connection, an_order("1", at=now()))
    push.drain(connection)
    assert cas.number("A") == 6
    assert [outcome for outcome, _from, _to in world.attempts()] == ["applied", "stale"]
    world.settle(connection)
    assert cas.number("A") == 9
    world.assert_quiet()


# ---------------------------------------------------------------------------------------- lost answers


@pytest.mark.parametrize("fault", [lose_answer, lose_request])
def test_an_unanswered_write_is_asked_again_with_the_identical_call(
    world: World, cas: Shop, fault: Fault
) -> None:
    connection = world.connect(cas)
    owe(world, connection, 3, order_id="1")
    cas.next_writes.append(fault)
    push.drain(connection)
    assert world.attempts() == [("unknown", 10, 7)]
    push.drain(connection)
    first, again = cas.writes
    assert first == again
    assert cas.number("A") == 7
    assert world.attempts() == [("applied", 10, 7)]


@pytest.mark.parametrize(("fault", "outcome"), [(lose_answer, "applied"), (lose_request, "not_applied")])
def test_an_unanswered_write_is_withdrawn_once_its_number_is_too_high(
    world: World, cas: Shop, fault: Fault, outcome: str
) -> None:
    """Asked again it could publish, seconds after the sale, units that are gone."""
    connection = world.connect(cas)
    owe(world, connection, 3, order_id="1")
    cas.next_writes.append(fault)
    push.drain(connection)
    owe(world, connection, 2, order_id="2")
    push.drain(connection)
    assert [write.to_quantity for call in cas.writes for write in call.writes] == [7, 5]
    assert world.attempts()[0] == (outcome, 10, 7)
    assert cas.number("A") == 5
    world.settle(connection)
    world.assert_quiet()


def test_a_withdrawn_write_that_lands_late_does_nothing(world: World, cas: Shop) -> None:
    connection = world.connect(cas)
    owe(world, connection, 3, order_id="1")
    late: list[Callable[[], Sequence[WriteResult]]] = []

    def is_held_up(shop: Shop, write: Callable[[], Sequence[WriteResult]]) -> Sequence[WriteResult]:
        late.append(write)
        return lose_request(shop, write)

    cas.next_writes.append(is_held_up)
    push.drain(connection)
    owe(world, connection, 2, order_id="2")
    push.drain(connection)
    assert cas.number("A") == 5
    cas.edit("A", 10)  # what its compare-and-set waits for
    late[0]()
    assert cas.number("A") == 10


def test_a_key_that_the_platform_may_have_forgotten_is_not_used_again(world: World, cas: Shop) -> None:
    connection = world.connect(cas)
    owe(world, connection, 3)
    cas.next_writes.append(lose_answer)
    push.drain(connection)
    cas.answered.clear()
    world.age(timedelta(hours=attempts.KEY_HOURS + 1))
    push.drain(connection)
    assert (len(cas.writes), cas.withdrawn) == (1, [])
    world.settle(connection)
    assert world.attempts() == [("applied", 10, 7)]
    world.assert_quiet()


def test_no_reading_closes_an_unanswered_write_that_can_be_asked_again(world: World, cas: Shop) -> None:
    connection = world.connect(cas)
    owe(world, connection, 3)
    cas.next_writes.append(lose_request)
    push.drain(connection)
    world.age()
    world.sql("UPDATE stock_cells SET check_due_at = now()")
    reconcile.reconcile(connection)
    assert world.attempts() == [("unknown", 10, 7)]


def test_a_repeat_that_finds_another_number_was_the_first_to_arrive(world: World, cas: Shop) -> None:
    connection = world.connect(cas)
    owe(world, connection, 3)
    cas.next_writes.append(lose_request)
    push.drain(connection)
    cas.sell("1", "A", 1, at=now())
    push.drain(connection)
    assert world.attempts()[0] == ("stale", 10, 7)
    world.settle(connection)
    assert cas.number("A") == 6
    assert world.level("SKU") == (10, 4)
    world.assert_quiet()


def test_a_repeat_that_is_refused_whole_leaves_it_to_a_reading(world: World, cas: Shop) -> None:
    connection = world.connect(cas)
    owe(world, connection, 3)
    cas.next_writes += [lose_answer, raising(Permanent("not allowed"))]
    push.drain(connection)
    push.drain(connection)
    assert world.attempts() == [("unknown", 10, 7)]
    world.settle(connection)
    assert world.attempts() == [("applied", 10, 7)]
    assert world.cell(connection, "A").account == 7
    world.assert_quiet()


@pytest.mark.parametrize("crash", [crash_before, crash_after])
def test_a_worker_that_dies_around_its_call_leaves_an_attempt_that_the_next_one_finishes(
    world: World, shop: Shop, crash: Fault
) -> None:
    connection = world.connect(shop)
    owe(world, connection, 3)
    shop.next_writes.append(crash)
    with pytest.raises(Crash):
        push.drain(connection)
    assert world.attempts() == [("open", 10, 7)]
    world.age()
    sweeper.sweep()
    assert world.queued("push")
    world.settle(connection)
    assert shop.number("A") == 7
    assert world.cell(connection, "A").account == 7
    assert world.level("SKU") == (10, 3)
    world.assert_quiet()


def test_not_sent_says_nothing_once_another_worker_asked_again(world: World, cas: Shop) -> None:
    """The first worker slept through its lease: what it did not send the second one did."""
    connection = world.connect(cas)
    owe(world, connection, 3)

    def dies(shop: Shop, write: Callable[[], Sequence[WriteResult]]) -> Sequence[WriteResult]:
        write()
        raise Crash

    def wakes_too_late(shop: Shop, write: Callable[[], Sequence[WriteResult]]) -> Sequence[WriteResult]:
        world.age()  # while it slept its lease ran out
        shop.next_writes.append(dies)
        with contextlib.suppress(Crash):
            push.drain(connection)  # the second worker
        raise Transient("its time was up before it was sent")

    cas.next_writes.append(wakes_too_late)
    push.drain(connection)
    assert cas.number("A") == 7
    assert world.attempts()[0][0] != "not_applied"
    world.settle(connection)
    assert world.attempts() == [("applied", 10, 7)]
    assert world.cell(connection, "A").expected == 7
    world.assert_quiet()


# ---------------------------------------------------------------------------------------------- refusals


def test_a_call_that_certainly_did_nothing_is_closed_and_tried_again_later(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    owe(world, connection, 3)
    shop.next_writes.append(raising(Transient("busy", retry_after=60)))
    push.drain(connection)
    assert world.attempts() == [("not_applied", 10, 7)]
    push.drain(connection)
    assert len(shop.writes) == 1  # the shop asked to be left alone
    row = world.one("SELECT failures, backoff_until - now() AS wait FROM connections")
    assert row.failures == 1
    assert row.wait > timedelta(seconds=50)
    world.age()
    push.drain(connection)
    assert shop.number("A") == 7
    assert world.one("SELECT failures FROM connections").failures == 0


def test_dead_credentials_stop_the_connection(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    owe(world, connection, 3)
    shop.next_writes.append(raising(AuthExpired("revoked")))
    push.drain(connection)
    assert world.one("SELECT state FROM connections").state == "needs_auth"
    assert world.attempts() == [("not_applied", 10, 7)]
    push.drain(connection)
    assert len(shop.writes) == 1


def test_a_refused_cell_leaves_the_batch_and_its_neighbours_go_on(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    shop.refused.add(ref_of("A"))
    owe(world, connection, 3, order_id="1")
    owe(world, connection, 1, order_id="2", listing="A2")
    push.drain(connection)
    assert shop.number("A2") == 3
    cell = world.cell(connection, "A")
    assert (cell.failures, cell.state, cell.dirty) == (1, "active", True)
    push.drain(connection)
    assert len(shop.writes) == 1
    world.age()
    sweeper.wake_due()
    assert world.queued("retries") == [f"cell-{cell.id}-1"]


def test_a_cell_refused_five_times_is_dead_and_can_be_replayed(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    shop.refused.add(ref_of("A"))
    owe(world, connection, 3)
    push.drain(connection)
    cell_id = world.cell(connection, "A").id
    for _attempt in range(3):
        push.push_cell(cell_id)
    with pytest.raises(CellRefused):
        push.push_cell(cell_id)
    assert len(shop.writes) == 5
    assert world.cell(connection, "A").state == "failed"
    with pytest.raises(CellRefused):  # replayed too early
        push.push_cell(cell_id)
    shop.refused.clear()
    push.push_cell(cell_id)
    cell = world.cell(connection, "A")
    assert (shop.number("A"), cell.state, cell.failures, cell.error) == (7, "active", 0, "")
    owe(world, connection, 1, order_id="2")
    push.drain(connection)
    assert shop.number("A") == 6


def test_a_refused_cell_that_became_right_is_no_trouble_any_more(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    shop.refused.add(ref_of("A"))
    owe(world, connection, 3, order_id="1")
    push.drain(connection)
    world.take(connection, an_order("1", at=now()))
    push.push_cell(world.cell(connection, "A").id)
    shop.refused.clear()
    owe(world, connection, 1, order_id="2")
    push.drain(connection)
    assert shop.number("A") == 9


def test_a_call_refused_whole_gives_every_cell_a_job_of_its_own(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    owe(world, connection, 3, order_id="1")
    owe(world, connection, 1, order_id="2", listing="A2")
    shop.next_writes.append(raising(Permanent("nonsense")))
    push.drain(connection)
    assert [world.cell(connection, listing).failures for listing in ("A", "A2")] == [1, 1]
    for listing in ("A", "A2"):
        push.push_cell(world.cell(connection, listing).id)
    assert (shop.number("A"), shop.number("A2")) == (7, 3)


def test_a_shop_that_does_nothing_and_says_so_is_left_alone_for_a_while(world: World, cas: Shop) -> None:
    connection = world.connect(cas)
    owe(world, connection, 3)

    def nothing(shop: Shop, write: Callable[[], Sequence[WriteResult]]) -> Sequence[WriteResult]:
        return [WriteResult(ref_of("A"), WriteOutcome.NOT_APPLIED, "again")]

    cas.next_writes.extend([nothing] * 20)
    push.drain(connection)
    assert len(cas.writes) == push.FAULTS_IN_A_ROW
    assert len({call.key for call in cas.writes}) == push.FAULTS_IN_A_ROW
    assert world.one("SELECT failures FROM connections").failures == 1
    cas.next_writes.clear()
    world.settle(connection)
    assert cas.number("A") == 7


# ----------------------------------------------------------------------------------------- two workers


def test_two_workers_write_a_change_once(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    owe(world, connection, 3)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    barrier = threading.Barrier(2)
    faults: list[BaseException] = []

    def work() -> None:
        with app.app_context():
            try:
                barrier.wait(timeout=20)
                push.drain(connection)
            except BaseException as err:
                faults.append(err)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
    assert len(shop.writes) == 1
    assert shop.number("A") == 7


def test_no_transaction_is_open_during_a_call(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    owe(world, connection, 3)
    held: list[int] = []

    def look() -> None:
        with db.engine.connect() as other:
            held.append(
                other.execute(
                    text(
                        """
                        SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND state LIKE 'idle in transaction%'
                        """
                    )
                ).scalar_one()
            )

    shop.before_write.append(look)
    shop.before_read.append(look)
    push.drain(connection)
    assert set(held) == {0}


def test_the_key_is_new_for_every_new_write(world: World, cas: Shop) -> None:
    connection = world.connect(cas)
    for number in range(3):
        owe(world, connection, 1, order_id=str(number))
        cas.next_writes.append(done)
        push.drain(connection)
    assert len({call.key for call in cas.writes}) == 3
    assert {call.kind for call in cas.writes} == {WriteKind.SET}
