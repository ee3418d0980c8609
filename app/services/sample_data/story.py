"""Ninety days of the sample shop, up to a moment: the same for the same seed and moment. No I/O.

Told in the order of time, so that nothing is sold that is not there and each movement knows its balance.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from functools import partial
from typing import Any

from app.domain.stock import Movement
from app.services.sample_data.books import Books, Cell, Shop
from app.services.sample_data.goods import Item, items
from app.services.sample_data.orders import OrderBook

DAYS = 90
WAREHOUSE, STORE = "Warehouse", "City store"
LOCATIONS = (WAREHOUSE, STORE)
_EVERYTHING = frozenset({"Tableware", "Kitchen", "Textiles", "Pantry"})
_SHOPS: tuple[tuple[str, str, int, frozenset[str], int], ...] = (
    ("Online shop", WAREHOUSE, 55, _EVERYTHING, 0),
    ("Outlet", WAREHOUSE, 27, _EVERYTHING, 4),
    ("City store", STORE, 18, frozenset({"Tableware", "Pantry"}), 0),
)
_WEEK = (1.0, 0.95, 0.9, 1.0, 1.15, 1.3, 1.15)
"""How a day's orders go up and down, from Monday, ..."""
_HOURS = (1, 1, 0, 0, 0, 1, 3, 6, 9, 11, 12, 13, 12, 11, 11, 12, 13, 15, 18, 21, 22, 17, 9, 4)
"""... and an hour's within a day."""
ORDERS_A_DAY = 12
SCARCE = range(5, 13)
"""Of the items from the one sold most: those of which there is little, and that were not bought in ..."""
SCARCE_DAYS = 45
"""... for so many days."""


@dataclass(slots=True)
class Story:
    """What there is to write down: `store` knows how."""

    now: datetime
    began_at: datetime
    shops: Sequence[Shop]
    items: Sequence[Item]
    books: Books
    orders: OrderBook
    changes: list[dict[str, Any]] = field(default_factory=list)
    """By hand: receipts, transfers, adjustments."""


def tell(*, seed: int, now: datetime, zone: tzinfo, platforms: Sequence[str]) -> Story:
    """`zone`: where days begin. `platforms`: slugs; shops are of one after the other."""
    rng = random.Random(seed)  # noqa: S311  (nothing is guarded by it)
    shops = [Shop(n, platforms[n % len(platforms)], *rest) for n, rest in enumerate(_SHOPS)]
    goods = list(items())
    cells = {
        (shop.number, item.sku): Cell(shop, item)
        for shop in shops
        for position, item in enumerate(goods)
        if shop.sells(position, item)
    }
    books = Books({item.sku: item for item in goods}, cells, rng)
    first = now.astimezone(zone).date() - timedelta(days=DAYS - 1)
    began_at = datetime.combine(first, time(), zone).astimezone(now.tzinfo) - timedelta(hours=1)
    story = Story(now, began_at, shops, goods, books, OrderBook(books, rng))
    _Teller(story, rng, zone).tell()
    return story


class _Teller:
    def __init__(self, story: Story, rng: random.Random, zone: tzinfo) -> None:
        self.story, self.rng, self.zone = story, rng, zone
        self.books, self.orders = story.books, story.orders
        self._numbers = itertools.count()
        self._due: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        ranked = [item for item in story.items if not item.components]
        rng.shuffle(ranked)
        self._scarce = {ranked[rank].sku for rank in SCARCE}
        ranked += [item for item in story.items if item.components]
        weights = {item.sku: 1 / (rank + 4) for rank, item in enumerate(ranked)}
        self._sold: dict[int, tuple[list[Item], list[float]]] = {}
        for shop in story.shops:
            sold = [cell.item for cell in self.books.cells.values() if cell.shop is shop]
            self._sold[shop.number] = sold, list(itertools.accumulate(weights[item.sku] for item in sold))

    def tell(self) -> None:
        self._open()
        for day in range(DAYS):
            self._plan_day(day)
        while self._due:
            at, _number, happen = heapq.heappop(self._due)
            happen(at)

    def _at(self, at: datetime, happen: Callable[[datetime], None]) -> None:
        """Nothing happens after now."""
        if at < self.story.now:
            heapq.heappush(self._due, (at, next(self._numbers), happen))

    def _open(self) -> None:
        """Counting begins with what the shops showed."""
        at = self.story.began_at
        for location, least, most, scarce in ((WAREHOUSE, 60, 150, 40), (STORE, 15, 40, 8)):
            opening = {
                cell.item.sku: cell.shop.number
                for cell in reversed(list(self.books.cells.values()))
                if cell.shop.location == location and not cell.item.components
            }
            for sku in sorted(opening):
                movement = Movement(scarce if sku in self._scarce else self.rng.randint(least, most))
                self.books.move(at, (sku, location), "import", movement, shop=opening[sku])
        for cell in self.books.cells.values():
            cell.account = self.books.available(cell.item, cell.shop.location)

    def _plan_day(self, day: int) -> None:
        date = self.story.now.astimezone(self.zone).date() - timedelta(days=DAYS - 1 - day)
        growth = 0.8 + 0.4 * day / DAYS
        count = round(ORDERS_A_DAY * growth * _WEEK[date.weekday()] * self.rng.uniform(0.8, 1.2))

        def moment(hour: int, minute: int = 0, second: int = 0) -> datetime:
            local = datetime.combine(date, time(hour, minute, second), self.zone)
            return local.astimezone(self.story.now.tzinfo)

        for hour in self.rng.choices(range(24), _HOURS, k=count):
            at = moment(hour, self.rng.randrange(60), self.rng.randrange(60))
            self._at(at, self._sell)
        if date.weekday() == 0:
            self._at(moment(8, 30), partial(self._receive, scarce_too=DAYS - day > SCARCE_DAYS))
        elif date.weekday() == 2:
            self._at(moment(17), self._write_off)
        elif date.weekday() == 3:
            self._at(moment(9), self._supply_store)

    def _sell(self, at: datetime) -> None:
        shop = self.rng.choices(self.story.shops, [shop.share for shop in self.story.shops])[0]
        sold, weights = self._sold[shop.number]
        wanted = self.rng.choices(sold, cum_weights=weights, k=self.rng.choice((1, 1, 1, 2, 2, 3)))
        order = self.orders.place(at, shop, wanted)
        if order is not None:
            for delay, happen in order.fate(self.rng):
                self._at(at + delay, happen)

    def _receive(self, at: datetime, *, scarce_too: bool) -> None:
        """The week's delivery, of what ran low."""
        units = {
            sku: 25 if sku in self._scarce else self.rng.randint(60, 110)
            for (sku, location), level in self.books.levels.items()
            if location == WAREHOUSE and level.available < 25 and (scarce_too or sku not in self._scarce)
        }
        self._change(at, "receipt", units, WAREHOUSE, reason="received", note="Weekly delivery")

    def _supply_store(self, at: datetime) -> None:
        units = {
            sku: 15
            for (sku, location), level in self.books.levels.items()
            if location == STORE
            and level.available < 8
            and self.books.available(self.books.items[sku], WAREHOUSE) >= 30
        }
        self._change(at, "transfer", units, WAREHOUSE, to=STORE)

    def _write_off(self, at: datetime) -> None:
        sku = self.rng.choice(sorted({sku for sku, location in self.books.levels if location == WAREHOUSE}))
        if self.books.available(self.books.items[sku], WAREHOUSE) >= 2:
            self._change(at, "adjustment", {sku: -1}, WAREHOUSE, reason="damaged", note="Broken")

    def _change(
        self,
        at: datetime,
        kind: str,
        units: dict[str, int],
        location: str,
        *,
        to: str | None = None,
        reason: str | None = None,
        note: str = "",
    ) -> None:
        if not units:
            return
        number = len(self.story.changes)
        self.story.changes.append(
            {
                "number": number,
                "at": at.isoformat(),
                "kind": kind,
                "location": location,
                "to_location": to,
                "reason": reason,
                "note": note,
                "quantities": units,
            }
        )
        cause = "transfer" if to else "adjustment"
        ends = ((":out", location, -1), (":in", to, 1)) if to else (("", location, 1),)
        for sku, quantity in units.items():
            for end, place, sign in ends:
                self.books.move(at, (sku, place), cause, Movement(sign * quantity), change=number, end=end)
        self.books.tell_shops(at, [(sku, place) for sku in units for _end, place, _sign in ends])
