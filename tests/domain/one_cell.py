"""One channel's number and what we believe of it, in a random history with a clock of its own.

The shop's side is the truth: buyers, a merchant's edits, writes that arrive or do not. Our side is
what `app.services` does with `app.domain`: orders learned late, readings between two looks at the
orders, attempts, holds, drift that is merged once it settled. One sale is one order of some units.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.domain.account import (
    MOST_UNEXPLAINED,
    SKEW,
    Accepted,
    Belief,
    Doubtful,
    Effect,
    Window,
    accept_reading,
    learn_effect,
)
from app.domain.history import BlindWrite, Clock, Happened, explain
from app.domain.publish import Decision, decide, target

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
SETTLE, DOUBT, LANDING, EXPLAIN = 5.0, 3.0, 30.0, 1.0
HINDSIGHT = 10.0
OPENING = 20


@dataclass
class Attempt:
    start: float
    sent: float
    deadline: float
    expected: int
    wanted: int
    decision: Decision
    closed: float | None = None
    outcome: str = "open"
    verdict: bool | None = None
    """What the shop decided on this call, under its key; None if it never arrived."""

    @property
    def difference(self) -> int:
        return self.wanted - self.expected

    @property
    def ended(self) -> float:
        return min(self.closed if self.closed is not None else self.deadline, self.deadline)

    def as_write(self) -> BlindWrite:
        landed = None if self.outcome in ("open", "unknown") else self.outcome == "applied"
        return BlindWrite(
            self.expected, self.wanted, moment(self.start), moment(self.sent), moment(self.ended), landed
        )

    def may_have_overwritten(self, at: datetime, known_at: float) -> bool:
        near = moment(self.start) - SKEW <= at <= moment(self.ended) + SKEW
        return near and known_at >= self.start and self.outcome in ("open", "unknown", "applied")


@dataclass
class Learned:
    effect: Effect
    learned_at: float
    overwritten: bool = False


def moment(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def reading(quantity: int, asked: float, answered: float) -> BlindWrite:
    return BlindWrite.reading(quantity, moment(asked), moment(answered))


@dataclass
class OneCell:
    """`number` is the truth; `available` is our ledger's; `belief` is ours of the number."""

    random: random.Random
    compare_and_set: bool
    edits: bool
    skew: float = 0.0
    """How far the platform's clock is ahead of ours, in seconds."""
    lags: Sequence[float] = (0.0, 0.0, 0.5)
    """How long the platform may take to show an order."""
    lossy: float = 0.3
    """How many of the writes get no answer; half of those never arrive."""
    now: float = 100.0
    number: int = OPENING
    available: int = OPENING
    belief: Belief = field(default_factory=lambda: Belief(OPENING))
    read_at: float = 0.0
    readings: list[BlindWrite] = field(default_factory=lambda: [reading(OPENING, 0.0, 0.0)])
    """The last recorded one, as a write that changes nothing."""
    check_due: float | None = None
    drift_seen: float = 0.0
    stale: bool = False
    checks: int = 0
    waiting_since: float | None = None
    """Since when it waits to be lowered although the shop shows another number than we believe."""
    calm: bool = False
    sold: int = 0
    edited: int = 0
    elsewhere: int = 0
    booked: int = 0
    unheard: list[tuple[int, datetime, float]] = field(default_factory=list)
    """(units, the platform's date, when the platform shows the order)"""
    effects: list[Learned] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)

    # ------------------------------------------------------------------------------------- the shop

    def buyer(self) -> None:
        units = min(self.random.randint(1, 3), self.number)
        if units > 0:
            self.number -= units
            self.sold += units
            date = moment(float(int(self.now + self.skew)))  # one-second grain
            self.unheard.append((units, date, self.now + self.random.choice(self.lags)))
            self.note(f"sale -{units}")

    def merchant(self) -> None:
        if self.edits:
            change = self.random.randint(-3, 5)
            change = max(change, -self.number)
            self.number += change
            self.edited += change
            self.note(f"edit {change:+d}")

    def other_shop(self) -> None:
        """Sales of the same units elsewhere, cancelled ones too: what makes us write."""
        change = self.random.choice([-2, -1, -1, 1, 2])
        if self.available + change >= 0:
            self.available += change
            self.elsewhere += change
            self.note(f"elsewhere {change:+d}")

    def wait(self, most: float) -> None:
        self.now += self.random.uniform(0.01, most)

    # --------------------------------------------------------------------------------------- orders

    def learn_some(self, *, all_of_them: bool = True) -> None:
        """A look at the orders, or a webhook that tells of one of them."""
        visible = [one for one in self.unheard if one[2] <= self.now]
        if visible and not all_of_them:
            visible = [self.random.choice(visible)]
        for one in visible:
            self.unheard.remove(one)
            self._learn(one[0], one[1])

    def _learn(self, units: int, at: datetime) -> None:
        effect = Effect(-units, at)
        before = self.belief.drift
        overwritable = not self.compare_and_set and any(
            a.may_have_overwritten(at, self.now) for a in self.attempts
        )
        verdict = learn_effect(
            self.belief,
            effect,
            known_at=moment(self.now),
            read_at=moment(self.read_at),
            overwritable=overwritable,
        )
        self.belief = verdict.belief
        self.available -= units
        self.effects.append(Learned(effect, self.now))
        if verdict.in_doubt:
            self._look_again(self.now + DOUBT)
        self._drifted(before)
        self.note(f"learn -{units} at {(at - EPOCH).total_seconds():.0f}")

    def _drifted(self, before: int) -> None:
        if self.belief.drift != before and self.belief.drift:
            self.drift_seen = self.now
            self._look_again(self.now + SETTLE)

    def _look_again(self, due: float) -> None:
        self.check_due = due if self.check_due is None else min(self.check_due, due)

    # ------------------------------------------------------------------------------------- readings

    def read(self) -> None:
        """Orders, the number, orders; the shop goes on living meanwhile."""
        self.learn_some()
        self.wait(0.05)
        requested = self.now
        self._life()
        quantity = self.number
        self._life()
        answered = self.now
        self.learn_some()
        self._record(quantity, requested, answered)

    def _life(self) -> None:
        """Something may happen in the shop while a call is under way."""
        self.wait(0.3)
        if not self.calm and self.random.random() < 0.3:
            self.buyer()
            self.wait(0.3)

    def _record(self, quantity: int, requested: float, answered: float) -> None:
        attempt = next((a for a in self.attempts if a.outcome == "unknown"), None)
        if attempt and self.compare_and_set:
            self.check_due = self.now + DOUBT
            return
        if attempt and requested <= attempt.deadline:
            self.check_due = attempt.deadline + DOUBT
            return
        window = Window(moment(requested), moment(answered))
        since = [one.effect for one in self.effects if one.learned_at >= requested]
        doubtful = [e for e in since if window.touches(e.at)]
        verdict = self._explained(quantity, window) or accept_reading(
            self.belief,
            quantity,
            window,
            learned_since=since,
            unknown_difference=attempt.difference if attempt else None,
            doubts=self.checks,
        )
        self.check_due = None
        if isinstance(verdict, Doubtful):
            self.checks += 1
            self._look_again(self.now + DOUBT)
            self.note(f"doubt {quantity}")
            return
        if attempt:
            attempt.outcome = "applied" if verdict.unknown_applied else "not_applied"
            attempt.closed = self.now
        before, self.belief = self.belief.drift, verdict.belief
        self.read_at, self.stale, self.checks = requested, False, 0
        self.readings = [reading(quantity, requested, answered)]
        self.note(f"read {quantity} -> {self.belief}")
        if doubtful and not self.compare_and_set:
            self._look_again(self.now + DOUBT)
        self._drifted(before)
        if self.belief.drift and self.belief.drift == before:
            if self.drift_seen + SETTLE <= requested:
                self._book()
            else:
                self._look_again(self.drift_seen + SETTLE)

    def _explained(self, quantity: int, window: Window) -> Accepted | Doubtful | None:
        """What the number went through lately tells, where a write may have overwritten something."""
        asked = [a.start for a in self.attempts if a.outcome == "unknown"]
        asked += [
            (one.effect.at - EPOCH).total_seconds()
            for one in self.effects
            if one.learned_at >= self.read_at
            and any(a.may_have_overwritten(one.effect.at, one.learned_at) for a in self.attempts)
        ]
        if self.compare_and_set or not asked:
            return None
        early = [n for n, a in enumerate(self.attempts) if a.start < min(asked) - HINDSIGHT]
        attempts = self.attempts[early[-1] if early else 0 :]
        writes = [a.as_write() for a in attempts] + self.readings
        began = min(write.asked_at for write in writes)
        effects = [
            Happened(
                n,
                one.effect.delta,
                one.effect.at,
                moment(one.learned_at),
                overwritten=one.overwritten,
                settled=one.learned_at < self.read_at,
            )
            for n, one in enumerate(self.effects)
            if moment(one.learned_at) >= began
        ]
        writes.sort(key=lambda write: write.asked_at)
        lags = [moment(one.learned_at) - one.effect.at for one in self.effects]
        clock = Clock.measured(min(lags, default=None), len(lags))
        found = explain(self.belief, writes, effects, quantity, window, clock)
        if found is None:
            return None
        if not found.certain and self.checks < MOST_UNEXPLAINED:
            return Doubtful()
        for effect in effects:
            self.effects[effect.id].overwritten = effect.id in found.overwritten
        return Accepted(found.belief, found.landed)

    def _book(self) -> None:
        self.available += self.belief.drift
        self.booked += self.belief.drift
        self.belief = Belief(self.belief.expected)
        self.check_due = None
        self.note(f"booked, available {self.available}")

    # --------------------------------------------------------------------------------------- writes

    def push(self) -> None:
        unknown = next((a for a in self.attempts if a.outcome == "unknown"), None)
        if unknown is not None:
            if self.compare_and_set:
                self._ask_again(unknown)
            else:
                self._look_again(unknown.deadline + 1)
            return
        wanted = target(self.available, holds=max(-self.belief.drift, 0))
        decision = self._decide(wanted)
        if decision is Decision.WAIT and self.check_due is None:
            self._look_again(self.now)
        if decision not in (Decision.SET, Decision.DELTA):
            return
        start = self.now
        if not self.compare_and_set:
            shown = self.number
            self._life()
            wanted = target(self.available, holds=max(-self.belief.drift, 0))
            if self._decide(wanted) is not Decision.SET:
                return
            if shown != self.belief.expected:
                self._look_again(self.now)
                lowered = max(wanted - max(self.belief.expected - shown, 0), 0)
                if wanted >= self.belief.expected or lowered >= shown:
                    return
                self.waiting_since = self.waiting_since or self.now
                if self.now < self.waiting_since + EXPLAIN:
                    return
                self._send(start, shown, lowered, decision)
                return
        self._send(start, self.belief.expected, wanted, decision)

    def _decide(self, wanted: int) -> Decision:
        doubt = self.check_due is not None
        deltas = self.compare_and_set
        return decide(self.belief, wanted, in_doubt=doubt, stale=self.stale, deltas=deltas)

    def _send(self, start: float, expected: int, wanted: int, decision: Decision) -> None:
        self.waiting_since = None
        attempt = Attempt(start, self.now, self.now + LANDING, expected, wanted, decision)
        self.attempts.append(attempt)
        luck = 1.0 if self.calm else self.random.random()
        self._life()
        if luck >= self.lossy / 2:
            self._arrives(attempt)
        self._life()
        self.note(f"write {attempt.expected}->{wanted} {decision} {attempt.verdict} luck={luck:.2f}")
        if luck >= self.lossy:
            self._answered(attempt)
        else:
            attempt.outcome = "unknown"
            if not self.compare_and_set:
                self._look_again(attempt.deadline + 1)

    def _arrives(self, attempt: Attempt) -> None:
        """The shop decides once on a key, and tells the same again."""
        if attempt.verdict is None:
            blind = attempt.decision is Decision.DELTA or not self.compare_and_set
            attempt.verdict = blind or self.number == attempt.expected
            if attempt.verdict:
                is_delta = attempt.decision is Decision.DELTA
                self.number = self.number + attempt.difference if is_delta else attempt.wanted

    def _ask_again(self, attempt: Attempt) -> None:
        self._arrives(attempt)
        self.note(f"asked again: {attempt.verdict}")
        self._answered(attempt)

    def _answered(self, attempt: Attempt) -> None:
        attempt.closed = self.now
        attempt.outcome = "applied" if attempt.verdict else "stale"
        if attempt.verdict:
            self.belief = Belief(self.belief.account + attempt.difference, self.belief.drift)
            if self.stale:
                self._look_again(self.now + DOUBT)
        else:
            self.stale = True
            self._look_again(self.now + DOUBT)

    # ------------------------------------------------------------------------------------- histories

    def live(self, steps: int) -> None:
        for _step in range(steps):
            self.wait(self.random.choice([0.2, 1.0, 4.0, 20.0]))
            act = self.random.choice(
                [self.buyer, self.merchant, self.other_shop, self._webhook, self._hint]
                + [self.push] * 3
                + [self._due] * 2
            )
            act()

    def _webhook(self) -> None:
        self.learn_some(all_of_them=False)

    def _hint(self) -> None:
        """A webhook or a sweep shows the number in passing."""
        if self.number != self.belief.expected:
            self._look_again(self.now + DOUBT)

    def _due(self) -> None:
        if self.check_due is not None and self.check_due <= self.now:
            self.read()

    def come_to_rest(self) -> None:
        """Nothing happens any more: what a poll, a sweep and the sweeper find is all done."""
        self.calm = True
        for _round in range(30):
            self.now += 40
            self.learn_some()
            if self.number != self.belief.expected:
                self._look_again(self.now)
            if self.check_due is not None:
                self.read()
            self.push()
        self.note("rest")

    def note(self, words: str) -> None:
        self.trace.append(
            f"{self.now:8.1f} {words:40s} number={self.number} {self.belief} available={self.available}"
        )
