"""What became of sales near absolute writes: the most likely history of a number without compare-and-set.

Each write was preceded by a reading of the same number, so a cell's past is a chain of numbers with time
between them: shown, then written over, shown again. Between a write and the next number shown, what the
channel did is in the number; between a number shown and the write that followed, it was overwritten. Dates
have a grain of one second, and the channel's clock may be off, so each effect may belong to several of these
spans; yet few ways of placing all of them explain every number in the chain. What none explains, a merchant
changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from math import inf, log
from typing import NamedTuple, TypeVar

from app.domain.account import SKEW, Belief, Window

GRAIN = timedelta(seconds=1)
PUNCTUAL = 0.25
"""How likely it is that a date is right, whatever is known of the clock."""
OFF_CLOCK = 0.05
"""How likely it is that a date is off by more than the clock's measured difference, up to SKEW."""
EDIT_COST = 9.0
"""-log of how likely it is that a merchant changes a number by one in a span; n units cost log(n) more."""
PROMPTLY = timedelta(seconds=1.5)
"""How soon after it was sent a write lands ..."""
LATE_COST = 2.0
"""... if it does not land late, of which this is -log of how likely it is."""
CERTAIN = 3.0
"""How much more likely, as a logarithm, one belief has to be than any other."""
CLOSE = 1.0
"""Edits that are so much less likely than the likeliest are as good."""
MOST_HISTORIES = 500
"""Histories followed at a time, the most likely ones, ..."""
UNLIKELY = 16.0
"""... of those that are not so much less likely than the best, as a logarithm, that it cannot matter."""
FEW = 8
"""Of so many effects that may well be in a span every subset is tried; of more only those that follow each
other."""
HARDLY = 3.0
"""What it costs at least that an effect was where it hardly can have been."""
DISORDER = 7.0
"""What it costs for each second that of two sales the one with the later date was first: a shop dates them by
one clock, as it takes them."""
SOONEST = timedelta(seconds=0.5)
"""How long after it happened we know of an order, if the shop tells at once."""
SLOWNESS = timedelta(seconds=10)
"""How much longer the soonest of n orders may have taken, n times over."""
EARLIEST, LATEST = -inf, inf
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Happened:
    """What the channel did to its number, dated `at` by its clock; we knew of it at `known_at` by ours.

    `overwritten`: what was believed of it so far. `settled`: that is what an earlier reading told.
    """

    id: int
    delta: int
    at: datetime
    known_at: datetime
    overwritten: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class BlindWrite:
    """An absolute write. The number `shown` was asked for at `asked_at` and known at `sent_at`; after
    `ended_at` the write could not land any more. `landed` is None where nobody knows whether it did."""

    shown: int
    wanted: int
    asked_at: datetime
    sent_at: datetime
    ended_at: datetime
    landed: bool | None

    @classmethod
    def reading(cls, shown: int, asked_at: datetime, answered_at: datetime) -> BlindWrite:
        """A number that was only read: like a write that did not land."""
        return cls(shown, shown, asked_at, answered_at, answered_at, landed=False)

    @property
    def times(self) -> tuple[float, float, float]:
        """When it was asked, sent and ended."""
        return self.asked_at.timestamp(), self.sent_at.timestamp(), self.ended_at.timestamp()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The belief after the most likely history. `overwritten`: the effects that are not in the number, by id;
    `landed`: of the write whose outcome nobody knew. Unless it is `certain`, others are not much less likely;
    then it is one without new drift, or else of those as good that with the fewest units added."""

    belief: Belief
    overwritten: frozenset[int]
    landed: bool | None
    certain: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """By how much, from `least` to `most`, moments by our clock are later than their dates by the shop's."""

    least: timedelta = -SKEW
    most: timedelta = SKEW

    @classmethod
    def measured(cls, soonest: timedelta | None, times: int) -> Clock:
        """From how soon after its date we knew of an order, at best of so many `times`: it had happened by
        then, and of many one was heard of at once, unless we are slow."""
        if soonest is None:
            return cls()
        most = min(max(soonest, -SKEW), SKEW)
        least = max(most - SOONEST - SLOWNESS / times, -SKEW)
        return cls(min(least, timedelta(0)), most)


def explain(
    belief: Belief,
    writes: Sequence[BlindWrite],
    effects: Sequence[Happened],
    quantity: int,
    window: Window,
    clock: Clock,
) -> Explanation | None:
    """The history that leads to `quantity`, read within `window`, and what it makes of the `belief` so far.
    None if no order of things leads there.

    `writes`: at least one, in order of time; only the last one's outcome may be unknown. `effects`: all from
    shortly before the first write on. Those before the number that it showed stay what they were.
    """
    spots = [_Spot.of(effect, clock) for effect in sorted(effects, key=lambda e: (e.at, e.id))]
    search = _Search(spots, _pinned(spots, writes))
    for write in writes:
        asked, sent, _ = write.times
        search.shown(write.shown, until=sent, sure=asked)
        search.written(write)
    asked, answered = window.start.timestamp(), window.end.timestamp()
    search.shown(quantity, until=answered, sure=asked)
    ends = sorted(search.ends(asked), key=lambda end: end.cost)
    written = writes[-1].wanted - writes[-1].shown
    found = [
        (end.belief(belief, effects, quantity, written), end)
        for end in ends
        if end.cost < ends[0].cost + CERTAIN
    ]
    if not found:
        return None
    certain = len({after for after, _ in found}) == 1
    no_news = [one for one in found if one[0].drift == belief.drift]
    close = [one for one in found if one[1].cost < ends[0].cost + CLOSE]
    after, end = no_news[0] if no_news else min(close, key=lambda one: one[0].drift)
    return Explanation(after, end.overwritten, end.landed, certain)


def _pinned(spots: Sequence[_Spot], writes: Sequence[BlindWrite]) -> int:
    """Effects, as bits, that stay what an earlier reading told of them: before the first number shown nobody
    knows what was, and what became of an unanswered write was told together with what it overwrote."""
    found = 0
    for write in writes:
        asked, sent, ended = write.times
        if write is writes[0] or (write.landed is not None and ended - sent > PROMPTLY.total_seconds()):
            for index, spot in enumerate(spots):
                if spot.effect.settled and spot.cost(asked, ended) is not None:
                    found |= 1 << index
    return found


class _Stand(NamedTuple):
    """Where a history stands: the number and since when, the effects not placed yet (as bits), the units
    overwritten, whether the write of unknown outcome landed."""

    number: int | None
    since: float
    left: int
    lost: int
    landed: bool | None


class _Way(NamedTuple):
    """How it got there: its cost, -log of its likelihood, and which effects were overwritten (as bits)."""

    cost: float
    overwritten: int


@dataclass(frozen=True, slots=True)
class _End:
    """`later`: what happened after the reading, in sum."""

    cost: float
    overwritten: frozenset[int]
    later: int
    landed: bool | None

    def belief(self, before: Belief, effects: Sequence[Happened], quantity: int, written: int) -> Belief:
        account = before.account + (written if self.landed else 0)
        for effect in effects:
            account += effect.delta * (effect.overwritten - (effect.id in self.overwritten))
        return Belief(account, quantity + self.later - account)


@dataclass(frozen=True, slots=True)
class _Spot:
    """When an effect may have happened: surely from `first` to `last`, likely from `start` to `end`, and if
    its date is right from `dated` to `dated_end`."""

    effect: Happened
    dated: float
    dated_end: float
    start: float
    end: float
    first: float
    last: float

    @classmethod
    def of(cls, effect: Happened, clock: Clock) -> _Spot:
        known = effect.known_at.timestamp()
        start = (effect.at + clock.least).timestamp()
        end = min((effect.at + GRAIN + clock.most).timestamp(), known)
        last = min((effect.at + GRAIN + SKEW).timestamp(), known)
        first = min((effect.at - SKEW).timestamp(), last - GRAIN.total_seconds())
        dated = effect.at.timestamp()
        return cls(effect, dated, min(dated + GRAIN.total_seconds(), known), start, end, first, last)

    def cost(self, begin: float, end: float) -> float | None:
        """-log of how likely it happened between the two; None if it cannot have."""
        likely = PUNCTUAL * _share(self.dated, self.dated_end, begin, end)
        likely += (1 - PUNCTUAL - OFF_CLOCK) * _share(self.start, self.end, begin, end)
        likely += OFF_CLOCK * _share(self.first, self.last, begin, end)
        return -log(likely) if likely > 0 else None


_Priced = tuple[int, float]
"""Effects, as bits, and what it costs that they were in a span."""


def _share(start: float, end: float, begin: float, until: float) -> float:
    """How much of start..end lies within begin..until."""
    return max(min(end, until) - max(start, begin), 0.0) / (end - start) if end > start else 0.0


class _Search:
    """The likeliest histories so far, one for each stand."""

    def __init__(self, spots: Sequence[_Spot], pinned: int) -> None:
        self._spots = spots
        everything = (1 << len(spots)) - 1
        self._ways = {_Stand(None, EARLIEST, everything, 0, None): _Way(0.0, 0)}
        self._overwritten = sum(1 << i for i, spot in enumerate(spots) if spot.effect.overwritten)
        self._in_the_number = pinned & ~self._overwritten
        self._not_in_it = pinned & self._overwritten
        self._sales = sum(1 << i for i, spot in enumerate(spots) if spot.effect.delta < 0)
        self._sums: dict[int, int] = {}
        self._found: dict[tuple[int, float, float, float], Sequence[_Priced]] = {}

    def shown(self, number: int, *, until: float, sure: float) -> None:
        """The number was seen between the two. What can only have happened before `sure` is in it."""
        ways: dict[_Stand, _Way] = {}
        for stand, way in self._ways.items():
            free = stand.left if stand.number is None else stand.left & ~self._not_in_it
            for taken, cost in self._subsets(free, stand.since, until, sure):
                lost = 0
                if stand.number is None:
                    lost = taken & self._overwritten
                else:
                    cost += _edit_cost(number - stand.number - self._sum(taken))
                left, units = stand.left & ~taken, stand.lost + self._sum(lost)
                after = _Stand(number, stand.since, left, units, stand.landed)
                _keep(ways, after, _Way(way.cost + cost, way.overwritten | lost))
        self._ways = _likely(ways)

    def written(self, write: BlindWrite) -> None:
        """The number was written over, or not."""
        asked, sent, ended = write.times
        ways: dict[_Stand, _Way] = {}
        for stand, way in self._ways.items():
            if not write.landed:
                verdict = False if write.landed is None else stand.landed
                _keep(ways, _Stand(write.shown, asked, stand.left, stand.lost, verdict), way)
            if write.landed is False:
                continue
            verdict = True if write.landed is None else stand.landed
            for begin, end, late in _landings(sent, ended):
                for taken, cost in self._subsets(stand.left & ~self._in_the_number, asked, end, begin):
                    left, units = stand.left & ~taken, stand.lost + self._sum(taken)
                    after = _Stand(write.wanted, begin, left, units, verdict)
                    _keep(ways, after, _Way(way.cost + cost + late, way.overwritten | taken))
        self._ways = _likely(ways)

    def ends(self, read_at: float) -> Iterator[_End]:
        """The likeliest way to each outcome. What is left happened after the reading."""
        ways: dict[tuple[int, int, bool | None], _Way] = {}
        for stand, way in self._ways.items():
            costs = [s.cost(read_at, LATEST) for i, s in enumerate(self._spots) if stand.left >> i & 1]
            if None not in costs:
                total = way.cost + sum(cost for cost in costs if cost is not None)
                outcome = (stand.lost, self._sum(stand.left), stand.landed)
                _keep(ways, outcome, _Way(total, way.overwritten))
        for (_, later, landed), way in ways.items():
            ids = (s.effect.id for i, s in enumerate(self._spots) if way.overwritten >> i & 1)
            yield _End(way.cost, frozenset(ids), later, landed)

    def _subsets(self, left: int, begin: float, end: float, sure: float) -> Sequence[_Priced]:
        """What of the effects `left` may have happened between the two, and the cost of each choice."""
        span = (left, begin, end, sure)
        if span not in self._found:
            self._found[span] = list(self._find_subsets(*span))
        return self._found[span]

    def _find_subsets(self, left: int, begin: float, end: float, sure: float) -> Iterator[_Priced]:
        taken, spent = 0, 0.0
        sure_ones: list[_Priced] = []
        open_: list[_Priced] = []
        hardly: list[_Priced] = []
        for index, spot in enumerate(self._spots):
            if not left >> index & 1:
                continue
            cost = spot.cost(begin, end)
            if spot.last < sure:
                if cost is None:
                    return  # it should have been placed before
                taken, spent = taken | 1 << index, spent + cost
            elif cost is not None and cost > HARDLY:
                hardly.append((1 << index, cost))
            elif cost is not None:
                elsewhere = spot.cost(sure, LATEST)
                kind = sure_ones if elsewhere is None or elsewhere > HARDLY else open_
                kind.append((1 << index, cost))
        for some in _choices(sure_ones, open_, hardly):
            bits, cost = taken, spent
            for bit, more in some:
                bits, cost = bits | bit, cost + more
            yield bits, cost + self._disorder(bits, left)

    def _disorder(self, taken: int, left: int) -> float:
        """What it costs that these of the effects `left` were before the others."""
        latest = (taken & self._sales).bit_length() - 1
        others = left & ~taken & self._sales
        earliest = (others & -others).bit_length() - 1
        if min(latest, earliest) < 0:
            return 0.0
        return DISORDER * max(self._spots[latest].dated - self._spots[earliest].dated, 0.0)

    def _sum(self, taken: int) -> int:
        if taken not in self._sums:
            self._sums[taken] = sum(s.effect.delta for i, s in enumerate(self._spots) if taken >> i & 1)
        return self._sums[taken]


def _keep(ways: dict[Key, _Way], key: Key, way: _Way) -> None:
    if key not in ways or way.cost < ways[key].cost:
        ways[key] = way


def _likely(ways: dict[_Stand, _Way]) -> dict[_Stand, _Way]:
    if not ways:
        return ways
    most = min(way.cost for way in ways.values()) + UNLIKELY
    kept = [one for one in ways.items() if one[1].cost <= most]
    if len(kept) > MOST_HISTORIES:
        kept = sorted(kept, key=lambda one: one[1].cost)[:MOST_HISTORIES]
    return dict(kept)


def _landings(sent: float, ended: float) -> Iterator[tuple[float, float, float]]:
    """Spans in which a write may have landed, each with its cost."""
    begin, cost = sent, 0.0
    while begin < ended or begin == sent:
        yield begin, min(begin + PROMPTLY.total_seconds(), ended), cost
        begin, cost = begin + PROMPTLY.total_seconds(), LATE_COST


def _edit_cost(units: int) -> float:
    return EDIT_COST + log(abs(units)) if units else 0.0


def _choices(
    sure: Sequence[_Priced], open_: Sequence[_Priced], hardly: Sequence[_Priced]
) -> Iterator[tuple[_Priced, ...]]:
    """The subsets worth a thought: at most one that is hardly in it is, at most one that can hardly be later
    is not."""
    but_one = [tuple(sure), *((*sure[:i], *sure[i + 1 :]) for i in range(len(sure)))]
    at_most_one: list[tuple[_Priced, ...]] = [(), *((one,) for one in hardly)]
    for some in _subsets_of(tuple(open_)):
        for most in but_one:
            for one in at_most_one:
                yield (*most, *some, *one)


def _subsets_of(open_: tuple[_Priced, ...]) -> Iterator[tuple[_Priced, ...]]:
    if len(open_) <= FEW:
        for size in range(len(open_) + 1):
            yield from combinations(open_, size)
        return
    for start in range(len(open_)):
        for stop in range(start + 1, len(open_) + 1):
            yield open_[start:stop]
    yield ()
