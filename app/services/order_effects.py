"""What an order changes: the ledger, and our accounts of channels' numbers. One order, one transaction."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.account import SKEW, Effect, learn_effect
from app.domain.orders import (
    ChannelEffect,
    LinePart,
    PartKind,
    channel_changes,
    channel_total,
    ledger_effect,
    opening_on_hand,
)
from app.domain.stock import Movement
from app.platforms.base import Capabilities, ExternalOrder, ExternalOrderLine, OrderState
from app.services import cells as cell_store
from app.services import holds, ledger
from app.services.nudge import Drain, nudge
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
class _Link:
    """Where a listing's units are counted. `baseline_at` is when its cell began to be tracked."""

    listing_id: int
    variant_id: int
    location_id: int
    cell_id: int
    factor: int
    baseline_at: datetime
    opened_level: bool


@dataclass(slots=True)
class _LineState:
    """A line as it is now and what of it was applied; written back whole."""

    external_id: str
    source: ExternalOrderLine
    listing_id: int | None
    line_id: int | None = None
    effect_seq: int = 0
    committed: int = 0
    on_hand: int = 0
    channel: int = 0
    variant_id: int | None = None
    location_id: int | None = None
    cell_id: int | None = None
    factor: int = 1
    movements: list[tuple[int, str, Movement]] = field(default_factory=list)
    """(effect_seq, cause, movement in units of the variant)"""
    channel_effects: list[ChannelEffect] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fetch:
    """Taken before the HTTP call: of two fetches of an order the one requested later wins.

    `at` is the database's clock, as is an event's `received_at`: a fetch requested after an event came in
    has all that the event could tell.
    """

    seq: int
    at: datetime


def begin_fetch() -> Fetch:
    with unit_of_work() as uow:
        row = uow.session.execute(text("SELECT nextval('fetch_seq') AS seq, clock_timestamp() AS at")).one()
        uow.commit()
    return Fetch(row.seq, row.at)


def apply_orders(
    scope: Scope, orders: Sequence[ExternalOrder], *, fetch_seq: int, fetched_at: datetime
) -> dict[str, str]:
    """Bring each order's row, lines, ledger effects and channel effects up to date.

    One transaction per order. An order that a later fetch has overtaken is left alone, and applying the
    same state again moves nothing. Returns the ids of those that could not be applied, with the fault.
    """
    failed = {}
    with unit_of_work() as uow:
        for order in _changed(uow, scope, orders, fetch_seq, fetched_at):
            try:
                apply_order(uow, scope, order, fetch_seq=fetch_seq, fetched_at=fetched_at)
                uow.commit()
            except Exception as err:  # of its own or ours: neither may keep the others from being applied
                uow.rollback()
                log.exception("order_not_applied", connection_id=scope.connection_id)
                failed[order.external_id] = type(err).__name__
    return failed


def _changed(
    uow: UnitOfWork, scope: Scope, orders: Sequence[ExternalOrder], fetch_seq: int, fetched_at: datetime
) -> list[ExternalOrder]:
    """Those that are not word for word what was applied last; the others are only noted as seen."""
    same = uow.session.execute(
        _SAME,
        {
            "connection_id": scope.connection_id,
            "ids": [order.external_id for order in orders],
            "hashes": [_content_hash(order) for order in orders],
            "fetch_seq": fetch_seq,
            "fetched_at": fetched_at,
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
            lines = _lines_of(uow.session, order_id)
            states = [_stored_state(line) for line in lines]
            _apply_lines(
                uow,
                scope,
                row,
                states,
                payment=row.payment,
                is_test=row.is_test,
                updated_at=row.updated_at,
            )
            uow.commit()
    return len(order_ids)


def apply_order(
    uow: UnitOfWork, scope: Scope, order: ExternalOrder, *, fetch_seq: int, fetched_at: datetime
) -> bool:
    """Apply one order in the caller's transaction. False if a later fetch has overtaken it."""
    session = uow.session
    row = session.execute(
        _LOCK_ORDER,
        {
            "account_id": scope.account_id,
            "connection_id": scope.connection_id,
            "external_id": order.external_id,
        },
    ).one()
    older = row.updated_at is not None and order.updated_at < row.updated_at
    if fetch_seq <= row.fetch_seq or older:
        return False
    stored = {line.external_id: line for line in _lines_of(session, row.id)} if row.fetch_seq else {}
    states = [_merged_state(line, stored.get(line.external_id)) for line in order.lines]
    present = {line.external_id for line in order.lines}
    states += [_removed_state(line) for key, line in stored.items() if key not in present]
    review = None
    if order.state is OrderState.TRASHED:
        review = "trashed in the shop; its sale is kept"
        states = [] if row.fetch_seq else states  # a sale that we never heard of still was one
    if states:
        _apply_lines(
            uow,
            scope,
            row,
            states,
            payment=order.payment,
            is_test=order.is_test,
            updated_at=order.updated_at,
        )
    session.execute(_UPDATE_ORDER, _order_params(row.id, order, fetch_seq, fetched_at, review))
    if row.held:
        holds.release(uow, scope.connection_id, [order.external_id])
    return True


def _apply_lines(
    uow: UnitOfWork,
    scope: Scope,
    order: Row[Any],
    states: list[_LineState],
    *,
    payment: str,
    is_test: bool,
    updated_at: datetime,
) -> None:
    """Plan each line, then write everything: lines, levels, then cells. A test order moves nothing."""
    session = uow.session
    holds_stock = payment in scope.capabilities.holding_payments
    links = _links(session, scope, [] if is_test else [s.source.listing_external_id for s in states])
    for state in states:
        link = links.get(state.source.listing_external_id or "")
        if isinstance(link, _Link):
            state.listing_id = link.listing_id
            _plan(state, link, holds_stock, updated_at)
        else:
            state.listing_id = link
            _plan(state, None, holds_stock, updated_at)
    line_ids = _write_lines(session, scope, order.id, states)
    entries = [
        ledger.Entry(
            variant_id=state.variant_id or 0,
            location_id=state.location_id or 0,
            movement=movement,
            cause=cause,
            source_key=f"line:{line_ids[state.external_id]}:{seq}",
            occurred_at=updated_at,
        )
        for state in states
        for seq, cause, movement in state.movements
    ]
    effects: dict[int, list[ChannelEffect]] = defaultdict(list)
    for state in states:
        if state.cell_id is not None and state.channel_effects:
            effects[state.cell_id] += state.channel_effects
    if entries or effects:
        ledger.book(session, scope.account_id, entries)
        moved = {s.variant_id for s in states if s.variant_id and (s.movements or s.channel_effects)}
        _move_cells(uow, scope, moved, effects)


def _plan(state: _LineState, link: _Link | None, holds_stock: bool, updated_at: datetime) -> None:
    """What changed since the last time, as movements and channel effects."""
    line = state.source
    if state.variant_id is None:
        if link is None:
            return
        _begin(state, link, holds_stock)
    now = ledger_effect(line.parts, holds_stock=holds_stock)
    change = now - Movement(on_hand=state.on_hand, committed=state.committed)
    state.channel_effects += channel_changes(
        line.channel_effects, applied=state.channel, undated_at=updated_at
    )
    state.channel = channel_total(line.channel_effects)
    state.on_hand, state.committed = now.on_hand, now.committed
    _add_movement(state, _cause(change), change)


def _begin(state: _LineState, link: _Link, holds_stock: bool) -> None:
    """The line's state at its cell's baseline counts as applied.

    What the channel had taken from its number and not shipped is still on the shelf behind the number
    that opened the level; what the order held then is committed now.
    """
    line = state.source
    state.variant_id, state.location_id = link.variant_id, link.location_id
    state.cell_id, state.factor = link.cell_id, link.factor
    certainly_before = link.baseline_at - SKEW
    base = ledger_effect(line.parts, holds_stock=holds_stock, until=certainly_before)
    taken = channel_total(line.channel_effects, until=certainly_before)
    shelf = opening_on_hand(0, [(base, taken)]) if link.opened_level else 0
    _add_movement(state, "import", Movement(on_hand=shelf, committed=base.committed))
    state.on_hand, state.committed, state.channel = base.on_hand, base.committed, taken


def _add_movement(state: _LineState, cause: str, movement: Movement) -> None:
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
) -> None:
    """Move our accounts by what the channel did, and have every cell of the variants looked at."""
    session = uow.session
    locked, at = cell_store.lock_at(session, variant_ids=variant_ids, cell_ids=list(effects))
    windows = _write_windows(session, effects) if not scope.capabilities.compare_and_set else {}
    drifted = []
    for cell_id, learned in effects.items():
        cell = locked[cell_id]
        before = cell.drift
        for effect in sorted(learned, key=lambda e: e.at):
            overwritable = cell.straddles_baseline(effect.at) or any(
                start <= effect.at <= end for start, end in windows.get(cell_id, ())
            )
            verdict = learn_effect(
                cell.belief, Effect(effect.delta, effect.at), read_at=cell.read_at, overwritable=overwritable
            )
            cell.belief = verdict.belief
            if verdict.in_doubt:
                cell.look_again(at + cell_store.DOUBT_SETTLE)
        if cell.drift != before:
            drifted.append(cell)
    for cell in locked.values():
        cell.want(at)
        if cell.state == "active":
            uow.after_commit(partial(nudge, Drain.PUSH, cell.connection_id), once=cell.connection_id)
    cell_store.record_drift(session, drifted, at, scope.settle)
    rows = [
        cell_store.LearnedEffect(scope.account_id, cell_id, effect.delta, effect.at, at)
        for cell_id, learned in effects.items()
        for effect in learned
    ]
    cell_store.save(session, locked.values(), learned=rows)


def _write_windows(session: Session, cell_ids: Iterable[int]) -> dict[int, list[tuple[datetime, datetime]]]:
    windows: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in session.execute(_WRITE_WINDOWS, {"cells": list(cell_ids)}):
        windows[row.cell_id].append((row.start, row.end))
    return windows


# ----------------------------------------------------------------------------------- rows <-> states


def _lines_of(session: Session, order_id: int) -> Sequence[Row[Any]]:
    return session.execute(_LINES, {"order_id": order_id}).all()


def _links(
    session: Session, scope: Scope, listing_external_ids: Iterable[str | None]
) -> dict[str, _Link | int]:
    """By listing external id: where it is counted, or only the listing's id if it is unlinked."""
    wanted = sorted({i for i in listing_external_ids if i})
    if not wanted:
        return {}
    found: dict[str, _Link | int] = {}
    for row in session.execute(_LINKS, {"connection_id": scope.connection_id, "ids": wanted}):
        linked = row.variant_id is not None and row.baseline_at is not None
        found[row.external_id] = _Link(*row[1:]) if linked else row.listing_id
    return found


def _merged_state(line: ExternalOrderLine, stored: Row[Any] | None) -> _LineState:
    if stored is None:
        return _LineState(line.external_id, line, None)
    return _with_applied(_LineState(line.external_id, line, stored.listing_id), stored)


def _removed_state(stored: Row[Any]) -> _LineState:
    """A line that the shop dropped from the order: it holds and has taken nothing any more."""
    state = _stored_state(stored)
    gone = ExternalOrderLine(
        external_id=stored.external_id,
        listing_external_id=stored.listing_external_id,
        sku=stored.sku,
        title=stored.title,
        quantity=0,
        unit_price_minor=stored.unit_price_minor,
        parts=(),
        channel_effects=(),
    )
    state.source = gone
    return state


def _stored_state(stored: Row[Any]) -> _LineState:
    line = ExternalOrderLine(
        external_id=stored.external_id,
        listing_external_id=stored.listing_external_id,
        sku=stored.sku,
        title=stored.title,
        quantity=stored.quantity,
        unit_price_minor=stored.unit_price_minor,
        tax_minor=stored.tax_minor,
        discount_minor=stored.discount_minor,
        parts=tuple(
            LinePart(PartKind(kind), quantity, datetime.fromisoformat(at))
            for kind, quantity, at in stored.parts
        ),
        channel_effects=tuple(
            ChannelEffect(delta, datetime.fromisoformat(at)) for delta, at in stored.channel_effects
        ),
    )
    return _with_applied(_LineState(line.external_id, line, stored.listing_id), stored)


def _with_applied(state: _LineState, stored: Row[Any]) -> _LineState:
    state.line_id = stored.id
    state.effect_seq = stored.effect_seq
    state.committed, state.on_hand = stored.applied_committed, stored.applied_on_hand
    state.channel = stored.applied_channel
    state.variant_id, state.location_id = stored.applied_variant_id, stored.applied_location_id
    state.cell_id, state.factor = stored.applied_cell_id, stored.applied_factor
    return state


def _write_lines(
    session: Session, scope: Scope, order_id: int, states: Sequence[_LineState]
) -> dict[str, int]:
    rows = [
        {
            "external_id": state.external_id,
            "listing_external_id": state.source.listing_external_id,
            "listing_id": state.listing_id,
            "sku": state.source.sku,
            "title": state.source.title,
            "quantity": state.source.quantity,
            "unit_price_minor": state.source.unit_price_minor,
            "tax_minor": state.source.tax_minor,
            "discount_minor": state.source.discount_minor,
            "parts": [[p.kind.value, p.quantity, p.at.isoformat()] for p in state.source.parts],
            "channel_effects": [[e.delta, e.at.isoformat()] for e in state.source.channel_effects],
            "effect_seq": state.effect_seq,
            "applied_committed": state.committed,
            "applied_on_hand": state.on_hand,
            "applied_channel": state.channel,
            "applied_variant_id": state.variant_id,
            "applied_location_id": state.location_id,
            "applied_cell_id": state.cell_id,
            "applied_factor": state.factor,
        }
        for state in states
    ]
    written = session.execute(
        _WRITE_LINES, {"account_id": scope.account_id, "order_id": order_id, "rows": json.dumps(rows)}
    )
    return {row.external_id: row.id for row in written}


def _order_params(
    order_id: int, order: ExternalOrder, fetch_seq: int, fetched_at: datetime, review: str | None
) -> dict[str, object]:
    return {
        "id": order_id,
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
        "updated_at": order.updated_at,
        "fetched_at": fetched_at,
        "fetch_seq": fetch_seq,
        "review": review,
        "content_hash": _content_hash(order),
    }


_LOCK_ORDER = text(
    """
    INSERT INTO orders AS o (account_id, connection_id, external_id)
    VALUES (:account_id, :connection_id, :external_id)
    ON CONFLICT (connection_id, external_id) DO UPDATE SET external_id = EXCLUDED.external_id
    RETURNING o.id, o.fetch_seq, o.external_updated_at AS updated_at, o.payment, o.is_test, EXISTS (
        SELECT 1 FROM order_holds h
        WHERE h.connection_id = o.connection_id AND h.order_external_id = o.external_id
    ) AS held
    """
)
_LOCK_ORDER_BY_ID = text(
    """
    SELECT id, fetch_seq, external_updated_at AS updated_at, payment, is_test FROM orders
    WHERE id = :id FOR NO KEY UPDATE
    """
)
_LINES = text(
    """
    SELECT id, external_id, listing_external_id, listing_id, sku, title, quantity, unit_price_minor,
        tax_minor, discount_minor, parts, channel_effects, effect_seq, applied_committed, applied_on_hand,
        applied_channel, applied_variant_id, applied_location_id, applied_cell_id, applied_factor
    FROM order_lines WHERE order_id = :order_id
    """
)
_LINKS = text(
    """
    SELECT l.external_id, l.id AS listing_id, l.variant_id, c.location_id, c.id AS cell_id, l.factor,
        c.baseline_at, c.opened_level
    FROM listings l LEFT JOIN stock_cells c ON c.id = l.cell_id
    WHERE l.connection_id = :connection_id AND l.external_id = ANY(CAST(:ids AS text[]))
    ORDER BY l.id
    FOR SHARE OF l
    """
)
_WRITE_LINES = text(
    """
    INSERT INTO order_lines AS t (account_id, order_id, external_id, listing_external_id, listing_id, sku,
        title, quantity, unit_price_minor, tax_minor, discount_minor, parts, channel_effects, effect_seq,
        applied_committed, applied_on_hand, applied_channel, applied_variant_id, applied_location_id,
        applied_cell_id, applied_factor)
    SELECT :account_id, :order_id, r.*
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (external_id text, listing_external_id text,
        listing_id bigint, sku text, title text, quantity int, unit_price_minor bigint, tax_minor bigint,
        discount_minor bigint, parts jsonb, channel_effects jsonb, effect_seq int, applied_committed int,
        applied_on_hand int, applied_channel int, applied_variant_id bigint, applied_location_id bigint,
        applied_cell_id bigint, applied_factor int)
    ON CONFLICT (order_id, external_id) DO UPDATE SET
        listing_id = EXCLUDED.listing_id, sku = EXCLUDED.sku, title = EXCLUDED.title,
        quantity = EXCLUDED.quantity, unit_price_minor = EXCLUDED.unit_price_minor,
        tax_minor = EXCLUDED.tax_minor, discount_minor = EXCLUDED.discount_minor, parts = EXCLUDED.parts,
        channel_effects = EXCLUDED.channel_effects, effect_seq = EXCLUDED.effect_seq,
        applied_committed = EXCLUDED.applied_committed, applied_on_hand = EXCLUDED.applied_on_hand,
        applied_channel = EXCLUDED.applied_channel, applied_variant_id = EXCLUDED.applied_variant_id,
        applied_location_id = EXCLUDED.applied_location_id, applied_cell_id = EXCLUDED.applied_cell_id,
        applied_factor = EXCLUDED.applied_factor
    RETURNING t.id, t.external_id
    """
)
_UPDATE_ORDER = text(
    """
    UPDATE orders SET number = :number, state = :state, payment = :payment, currency = :currency,
        total_minor = :total_minor, subtotal_minor = :subtotal_minor, tax_minor = :tax_minor,
        shipping_minor = :shipping_minor, discount_minor = :discount_minor,
        refunded_minor = :refunded_minor, customer_key = :customer_key, is_test = :is_test,
        placed_at = :placed_at, external_updated_at = :updated_at, fetched_at = :fetched_at,
        fetch_seq = :fetch_seq, review_reason = :review, content_hash = :content_hash
    WHERE id = :id
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
        coalesce(closed_at, deadline_at) + interval '2 seconds' AS "end"
    FROM push_attempts
    WHERE cell_id = ANY(CAST(:cells AS bigint[])) AND outcome IN ('open', 'unknown', 'applied')
        AND created_at > now() - interval '1 day'
    """
)
