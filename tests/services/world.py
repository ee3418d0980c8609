"""One merchant with connected shops, on the real database, and looks at what the services made of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import redis
from sqlalchemy import Row, text

from app.models import Account, Connection
from app.platforms.base import Channel, ExternalOrder, Lane
from app.services import events, first_sync, importer, push, reconcile
from app.services.order_effects import Scope, apply_order, begin_fetch
from app.services.shops import OpenShop
from app.services.uow import unit_of_work
from tests.services.shop import Shop, a_line, a_platform, an_order, ref_of

SETTLE = timedelta(seconds=5)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class World:
    """`age` makes everything known so far an hour old, so that what follows is beyond doubt newer."""

    redis: redis.Redis
    account_id: int = 0
    shops: dict[int, Shop] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.account_id = new_account()

    # ------------------------------------------------------------------------------------- set-up

    def connect(
        self, shop: Shop, *, syncing: bool = True, drift_policy: str = "merge", age: bool = True
    ) -> int:
        """Import the shop, and make it follow the ledger. Returns the connection's id."""
        connection_id = self.add_connection(shop, drift_policy=drift_policy)
        importer.run_import(connection_id)
        if syncing:
            first_sync.start_syncing(connection_id)
            push.drain(connection_id)
        if age:
            self.age()
        shop.writes.clear()
        shop.readings.clear()
        shop.fetches.clear()
        return connection_id

    def add_connection(self, shop: Shop, *, state: str = "importing", drift_policy: str = "merge") -> int:
        with unit_of_work() as uow:
            connection = Connection(
                account_id=self.account_id,
                platform="memory",
                external_shop_id=f"shop-{id(shop)}",
                name="A shop",
                state=state,
                drift_policy=drift_policy,
            )
            uow.session.add(connection)
            uow.session.flush()
            uow.commit()
        self.shops[connection.id] = shop
        return connection.id

    def open_channel(self, connection_id: int) -> OpenShop:
        """Stands in for `app.services.work.open_channel`."""
        shop = self.shops[connection_id]
        return OpenShop(
            channel=cast(Channel, shop),  # it lacks what no test of a World asks for
            platform=a_platform(compare_and_set=shop.compare_and_set),
            webhook_url="",
            webhook_secret="",
        )

    def age(self, by: timedelta = timedelta(hours=1)) -> None:
        """Everything known so far was learned `by` earlier."""
        self.sql(
            """
            UPDATE stock_cells SET baseline_at = baseline_at - :by, read_at = read_at - :by,
                read_until = read_until - :by, check_due_at = check_due_at - :by,
                next_attempt_at = next_attempt_at - :by;
            UPDATE cell_effects SET learned_at = learned_at - :by, known_at = known_at - :by,
                effected_at = effected_at - :by;
            UPDATE drifts SET seen_at = seen_at - :by, closed_at = closed_at - :by;
            UPDATE push_attempts SET started_at = started_at - :by, deadline_at = deadline_at - :by,
                closed_at = closed_at - :by, created_at = created_at - :by;
            UPDATE orders SET fetched_at = fetched_at - :by,
                external_updated_at = external_updated_at - :by;
            UPDATE drain_leases SET until = until - :by;
            UPDATE inbound_events SET next_attempt_at = next_attempt_at - :by;
            UPDATE connections SET backoff_until = backoff_until - :by, braked_at = braked_at - :by,
                orders_polled_at = orders_polled_at - :by,
                levels_swept_at = levels_swept_at - :by,
                levels_cursor = levels_cursor - :by, orders_cursor = orders_cursor - :by
            """,
            by=by,
        )
        for shop in self.shops.values():
            shop.age(by)

    # --------------------------------------------------------------------------------- what happens

    def scope(self, connection_id: int) -> Scope:
        shop = self.shops[connection_id]
        return Scope(
            connection_id=connection_id,
            account_id=self.account_id,
            capabilities=a_platform(compare_and_set=shop.compare_and_set).capabilities,
            settle=SETTLE,
        )

    def take(self, connection_id: int, order: ExternalOrder, *, fetch_seq: int | None = None) -> bool:
        """The order is fetched now and applied."""
        fetch = begin_fetch()
        if fetch_seq is not None:
            fetch = replace(fetch, seq=fetch_seq)
        with unit_of_work() as uow:
            applied = apply_order(uow, self.scope(connection_id), order, fetch, known_at=datetime.now(UTC))
            uow.commit()
        return applied

    def hear(self, connection_id: int, *signals: Sequence[object], topic: str = "t") -> int:
        """A webhook with these signals is stored. Returns the event's id."""
        heard = self.one(
            """
            INSERT INTO inbound_events (account_id, connection_id, topic, lane, dedupe_key, body)
            VALUES (:account, :connection, :topic, :lane, gen_random_uuid()::text, :body) RETURNING id
            """,
            account=self.account_id,
            connection=connection_id,
            topic=topic,
            lane=_lane(signals),
            body=json.dumps(signals).encode(),
        )
        return int(heard.id)

    def drain(self, connection_id: int) -> None:
        """Process what came in from this shop."""
        for lane in (Lane.ORDERS, Lane.HINTS):
            events.drain(connection_id, lane)
        events.answer_privacy_requests(connection_id)

    def settle(self, *connection_ids: int, rounds: int = 6, step: timedelta = timedelta(hours=1)) -> None:
        """Let the workers do all there is to do, and time pass between."""
        for _round in range(rounds):
            for connection_id in connection_ids or tuple(self.shops):
                self.drain(connection_id)
                reconcile.reconcile(connection_id)
                push.drain(connection_id)
            self.age(step)

    # ----------------------------------------------------------------------------------- what is now

    def sql(self, statement: str, **params: object) -> None:
        with unit_of_work() as uow:
            for part in statement.split(";"):
                uow.session.execute(text(part), params)
            uow.commit()

    def rows(self, query: str, **params: object) -> Sequence[Row[Any]]:
        with unit_of_work() as uow:
            found = uow.session.execute(text(query), params).all()
            uow.commit()
        return found

    def one(self, query: str, **params: object) -> Row[Any]:
        [row] = self.rows(query, **params)
        return row

    def level(self, sku: str) -> tuple[int, int]:
        """(on hand, committed)"""
        row = self.one(
            """
            SELECT l.on_hand, l.committed FROM stock_levels l JOIN variants v ON v.id = l.variant_id
            WHERE v.sku = :sku AND v.account_id = :account
            """,
            sku=sku,
            account=self.account_id,
        )
        return row.on_hand, row.committed

    def available(self, sku: str) -> int:
        on_hand, committed = self.level(sku)
        return on_hand - committed

    def cell(self, connection_id: int, listing: str) -> Row[Any]:
        return self.one(
            """
            SELECT *, account + drift AS expected, wanted_version > synced_version AS dirty FROM stock_cells
            WHERE connection_id = :c AND external_stock_id = :s
            """,
            c=connection_id,
            s=ref_of(listing).stock_id,
        )

    def movements(self, sku: str) -> list[tuple[str, int, int]]:
        """(cause, on hand, committed), oldest first."""
        return [
            (row.cause, row.on_hand_delta, row.committed_delta)
            for row in self.rows(
                """
                SELECT m.* FROM stock_movements m JOIN variants v ON v.id = m.variant_id
                WHERE v.sku = :sku AND v.account_id = :account ORDER BY m.id
                """,
                sku=sku,
                account=self.account_id,
            )
        ]

    def attempts(self) -> list[tuple[str, int, int]]:
        """(outcome, from, to), oldest first."""
        rows = self.rows("SELECT * FROM push_attempts ORDER BY id")
        return [(row.outcome, row.from_quantity, row.to_quantity) for row in rows]

    def overwritten(self, listing: str) -> list[int]:
        """What writes overwrote of the listing's number, as far as we believe."""
        rows = self.rows(
            """
            SELECT e.delta FROM cell_effects e JOIN stock_cells c ON c.id = e.cell_id
            WHERE e.overwritten AND c.external_stock_id = :stock_id ORDER BY e.id
            """,
            stock_id=ref_of(listing).stock_id,
        )
        return [row.delta for row in rows]

    def event(self, event_id: int) -> Row[Any]:
        return self.one("SELECT * FROM inbound_events WHERE id = :id", id=event_id)

    def queued(self, queue: str) -> list[str]:
        """The ids of the jobs in a queue."""
        return [cast(bytes, job).decode() for job in self.redis.lrange(f"rq:queue:{queue}", 0, -1)]

    def assert_explained(self) -> None:
        """Every level is the sum of its movements, and the last one's balance."""
        wrong = self.rows(
            """
            SELECT l.id FROM stock_levels l LEFT JOIN LATERAL (
                SELECT coalesce(sum(on_hand_delta), 0) AS on_hand,
                    coalesce(sum(committed_delta), 0) AS committed
                FROM stock_movements m WHERE m.level_id = l.id
            ) s ON true
            LEFT JOIN LATERAL (
                SELECT on_hand_after, committed_after FROM stock_movements m WHERE m.level_id = l.id
                ORDER BY id DESC LIMIT 1
            ) last ON true
            WHERE (l.on_hand, l.committed) IS DISTINCT FROM (s.on_hand, s.committed)
                OR (l.on_hand, l.committed)
                    IS DISTINCT FROM (coalesce(last.on_hand_after, 0), coalesce(last.committed_after, 0))
            """
        )
        assert not wrong

    def assert_quiet(self) -> None:
        """Nothing is left to do."""
        assert not self.rows("SELECT id FROM inbound_events WHERE state IN ('pending', 'retrying')")
        assert not self.rows(
            "SELECT id FROM stock_cells WHERE wanted_version > synced_version OR check_due_at IS NOT NULL"
        )
        assert not self.rows("SELECT id FROM push_attempts WHERE outcome IN ('open', 'unknown')")
        assert not self.rows("SELECT id FROM drifts WHERE state = 'pending'")


def new_account(name: str = "A merchant") -> int:
    with unit_of_work() as uow:
        account = Account(name=name)
        uow.session.add(account)
        uow.session.flush()
        uow.commit()
    return account.id


def _lane(signals: Sequence[Sequence[object]]) -> str:
    kinds = {signal[0] for signal in signals}
    if kinds == {"privacy"}:
        return "privacy"
    return "hints" if kinds and kinds <= {"level", "product"} else "orders"


def owe(world: World, connection: int, quantity: int, *, listing: str = "A", order_id: str = "owed") -> None:
    """The ledger holds `quantity` for an order of some other place: the shop is to be lowered by them."""
    at = now()
    world.take(connection, an_order(order_id, a_line(listing, quantity, at=at, effects=()), at=at))
