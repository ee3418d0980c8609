"""Orders, ledger, edits and channels, as the product has them against as they were."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from syncflow.trial.facts import (
    EDIT,
    EVERYWHERE,
    SALES,
    UNANSWERED,
    Bundles,
    CallEvent,
    Cell,
    Evidence,
    Levels,
    Number,
    ShopItem,
    StockEvent,
    UnansweredWrite,
)
from syncflow.trial.judge.physical import (
    OVERWRITES_SECONDS,
    WITHOUT_COMPARE_AND_SET,
    Shelf,
    enough_for,
    on_sale,
    on_shelves,
)

OVERWRITTEN_SECONDS = 2.0
"""A write to a shop without compare-and-set that lands this soon after an edit may have wiped it out."""
GRAIN_SECONDS = 3.0
"""A sale this near to such a write may have been overwritten by it, for all that the product can know: the
shop dates it to the second, by a clock that may be two seconds off."""
UNANSWERED_SECONDS = 17.0
"""The same after a write that got no answer: it may land late."""
DATE_GRAIN_SECONDS = 1.0
"""How long after such a write a sale may have happened that the shop dates as if it had been overwritten."""
REMEMBERED_SECONDS = 60.0
"""How long such a sale may go on looking like an edit, until the number was read without doubt."""
MOST_EDITS_TRIED = 16

OrderKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Orders:
    placed: int
    recorded: int
    lost: tuple[OrderKey, ...]
    double_counted: tuple[OrderKey, ...]


def orders(evidence: Evidence) -> Orders:
    """Orders by shop and id. Counted twice: recorded more than once, or never placed, or the ledger took
    more units for it than the shop did."""
    placed = {(order.shop, order.order_id): order.played for order in evidence.placed}
    recorded = Counter((order.shop, order.order_id) for order in evidence.record.orders)
    twice = {key for key, times in recorded.items() if times > 1 or key not in placed}
    twice |= _overbooked(evidence)
    return Orders(
        placed=sum(placed.values()),
        recorded=sum(played and key in recorded for key, played in placed.items()),
        lost=tuple(key for key in placed if key not in recorded),
        double_counted=tuple(sorted(twice)),
    )


def _overbooked(evidence: Evidence) -> set[OrderKey]:
    balance: dict[tuple[str, str, str], int] = defaultdict(int)
    for entry in evidence.record.ledger:
        if entry.origin_shop and entry.order_id:
            balance[entry.origin_shop, entry.order_id, entry.sku] += entry.delta
    for log in evidence.logs:
        for event in on_shelves(log.stock, evidence.bundles):
            if event.cause in SALES and event.order_id is not None:
                balance[log.shop, event.order_id, event.sku] -= event.delta
    return {(shop, order_id) for (shop, order_id, _), units in balance.items() if units < 0}


def misplaced(evidence: Evidence) -> dict[tuple[str, str, str], int]:
    """Units, by shop, order and SKU, that the ledger took, or put back, at another location than the shop.

    Units that it took nowhere, or twice, are not among them.
    """
    balance: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for log in evidence.logs:
        for event in on_shelves(log.stock, evidence.bundles):
            if event.cause in SALES and event.order_id is not None and event.location != EVERYWHERE:
                balance[log.shop, event.order_id, event.sku][event.location] -= event.delta
    for entry in evidence.record.ledger:
        key = (entry.origin_shop or "", entry.order_id or "", entry.sku)
        if key in balance:
            balance[key][entry.location] += entry.delta
    found = {
        key: min(sum(max(units, 0) for units in at.values()), sum(max(-units, 0) for units in at.values()))
        for key, at in balance.items()
    }
    return {key: units for key, units in found.items() if units}


@dataclass(frozen=True, slots=True)
class Ledger:
    """`mismatches`: SKUs. `edits_lost` and those that no overwriting explains are numbers of edits."""

    mismatches: tuple[str, ...]
    edits: int
    edits_lost: int
    edits_lost_unexplained: int


def ledger(evidence: Evidence, shelves: Mapping[str, Shelf]) -> Ledger:
    """Compare each SKU's level with the sum of its movements and with what orders and edits explain.

    A level that is off by exactly some edits has lost those edits, and is no mismatch. A bundle that has a
    stock of its own is one.
    """
    unanswered = [
        call
        for log in evidence.logs
        for call in log.calls
        if call.write and call.fault in UNANSWERED and call.shop in WITHOUT_COMPARE_AND_SET
    ]
    mismatches = set(evidence.record.unbalanced)
    mismatches |= {bundle for bundle in evidence.bundles if evidence.record.available.get(bundle, 0)}
    edits = lost = unexplained = 0
    for sku, shelf in shelves.items():
        made = [event for event in shelf.events if event.cause == EDIT]
        edits += len(made)
        level = evidence.record.available.get(sku)
        if level is None:
            mismatches.add(sku)
        elif level != shelf.final:
            blind = [edit for edit in made if edit.shop in WITHOUT_COMPARE_AND_SET]
            decided = [write for write in evidence.record.unanswered if write.sku == sku]
            excusable = [
                edit
                for edit in blind
                if _may_be_overwritten(edit, shelf)
                or _looks_like_sales(edit, shelf, unanswered)
                or _looks_like_an_outcome(edit, shelf, decided)
            ]
            excused = _fewest(excusable, shelf.final - level)
            excused = excused or any(
                _mixed_up(edit, shelf, shelf.final - level)
                or _taken_for_outcome(edit, decided, shelf.final - level)
                for edit in blind
            )
            missing = excused or _fewest(made, shelf.final - level)
            lost += missing
            unexplained += 0 if excused else missing
            if not missing:
                mismatches.add(sku)
    return Ledger(tuple(sorted(mismatches)), edits, lost, unexplained)


def _may_be_overwritten(edit: StockEvent, shelf: Shelf) -> bool:
    return any(shelf.writes_between(edit.number, edit.at, edit.at + OVERWRITTEN_SECONDS))


def _looks_like_sales(edit: StockEvent, shelf: Shelf, unanswered: Sequence[CallEvent]) -> bool:
    """Whether sales (or units that came back) that a write may have overwritten add up to the edit, turned
    round: then nobody can tell by the number whether they were overwritten or the merchant edited it."""
    against = [
        sale.delta
        for sale in _sales(shelf, edit.number, edit.at - REMEMBERED_SECONDS, edit.at + REMEMBERED_SECONDS)
        if sale.delta * edit.delta < 0 and _may_be_under_a_write(sale, shelf, unanswered)
    ]
    return -edit.delta in _sums(against)


def _mixed_up(edit: StockEvent, shelf: Shelf, difference: int) -> bool:
    """Whether the level is off by one or two sales (or returns) near the edit in time of which their dates do
    not tell whether a write overwrote them: the number showed only the sum of both."""
    doubtful = [
        sale.delta
        for sale in _sales(shelf, edit.number, edit.at - REMEMBERED_SECONDS, edit.at + REMEMBERED_SECONDS)
        if any(shelf.writes_between(sale.number, sale.at - DATE_GRAIN_SECONDS, sale.at + OVERWRITES_SECONDS))
    ]
    return any(
        difference in (units, units + edit.delta)
        for number in (1, 2)
        for some in combinations(doubtful, number)
        for units in (sum(some), -sum(some))
    )


def _taken_for_outcome(edit: StockEvent, decided: Sequence[UnansweredWrite], difference: int) -> bool:
    """Whether the level is off by just what an unanswered write to the same number, within a minute, would
    have changed: whether it did was told from a number that somebody had edited as well."""
    changes = [write.difference for write in _near(decided, edit)]
    return any(difference in (d, -d, d + edit.delta, edit.delta - d) for d in changes)


def _looks_like_an_outcome(edit: StockEvent, shelf: Shelf, decided: Sequence[UnansweredWrite]) -> bool:
    """Whether an unanswered write, had it landed late and overwritten some of the sales until then, would
    have changed the number by as much (or would not have, had it not landed)."""
    for write in _near(decided, edit):
        sales = _sales(shelf, edit.number, write.at - GRAIN_SECONDS, write.at + UNANSWERED_SECONDS)
        either_way = {write.difference - edit.delta, write.difference + edit.delta}
        if not either_way.isdisjoint(_sums(sale.delta for sale in sales)):
            return True
    return False


def _near(decided: Iterable[UnansweredWrite], edit: StockEvent) -> Iterator[UnansweredWrite]:
    """Those to the number that was edited, within a minute."""
    for write in decided:
        if write.shop == edit.shop and abs(write.at - edit.at) <= REMEMBERED_SECONDS:
            yield write


def _sales(shelf: Shelf, number: Number, begin: float, end: float) -> Iterator[StockEvent]:
    """Sales by the number, and units that came back into it, from `begin` to `end`."""
    for event in shelf.events:
        if event.number == number and event.cause in SALES and begin <= event.at <= end:
            yield event


def _sums(deltas: Iterable[int]) -> set[int]:
    """The sum of every subset."""
    sums = {0}
    for delta in deltas:
        sums |= {total + delta for total in sums}
    return sums


def _may_be_under_a_write(event: StockEvent, shelf: Shelf, unanswered: Sequence[CallEvent]) -> bool:
    begin, end = event.at - UNANSWERED_SECONDS, event.at + GRAIN_SECONDS
    return any(
        write.at >= event.at - GRAIN_SECONDS
        or any(call.started_at <= write.at <= call.at for call in unanswered)
        for write in shelf.writes_between(event.number, begin, end)
    )


def _fewest(edits: Sequence[StockEvent], difference: int) -> int:
    """How many edits, at least, add up to the difference; 0 if none do."""
    candidates = edits[:MOST_EDITS_TRIED]
    for number in range(1, len(candidates) + 1):
        for some in combinations(candidates, number):
            if sum(edit.delta for edit in some) == difference:
                return number
    return 0


def diverged(
    items: Iterable[ShopItem], levels: Levels, cells: Iterable[Cell], bundles: Bundles
) -> tuple[ShopItem, ...]:
    """Numbers that are other than the ledger wants them at their location, unlinked listings' included.

    A channel at or below zero with nothing to sell is right.
    """
    linked = {(cell.shop, cell.sku, cell.location) for cell in cells}
    return tuple(
        item
        for item in items
        if (item.shop, item.sku, item.location) not in linked
        or max(item.quantity, 0) != on_sale(item.sku, item.location, levels, bundles)
    )


def above_truth(evidence: Evidence, shelves: Mapping[str, Shelf]) -> dict[Number, tuple[int, int]]:
    """Listings that show more, all locations of their shop together, than is left; each with both numbers.

    Where the ledger has more than the truth, an edit that nobody could have kept or a mismatch, it is that
    which is judged, and not its numbers.
    """
    shown: Counter[Number] = Counter()
    for item in evidence.items:
        shown[item.shop, item.sku] += max(item.quantity, 0)
    available = evidence.record.available
    left = {sku: max(shelf.final, available.get(sku, 0)) for sku, shelf in shelves.items()}
    found = {}
    for (shop, sku), number in shown.items():
        parts = evidence.bundles.get(sku, {sku: 1})
        enough = min(
            (enough_for(left[part], units) for part, units in parts.items() if part in left), default=0
        )
        if number > enough:
            found[shop, sku] = number, enough
    return found
