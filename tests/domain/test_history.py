"""The most likely history of a number near absolute writes: what was overwritten, landed, or edited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import history
from app.domain.account import SKEW, Belief, Window
from app.domain.history import BlindWrite, Clock, Explanation, Happened, explain

T0 = datetime(2026, 1, 1, 12, tzinfo=UTC)
ON_TIME = Clock(timedelta(0), timedelta(0))


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def reading(shown: int, asked: float = 0.0) -> BlindWrite:
    return BlindWrite.reading(shown, at(asked), at(asked + 0.1))


def write(
    shown: int, wanted: int, asked: float, *, landed: bool | None = True, ends: float | None = None
) -> BlindWrite:
    """Read within 0.1 s of `asked`, landed within 0.2 s after that."""
    end = asked + 0.3 if ends is None else ends
    return BlindWrite(shown, wanted, at(asked), at(asked + 0.1), at(end), landed)


def sale(number: int, units: int, date: float, *, known: float | None = None, **facts: bool) -> Happened:
    return Happened(number, -units, at(date), at(date + 5 if known is None else known), **facts)


def now(
    belief: Belief,
    writes: Sequence[BlindWrite],
    effects: Sequence[Happened],
    quantity: int,
    asked: float = 60.0,
) -> Explanation:
    window = Window(at(asked), at(asked + 0.2))
    found = explain(belief, writes, effects, quantity, window, ON_TIME)
    assert found is not None
    return found


def test_a_sale_between_a_reading_and_its_write_is_overwritten() -> None:
    """10 shown, 2 sold, 7 written: the account thinks 10 - 3 - 2, the shop shows 7."""
    found = now(Belief(5), [reading(10), write(10, 7, 20.2)], [sale(1, 2, 20)], 7)
    assert found == Explanation(Belief(7), frozenset({1}), None, certain=True)


def test_a_sale_after_the_write_is_in_the_number() -> None:
    found = now(Belief(5), [reading(10), write(10, 7, 20.2)], [sale(1, 2, 20)], 5)
    assert found == Explanation(Belief(5), frozenset(), None, certain=True)


def test_which_of_two_sales_was_overwritten_is_told_by_the_sum() -> None:
    sales = [sale(1, 2, 20), sale(2, 3, 20)]
    assert now(Belief(2), [reading(10), write(10, 7, 20.2)], sales, 4).overwritten == {1}
    assert now(Belief(2), [reading(10), write(10, 7, 20.2)], sales, 5).overwritten == {2}
    assert now(Belief(2), [reading(10), write(10, 7, 20.2)], sales, 7).overwritten == {1, 2}


def test_an_edit_is_told_apart_from_an_overwritten_sale_by_when_the_number_rose() -> None:
    """Both leave 2 more than the account. An overwritten sale never lets a number rise."""
    sold = [sale(1, 2, 20)]
    rose = [reading(10), write(10, 7, 20.2), write(7, 6, 40)]
    found = now(Belief(4), rose, sold, 6)
    assert (found.overwritten, found.belief) == ({1}, Belief(6))
    edited = [reading(10), write(10, 7, 20.2), write(5, 4, 30), write(6, 5, 40)]  # 5 - 1 + 2
    found = now(Belief(3), edited, sold, 5)
    assert (found.overwritten, found.belief) == (frozenset(), Belief(3, 2))


def test_an_edit_and_an_overwritten_sale_are_parted() -> None:
    """The number shows the sum of both: twelve given back, three taken by the merchant a moment later."""
    chain = [reading(40), write(40, 37, 20.2), write(34, 33, 40)]
    found = now(Belief(24), chain, [sale(1, 12, 20)], 33)
    assert (found.overwritten, found.belief) == ({1}, Belief(36, -3))


def test_an_edit_and_sales_that_add_up_to_an_overwritten_one_are_an_edit() -> None:
    sales = [sale(1, 3, 20), *(sale(n, 1, 29 + n) for n in range(2, 5))]
    chain = [reading(10), write(10, 8, 20.2), write(5, 4, 30), write(6, 5, 31.9)]
    # 8 - 3 shown at 30; then edited by +2 before the first of the three
    found = now(Belief(-1), chain, sales, 2)
    assert (found.overwritten, found.belief) == (frozenset(), Belief(-1, 3 - 0))


def test_dates_decide_where_the_number_does_not() -> None:
    """The sale of two fits the write at 20 by the number, but happened ten seconds later."""
    found = now(Belief(5), [reading(10), write(10, 7, 20.2)], [sale(1, 2, 30)], 7)
    assert (found.overwritten, found.belief) == (frozenset(), Belief(5, 2))


def test_what_was_known_before_the_number_was_asked_for_is_in_it() -> None:
    found = now(Belief(5), [reading(10), write(8, 5, 20.9)], [sale(1, 2, 20, known=20.8)], 7)
    assert (found.overwritten, found.belief) == (frozenset(), Belief(5, 2))


@pytest.mark.parametrize(
    ("quantity", "sales", "landed"),
    [
        (7, [], True),
        (10, [], False),
        (12, [], False),  # edited since
        (5, [sale(1, 2, 40)], True),
        (8, [sale(1, 2, 40)], False),
        (7, [sale(1, 2, 20)], True),  # overwritten by it
    ],
)
def test_whether_an_unanswered_write_landed_is_told_by_the_number_right_before(
    quantity: int, sales: list[Happened], landed: bool
) -> None:
    chain = [reading(10), write(10, 7, 20.2, landed=None, ends=35.0)]
    believed = Belief(10 + sum(s.delta for s in sales))
    assert now(believed, chain, sales, quantity).landed is landed


def test_an_edit_before_an_unanswered_write_is_not_taken_for_its_outcome() -> None:
    """Expected 58 after a sale of twelve, shown 66 after an edit of eight too, lowered to 55."""
    sales = [sale(1, 12, 10), sale(2, 12, 40), sale(3, 12, 50)]
    chain = [reading(70), write(66, 55, 20.2, landed=None, ends=35.0)]
    found = now(Belief(34), chain, sales, 31)
    assert (found.landed, found.belief) == (True, Belief(23, 8))


def test_a_write_that_came_late_overwrote_what_was_before_it() -> None:
    sales = [sale(1, 1, 22), sale(2, 2, 25), sale(3, 4, 40)]
    chain = [reading(20), write(20, 15, 20.2, landed=None, ends=35.0)]
    found = now(Belief(13), chain, sales, 11)
    assert (found.landed, found.overwritten) == (True, {1, 2})


def test_two_histories_that_end_in_one_belief_are_no_doubt() -> None:
    """Sold and not written, or written and the sale overwritten: the account is the same."""
    chain = [reading(10), write(10, 8, 20.2, landed=None, ends=35.0)]
    found = now(Belief(8), chain, [sale(1, 2, 20)], 8)
    assert (found.belief, found.certain) == (Belief(8), True)


def test_a_sale_overwritten_or_not_yet_in_the_number_is_in_doubt() -> None:
    sales = [sale(1, 2, 20), sale(2, 2, 60, known=61)]
    found = now(Belief(3), [reading(10), write(10, 7, 20.2)], sales, 5)
    assert not found.certain
    assert found.belief.drift == 0


def test_what_an_unanswered_write_overwrote_is_not_told_anew_without_it() -> None:
    """Whether it landed was told together with it."""
    told = sale(1, 1, 22, settled=True, overwritten=True)
    chain = [reading(20), write(20, 15, 20.2, ends=35.0), write(15, 14, 50)]
    assert now(Belief(14), chain, [told], 14).overwritten == {1}
    assert now(Belief(14), chain, [told], 13).belief == Belief(14, -1)


def test_what_happened_after_the_reading_is_not_missed_in_it() -> None:
    chain = [reading(10), write(10, 7, 20.2)]
    after = sale(1, 3, 60, known=61)
    found = now(Belief(4), chain, [after], 7)
    assert found == Explanation(Belief(4), frozenset(), None, certain=True)


def test_a_reading_that_took_long_may_show_none_of_what_was_sold_meanwhile() -> None:
    chain = [reading(400), write(327, 267, 54.8)]
    dates = [(72, 56), (12, 58), (24, 59), (6, 60), (3, 62)]
    sales = [sale(n, units, date, known=64) for n, (units, date) in enumerate(dates)]
    window = Window(at(56), at(63))
    for shown, in_it in ((267, 0), (195, 1), (183, 2), (150, 5)):
        found = explain(Belief(150), chain, sales, shown, window, ON_TIME)
        assert found is not None
        assert (found.overwritten, found.belief) == (frozenset(), Belief(150)), in_it


def test_an_earlier_belief_is_put_right_by_later_numbers() -> None:
    chain = [reading(10), write(10, 7, 20.2), write(5, 4, 30)]
    found = now(Belief(6), chain, [sale(1, 2, 20, overwritten=True, settled=True)], 4)
    assert (found.overwritten, found.belief) == (frozenset(), Belief(4))


def test_the_first_write_of_a_chain_tells_nothing_anew() -> None:
    """What was before it is not known any more."""
    settled = sale(1, 2, 20, settled=True)
    assert now(Belief(7), [write(10, 7, 20.2)], [settled], 7).overwritten == frozenset()
    lost = sale(1, 2, 20, settled=True, overwritten=True)
    assert now(Belief(7), [write(10, 7, 20.2)], [lost], 7) == Explanation(
        Belief(7), frozenset({1}), None, True
    )


def test_of_likely_histories_one_without_new_drift_is_taken() -> None:
    chain = [reading(10), write(10, 8, 20.2, landed=None, ends=35.0)]
    assert now(Belief(8), chain, [sale(1, 2, 20)], 8).belief.drift == 0


def test_many_sales_in_the_time_of_an_unanswered_write_are_placed_in_order() -> None:
    sales = [sale(n, 1, 20 + n) for n in range(14)]
    chain = [reading(50), write(50, 40, 20.2, landed=None, ends=36.0)]
    found = now(Belief(36), chain, sales, 34)  # eight before it landed, six after
    assert found.landed
    assert sum(s.delta for s in sales if s.id in found.overwritten) == -8
    assert found.overwritten == set(range(8))


def test_a_unit_that_came_back_and_was_overwritten_is_found_among_many_sales() -> None:
    """Placed and cancelled in the second in which much else was sold and the number was written."""
    sold = [(1, 27, 27.2), (6, 26, 27.2), (4, 26, 28.6), (6, 28, 28.7), (12, 28, 29.1), (40, 30, 32.5)]
    sold += [(13, 30, 33.5), (23, 31, 34.0), (2, 33, 34.2), (1, 34, 35.7), (2, 36, 37.3), (7, 37, 38.2)]
    sold += [(1, 37, 38.2), (-1, 37, 38.2), (1, 37, 38.2), (19, 37, 38.6), (1, 38, 39.9)]
    sales = [sale(n, units, date, known=known) for n, (units, date, known) in enumerate(sold)]
    chain = [
        reading(1532, 25.5),
        BlindWrite(1420, 1314, at(37.04), at(37.33), at(37.44), landed=True),
        BlindWrite(1288, 1180, at(38.54), at(38.6), at(38.68), landed=True),
    ]
    found = now(Belief(1180), chain, sales, 1179)
    assert found == Explanation(Belief(1179), frozenset({13}), None, certain=True)


def test_none_is_told_where_every_history_was_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_HISTORIES", 0)
    chain = [reading(10), write(10, 7, 20.2)]
    assert explain(Belief(5), chain, [sale(1, 2, 20)], 7, Window(at(60), at(61)), ON_TIME) is None


@pytest.mark.parametrize(
    ("soonest", "times", "least", "most"),
    [
        (None, 0, -2.0, 2.0),
        (0.3, 100, -0.3, 0.3),
        (0.3, 1, -2.0, 0.3),
        (-1.2, 200, -1.75, -1.2),
        (30.0, 5, -0.5, 2.0),
        (1.9, 200, 0.0, 1.9),  # slow to hear, or its clock is behind
    ],
)
def test_a_shops_clock_is_measured_by_how_soon_we_hear_of_its_orders(
    soonest: float | None, times: int, least: float, most: float
) -> None:
    measured = Clock.measured(None if soonest is None else timedelta(seconds=soonest), times)
    assert (measured.least.total_seconds(), measured.most.total_seconds()) == pytest.approx((least, most))
    assert -SKEW <= measured.least <= measured.most <= SKEW


def test_a_measured_clock_moves_the_dates() -> None:
    """By the shop's clock, 1.5 s ahead, the sale was after the write; by ours before it."""
    chain = [reading(10), write(10, 7, 20.2)]
    ahead = Clock(timedelta(seconds=-1.6), timedelta(seconds=-1.4))
    window = Window(at(60), at(60.2))
    found = explain(Belief(5), chain, [sale(1, 2, 21)], 7, window, ahead)
    assert found is not None
    assert (found.overwritten, found.certain) == ({1}, True)


def test_sales_are_placed_in_the_order_of_their_dates() -> None:
    """An unanswered write, and two more in the shop than expected: it did not land, and somebody typed a
    number. That it landed late and overwrote 2 + 5 would need a sale of a later second before an earlier."""
    sales = [sale(1, 2, 21), sale(2, 3, 21), sale(3, 5, 23), sale(4, 11, 24)]
    lost = write(50, 45, 20.2, landed=None, ends=35.3)
    found = now(Belief(29), [reading(50), lost], sales, 31)
    assert found.landed is False
    assert found.belief == Belief(29, 2)
