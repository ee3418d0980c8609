"""Publishing, backing off, and money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import backoff
from app.domain.account import Belief
from app.domain.money import exponent, from_minor, to_minor
from app.domain.publish import Decision, Publishing, decide, hold, target

# -------------------------------------------------------------------------------------------- publishing

numbers = st.integers(-1000, 1000)
few = st.integers(0, 50)
rules = st.builds(Publishing, st.integers(1, 100), few, st.none() | few)


@pytest.mark.parametrize(
    ("available", "given_rules", "factor", "shown"),
    [
        (10, Publishing(), 1, 10),
        (-3, Publishing(), 1, 0),
        (10, Publishing(share_percent=50), 1, 5),
        (7, Publishing(share_percent=50), 1, 3),
        (10, Publishing(buffer=4), 1, 6),
        (3, Publishing(buffer=4), 1, 0),
        (10, Publishing(cap=5), 1, 5),
        (0, Publishing(cap=5, fixed_quantity=9), 1, 9),
        (11, Publishing(), 3, 3),
        (2, Publishing(), 3, 0),
    ],
)
def test_what_a_channel_shows(available: int, given_rules: Publishing, factor: int, shown: int) -> None:
    assert target(available, holds=0, factor=factor, rules=given_rules) == shown


@given(numbers, few, st.integers(1, 9), rules)
def test_never_more_than_there_is_and_never_less_than_nothing(
    available: int, holds: int, factor: int, given_rules: Publishing
) -> None:
    shown = target(available, holds=holds, factor=factor, rules=given_rules)
    assert shown >= 0
    assert shown * factor <= max(available - holds, 0)
    assert given_rules.cap is None or shown <= given_rules.cap


@given(numbers, few, st.integers(1, 9), rules)
def test_more_stock_never_shows_less_and_holds_never_show_more(
    available: int, holds: int, factor: int, given_rules: Publishing
) -> None:
    shown = target(available, holds=holds, factor=factor, rules=given_rules)
    assert target(available + 1, holds=holds, factor=factor, rules=given_rules) >= shown
    assert target(available, holds=holds + 1, factor=factor, rules=given_rules) <= shown


@given(numbers)
def test_a_fall_is_a_hold_and_a_rise_is_none(drift: int) -> None:
    assert hold(drift) == (-drift if drift < 0 else 0)


decisions = st.tuples(st.builds(Belief, numbers, numbers), st.integers(0, 1000), st.booleans(), st.booleans())


@given(decisions, st.booleans())
def test_a_raise_is_never_written_in_doubt(case: tuple[Belief, int, bool, bool], deltas: bool) -> None:
    belief, wanted, in_doubt, stale = case
    verdict = decide(belief, wanted, in_doubt=in_doubt, stale=stale, deltas=deltas)
    if wanted > belief.expected and (in_doubt or stale):
        assert verdict in (Decision.WAIT, Decision.RIGHT)
    if wanted > belief.expected:
        assert verdict is not Decision.DELTA


@given(decisions)
def test_what_lowers_goes_at_once_where_it_can(case: tuple[Belief, int, bool, bool]) -> None:
    belief, wanted, in_doubt, stale = case
    verdict = decide(belief, wanted, in_doubt=in_doubt, stale=stale, deltas=True)
    only_a_rise_is_above = belief.drift > 0 and belief.account <= wanted
    if 0 <= wanted < belief.expected and not only_a_rise_is_above:
        assert verdict is (Decision.DELTA if stale else Decision.SET)


@given(decisions, st.booleans())
def test_what_is_right_is_left_alone(case: tuple[Belief, int, bool, bool], deltas: bool) -> None:
    belief, wanted, in_doubt, stale = case
    right = belief.expected == wanted or (wanted == 0 and belief.expected < 0)
    verdict = decide(belief, wanted, in_doubt=in_doubt, stale=stale, deltas=deltas)
    assert (verdict is Decision.RIGHT) == right


def test_without_deltas_a_stale_expectation_is_read_first() -> None:
    assert decide(Belief(10), 5, in_doubt=False, stale=True, deltas=False) is Decision.WAIT


def test_a_rise_that_waits_to_be_booked_is_not_written_down() -> None:
    assert decide(Belief(10, 5), 10, in_doubt=True, stale=False, deltas=True) is Decision.WAIT
    assert decide(Belief(10, 5), 9, in_doubt=True, stale=False, deltas=True) is Decision.SET


@given(decisions, st.booleans())
def test_what_waits_for_a_person_is_only_ever_lowered(
    case: tuple[Belief, int, bool, bool], deltas: bool
) -> None:
    belief, wanted, in_doubt, stale = case
    verdict = decide(belief, wanted, in_doubt=in_doubt, stale=stale, deltas=deltas, in_review=True)
    if wanted >= belief.expected:
        assert verdict is Decision.RIGHT
    elif not stale and belief.expected > 0:
        assert verdict is Decision.SET


# ----------------------------------------------------------------------------------------------- backoff


@given(st.integers(1, 60), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 1000))
def test_a_wait_is_at_least_what_was_asked_and_half_of_its_step(
    attempt: int, jitter: float, asked: float | None
) -> None:
    wait = backoff.delay_seconds(attempt, jitter=jitter, at_least=asked)
    step = min(2.0 * 2.0 ** (attempt - 1), 300.0)
    assert wait >= step / 2
    assert wait >= (asked or 0)
    assert wait <= max(step, asked or 0)


def test_waits_grow_with_the_attempts() -> None:
    waits = [backoff.delay_seconds(attempt, jitter=0) for attempt in range(1, 6)]
    assert waits == sorted(set(waits))


# ------------------------------------------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.30", "EUR", 1230),
        ("0.1", "EUR", 10),
        (12, "EUR", 1200),
        ("1.005", "EUR", 101),
        ("-1.005", "EUR", -101),
        ("1234", "JPY", 1234),
        ("1234.5", "JPY", 1235),
        ("1.234", "KWD", 1234),
        ("1.23", "eur", 123),
        ("", "EUR", None),
        ("abc", "EUR", None),
        ("NaN", "EUR", None),
        ("Infinity", "EUR", None),
        (None, "EUR", None),
        ("1e400", "EUR", None),
    ],
)
def test_amounts_in_the_smallest_unit(amount: str | int, currency: str, minor: int | None) -> None:
    if minor is None:
        with pytest.raises(ValueError, match=r"not an amount|NaN"):
            to_minor(amount, currency)
    else:
        assert to_minor(amount, currency) == minor


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD", "XXX"]))
def test_money_survives_being_written_down(minor: int, currency: str) -> None:
    written = from_minor(minor, currency)
    assert to_minor(written, currency) == minor
    assert -Decimal(written).as_tuple().exponent == exponent(currency)  # type: ignore[operator]
