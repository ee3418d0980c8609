"""Units that were sold and not there, and numbers that were published and not true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from syncflow.trial.facts import EDIT, EVERYWHERE, Disturbance, Number, ShopLog, StockEvent
from syncflow.trial.judge.physical import Shelf, enough_for
from syncflow.trial.judge.told import NEVER, Told

WINDOW_SECONDS = 2.0
"""How long the product may take from being told of a sale to the other shop's lowered number."""
LONGEST_WINDOW_SECONDS = 90.0
RECOVERY_SECONDS = {
    "429": 5.0,
    "5xx": 5.0,
    "disconnect": 10.0,
    "timeout": 35.0,
    "workers": 45.0,
    "scheduler": 45.0,
    "web": 60.0,
    "postgres": 60.0,
    "redis": 45.0,
    "flush": 30.0,
}
"""How long after a disturbance that the trial itself made its delays count as explained."""


class Window:
    """How long after being told a sale may still be missing in the other shop."""

    def __init__(self, logs: Iterable[ShopLog], disturbances: Iterable[Disturbance]) -> None:
        spans = [
            (call.started_at, call.at + RECOVERY_SECONDS[call.fault])
            for log in logs
            for call in log.calls
            if call.fault
        ]
        spans += [(d.at, d.at + RECOVERY_SECONDS[d.kind]) for d in disturbances]
        self._spans = sorted(spans)

    def end(self, told_at: float) -> float:
        """WINDOW_SECONDS, stretched over every disturbance that begins in it, up to the longest."""
        end, longest = told_at + WINDOW_SECONDS, told_at + LONGEST_WINDOW_SECONDS
        for began_at, over_at in self._spans:
            if began_at > end or end >= longest:
                break
            if over_at > told_at:
                end = max(end, over_at)
        return min(end, longest)


@dataclass(frozen=True, slots=True)
class Oversold:
    units: int
    unexplained: int
    where: tuple[str, ...]
    """The unexplained ones in words."""


def oversold(
    shelves: Iterable[Shelf], told: Told, window: Window, placed_at: Mapping[tuple[str, str], float]
) -> Oversold:
    """Units sold when the shelf was empty, and those of them that no open window explains.

    A late payment is judged by the moment of its checkout (`placed_at`, by shop and order): the shop
    promised the units then, and keeps the promise.
    """
    units = unexplained = 0
    where: list[str] = []
    for shelf in shelves:
        for index, sale in enumerate(shelf.events):
            missing = -sale.delta - max(shelf.before(index), 0)
            if sale.order_id is None or sale.delta >= 0 or missing <= 0:
                continue
            units += missing
            decided_at = (
                placed_at.get((sale.shop, sale.order_id), sale.at) if sale.cause == "pay" else sale.at
            )
            still = missing - sum(_excused(shelf, index, decided_at, told, window))
            if still > 0:
                unexplained += still
                where.append(
                    f"{_shown(sale)}: {still} units of {sale.shop} order {sale.order_id}, {clock(sale.at)}"
                )
    return Oversold(units, unexplained, tuple(where))


def _excused(shelf: Shelf, index: int, decided_at: float, told: Told, window: Window) -> Iterator[int]:
    """Units that the number could not yet do without by which `events[index]` was sold."""
    sale = shelf.events[index]
    for earlier in range(index):
        event = shelf.events[earlier]
        units = _too_many(shelf, earlier, sale.number)
        if units <= 0:
            continue
        unknown = window.end(told.at(event)) >= decided_at
        if event.at >= decided_at or (unknown and not _arrived(shelf, earlier, sale.number, decided_at)):
            yield units


def _too_many(shelf: Shelf, index: int, number: Number) -> int:
    """Units that `events[index]` left too many in a number, until somebody corrects it.

    Those that were sold by another number, those of its own that a write without compare-and-set put back,
    and those that came back into it while more than nothing was owed.
    """
    event = shelf.events[index]
    if event.number != number:
        return -event.delta
    if event.delta < 0:
        return shelf.given_back(index)
    return min(event.delta, max(-shelf.before(index), 0))


def _arrived(shelf: Shelf, index: int, number: Number, until: float) -> bool:
    """Whether `number` had been written by then by one who knows of `events[index]`."""
    return any(
        write.shown <= enough_for(shelf.most_left(index, write.at, number), write.units)
        for write in shelf.writes_between(number, shelf.events[index].at, until)
    )


@dataclass(frozen=True, slots=True)
class AboveTruth:
    """Writes of a number that was not there. `raising`: those that made the shop's number larger still.
    `where` tells each in words."""

    writes: int
    raising: int
    where: tuple[str, ...]


def writes_above_truth(shelves: Iterable[Shelf], told: Told) -> AboveTruth:
    """Writes of more than was physically left, at a location of more than was left there, counting only what
    the product was told of more than WINDOW_SECONDS before. Units that came back count from the moment they
    were back. A bundle's is above what was left if it is for one of its components; it counts once."""
    found: dict[tuple[str, int], tuple[StockEvent, int]] = {}
    for shelf in shelves:
        for write, left in _writes_above(shelf, told):
            found.setdefault((write.shop, write.seq), (write, left))
    return AboveTruth(
        writes=len(found),
        raising=sum(write.delta > 0 for write, _ in found.values()),
        where=tuple(
            f"{_shown(w)}: {w.shop} {w.before}->{w.after} at {clock(w.at)}, {left} were left"
            for w, left in found.values()
        ),
    )


def _shown(event: StockEvent) -> str:
    return f"{event.sku} in {event.listed_as}" if event.listed_as else event.sku


def clock(at: float) -> str:
    """A moment as the logs write it."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]


PHYSICAL, WRITE, DUE = 0, 1, 2


def _writes_above(shelf: Shelf, told: Told) -> Iterator[tuple[StockEvent, int]]:
    """Each with what was left, as far as the product had to know. One sweep over time."""
    moments: list[tuple[float, int, int]] = []
    writes = list(shelf.writes())
    for index, event in enumerate(shelf.events):
        moments.append((event.at, PHYSICAL, index))
        due = told.at(event) if event.delta < 0 else NEVER
        if due != NEVER:
            moments.append((due + WINDOW_SECONDS, DUE, index))
    moments += ((write.at, WRITE, index) for index, write in enumerate(writes))
    known = _Known(shelf)
    for _, kind, index in sorted(moments):
        if kind == PHYSICAL:
            known.happened(shelf.events[index])
        elif kind == DUE:
            known.is_due(shelf.events[index])
        elif writes[index].after > enough_for(left := known.left_for(writes[index]), writes[index].units):
            yield writes[index], max(left, 0)


class _Known:
    """What is left, less only what the product has to know of.

    At a location: what that shop's log has there, as if nothing that another shop sold was taken from it, and
    whatever was found in another shop had been put there.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._left = shelf.before(0)
        self._at = Counter(shelf.opening_at)
        self._found_elsewhere = 0

    def happened(self, event: StockEvent) -> None:
        """A fall is excused until it is due."""
        if event.delta > 0:
            self._count(event, event.delta)
            if event.cause == EDIT and event.location == EVERYWHERE:
                self._found_elsewhere += event.delta

    def is_due(self, event: StockEvent) -> None:
        self._count(event, event.delta)

    def left_for(self, write: StockEvent) -> int:
        if write.location == EVERYWHERE:
            return self._left
        return min(self._left, self._at[write.location] + self._found_elsewhere)

    def _count(self, event: StockEvent, units: int) -> None:
        self._left += units
        self._at[event.location] += units
