"""What a channel's number must be: the account, readings of it, and drift.

A cell's *account* is what the number would be if all we know were all there is. *Drift* is the last
accepted reading minus the account: a state, never an event. The *expected* number is their sum; a
reading equal to it is no news, which is where echoes of our own writes die.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SKEW = timedelta(seconds=2)
"""How far a platform's clock, with its one-second grain, may be from ours."""
MOST_DOUBTFUL = 20
"""After so many doubtful readings in a row the dates decide: a cell that sells every second must not be read
for ever."""
MOST_UNEXPLAINED = 4
"""The same where nothing happened around the reading, or its history may be one of several: late orders had
their time to come."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What we believe of one cell, in the channel's units."""

    account: int
    drift: int = 0

    @property
    def expected(self) -> int:
        return self.account + self.drift


@dataclass(frozen=True, slots=True)
class Effect:
    """A change that the channel made to its own number, `at` the platform's time."""

    delta: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """From the moment something was requested until its answer was known, by our clock."""

    start: datetime
    end: datetime

    def certainly_before(self, at: datetime) -> bool:
        return at < self.start - SKEW

    def certainly_after(self, at: datetime) -> bool:
        return at > self.end + SKEW

    def touches(self, at: datetime) -> bool:
        return not (self.certainly_before(at) or self.certainly_after(at))


@dataclass(frozen=True, slots=True)
class Learned:
    """A belief after an effect was learned; `in_doubt` asks for a new reading."""

    belief: Belief
    in_doubt: bool = False


def learn_effect(
    belief: Belief,
    effect: Effect,
    *,
    known_at: datetime,
    read_at: datetime | None,
    overwritable: bool = False,
) -> Learned:
    """Move the account by what the channel did, whenever it did it.

    A recorded reading requested at `read_at` holds every effect that happened before it, as its date or
    `known_at`, by when the platform had told us of it, show: such an effect was part of the drift and is
    taken out of it. `overwritable`: an absolute write without compare-and-set ran within the skew of it
    and may have overwritten it; the next reading tells.
    """
    not_included = Belief(belief.account + effect.delta, belief.drift)
    if overwritable:
        return Learned(not_included, in_doubt=True)
    if read_at is None or (known_at >= read_at and effect.at > read_at + SKEW):
        return Learned(not_included)
    included = Belief(not_included.account, belief.drift - effect.delta)
    if known_at < read_at or effect.at < read_at - SKEW:
        return Learned(included)
    return Learned(min(not_included, included, key=lambda b: abs(b.drift)), in_doubt=True)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Too much happened around the reading to tell; read again."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The belief after a reading. `unknown_applied` tells what became of an unknown write."""

    belief: Belief
    unknown_applied: bool | None = None


def accept_reading(
    belief: Belief,
    quantity: int,
    window: Window,
    *,
    learned_since: Sequence[Effect] = (),
    in_baseline: Sequence[Effect] = (),
    unknown_difference: int | None = None,
    doubts: int = 0,
) -> Accepted | Doubtful:
    """Compare a reading, requested and answered within `window`, with what we believe.

    `learned_since`: effects learned after the request, already in the account; those dated after the
    reading are taken off it, those in doubt may or may not be in it. `in_baseline`: effects that the number
    which the account began with may have held already, so that it counts them twice; that is believed of a
    reading without any other doubt only, since a merchant's edit and a few sales can add up to the same.
    `unknown_difference`: what an unanswered write would have changed. `doubts`: how many readings before this
    one were doubtful.

    An explanation that needs no new drift is taken; else the rest is drift. Effects in doubt forbid to
    say so, and to choose between several explanations: the next reading can tell, this one accepted
    would rule the right one out.
    """
    present = quantity + sum(e.delta for e in learned_since if window.certainly_after(e.at))
    in_doubt = [e for e in learned_since if window.touches(e.at)]
    writes = (False,) if unknown_difference is None else (False, True)

    fits: list[tuple[int, Accepted]] = []
    for applied in writes:
        written = (unknown_difference or 0) if applied else 0
        for twice in _sums(in_baseline):
            shift = written - twice
            if any(present + later == belief.expected + shift for later in _sums(in_doubt)):
                verdict = applied if unknown_difference is not None else None
                fits.append((twice, Accepted(Belief(belief.account + shift, belief.drift), verdict)))
    if in_doubt:
        undecided = doubts < MOST_DOUBTFUL and (len(fits) != 1 or fits[0][0] != 0)
    else:
        undecided = doubts < MOST_UNEXPLAINED and bool(in_baseline) and not fits
    if undecided:
        return Doubtful()
    if fits:
        return fits[0][1]
    present += sum(e.delta for e in in_doubt if e.at > window.end)
    candidates = []
    for applied in writes:
        account = belief.account + ((unknown_difference or 0) if applied else 0)
        verdict = applied if unknown_difference is not None else None
        candidates.append(Accepted(Belief(account, present - account), verdict))
    return min(candidates, key=lambda c: abs(c.belief.drift - belief.drift))


def _sums(effects: Iterable[Effect]) -> list[int]:
    """The sum of every subset, those nearest zero first."""
    sums = {0}
    for effect in effects:
        sums |= {s + effect.delta for s in sums}
    return sorted(sums, key=lambda s: (abs(s), s))
