"""A recorded period once more under other rules: which sales and which oversells would not have happened.

Nothing is invented: only recorded sales can happen in the simulation, whole, in part or not at all. Who would
have bought elsewhere, later or less, no record knows.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.publish import Publishing, target


@dataclass(frozen=True, slots=True)
class Channel:
    """One number that one shop shows. One unit of its listing is `factor` units of the variant.

    `safety_stock`: units of the variant that no channel shows.
    """

    id: int
    rules: Publishing
    factor: int = 1
    safety_stock: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What was available of a variant at one location changed by `units`.

    With a `line` it is a sale (negative) or what an order gave back (positive), without one whatever else the
    merchant or a shop did. `channel`: the one whose own number changed with it at once. `opens`: it is what
    counting began with, so that it is what the channels showed.
    """

    at: datetime
    units: int
    line: int | None = None
    channel: Channel | None = None
    opens: bool = False


@dataclass(slots=True)
class Course:
    """What happened in one run of the period, in units of the variant."""

    available: int
    sold: int = 0
    came_in: int = 0
    """All but sales, signed: what orders gave back, deliveries, corrections."""
    oversold: int = 0
    """Units sold beyond what was available at that moment."""

    def sell(self, units: int) -> int:
        """Returns how many of them were not there."""
        missing = max(units - max(self.available, 0), 0)
        self.available -= units
        self.sold += units
        self.oversold += missing
        return missing

    def bring(self, units: int) -> None:
        self.available += units
        self.came_in += units


class Replay:
    """The stock of one variant at one location: as it was, and as it would have been.

    Feed it all changes of the period with `take`. It keeps those younger than the latency and the lines that
    were not sold, and nothing else.
    """

    def __init__(self, opening: int, *, latency: timedelta = timedelta(0)) -> None:
        """`latency`: from a change to the numbers of the channels that it did not come from."""
        self.recorded = Course(opening)
        self.simulated = Course(opening)
        self.lost = 0
        """Units of recorded sales that were there, and would not have been sold."""
        self._latency = latency
        self._known = opening
        self._recent: deque[tuple[datetime, int, int | None]] = deque()
        """(at, units, channel) of what other channels do not know of yet."""
        self._own: dict[int, int] = defaultdict(int)
        """What of it a channel did to its own number."""
        self._not_sold: dict[int, int] = defaultdict(int)
        """Units of a line that were sold in the record only, and not given back there."""
        self._at: datetime | None = None

    @property
    def avoided(self) -> int:
        """Never negative: only what was sold in the record is sold here, so there never is less than was."""
        return self.recorded.oversold - self.simulated.oversold

    @property
    def refused(self) -> int:
        """Units of recorded sales that would not have been sold, whether they were there or not."""
        return self.recorded.sold - self.simulated.sold

    def take(self, change: Change) -> None:
        """The next change. Raises ValueError if it is older than the one before."""
        if self._at is not None and change.at < self._at:
            raise ValueError("changes must come in the order of time")
        self._at = change.at
        while self._recent and self._recent[0][0] + self._latency <= change.at:
            self._spread(*self._recent.popleft())
        if change.line is not None and change.units < 0:
            units = -self._sell(change.line, -change.units, change.channel)
        else:
            units = self._bring(change.line, change.units)
        if change.opens:
            self._known += units
            return
        channel_id = change.channel.id if change.channel else None
        self._recent.append((change.at, units, channel_id))
        if channel_id is not None:
            self._own[channel_id] += units

    def shown(self, channel: Channel) -> int:
        """What the channel shows in the simulation, in units of its listing."""
        known = self._known - channel.safety_stock
        told = target(known, holds=0, factor=channel.factor, rules=channel.rules)
        return max(told + self._own.get(channel.id, 0) // channel.factor, 0)

    def _sell(self, line: int, wanted: int, channel: Channel | None) -> int:
        """Returns how many are sold in the simulation: as many as the channel shows."""
        sold = wanted if channel is None else min(wanted, self.shown(channel) * channel.factor)
        missing = self.recorded.sell(wanted)
        self.simulated.sell(sold)
        if refused := wanted - sold:
            self._not_sold[line] += refused
            self.lost += max(refused - missing, 0)
        return sold

    def _bring(self, line: int | None, units: int) -> int:
        """Returns how many come in in the simulation: what was not sold there cannot be given back."""
        self.recorded.bring(units)
        if line is not None and line in self._not_sold:
            never_sold = min(units, self._not_sold[line])
            units -= never_sold
            self._not_sold[line] -= never_sold
            if not self._not_sold[line]:
                del self._not_sold[line]
        self.simulated.bring(units)
        return units

    def _spread(self, _at: datetime, units: int, channel_id: int | None) -> None:
        """By now every channel has been told."""
        self._known += units
        if channel_id is not None:
            self._own[channel_id] -= units
            if not self._own[channel_id]:
                del self._own[channel_id]
