"""A merchant with shops, the network between them and us, and our workers, all on one machine."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import accumulate
from itertools import count as counting
from typing import Any

import pytest
import redis
from sqlalchemy import Row, text

from app.extensions import db
from app.models import Account, Connection
from app.platforms.base import Lane
from app.services import (
    blind_writes,
    bundles,
    events,
    first_sync,
    holds,
    importer,
    locations,
    nudge,
    push,
    stock_changes,
    sweeper,
    work,
)
from app.services.event_writer import EventRow, EventWriter
from app.services.nudge import DRAIN_OF_LANE
from app.services.shops import OpenShop
from app.services.uow import unit_of_work
from app.services.write_plan import Planned
from tests.simulation.machine import Machine, Memory, Process, Task
from tests.simulation.shops import Edit, Faults, Kind, ModelShop, held_units, platform_of
from tests.simulation.stage import LEVEL_SWEEP_SECONDS, ORDER_POLL_SECONDS, Stage
from workers import jobs

WORKERS = {"intake": 2, "hints": 1, "push": 2, "sync": 2, "retries": 1}
"""Queue -> worker processes."""
RESTART_SECONDS = 3.0
LONG_ENOUGH_SECONDS = ORDER_POLL_SECONDS + LEVEL_SWEEP_SECONDS + 10
"""What no webhook told of is found by then."""
AT_REST_SECONDS = 300
MOST_WRITES_TO_REST = 60
"""Calls; who needs more will never come to rest."""
WATCHED_SECONDS = 70
"""How long a quiet system is watched: a sweep and two polls at least."""
SAME_COUNT_SECONDS = 60.0 + LONG_ENOUGH_SECONDS
"""Equal changes of two shops' numbers found within a minute of each other count once."""
QUIET_TICKS = 8.0
UNSETTLED_SECONDS = 30.0
"""So long a number that was typed may be no more than a change that nobody has explained yet."""
BLUR_SECONDS = 3.0
"""So near to a write a sale may be dated into it: clocks are two seconds apart, dates have a grain of one."""
GRAIN_SECONDS = 2.0
"""So much do clocks and dates blur what happened around a write without compare-and-set."""


TRACED = 400
"""Lines of the trace that a failure shows."""


CELLAR_APART = {"71": ("Main",), "72": ("Cellar",)}
CELLAR_TOO = {"": ("Main", "Cellar")}
"""What a shop's places are of the merchant's, where some of the stock is in the cellar."""


class Wrong(AssertionError):
    """An invariant does not hold."""


@dataclass
class Network:
    """What becomes of webhooks: shares of them."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    delay: tuple[float, float] = (0.02, 0.4)
    longest_delay: float = 25.0


@dataclass
class World:
    """`shops` by connection id. Drive it from outside: something happens, then `run` lets time pass."""

    stage: Stage
    machine: Machine
    network: Network = field(default_factory=Network)
    shops: dict[int, ModelShop] = field(default_factory=dict)
    truth: dict[str, int] = field(default_factory=dict)
    """SKU -> units available to sell, of what is no bundle."""
    made_of: dict[str, dict[str, int]] = field(default_factory=dict)
    account_id: int = 0
    queues: dict[str, deque[tuple[str, int, str | None]]] = field(default_factory=lambda: defaultdict(deque))
    dead_letters: list[tuple[str, int, str]] = field(default_factory=list)
    working: set[Process] = field(default_factory=set)
    crash_next: list[int] = field(default_factory=list)
    """The next jobs are killed when they come to wait for that many more times."""
    under_way: int = 0
    """Webhooks that were sent and not delivered yet."""
    redis_is_away: bool = False
    ticks: float = 1.0
    """So much longer than by its table the scheduler's intervals are."""

    # ---------------------------------------------------------------------------------------- set-up

    def connect(
        self,
        kind: Kind,
        stock: dict[str, int],
        *,
        skew: float = 0.0,
        drift_policy: str = "merge",
        source: first_sync.Source = first_sync.Source.SYNCFLOW,
        shared: dict[str, str] | None = None,
        before: Callable[[ModelShop], object] = lambda _shop: None,
        elsewhere: dict[str, int] | None = None,
    ) -> ModelShop:
        """A shop with these SKUs, each a listing of its name; imported and syncing.

        `source`: whose numbers are right at the first sync. `shared`: further listings, and whose number each
        shares. `before` happens in the shop before it is connected. `elsewhere`: so many of each are in the
        cellar, which is a location of a shop that knows any, and in the one number of any other.
        """
        number = len(self.shops) + 1
        shop = ModelShop(
            compare_and_set=kind is Kind.KEYED,
            machine=self.machine,
            kind=kind,
            name=f"S{number}",
            skew=skew,
            truth=self.truth,
            made_of=self.made_of,
        )
        if elsewhere is not None:
            shop.ours = CELLAR_APART if kind is Kind.KEYED else CELLAR_TOO
            shop.places = tuple(shop.ours)
        for sku, quantity in stock.items():
            more = (elsewhere or {}).get(sku, 0)
            apart = len(shop.places) > 1
            shop.stock(sku, sku, quantity if apart else quantity + more, place=shop.places[0])
            if apart:
                shop.stock(sku, sku, more, place=shop.places[1])
            self.truth.setdefault(sku, quantity + more)
        for listing, other in (shared or {}).items():
            shop.skus[listing], shop.shared[listing] = listing, other
        before(shop)
        shop.tell = self._send
        self._do(lambda: self._add(shop, drift_policy, source))
        return shop

    def _add(self, shop: ModelShop, drift_policy: str, source: first_sync.Source) -> None:
        with unit_of_work() as uow:
            if not self.account_id:
                account = Account(name="A merchant")
                uow.session.add(account)
                uow.session.flush()
                self.account_id = account.id
            connection = Connection(
                account_id=self.account_id,
                platform=shop.name,
                external_shop_id=shop.name,
                name=shop.name,
                state="importing",
                drift_policy=drift_policy,
            )
            uow.session.add(connection)
            uow.session.flush()
            uow.commit()
        self.shops[connection.id] = shop
        importer.run_import(connection.id)
        if sum(map(len, shop.ours.values())) > 1:
            self._map(shop, connection.id)
        first_sync.start_syncing(connection.id, source=source)

    def _map(self, shop: ModelShop, connection_id: int) -> None:
        """The merchant says which of the shop's places are which of his."""
        known = {row.name: row.id for row in self.rows("SELECT id, name FROM locations")}
        mapped = []
        for place, names in shop.ours.items():
            for name in names:
                if name not in known:
                    known[name] = locations.create_location(self.account_id, name, actor="cli")
                mapped.append(locations.Mapped(place, known[name]))
        locations.map_locations(self.account_id, connection_id, mapped, actor="cli")
        importer.run_import(connection_id)

    def make_bundle(self, sku: str, components: dict[str, int]) -> None:
        """One of `sku` is made of so many of each component from now on."""
        ids = {row.sku: row.id for row in self.rows("SELECT id, sku FROM variants")}
        parts = {ids[component]: units for component, units in components.items()}
        self._do(lambda: bundles.define(self.account_id, ids[sku], parts, actor="cli"))
        self.made_of[sku] = components
        self.truth.pop(sku, None)

    def call(self, act: Callable[[], object]) -> None:
        """A person does something with the product, and waits for it."""
        self._do(act)

    def connection(self, shop: ModelShop) -> int:
        [connection_id] = [i for i, one in self.shops.items() if one is shop]
        return connection_id

    def place(self) -> int:
        """The location that all of the stock is at, or the first of them."""
        [place] = self.rows("SELECT id FROM locations ORDER BY id LIMIT 1")
        return int(place.id)

    def variant(self, sku: str) -> int:
        [row] = self.rows("SELECT id FROM variants WHERE sku = :sku", sku=sku)
        return int(row.id)

    def listing(self, shop: ModelShop, listing: str) -> int:
        [row] = self.rows(
            """
            SELECT l.id FROM listings l JOIN connections c ON c.id = l.connection_id
            WHERE c.name = :shop AND l.external_id = :listing
            """,
            shop=shop.name,
            listing=listing,
        )
        return int(row.id)

    def adjust(self, sku: str, units: int) -> None:
        """The merchant finds or misses units, and says so here."""
        if units == 0:
            return
        key = f"{self.machine.random.getrandbits(64):x}"

        def run() -> None:
            variant, place = self.variant(sku), self.place()
            stock_changes.adjust(
                self.account_id, variant, place, units, reason="correction", actor="cli", key=key
            )
            self.truth[sku] += units

        self.do_beside(run, "the merchant adjusts")

    def reconnect(self, shop: ModelShop) -> None:
        """The merchant signs in at the shop again, and agrees to the first sync."""
        connection_id = self.connection(shop)

        def again() -> None:
            with unit_of_work() as uow:
                uow.session.execute(
                    text("UPDATE connections SET state = 'importing', state_reason = '' WHERE id = :id"),
                    {"id": connection_id},
                )
                uow.commit()
            importer.run_import(connection_id)
            first_sync.start_syncing(connection_id)

        shop.calls_left = None
        self._do(again)

    def do_beside(self, act: Callable[[], object], name: str) -> None:
        """Something that goes on by itself."""
        self._spawn(act, name)

    def committed(self, sku: str) -> int:
        return sum(row.committed for row in self.rows(_LEVELS) if row.sku == sku)

    def available(self, sku: str) -> int:
        return sum(row.on_hand - row.committed for row in self.rows(_LEVELS) if row.sku == sku)

    def start(self) -> None:
        """The workers and the scheduler."""
        for queue, count in WORKERS.items():
            for number in range(count):
                self._spawn(lambda queue=queue: self._work(queue), f"{queue}-{number}")
        for seconds, act in (
            (1.0, holds.hold_unread_orders),
            (1.0, sweeper.wake_due),
            (5.0, sweeper.sweep),
        ):
            self._spawn(lambda seconds=seconds, act=act: self._by_the_clock(seconds, act), act.__name__)

    def _spawn(
        self, act: Callable[[], object], name: str, process: Process | None = None, *, after: float = 0.0
    ) -> Task:
        def run() -> None:
            with self.stage.app.app_context():
                act()

        return self.machine.spawn(run, name, process, after=after)

    def _do(self, act: Callable[[], object]) -> None:
        """Something that takes its time, of which nothing else goes on before it is done."""
        done: list[bool] = []
        self._spawn(lambda: (act(), done.append(True)), "set-up")
        self.machine.run(until=lambda: bool(done))

    # --------------------------------------------------------------------------------------- workers

    def _by_the_clock(self, seconds: float, act: Callable[[], None]) -> None:
        while True:
            act()
            self.machine.sleep(seconds * self.ticks)

    def _work(self, queue: str) -> None:
        """One worker: each job in a process of its own, which may be killed."""
        while True:
            while not self.queues[queue]:
                self.machine.wait_until(lambda: bool(self.queues[queue]))
            job, subject_id, job_id = self.queues[queue].popleft()
            self._memory().waiting.discard(job_id)
            process = Process(f"{job}({subject_id})")
            if self.crash_next:
                process.crash_in = self.crash_next.pop(0)
            self.working.add(process)
            task = self._spawn(
                lambda job=job, subject_id=subject_id: self._run(job, subject_id), process.name, process
            )
            self.machine.wait_until(lambda task=task: task.done)
            self.working.discard(process)
            if process.dead:
                self.machine.sleep(RESTART_SECONDS)

    def _run(self, job: str, subject_id: int) -> None:
        try:
            getattr(jobs, job)(subject_id)
        except (events.EventFailed, push.CellRefused) as fault:
            self.dead_letters.append((job, subject_id, str(fault)))

    def enqueue(
        self, queue: str, job: str, subject_id: int, *, job_id: str | None = None, **_of_rq: object
    ) -> None:
        """Stands in for RQ."""
        self.machine.check_alive()
        if self.redis_is_away:
            raise redis.ConnectionError
        if job_id not in self._memory().waiting:
            if job_id is not None:
                self._memory().waiting.add(job_id)
            self.queues[queue].append((job, subject_id, job_id))

    def _memory(self) -> Memory:
        memory: Memory = self.stage.app.extensions["redis"]
        return memory

    def flush_redis(self) -> None:
        self.queues.clear()
        self._memory().flushall()
        self.machine.note("Redis is emptied")

    def kill_somebody(self) -> None:
        """One of the jobs under way, if any is."""
        if self.working:
            busy = sorted(self.working, key=lambda process: process.name)
            self.machine.kill(self.machine.random.choice(busy))

    def open_channel(self, connection_id: int) -> OpenShop:
        """Stands in for `app.services.work.open_channel`."""
        shop = self.shops[connection_id]
        return OpenShop(
            channel=shop,
            platform=platform_of(shop),
            webhook_url="",
            webhook_secret="",
            answers=counting().__next__,  # or a breaker that opened would never close
        )

    # --------------------------------------------------------------------------------------- network

    def _send(self, shop: ModelShop, signals: list[list[object]]) -> None:
        dice, network = self.machine.random, self.network
        self.machine.note(f"{shop.name} tells {signals}")
        copies = 0 if dice.random() < network.lost else 1 + (dice.random() < network.doubled)
        key = f"{shop.name}-{dice.getrandbits(64):x}"
        for _copy in range(copies):
            delay = dice.uniform(*network.delay)
            if dice.random() < network.late:
                delay += dice.uniform(0, network.longest_delay)
            self.under_way += 1
            self._spawn(lambda: self._deliver(shop, key, signals), f"{shop.name} tells", after=delay)

    def _deliver(self, shop: ModelShop, key: str, signals: list[list[object]]) -> None:
        connection_id = self.connection(shop)
        lane = Lane.HINTS if signals[0][0] == "level" else Lane.ORDERS
        row = EventRow(
            account_id=self.account_id,
            connection_id=connection_id,
            topic=str(signals[0][0]),
            lane=lane,
            dedupe_key=key,
            event_id_is_unique=True,
            headers="{}",
            body=json.dumps(signals).encode(),
        )
        EventWriter(_Pool, lambda _stored: nudge.nudge(DRAIN_OF_LANE[lane], connection_id)).write(row)  # type: ignore[arg-type,return-value]
        self.under_way -= 1

    # ------------------------------------------------------------------------------------- come to rest

    def run(self, seconds: float) -> None:
        self.machine.run(seconds)

    def come_to_rest(self) -> None:
        """Faults end, and time passes until nothing is left to do. Raises Wrong if that never is."""
        self.network = Network()
        for shop in self.shops.values():
            shop.faults = Faults()
        self.crash_next.clear()
        self.redis_is_away = False
        self.ticks = QUIET_TICKS
        self.machine.note("calm")
        most_writes = self.writes() + MOST_WRITES_TO_REST
        self.machine.run(LONG_ENOUGH_SECONDS, until=lambda: self.writes() > most_writes)
        give_up = self.machine.now + AT_REST_SECONDS
        while left := self.left_to_do():
            if self.machine.now > give_up or self.writes() > most_writes:
                raise Wrong(f"never quiet: {left}")
            self.run(5)

    def writes(self) -> int:
        """Calls that reached a shop."""
        return sum(len(shop.writes) for shop in self.shops.values())

    def left_to_do(self) -> list[str]:
        found = [words for words, query in _LEFT.items() if self.rows(query)]
        if self.working or any(self.queues.values()) or self.under_way:
            found.append("jobs or webhooks under way")
        return found

    # ------------------------------------------------------------------------------------ invariants

    def check_sums(self) -> None:
        """At any time: a level is the sum of its movements."""
        if wrong := self.rows(_UNEXPLAINED):
            raise Wrong(f"levels that are not the sum of their movements: {wrong}")

    def check_at_rest(self) -> None:
        """The ledger is the truth, every channel shows it, and nothing moves any more."""
        self.check_sums()
        if wrong := self.rows(_WRONG_KEYS):
            raise Wrong(f"lines whose movements do not carry their keys: {wrong}")
        held = self._held()
        for sku, truth in self.truth.items():
            available, committed = self.available(sku), self.committed(sku)
            if committed != held[sku]:
                raise Wrong(f"{sku}: committed {committed}, open orders hold {held[sku]}")
            if available - truth not in self._excused(sku):
                raise Wrong(f"{sku}: the ledger says {available}, the truth is {truth}")
        for shop in self.shops.values():
            for listing in shop.skus:
                self._check_shown(shop, listing)
        writes = self.writes()
        self.machine.run(WATCHED_SECONDS, until=lambda: self.writes() != writes)
        if self.writes() != writes:
            raise Wrong("a quiet system writes")
        if self.dead_letters:
            raise Wrong(f"dead letters: {self.dead_letters}")

    def _check_shown(self, shop: ModelShop, listing: str) -> None:
        """At each of its places what there is, less what is short anywhere else."""
        for place, names in shop.ours.items():
            there = {sku: self._available_at(sku, names) for sku in shop.parts(listing)}
            available = min(there[sku] // units for sku, units in shop.parts(listing).items())
            number = shop.number(listing, place)
            if number != max(available, 0) and not (available <= 0 and number <= 0):
                raise Wrong(f"{listing}: {shop.name} shows {number} at {place!r}, available are {available}")

    def _available_at(self, sku: str, names: Sequence[str]) -> int:
        levels = [row for row in self.rows(_LEVELS) if row.sku == sku]
        here = sum(row.on_hand - row.committed for row in levels if row.name in names)
        return here - sum(max(row.committed - row.on_hand, 0) for row in levels if row.name not in names)

    def _held(self) -> dict[str, int]:
        held: dict[str, int] = defaultdict(int)
        for shop in self.shops.values():
            for order in (shop.orders | shop.trashed).values():
                for sku, units in held_units(shop, order).items():
                    held[sku] += units
        return held

    def _excused(self, sku: str) -> set[int]:
        """By how much the ledger may be beside the truth: edits that a write without compare-and-set may
        have overwritten, that cannot be told from one that was never answered, or that
        look like the same count typed into two shops; and sales that such a write may have overwritten, near
        an edit: then the number shows but the sum of both."""
        sums = {0}
        for shop in self.shops.values():
            for edit in shop.edits:
                if shop.skus[edit.ref.stock_id.removeprefix("i")] != sku:
                    continue
                near = [
                    window
                    for window in shop.windows
                    if window.ref == edit.ref
                    and window.start - GRAIN_SECONDS <= edit.at <= window.end + GRAIN_SECONDS
                ]
                if near:
                    sums |= {total - edit.difference for total in sums}
                for units in {window.unanswered for window in near}:
                    sums |= {total + d for total in sums for d in (units, -units)}
                for units in self._same_counts(shop, edit):
                    sums |= {total - units for total in sums}
                for units in {*self._blurred(shop, edit), *self._never_answered(shop, edit)}:
                    sums |= {total + d for total in sums for d in (units, -units)}
        return sums

    def _never_answered(self, shop: ModelShop, edit: Edit) -> list[int]:
        """What writes without compare-and-set would have changed that were undecided when the number was
        typed, and of which only a reading could tell: who sent them had died."""
        if shop.compare_and_set:
            return []
        rows = self.rows(
            _DECIDED_BY_READING,
            connection=self.connection(shop),
            stock_id=edit.ref.stock_id,
            at=self.machine.utc + timedelta(seconds=edit.at - self.machine.now),
            grain=timedelta(seconds=GRAIN_SECONDS),
        )
        return [row.units for row in rows]

    def _blurred(self, shop: ModelShop, edit: Edit) -> list[int]:
        """Sales of the number that was typed, before it settled, of which their dates do not tell whether a
        write without compare-and-set overwrote them."""
        return [
            sale.difference
            for sale in shop.sales
            if sale.ref == edit.ref
            and abs(sale.at - edit.at) <= UNSETTLED_SECONDS
            and any(
                window.ref == sale.ref and window.start - BLUR_SECONDS <= sale.at <= window.end + BLUR_SECONDS
                for window in shop.windows
            )
        ]

    def _same_counts(self, shop: ModelShop, edit: Edit) -> set[int]:
        """Changes up to this one that look like a count typed into another shop before: as many units there.

        Edits in a row are found as one change.
        """
        others = {
            units
            for one in self.shops.values()
            if one is not shop
            for other in one.edits
            if edit.ref.stock_id == other.ref.stock_id
            and shop.ours[edit.ref.location_id][0] == one.ours[other.ref.location_id][0]
            and 0 <= edit.at - other.at <= SAME_COUNT_SECONDS
            for units in _in_a_row(one, other)
        }
        return (others & _in_a_row(shop, edit)) - {0}

    def rows(self, query: str, **params: object) -> Sequence[Row[Any]]:
        with unit_of_work() as uow:
            found = uow.session.execute(text(query), params).all()
            uow.commit()
        return found

    def watch_publishing(self, commit_attempts: Callable[..., Any]) -> Callable[..., Any]:
        """`commit_attempts`, which checks that what is about to be written is neither above what the ledger
        knows nor below zero."""

        def watched(session: Any, job: Any, planned: Sequence[Planned], started_at: Any) -> Any:
            for plan in planned:
                known = session.execute(text(_AVAILABLE), {"cell": plan.cell_id}).scalar_one()
                if not 0 <= plan.wanted <= max(known, 0):
                    raise Wrong(f"cell {plan.cell_id} is to show {plan.wanted}, available are {known}")
            return commit_attempts(session, job, planned, started_at)

        return watched


@contextmanager
def a_world(stage: Stage, seed: int) -> Iterator[World]:
    """An empty one. It is cleared afterwards; what fails in it has the trace as a note."""
    machine = Machine(seed)
    patch = pytest.MonkeyPatch()
    with stage.on(machine):
        world = World(stage, machine)
        patch.setattr(work, "open_channel", world.open_channel)

        def platform(name: str) -> Any:
            return platform_of(next(shop for shop in world.shops.values() if shop.name == name))

        for module in (holds, events):
            patch.setattr(module, "platform", platform)
        patch.setattr(nudge, "enqueue", world.enqueue)
        for module in (push, blind_writes):
            patch.setattr(module, "commit_attempts", world.watch_publishing(module.commit_attempts))
        try:
            yield world
        except BaseException as fault:
            fault.add_note("\n".join(machine.trace[-TRACED:]))
            raise
        finally:
            machine.stop()
            patch.undo()
            stage.clear()


def _in_a_row(shop: ModelShop, last: Edit) -> set[int]:
    """By how much a number was changed up to its last edit: by that one, by it and the one before, ..."""
    before = [
        e.difference for e in shop.edits if e.ref == last.ref and 0 <= last.at - e.at <= SAME_COUNT_SECONDS
    ]
    return set(accumulate(reversed(before)))


class _Pool:
    """The event writer's connections, from the engine whose transactions take turns."""

    @contextmanager
    def connection(self) -> Iterator[Any]:
        with db.engine.begin() as connection:
            yield connection.connection.driver_connection


_LEFT = {
    "unprocessed events": "SELECT 1 FROM inbound_events WHERE state IN ('pending', 'retrying') LIMIT 1",
    "dirty cells": """
        SELECT 1 FROM stock_cells WHERE state = 'active' AND wanted_version > synced_version LIMIT 1
    """,
    "readings due": "SELECT 1 FROM stock_cells WHERE check_due_at IS NOT NULL LIMIT 1",
    "open attempts": "SELECT 1 FROM push_attempts WHERE outcome IN ('open', 'unknown') LIMIT 1",
    "pending drifts": "SELECT 1 FROM drifts WHERE state = 'pending' AND quantity <> 0 LIMIT 1",
}
_UNEXPLAINED = """
    SELECT l.id, l.on_hand, l.committed FROM stock_levels l LEFT JOIN LATERAL (
        SELECT coalesce(sum(on_hand_delta), 0) AS on_hand, coalesce(sum(committed_delta), 0) AS committed
        FROM stock_movements m WHERE m.level_id = l.id
    ) s ON true
    WHERE (l.on_hand, l.committed) IS DISTINCT FROM (s.on_hand, s.committed)
"""
_WRONG_KEYS = """
    SELECT n.id, n.effect_seq FROM order_lines n
    WHERE n.effect_seq <> (
        SELECT count(*) FROM generate_series(1, n.effect_seq) AS seq
        WHERE coalesce(jsonb_array_length(n.applied_components), 1) = (
            SELECT count(*) FROM stock_movements m
            WHERE m.account_id = n.account_id AND m.source_key || ':' LIKE format('line:%s:%s:%%', n.id, seq)
        )
    )
"""
_DECIDED_BY_READING = """
    SELECT a.to_quantity - a.from_quantity AS units
    FROM push_attempts a JOIN stock_cells c ON c.id = a.cell_id
    WHERE c.connection_id = :connection AND c.external_stock_id = :stock_id AND a.closed_at > a.deadline_at
        AND :at BETWEEN a.started_at - :grain AND a.closed_at + :grain
"""
_LEVELS = """
    SELECT v.sku, p.name, l.on_hand, l.committed FROM stock_levels l
    JOIN variants v ON v.id = l.variant_id JOIN locations p ON p.id = l.location_id
"""
_AVAILABLE = """
    SELECT min(l.available / coalesce(b.quantity, 1)) / c.factor FROM stock_cells c
    LEFT JOIN bundle_components b ON b.bundle_id = c.variant_id
    CROSS JOIN LATERAL (
        SELECT least(coalesce(sum(s.on_hand - s.committed), 0), coalesce(sum(s.on_hand - s.committed) FILTER (
            WHERE s.location_id = c.location_id OR s.location_id IN (
                SELECT m.location_id FROM connection_locations m
                WHERE m.connection_id = c.connection_id AND m.external_location_id = c.external_location_id
            )
        ), 0)) AS available
        FROM stock_levels s WHERE s.variant_id = coalesce(b.component_id, c.variant_id)
    ) l
    WHERE c.id = :cell GROUP BY c.id
"""
