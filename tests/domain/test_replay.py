"""A period once more under other rules: what would not have been sold, and what not oversold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.publish import Publishing
from app.domain.replay import Change, Channel, Replay

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PLAIN = Publishing()
A, B = Channel(1, PLAIN), Channel(2, PLAIN)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def under(rules: Publishing, changes: Iterable[Change]) -> list[Change]:
    """The same changes, with every channel under `rules`."""
    return [replace(c, channel=c.channel and replace(c.channel, rules=rules)) for c in changes]


def replayed(
    opening: int, changes: Iterable[Change], *, rules: Publishing = PLAIN, latency: timedelta = SECOND
) -> Replay:
    replay = Replay(opening, latency=latency)
    for change in under(rules, changes):
        replay.take(change)
    return replay


def told(replay: Replay) -> dict[str, int]:
    return {
        "oversold": replay.recorded.oversold,
        "avoided": replay.avoided,
        "lost": replay.lost,
        "refused": replay.refused,
        "left": replay.simulated.available,
    }


RACE = [Change(at(0), -1, line=1, channel=A), Change(at(0.5), -1, line=2, channel=B)]
"""Two shops sell the same last unit within a second."""


# ---------------------------------------------------------------------------------------------- examples


def test_the_race_for_the_last_unit_is_oversold_as_it_was() -> None:
    assert told(replayed(1, RACE)) == {"oversold": 1, "avoided": 0, "lost": 0, "refused": 0, "left": -1}


def test_a_buffer_of_two_avoids_the_oversell_and_loses_the_sale_that_was_good() -> None:
    replay = replayed(1, RACE, rules=Publishing(buffer=2))
    assert told(replay) == {"oversold": 1, "avoided": 1, "lost": 1, "refused": 2, "left": 1}


def test_a_shorter_latency_avoids_the_oversell_and_loses_nothing() -> None:
    replay = replayed(1, RACE, latency=SECOND / 2)
    assert told(replay) == {"oversold": 1, "avoided": 1, "lost": 0, "refused": 1, "left": 0}


def test_a_longer_latency_than_there_was_oversells_no_more_than_there_was() -> None:
    apart = [Change(at(0), -1, line=1, channel=A), Change(at(30), -1, line=2, channel=B)]
    assert replayed(1, apart, latency=60 * SECOND).avoided == 0
    assert replayed(1, apart, latency=30 * SECOND).avoided == 1


def test_a_channel_knows_of_its_own_sale_at_once() -> None:
    twice = [Change(at(0), -1, line=1, channel=A), Change(at(0), -1, line=2, channel=A)]
    assert replayed(1, twice, latency=60 * SECOND).avoided == 1


def test_as_many_as_are_shown_are_sold_of_a_sale_that_wants_more() -> None:
    replay = replayed(5, [Change(at(0), -4, line=1, channel=A)], rules=Publishing(buffer=2))
    assert told(replay) == {"oversold": 0, "avoided": 0, "lost": 1, "refused": 1, "left": 2}


def test_a_sale_that_did_not_happen_takes_its_cancellation_with_it() -> None:
    changes = [
        Change(at(0), -4, line=1, channel=A),
        Change(at(10), 3, line=1, channel=A),  # 3 of 4 are cancelled; 2 of them never were sold
    ]
    replay = replayed(4, changes, rules=Publishing(buffer=2))
    assert (replay.recorded.available, replay.simulated.available) == (3, 3)
    assert (replay.simulated.sold, replay.simulated.came_in) == (2, 1)


def test_what_an_order_from_before_the_period_gives_back_comes_in() -> None:
    replay = replayed(0, [Change(at(0), 2, line=9, channel=A)], rules=Publishing(buffer=2))
    assert replay.simulated.available == 2


def test_units_that_a_delivery_brought_are_shown_after_the_latency() -> None:
    changes = [Change(at(0), 5), Change(at(0.5), -1, line=1, channel=A), Change(at(2), -1, line=2, channel=A)]
    replay = replayed(0, changes)
    assert (replay.refused, replay.lost, replay.simulated.sold) == (1, 1, 1)


def test_what_counting_began_with_is_what_the_channels_showed() -> None:
    changes = [Change(at(0), 5, opens=True), Change(at(0), -5, line=1, channel=A)]
    assert replayed(0, changes).refused == 0


@pytest.mark.parametrize(
    ("rules", "sold"),
    [(Publishing(share_percent=50), 5), (Publishing(cap=3), 3), (Publishing(buffer=1, cap=20), 9)],
)
def test_a_share_and_a_cap_refuse_too(rules: Publishing, sold: int) -> None:
    assert replayed(10, [Change(at(0), -10, line=1, channel=A)], rules=rules).simulated.sold == sold


def test_a_pack_is_sold_whole_or_not_at_all() -> None:
    packs = Channel(1, PLAIN, factor=6)
    replay = replayed(11, [Change(at(0), -12, line=1, channel=packs)])
    assert (replay.simulated.sold, replay.simulated.available) == (6, 5)


def test_safety_stock_is_taken_off_before_the_share() -> None:
    careful = Channel(1, PLAIN, safety_stock=4)
    half = Publishing(share_percent=50)
    assert replayed(10, [Change(at(0), -9, line=1, channel=careful)], rules=half).simulated.sold == 3


def test_a_sale_of_no_known_channel_happens_as_it_did() -> None:
    assert replayed(0, [Change(at(0), -1, line=1)], rules=Publishing(buffer=5)).refused == 0


def test_changes_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="order of time"):
        replayed(1, [Change(at(1), 1), Change(at(0), 1)])


def test_a_buffer_may_oversell_more_than_a_smaller_one_once_a_delivery_came() -> None:
    """What a smaller buffer has oversold, the delivery pays; with a larger one it is for sale again."""
    channels = [Channel(n, PLAIN) for n in range(4)]
    first = [Change(at(0), -8, line=n, channel=c) for n, c in enumerate(channels)]
    again = [Change(at(20), -8, line=10 + n, channel=c) for n, c in enumerate(channels)]
    changes = [*first, Change(at(10), 20), *again]
    small, large = (replayed(5, changes, rules=Publishing(buffer=b)).simulated.oversold for b in (0, 1))
    assert (small, large) == (30, 34)


# ----------------------------------------------------------------------------------- the users' page

PAGE = (Path(__file__).parents[2] / "docs" / "users" / "replay.md").read_text()
SALES = re.findall(r"\| (\w+) ([\d:.]+) \| (Web|Market) sells (\d+) \| (-?\d+) \|", PAGE)
ASKED = re.findall(r"\| (nothing but the period|`--(\w+) ([\d.]+)`) \| (\d+) \| (\d+) \| (\d+) \|", PAGE)
OPTIONS = {"buffer": "buffer", "share": "share_percent", "cap": "cap"}


def sales_of_the_page() -> list[Change]:
    shops = {"Web": A, "Market": B}
    return [
        Change(
            datetime.strptime(f"{when} +0000", "%H:%M:%S.%f %z") + timedelta(days=day == "Tue"),
            -int(units),
            line=number,
            channel=shops[shop],
        )
        for number, (day, when, shop, units, _available) in enumerate(SALES)
    ]


def test_the_example_of_the_page_adds_up() -> None:
    assert (len(SALES), len(ASKED)) == (5, 6)
    replay = Replay(4)
    for change, (*_what, available) in zip(sales_of_the_page(), SALES, strict=True):
        replay.take(change)
        assert replay.recorded.available == int(available)


@pytest.mark.parametrize(("option", "value", "figures"), [(row[1], row[2], row[3:]) for row in ASKED])
def test_the_page_tells_what_is_so(option: str, value: str, figures: tuple[str, ...]) -> None:
    latency = timedelta(seconds=float(value)) if option == "latency" else SECOND
    rules = Publishing(**{OPTIONS[option]: int(value)}) if option in OPTIONS else PLAIN
    replay = replayed(4, sales_of_the_page(), rules=rules, latency=latency)
    assert tuple(map(str, (replay.recorded.oversold, replay.avoided, replay.lost))) == figures


# -------------------------------------------------------------------------------------------- properties

few = st.integers(0, 8)
all_rules = st.builds(Publishing, st.integers(1, 100), few, st.none() | few)
latencies = st.integers(0, 5).map(lambda seconds: timedelta(seconds=seconds))
openings = st.integers(-5, 20)
channels = st.sampled_from([A, B, Channel(3, PLAIN), Channel(4, PLAIN, factor=2)])
sales = st.builds(
    lambda when, units, line, channel: Change(at(when), -units * channel.factor, line, channel),
    st.integers(0, 30),
    st.integers(1, 6),
    st.integers(1, 12),
    channels,
)
given_back = st.builds(
    lambda when, units, line, channel: Change(at(when), units, line, channel),
    st.integers(0, 30),
    st.integers(1, 6),
    st.integers(1, 12),
    channels,
)
other = st.builds(
    lambda when, units, channel: Change(at(when), units, None, channel),
    st.integers(0, 30),
    st.integers(-6, 10).filter(bool),
    st.none() | channels,
)
began = st.builds(
    lambda when, units: Change(at(when), units, opens=True), st.integers(0, 30), st.integers(-6, 10)
)


def in_time(changes: Sequence[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: change.at)


periods = st.lists(sales | given_back | other | began, max_size=30).map(in_time)
only_single = st.lists(
    (sales | given_back | other | began).filter(lambda c: c.channel is None or c.channel.factor == 1),
    max_size=30,
).map(in_time)
only_sales = st.lists(sales, max_size=30).map(in_time)


@given(openings, periods, all_rules, latencies)
def test_every_unit_is_accounted_for(
    opening: int, changes: list[Change], rules: Publishing, latency: timedelta
) -> None:
    replay = replayed(opening, changes, rules=rules, latency=latency)
    for course in (replay.recorded, replay.simulated):
        assert opening + course.came_in - course.sold == course.available
    assert replay.recorded.available == opening + sum(change.units for change in changes)
    assert replay.recorded.sold == -sum(c.units for c in changes if c.line is not None and c.units < 0)


@given(openings, periods, all_rules, latencies)
def test_no_rules_make_anything_worse_and_no_unit_is_both_lost_and_avoided(
    opening: int, changes: list[Change], rules: Publishing, latency: timedelta
) -> None:
    replay = replayed(opening, changes, rules=rules, latency=latency)
    assert 0 <= replay.avoided <= replay.recorded.oversold
    assert 0 <= replay.lost <= replay.refused <= replay.lost + replay.avoided
    assert replay.simulated.available >= replay.recorded.available


@given(openings, only_single)
def test_as_published_and_at_once_nothing_is_lost_and_nothing_oversold(
    opening: int, changes: list[Change]
) -> None:
    replay = replayed(opening, changes, latency=timedelta(0))
    assert replay.lost == 0
    assert replay.simulated.oversold == 0


@given(openings, only_sales, few, few, latencies)
def test_while_nothing_comes_in_more_buffer_never_oversells_more(
    opening: int, changes: list[Change], buffer: int, more: int, latency: timedelta
) -> None:
    small, large = (
        replayed(opening, changes, rules=Publishing(buffer=b), latency=latency).simulated.oversold
        for b in (buffer, buffer + more)
    )
    assert large <= small


@given(openings, periods, st.randoms(use_true_random=False), all_rules, latencies)
def test_what_happens_to_other_skus_at_the_same_time_changes_nothing(
    opening: int, changes: list[Change], random: object, rules: Publishing, latency: timedelta
) -> None:
    """Two SKUs with the same stream, merged in any order of what happens at the same moment."""
    stream = [(change, sku) for change in under(rules, changes) for sku in (0, 1)]
    moments = {change.at for change, _ in stream}
    first = {moment: random.randrange(2) for moment in moments}  # type: ignore[attr-defined]
    stream.sort(key=lambda one: (one[0].at, one[1] == first[one[0].at]))
    skus = [Replay(opening, latency=latency) for _ in range(2)]
    for change, sku in stream:
        skus[sku].take(change)
    alone = replayed(opening, changes, rules=rules, latency=latency)
    assert [told(sku) for sku in skus] == [told(alone)] * 2


@given(openings, periods, all_rules)
def test_what_is_remembered_does_not_grow_with_the_period(
    opening: int, changes: list[Change], rules: Publishing
) -> None:
    replay = replayed(opening, changes, rules=rules, latency=SECOND)
    replay.take(Change(at(100), 1))
    assert len(replay._recent) == 1
    assert not replay._own
