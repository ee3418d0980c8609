"""What a line's dated parts come to: on the ledger, and on the channel's own number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.orders import (
    ChannelEffect,
    LinePart,
    PartKind,
    channel_changes,
    channel_total,
    ledger_effect,
    opening_on_hand,
)
from app.domain.stock import Movement, StockLevel, apply

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def after(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


dates = st.integers(0, 500).map(after)
parts = st.lists(st.builds(LinePart, st.sampled_from(PartKind), st.integers(0, 20), dates), max_size=8)
effects = st.lists(st.builds(ChannelEffect, st.integers(-20, 20), dates), max_size=8)
movements = st.builds(Movement, st.integers(-50, 50), st.integers(-50, 50))


def part(kind: PartKind, quantity: int, minutes: int = 0) -> LinePart:
    return LinePart(kind, quantity, after(minutes))


@pytest.mark.parametrize(
    ("happened", "movement"),
    [
        ([], Movement(0, 0)),
        ([(PartKind.ORDERED, 5)], Movement(0, 5)),
        ([(PartKind.ORDERED, 5), (PartKind.ORDERED, 2)], Movement(0, 7)),
        ([(PartKind.ORDERED, 5), (PartKind.FULFILLED, 2)], Movement(-2, 3)),
        ([(PartKind.ORDERED, 5), (PartKind.FULFILLED, 5)], Movement(-5, 0)),
        ([(PartKind.ORDERED, 5), (PartKind.REMOVED_RESTOCKED, 2)], Movement(0, 3)),
        ([(PartKind.ORDERED, 5), (PartKind.REMOVED_LOST, 2)], Movement(-2, 3)),
        ([(PartKind.ORDERED, 5), (PartKind.FULFILLED, 5), (PartKind.RETURNED_RESTOCKED, 1)], Movement(-4, 0)),
        ([(PartKind.ORDERED, 2), (PartKind.FULFILLED, 3)], Movement(-3, 0)),  # shipped more than asked
    ],
)
def test_the_effect_of_a_lines_state(happened: list[tuple[PartKind, int]], movement: Movement) -> None:
    assert ledger_effect([part(*one) for one in happened], holds_stock=True) == movement


def test_an_order_that_holds_nothing_still_ships_and_loses() -> None:
    state = [part(PartKind.ORDERED, 5), part(PartKind.FULFILLED, 1), part(PartKind.REMOVED_LOST, 1)]
    assert ledger_effect(state, holds_stock=False) == Movement(on_hand=-2, committed=0)


@given(parts, st.booleans(), st.randoms())
def test_the_order_of_the_parts_does_not_matter(state: list[LinePart], holds: bool, random: object) -> None:
    shuffled = list(state)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ledger_effect(shuffled, holds_stock=holds) == ledger_effect(state, holds_stock=holds)


@given(parts, parts, st.booleans())
def test_whatever_states_are_seen_on_the_way_the_differences_come_to_the_last(
    first: list[LinePart], last: list[LinePart], holds: bool
) -> None:
    level = StockLevel(100, 0)
    applied = Movement()
    for state in (first, last, first, last):
        now = ledger_effect(state, holds_stock=holds)
        level, applied = apply(level, now - applied), now
    assert level == apply(StockLevel(100, 0), ledger_effect(last, holds_stock=holds))


@given(parts)
def test_processing_cancelled_processing_comes_back_to_where_it_was(state: list[LinePart]) -> None:
    processing = ledger_effect(state, holds_stock=True)
    cancelled = ledger_effect(state, holds_stock=False)
    assert processing + (cancelled - processing) + (processing - cancelled) == processing


@given(parts, st.integers(-1, 501), st.booleans())
def test_a_baseline_keeps_what_is_dated_up_to_it(state: list[LinePart], minute: int, holds: bool) -> None:
    kept = [p for p in state if p.at <= after(minute)]
    assert ledger_effect(state, holds_stock=holds, until=after(minute)) == ledger_effect(
        kept, holds_stock=holds
    )


@given(parts)
def test_committed_is_never_negative(state: list[LinePart]) -> None:
    assert ledger_effect(state, holds_stock=True).committed >= 0


@given(st.integers(1, 10), movements)
def test_packs_move_their_units(factor: int, movement: Movement) -> None:
    scaled = movement.scaled(factor)
    assert (scaled.on_hand, scaled.committed) == (movement.on_hand * factor, movement.committed * factor)
    assert scaled.moves_nothing == movement.moves_nothing


# ----------------------------------------------------------------------------------- the channel's effect


@given(effects, st.integers(-60, 60))
def test_the_changes_always_add_up_to_what_was_not_applied_yet(
    state: list[ChannelEffect], applied: int
) -> None:
    changes = channel_changes(state, known=(), applied=applied, undated_at=after(999))
    assert sum(c.delta for c in changes) == channel_total(state) - applied


@given(effects)
def test_what_was_applied_changes_nothing(state: list[ChannelEffect]) -> None:
    applied = channel_total(state)
    assert channel_changes(state, known=state, applied=applied, undated_at=after(999)) == ()


@given(st.lists(st.integers(-20, -1), min_size=1, max_size=6), st.data())
def test_sales_one_after_the_other_keep_their_dates(deltas: list[int], data: st.DataObject) -> None:
    """The platform dates each part: what is new has the newest dates, undated nothing."""
    state = [ChannelEffect(delta, after(minute)) for minute, delta in enumerate(deltas)]
    known = data.draw(st.integers(0, len(state)))
    applied = channel_total(state[:known])
    changes = channel_changes(state, known=state[:known], applied=applied, undated_at=after(999))
    assert list(changes) == state[known:]


def test_a_total_that_no_dated_parts_explain_is_as_new_as_the_order() -> None:
    """WooCommerce shows a sum: -3 then -5 under the date of the first."""
    state = [ChannelEffect(-5, after(0))]
    known = [ChannelEffect(-3, after(0))]
    changes = channel_changes(state, known=known, applied=-3, undated_at=after(7))
    assert changes == (ChannelEffect(-2, after(7)),)


def test_a_cancellation_is_dated_as_it_is_and_not_as_the_sale() -> None:
    state = [ChannelEffect(-3, after(0)), ChannelEffect(3, after(5))]
    changes = channel_changes(state, known=state[:1], applied=-3, undated_at=after(9))
    assert changes == (ChannelEffect(3, after(5)),)


def test_a_sale_that_was_taken_back_before_we_looked_is_told_as_what_it_was() -> None:
    """A write between the two overwrote only the sale."""
    state = [ChannelEffect(3, after(5)), ChannelEffect(-3, after(0))]
    assert channel_changes(state, known=(), applied=0, undated_at=after(9)) == (state[1], state[0])


def test_a_date_that_moved_is_no_change() -> None:
    """A cancelled order that gets a note is dated anew."""
    known = [ChannelEffect(-3, after(0)), ChannelEffect(3, after(5))]
    state = [known[0], ChannelEffect(3, after(8))]
    assert channel_changes(state, known=known, applied=0, undated_at=after(9)) == ()


def test_an_effect_that_is_gone_is_taken_back_undated() -> None:
    known = [ChannelEffect(-3, after(0))]
    changes = channel_changes([], known=known, applied=-3, undated_at=after(9))
    assert changes == (ChannelEffect(3, after(9)),)


# -------------------------------------------------------------------------------------------- baselines


@given(
    st.integers(0, 100),
    st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["open", "shipped", "lost", "back"])), max_size=6),
)
def test_a_baseline_opens_the_shelf_that_is_there(shelf: int, orders: list[tuple[int, str]]) -> None:
    """Physical truth in, physical truth out: whatever the channel took for its orders before."""
    number, on_shelf = shelf, shelf
    known = []
    for quantity, state in orders:
        happened = [part(PartKind.ORDERED, quantity)]
        channel = -quantity
        match state:
            case "shipped":
                happened.append(part(PartKind.FULFILLED, quantity))
                on_shelf -= quantity
            case "lost":
                happened.append(part(PartKind.REMOVED_LOST, quantity))
                on_shelf -= quantity
            case "back":
                happened.append(part(PartKind.REMOVED_RESTOCKED, quantity))
                channel = 0
        number += channel
        known.append((ledger_effect(happened, holds_stock=True), channel))
    opened = opening_on_hand(number, known)
    assert opened == on_shelf
    committed = sum(ledger.committed for ledger, _channel in known)
    assert opened - committed == number  # what is available is what the channel shows
