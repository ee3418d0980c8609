"""A period of recorded orders and edits once more, with another buffer, share, cap or latency.

Reads the ledger and touches nothing: every transaction here is read-only, and no shop is asked. One page of
variants at a time, their changes as a stream: memory depends neither on the catalog nor on the period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.publish import Publishing
from app.domain.replay import Change, Channel, Replay
from app.errors import InvalidInput, NotFound
from app.services.cells import RELATED, RULES
from app.services.uow import unit_of_work

VARIANTS_PER_TRANSACTION = 500
CHANGES_PER_FETCH = 2000


@dataclass(frozen=True, slots=True)
class Period:
    """What was booked after `start` and up to `end`, both by the database's clock."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would have been other than it is set now; None leaves it.

    `connection`: only for shops of this name. `latency`: from a sale to the other channels' numbers.
    """

    latency: timedelta
    buffer: int | None = None
    share_percent: int | None = None
    cap: int | None = None
    connection: str | None = None

    def applied_to(self, rules: Publishing) -> Publishing:
        wanted = {"buffer": self.buffer, "share_percent": self.share_percent, "cap": self.cap}
        changed: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        return replace(rules, **changed)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A variant over all locations, in its units; `app.domain.replay` defines each number."""

    account_id: int
    variant_id: int
    sku: str | None
    title: str
    sold: int = 0
    oversold: int = 0
    avoided: int = 0
    refused: int = 0
    lost: int = 0

    def with_level(self, level: Replay) -> Replayed:
        return replace(
            self,
            sold=self.sold + level.recorded.sold,
            oversold=self.oversold + level.recorded.oversold,
            avoided=self.avoided + level.avoided,
            refused=self.refused + level.refused,
            lost=self.lost + level.lost,
        )


def variants_counted(*, account_id: int | None = None, sku: str | None = None) -> int:
    """How many variants `replay` would tell of."""
    with _only_reading() as session:
        return int(session.execute(_COUNT, {"account_id": account_id, "sku": sku}).scalar_one())


def replay(
    period: Period, what_if: WhatIf, *, account_id: int | None = None, sku: str | None = None
) -> Iterator[Replayed]:
    """Each variant by id, also where nothing happened; of all accounts unless told otherwise.

    What happened at a moment is taken as of the moment it happened, within the period: a sale when its order
    was placed, all else by the date that the shop or the ledger gives it. Raises InvalidInput for an empty
    period and NotFound for a connection that is not there.
    """
    if period.start >= period.end:
        raise InvalidInput("The period ends before it begins.")
    concerned = _concerned(what_if.connection, account_id)
    after = 0
    while True:
        with _only_reading() as session:
            told = _next_variants(session, account_id, sku, after)
            channels = _channels(session, list(told), what_if, concerned)
            for variant_id, level in _levels(session, list(told), period, what_if.latency, channels):
                told[variant_id] = told[variant_id].with_level(level)
        yield from told.values()
        if len(told) < VARIANTS_PER_TRANSACTION:
            return
        after = max(told)


@contextmanager
def _only_reading() -> Iterator[Session]:
    """One snapshot, in which PostgreSQL itself refuses every write."""
    with unit_of_work() as uow:
        uow.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield uow.session


def _concerned(name: str | None, account_id: int | None) -> frozenset[int] | None:
    """The connections that are under the new rules, None for all."""
    if name is None:
        return None
    with _only_reading() as session:
        found = session.execute(_CONNECTIONS, {"name": name, "account_id": account_id}).scalars().all()
    if not found:
        raise NotFound(f"There is no shop named {name!r}.")
    return frozenset(found)


def _next_variants(
    session: Session, account_id: int | None, sku: str | None, after: int
) -> dict[int, Replayed]:
    params = {"account_id": account_id, "sku": sku, "after": after, "limit": VARIANTS_PER_TRANSACTION}
    rows = session.execute(_VARIANTS, params)
    return {row.id: Replayed(row.account_id, row.id, row.sku, row.title) for row in rows}


def _channels(
    session: Session, variant_ids: list[int], what_if: WhatIf, concerned: frozenset[int] | None
) -> dict[int, Channel]:
    """What shows the variants, and the bundles made of them, by cell id, under the rules to be tried."""
    found = {}
    for row in session.execute(_CHANNELS, {"variants": variant_ids}):
        rules = Publishing(row.share_percent, row.buffer, row.cap, row.fixed_quantity)
        if concerned is None or row.connection_id in concerned:
            rules = what_if.applied_to(rules)
        found[row.id] = Channel(row.id, rules, row.factor, row.safety_stock)
    return found


def _levels(
    session: Session,
    variant_ids: list[int],
    period: Period,
    latency: timedelta,
    channels: Mapping[int, Channel],
) -> Iterator[tuple[int, Replay]]:
    """Each level of the variants that moved, replayed, with the variant's id."""
    rows = session.execute(
        _CHANGES,
        {"variants": variant_ids, "start": period.start, "end": period.end},
        execution_options={"yield_per": CHANGES_PER_FETCH},
    )
    for (variant_id, _level_id, opening), changes in groupby(
        rows, key=lambda row: (row.variant_id, row.level_id, row.opening)
    ):
        level = Replay(opening, latency=latency)
        for row in changes:
            level.take(_change(row, channels.get(row.cell_id)))
        yield variant_id, level


def _change(row: Row[Any], channel: Channel | None) -> Change:
    if channel is not None and channel.factor != row.factor:
        channel = replace(channel, factor=row.factor)
    return Change(row.at, row.units, row.line_id, channel, opens=row.opens)


_OF_ACCOUNT = "(CAST(:account_id AS bigint) IS NULL OR {0}.account_id = :account_id)"
_OF_SKU = "(CAST(:sku AS text) IS NULL OR v.sku = :sku)"
_COUNT = text(
    f"SELECT count(*) FROM variants v WHERE {_OF_ACCOUNT.format('v')} AND {_OF_SKU}"  # noqa: S608  (constants)
)
_VARIANTS = text(
    f"""
    SELECT v.id, v.account_id, v.sku, v.title FROM variants v
    WHERE v.id > :after AND {_OF_ACCOUNT.format("v")} AND {_OF_SKU}
    ORDER BY v.id LIMIT :limit
    """  # noqa: S608  (constants)
)
_CONNECTIONS = text(
    f"SELECT c.id FROM connections c WHERE c.name = :name AND {_OF_ACCOUNT.format('c')}"  # noqa: S608
)
_CHANNELS = text(
    f"""
    SELECT c.id, c.connection_id, c.factor, a.safety_stock, r.*
    FROM stock_cells c
    JOIN connections n ON n.id = c.connection_id
    JOIN accounts a ON a.id = c.account_id
    {RULES}
    WHERE c.variant_id = ANY(ARRAY({RELATED}))
    """  # noqa: S608  (constants)
)
# A level's movements are booked under its lock, so their ids are in the order of its balances; their moments
# need not be, as a transaction's moment is its start. The ends of the period are those of `why.as_of`. Units
# that are shipped from what was reserved change nothing that is available.
_CHANGES = text(
    """
    SELECT l.variant_id, l.id AS level_id, coalesce(opening.available, 0) AS opening,
        m.on_hand_delta - m.committed_delta AS units, n.id AS line_id, s.id AS cell_id,
        coalesce(n.applied_factor * coalesce(b.units, 1), s.factor) AS factor, m.cause = 'import' AS opens,
        greatest(:start, least(m.created_at, CASE
            WHEN split_part(m.source_key, ':', 3) = '1' THEN coalesce(o.placed_at, m.occurred_at)
            ELSE m.occurred_at
        END)) AS at
    FROM stock_levels l
    LEFT JOIN LATERAL (
        SELECT id, on_hand_after - committed_after AS available FROM stock_movements
        WHERE level_id = l.id AND created_at <= :start ORDER BY id DESC LIMIT 1
    ) opening ON true
    CROSS JOIN LATERAL (
        SELECT id FROM stock_movements
        WHERE level_id = l.id AND created_at <= :end ORDER BY id DESC LIMIT 1
    ) closing
    JOIN stock_movements m ON m.level_id = l.id AND m.id > coalesce(opening.id, 0) AND m.id <= closing.id
    LEFT JOIN order_lines n ON n.id = CASE WHEN m.source_key LIKE 'line:%' AND m.cause <> 'import'
        THEN CAST(split_part(m.source_key, ':', 2) AS bigint) END
    LEFT JOIN LATERAL (
        SELECT CAST(p ->> 1 AS int) AS units FROM jsonb_array_elements(n.applied_components) p
        WHERE CAST(p ->> 0 AS bigint) = l.variant_id
    ) b ON true
    LEFT JOIN orders o ON o.id = n.order_id
    LEFT JOIN drifts d ON d.id = CASE WHEN m.source_key LIKE 'drift:%'
        THEN CAST(split_part(m.source_key, ':', 2) AS bigint) END
    LEFT JOIN stock_cells s ON s.id = coalesce(n.applied_cell_id, d.cell_id)
    WHERE l.variant_id = ANY(CAST(:variants AS bigint[])) AND m.on_hand_delta <> m.committed_delta
    ORDER BY l.variant_id, l.id, at, m.id
    """
)
