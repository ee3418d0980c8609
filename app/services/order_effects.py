"""What an order changes: the ledger, and our accounts of channels' numbers. One order, one transaction."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog
from sqlalchemy import Row, column, text
from sqlalchemy.orm import Session

from app.domain.account import SKEW, Effect, learn_effect
from app.domain.orders import (
    ChannelEffect,
    channel_changes,
    channel_total,
    ledger_effect,
    opening_on_hand,
)
from app.domain.outward import OutwardKind
from app.domain.stock import Movement
from app.platforms.base import Capabilities, ExternalOrder, OrderState
from app.services import bundles, drifts, holds, ledger, outward
from app.services import cells as cell_store
from app.services.faults import Fault, fault_of
from app.services.order_lines import (
    LineState,
    Link,
    Sold,
    lines_of,
    links_of,
    merged_state,
    moved_here,
    removed_state,
    stored_state,
    write_lines,
)
from app.services.uow import UnitOfWork, unit_of_work

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Scope:
    """The connection an order belongs to, and what its platform does."""

    connection_id: int
    account_id: int
    capabilities: Capabilities
    settle: timedelta


@dataclass(frozen=True, slots=True)
class Fetch:
    """Taken before the HTTP call: of two fetches of an order the one requested later wins.

    `at` is the database's clock, as is an event's `received_at`: a fetch requested after an event came in
    has all that the event could tell.
    """

    seq: int
    at: datetime
    began: float
    """The same moment by `time.monotonic()`."""

    @property
    def now(self) -> datetime:
        """The database's clock now, without asking it."""
        return self.at + timedelta(seconds=time.monotonic() - self.began)


def begin_fetch() -> Fetch:
    with unit_of_work() as uow:
        row = uow.session.execute(text("SELECT nextval('fetch_seq') AS seq, clock_timestamp() AS at")).one()
        uow.commit()
    return Fetch(row.seq, row.at, time.monotonic())


def apply_orders(scope: Scope, orders: Sequence[ExternalOrder], fetch: Fetch) -> dict[str, Fault]:
    """Bring each order's row, lines, ledger effects and channel effects up to date, as just fetched.

    One transaction per order. An order that a later fetch has overtaken is left alone, and applying the
    same state again moves nothing. Returns the ids of those that could not be applied, with the fault.
    """
    failed: dict[str, Fault] = {}
    known_at = fetch.now
    with unit_of_work() as uow, bundles.unchanged(uow, scope.account_id):
        changed = _changed(uow, scope, orders, fetch)
        sold = {
            (listing_id, line.location_id)
            for order in changed
            for line in order.lines
            if (listing_id := line.listing_external_id)
        }
        links = links_of(uow.session, scope.connection_id, sold, keep=False)
        uow.commit()
        for position, order in enumerate(changed):
            try:
                apply_order(uow, scope, order, fetch, known_at=known_at, links=links)
                uow.commit(act=position == 0)  # one nudge now and one at the end wake a push for all of them
            except Exception as err:  # of its own or ours: neither may keep the others from being applied
                uow.rollback()
                log.exception("order_not_applied", connection_id=scope.connection_id)
                failed[order.external_id] = fault_of(err)
        uow.act()
    return failed


def _changed(
    uow: UnitOfWork, scope: Scope, orders: Sequence[ExternalOrder], fetch: Fetch
) -> list[ExternalOrder]:
    """Those that are not word for word what was applied last; the others are only noted as seen."""
    same = uow.session.execute(
        _SAME,
        {
            "connection_id": scope.connection_id,
            "ids": [order.external_id for order in orders],
            "hashes": [_content_hash(order) for order in orders],
            "fetch_seq": fetch.seq,
            "fetched_at": fetch.at,
        },
    ).scalars()
    unchanged = set(same)
    uow.commit()
    return [order for order in orders if order.external_id not in unchanged]


def _content_hash(order: ExternalOrder) -> str:
    return hashlib.sha256(repr(order).encode()).hexdigest()


def keep_vanished(scope: Scope, order_ids: Iterable[str]) -> int:
    """Orders the shop no longer has keep their sale and go to review. Returns how many we knew."""
    with unit_of_work() as uow:
        rows = uow.session.execute(
            _VANISHED, {"connection_id": scope.connection_id, "ids": list(order_ids)}
        ).all()
        uow.commit()
    return len(rows)


def reapply_listings(scope: Scope, listing_ids: Sequence[int]) -> int:
    """Let lines that came in before their listing was linked take effect. Returns how many orders."""
    with unit_of_work() as uow:
        order_ids = uow.session.execute(_UNAPPLIED_ORDERS, {"listings": list(listing_ids)}).scalars().all()
    for order_id in order_ids:
        with unit_of_work() as uow:
            row = uow.session.execute(_LOCK_ORDER_BY_ID, {"id": order_id}).one()
            lines = lines_of(uow.session, order_id)
            states = [stored_state(line) for line in lines]
            _apply_lines(
                uow,
                scope,
                row.id,
                states,
                payment=row.payment,
                is_test=row.is_test,
                updated_at=row.updated_at,
            )
            uow.commit()
    return len(order_ids)


def apply_order(
    uow: UnitOfWork,
    scope: Scope,
    order: ExternalOrder,
    fetch: Fetch,
    *,
    known_at: datetime,
    links: Mapping[Sold, Link | int] = MappingProxyType({}),
) -> bool:
    """Apply one order in the caller's transaction. False if a later fetch has overtaken it.

    `known_at`: when the answer was complete. `links`: what was known of its listings a moment ago.
    """
    session = uow.session
    row = session.execute(_WRITE_ORDER, _order_params(scope, order, fetch)).one_or_none()
    if row is None:
        return False
    lines = () if row.is_new else lines_of(session, row.id)
    stored = {(line.external_id, line.external_location_id): line for line in lines}
    known = {line.external_id for line in lines}
    states = []
    for line in order.lines:
        before = stored.get((line.external_id, line.location_id))
        if line.external_id in known and (before is None or not before.quantity):
            line = moved_here(line, order.updated_at)
        states.append(merged_state(line, before))
    present = {state.key for state in states}
    states += [removed_state(line) for key, line in stored.items() if key not in present]
    if order.state is OrderState.TRASHED and not row.is_new:
        states = []  # its sale is kept; one that we never heard of still was one
    if states:
        _apply_lines(
            uow,
            scope,
            row.id,
            states,
            payment=order.payment,
            is_test=order.is_test,
            updated_at=order.updated_at,
            known_at=known_at,
            links=links,
        )
    if row.held:
        holds.release(uow, scope.connection_id, [order.external_id])
    _tell(session, scope, order, row)
    return True


def _tell(session: Session, scope: Scope, order: ExternalOrder, row: Row[Any]) -> None:
    outward.note_subscribed(session, row.subscribed)
    gone = order.state in (OrderState.CANCELLED, OrderState.TRASHED)
    if row.is_new:
        kind = OutwardKind.ORDER_CREATED
    elif gone and row.state_before not in (OrderState.CANCELLED, OrderState.TRASHED):
        kind = OutwardKind.ORDER_CANCELLED
    else:
        kind = OutwardKind.ORDER_UPDATED
    data = {
        "order_id": row.id,
        "connection_id": scope.connection_id,
        "number": order.number,
        "state": order.state.value,
        "payment": order.payment.value,
        "currency": order.currency,
        "total_minor": order.total_minor,
    }
    outward.tell(session, scope.account_id, kind, data)


def _apply_lines(
    uow: UnitOfWork,
    scope: Scope,
    order_id: int,
    states: list[LineState],
    *,
    payment: str,
    is_test: bool,
    updated_at: datetime,
    known_at: datetime | None = None,
    links: Mapping[Sold, Link | int] = MappingProxyType({}),
) -> None:
    """Plan each line, then write everything: lines, levels, then cells. A test order moves nothing."""
    session = uow.session
    holds_stock = payment in scope.capabilities.holding_payments
    wanted = set() if is_test else {sold for state in states if (sold := state.sold)}
    open_ones = {sold for sold in wanted if not _is_certain(links.get(sold))}
    known = {**links, **links_of(session, scope.connection_id, open_ones, keep=True)}
    for state in states:
        link = known.get(state.sold) if state.sold in wanted else None
        if isinstance(link, Link):
            state.listing_id = link.listing_id
            _plan(state, link, holds_stock, updated_at)
        else:
            state.listing_id = link
            _plan(state, None, holds_stock, updated_at)
    line_ids = write_lines(session, scope.account_id, order_id, states)
    entries = [
        ledger.Entry(
            variant_id=variant_id,
            location_id=state.location_id or 0,
            movement=movement.scaled(units),
            cause=cause,
            source_key=f"line:{line_ids[state.key]}:{seq}" + (f":{variant_id}" if state.components else ""),
            occurred_at=updated_at,
        )
        for state in states
        for seq, cause, movement in state.movements
        for variant_id, units in state.parts
    ]
    effects: dict[int, list[ChannelEffect]] = defaultdict(list)
    for state in states:
        if state.cell_id is not None and state.channel_effects:
            effects[state.cell_id] += state.channel_effects
    if entries or effects:
        ledger.book(session, scope.account_id, entries)
        moved = {s.variant_id for s in states if s.variant_id and (s.movements or s.channel_effects)}
        moved |= {entry.variant_id for entry in entries}
        _move_cells(uow, scope, moved, effects, known_at)


def _is_certain(link: Link | int | None) -> bool:
    """Where there is a choice of places it is for the moment to say which of them has it."""
    return isinstance(link, Link) and not link.places


def _plan(state: LineState, link: Link | None, holds_stock: bool, updated_at: datetime) -> None:
    """What changed since the last time, as movements and channel effects."""
    line = state.source
    if state.variant_id is None:
        if link is None:
            return
        _begin(state, link, holds_stock)
    now = ledger_effect(line.parts, holds_stock=holds_stock)
    change = now - Movement(on_hand=state.on_hand, committed=state.committed)
    state.channel_effects += channel_changes(
        line.channel_effects, known=state.known_effects, applied=state.channel, undated_at=updated_at
    )
    state.channel = channel_total(line.channel_effects)
    state.on_hand, state.committed = now.on_hand, now.committed
    _add_movement(state, _cause(change), change)


def _begin(state: LineState, link: Link, holds_stock: bool) -> None:
    """The line's state at its cell's baseline counts as applied.

    What the channel had taken from its number and not shipped is still on the shelf behind the number
    that opened the level; what the order held then is committed now.
    """
    line = state.source
    state.variant_id, state.location_id = link.variant_id, link.location_for(line.quantity * link.factor)
    state.cell_id, state.factor, state.components = link.cell_id, link.factor, link.components
    certainly_before = link.baseline_at - SKEW
    base = ledger_effect(line.parts, holds_stock=holds_stock, until=certainly_before)
    taken = channel_total(line.channel_effects, until=certainly_before)
    opens = link.opened_level and not link.components
    shelf = opening_on_hand(0, [(base, taken)]) if opens else 0
    _add_movement(state, "import", Movement(on_hand=shelf, committed=base.committed))
    state.on_hand, state.committed, state.channel = base.on_hand, base.committed, taken
    state.known_effects = [e for e in line.channel_effects if e.at <= certainly_before]


def _add_movement(state: LineState, cause: str, movement: Movement) -> None:
    if not movement.moves_nothing:
        state.effect_seq += 1
        state.movements.append((state.effect_seq, cause, movement.scaled(state.factor)))


def _cause(change: Movement) -> str:
    if change.on_hand > 0:
        return "return"
    return "fulfillment" if change.on_hand < 0 else "order"


def _move_cells(
    uow: UnitOfWork,
    scope: Scope,
    variant_ids: set[int],
    effects: Mapping[int, list[ChannelEffect]],
    known_at: datetime | None,
) -> None:
    """Move our accounts by what the channel did, and have every cell of the variants looked at."""
    session = uow.session
    locked, at = cell_store.lock_at(session, variant_ids=variant_ids, cell_ids=list(effects))
    known_at = known_at or at
    windows = _write_windows(session, effects, known_at) if not scope.capabilities.compare_and_set else {}
    drifted = []
    rows = []
    for cell_id, learned in effects.items():
        cell = locked[cell_id]
        before = cell.drift
        for effect in sorted(learned, key=lambda e: e.at):
            if cell.began_with(effect.at):
                continue
            rows.append(
                cell_store.LearnedEffect(scope.account_id, cell_id, effect.delta, effect.at, known_at, at)
            )
            overwritable = cell.straddles_baseline(effect.at) or any(
                start <= effect.at <= end for start, end in windows.get(cell_id, ())
            )
            verdict = learn_effect(
                cell.belief,
                Effect(effect.delta, effect.at),
                known_at=known_at,
                read_at=cell.read_at,
                overwritable=overwritable,
            )
            cell.belief = verdict.belief
            if verdict.in_doubt:
                cell.look_again(at + cell_store.DOUBT_SETTLE)
        if cell.drift != before:
            drifted.append(cell)
    drifts.note(session, drifted, at, scope.settle)
    linked = {cell.id: cell for cell in locked.values() if cell.variant_id is not None}
    moved = [linked[cell_id] for cell_id in effects if cell_id in linked]
    cell_store.want(uow, linked.values(), at, moved=moved, learned=rows)


def _write_windows(
    session: Session, cell_ids: Iterable[int], known_at: datetime
) -> dict[int, list[tuple[datetime, datetime]]]:
    """When writes were under way that may have overwritten something known since `known_at`."""
    windows: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in session.execute(_WRITE_WINDOWS, {"cells": list(cell_ids), "known_at": known_at}):
        windows[row.cell_id].append((row.start, row.end))
    return windows


def _order_params(scope: Scope, order: ExternalOrder, fetch: Fetch) -> dict[str, object]:
    return {
        "account_id": scope.account_id,
        "connection_id": scope.connection_id,
        "external_id": order.external_id,
        "number": order.number,
        "state": order.state.value,
        "payment": order.payment.value,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "subtotal_minor": order.subtotal_minor,
        "tax_minor": order.tax_minor,
        "shipping_minor": order.shipping_minor,
        "discount_minor": order.discount_minor,
        "refunded_minor": order.refunded_minor,
        "customer_key": order.customer_key,
        "is_test": order.is_test,
        "placed_at": order.created_at,
        "external_updated_at": order.updated_at,
        "fetched_at": fetch.at,
        "fetch_seq": fetch.seq,
        "review_reason": _TRASHED if order.state is OrderState.TRASHED else None,
        "content_hash": _content_hash(order),
    }


_TRASHED = "trashed in the shop; its sale is kept"
_IDENTITY = ("account_id", "connection_id", "external_id")
_FACTS = (
    "number",
    "state",
    "payment",
    "currency",
    "total_minor",
    "subtotal_minor",
    "tax_minor",
    "shipping_minor",
    "discount_minor",
    "refunded_minor",
    "customer_key",
    "is_test",
    "placed_at",
    "external_updated_at",
    "fetched_at",
    "fetch_seq",
    "review_reason",
    "content_hash",
)
# No row if what was applied last was fetched later, or is later by the shop's own clock.
_WRITE_ORDER = text(
    f"""
    INSERT INTO orders AS o ({", ".join(_IDENTITY + _FACTS)})
    VALUES ({", ".join(f":{name}" for name in _IDENTITY + _FACTS)})
    ON CONFLICT (connection_id, external_id) DO UPDATE
        SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _FACTS)}
        WHERE o.fetch_seq < EXCLUDED.fetch_seq
            AND coalesce(o.external_updated_at <= EXCLUDED.external_updated_at, true)
    RETURNING o.id, o.created_at = now() AS is_new, EXISTS (
        SELECT 1 FROM order_holds h
        WHERE h.connection_id = o.connection_id AND h.order_external_id = o.external_id
    ) AS held, (
        SELECT b.state FROM orders b  -- as it was when the statement began
        WHERE b.connection_id = o.connection_id AND b.external_id = o.external_id
    ) AS state_before, EXISTS (
        SELECT 1 FROM webhook_subscriptions s
        WHERE s.account_id = o.account_id AND s.state IN ('active', 'paused')
    ) AS subscribed
    """  # noqa: S608  (names from the tables above)
).columns(*map(column, ("id", "is_new", "held", "state_before", "subscribed")))
_LOCK_ORDER_BY_ID = text(
    """
    SELECT id, fetch_seq, external_updated_at AS updated_at, payment, is_test FROM orders
    WHERE id = :id FOR NO KEY UPDATE
    """
)
_SAME = text(
    """
    WITH same AS (
        SELECT o.id FROM orders o
        JOIN unnest(CAST(:ids AS text[]), CAST(:hashes AS text[])) AS v (external_id, content_hash)
            USING (external_id, content_hash)
        WHERE o.connection_id = :connection_id AND o.fetch_seq < :fetch_seq
        ORDER BY o.id FOR NO KEY UPDATE OF o
    )
    UPDATE orders o SET fetch_seq = :fetch_seq, fetched_at = :fetched_at
    FROM same WHERE o.id = same.id
    RETURNING o.external_id
    """
)
_VANISHED = text(
    """
    UPDATE orders SET review_reason = 'gone from the shop; its sale is kept'
    WHERE connection_id = :connection_id AND external_id = ANY(CAST(:ids AS text[]))
        AND review_reason IS NULL
    RETURNING id
    """
)
_UNAPPLIED_ORDERS = text(
    """
    SELECT DISTINCT n.order_id
    FROM listings l
    JOIN order_lines n ON n.account_id = l.account_id AND n.listing_external_id = l.external_id
        AND n.applied_variant_id IS NULL
    JOIN orders o ON o.id = n.order_id AND o.connection_id = l.connection_id
    WHERE l.id = ANY(CAST(:listings AS bigint[]))
    ORDER BY n.order_id
    """
)
_WRITE_WINDOWS = text(
    """
    SELECT cell_id, started_at - interval '2 seconds' AS start,
        least(closed_at, deadline_at) + interval '2 seconds' AS "end"
    FROM push_attempts
    WHERE cell_id = ANY(CAST(:cells AS bigint[])) AND outcome IN ('open', 'unknown', 'applied')
        AND started_at <= :known_at
        AND created_at > now() - interval '1 day'
    """
)
