"""An order's lines: as the shop has them now, with what each has already done, to rows and back."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, column, text
from sqlalchemy.orm import Session

from app.domain.orders import ChannelEffect, LinePart, PartKind
from app.domain.stock import Movement, place_hit
from app.platforms.base import ExternalOrderLine
from app.services.cells import OF_LISTING


@dataclass(frozen=True, slots=True)
class Link:
    """Where a listing's units are counted. `baseline_at` is when its cell began to be tracked."""

    listing_id: int
    variant_id: int
    location_id: int
    cell_id: int
    factor: int
    baseline_at: datetime
    opened_level: bool
    components: Sequence[tuple[int, int]] | None
    """(variant, units of it for one unit) of a bundle; None of any other."""
    places: Sequence[tuple[int, int]]
    """(our location, units or sets available there) by priority, where its number stands for several."""

    def location_for(self, units: int) -> int:
        """Where so many units are taken from, in units of the variant, or sets of a bundle."""
        return place_hit(self.places, -units) if self.places else self.location_id


Sold = tuple[str, str]
"""What a line sells, and where: the listing's external id, and that of the shop's location."""


@dataclass(slots=True)
class LineState:
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
    components: Sequence[tuple[int, int]] | None = None
    movements: list[tuple[int, str, Movement]] = field(default_factory=list)
    """(effect_seq, cause, movement in units of the variant)"""
    channel_effects: list[ChannelEffect] = field(default_factory=list)
    """Those that our account is to be moved by."""
    known_effects: Sequence[ChannelEffect] = ()
    """Those that it was moved by."""

    @property
    def key(self) -> tuple[str, str]:
        """Which line of its order it is: the shop's id of it, and where its units are taken from."""
        return self.external_id, self.source.location_id

    @property
    def sold(self) -> Sold | None:
        """None for a line of nothing that the shop lists."""
        listing_id = self.source.listing_external_id
        return None if listing_id is None else (listing_id, self.source.location_id)

    @property
    def parts(self) -> Sequence[tuple[int, int]]:
        """(variant, units for one unit) of what its movements move."""
        if self.components is not None:
            return self.components
        return [(self.variant_id, 1)] if self.variant_id is not None else []


def lines_of(session: Session, order_id: int) -> Sequence[Row[Any]]:
    return session.execute(_LINES, {"order_id": order_id}).all()


def links_of(
    session: Session, connection_id: int, sold: Collection[Sold], *, keep: bool
) -> dict[Sold, Link | int]:
    """Where each is counted, or only our id of the listing if it is unlinked, or that place is not ours.

    `keep` makes who wants to link one wait for this transaction: he will find its lines then.
    """
    if not sold:
        return {}
    found: dict[Sold, Link | int] = {}
    asked = sorted(sold)
    params = {
        "connection_id": connection_id,
        "listings": [listing_id for listing_id, _location in asked],
        "locations": [location for _listing_id, location in asked],
    }
    for row in session.execute(_KEPT_LINKS if keep else _LINKS, params):
        linked = row.variant_id is not None and row.baseline_at is not None
        components = [(variant, units) for variant, units in row.components] if row.components else None
        places = [(place, units) for place, units in row.places or ()]
        found[row.external_id, row.asked] = (
            Link(*(*row[2:-2], components, places)) if linked else row.listing_id
        )
    return found


def moved_here(line: ExternalOrderLine, at: datetime) -> ExternalOrderLine:
    """A line that we know from another place only: its units are here since `at`, whenever they were ordered,
    and a baseline of before holds nothing of them.

    Units that only came back here, after they were taken elsewhere, came when the shop says.
    """
    if not line.quantity:
        return line
    return replace(
        line,
        parts=tuple(replace(part, at=at) for part in line.parts),
        channel_effects=tuple(replace(effect, at=at) for effect in line.channel_effects),
    )


def merged_state(line: ExternalOrderLine, stored: Row[Any] | None) -> LineState:
    if stored is None:
        return LineState(line.external_id, line, None)
    return _with_applied(LineState(line.external_id, line, stored.listing_id), stored)


def removed_state(stored: Row[Any]) -> LineState:
    """A line that the shop dropped from the order: it holds and has taken nothing any more."""
    state = stored_state(stored)
    gone = ExternalOrderLine(
        external_id=stored.external_id,
        listing_external_id=stored.listing_external_id,
        sku=stored.sku,
        title=stored.title,
        quantity=0,
        unit_price_minor=stored.unit_price_minor,
        parts=(),
        channel_effects=(),
        location_id=stored.external_location_id,
    )
    state.source = gone
    return state


def stored_state(stored: Row[Any]) -> LineState:
    line = ExternalOrderLine(
        external_id=stored.external_id,
        listing_external_id=stored.listing_external_id,
        sku=stored.sku,
        title=stored.title,
        quantity=stored.quantity,
        unit_price_minor=stored.unit_price_minor,
        tax_minor=stored.tax_minor,
        discount_minor=stored.discount_minor,
        parts=stored_parts(stored),
        channel_effects=_stored_effects(stored),
        location_id=stored.external_location_id,
    )
    return _with_applied(LineState(line.external_id, line, stored.listing_id), stored)


def stored_parts(stored: Row[Any]) -> tuple[LinePart, ...]:
    return tuple(
        LinePart(PartKind(kind), quantity, datetime.fromisoformat(at)) for kind, quantity, at in stored.parts
    )


def _stored_effects(stored: Row[Any]) -> tuple[ChannelEffect, ...]:
    return tuple(ChannelEffect(delta, datetime.fromisoformat(at)) for delta, at in stored.channel_effects)


def _with_applied(state: LineState, stored: Row[Any]) -> LineState:
    state.line_id = stored.id
    state.effect_seq = stored.effect_seq
    state.committed, state.on_hand = stored.applied_committed, stored.applied_on_hand
    state.channel = stored.applied_channel
    state.variant_id, state.location_id = stored.applied_variant_id, stored.applied_location_id
    state.cell_id, state.factor = stored.applied_cell_id, stored.applied_factor
    if stored.applied_components is not None:
        state.components = [(variant, units) for variant, units in stored.applied_components]
    if state.cell_id is not None:
        state.known_effects = _stored_effects(stored)
    return state


def write_lines(
    session: Session, account_id: int, order_id: int, states: Sequence[LineState]
) -> dict[tuple[str, str], int]:
    """Returns the lines' ids by `LineState.key`."""
    rows = [
        {
            "external_id": state.external_id,
            "listing_external_id": state.source.listing_external_id,
            "external_location_id": state.source.location_id,
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
            "applied_components": state.components,
        }
        for state in states
    ]
    written = session.execute(
        _WRITE_LINES, {"account_id": account_id, "order_id": order_id, "rows": json.dumps(rows)}
    )
    return {(row.external_id, row.external_location_id): row.id for row in written}


_LINES = text(
    """
    SELECT id, external_id, listing_external_id, external_location_id, listing_id, sku, title, quantity,
        unit_price_minor, tax_minor, discount_minor, parts, channel_effects, effect_seq, applied_committed,
        applied_on_hand, applied_channel, applied_variant_id, applied_location_id, applied_cell_id,
        applied_factor, applied_components
    FROM order_lines WHERE order_id = :order_id
    """
)
# Where the shop does not tell the location it is the first of those that are ours.
_LINKS = text(
    f"""
    SELECT l.external_id, w.location AS asked, l.id AS listing_id, l.variant_id, c.location_id,
        c.id AS cell_id, l.factor, c.baseline_at, c.opened_level, (
            SELECT jsonb_agg(jsonb_build_array(b.component_id, b.quantity) ORDER BY b.component_id)
            FROM bundle_components b WHERE b.bundle_id = l.variant_id
        ) AS components, CASE WHEN c.is_of_several THEN (
            SELECT jsonb_agg(jsonb_build_array(m.location_id, (
                SELECT min(coalesce(s.on_hand - s.committed, 0) / p.units)
                FROM (
                    SELECT b.component_id AS variant_id, b.quantity AS units FROM bundle_components b
                    WHERE b.bundle_id = l.variant_id
                    UNION ALL
                    SELECT l.variant_id, 1 WHERE NOT EXISTS (
                        SELECT 1 FROM bundle_components b WHERE b.bundle_id = l.variant_id
                    )
                ) p
                LEFT JOIN stock_levels s ON s.variant_id = p.variant_id AND s.location_id = m.location_id
            )) ORDER BY m.priority, m.id)
            FROM connection_locations m
            WHERE m.connection_id = l.connection_id AND m.external_location_id = c.external_location_id
                AND m.location_id IS NOT NULL
        ) END AS places
    FROM unnest(CAST(:listings AS text[]), CAST(:locations AS text[])) AS w (listing, location)
    JOIN listings l ON l.connection_id = :connection_id AND l.external_id = w.listing
    LEFT JOIN LATERAL (
        SELECT s.*, m.of_place > 1 AS is_of_several
        FROM stock_cells s LEFT JOIN (
            SELECT external_location_id, min(priority) AS priority, count(*) AS of_place
            FROM connection_locations WHERE connection_id = :connection_id AND location_id IS NOT NULL
            GROUP BY external_location_id
        ) m USING (external_location_id)
        WHERE {OF_LISTING} AND w.location IN ('', s.external_location_id)
        ORDER BY m.priority, s.id LIMIT 1
    ) c ON true
    ORDER BY l.id
    """  # noqa: S608  (a constant)
)
_KEPT_LINKS = text(f"{_LINKS.text} FOR SHARE OF l")
_WRITE_LINES = text(
    """
    INSERT INTO order_lines AS t (account_id, order_id, external_id, listing_external_id,
        external_location_id, listing_id, sku, title, quantity, unit_price_minor, tax_minor, discount_minor,
        parts, channel_effects, effect_seq, applied_committed, applied_on_hand, applied_channel,
        applied_variant_id, applied_location_id, applied_cell_id, applied_factor, applied_components)
    SELECT :account_id, :order_id, r.*
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (external_id text, listing_external_id text,
        external_location_id text, listing_id bigint, sku text, title text, quantity int,
        unit_price_minor bigint, tax_minor bigint, discount_minor bigint, parts jsonb,
        channel_effects jsonb, effect_seq int, applied_committed int, applied_on_hand int,
        applied_channel int, applied_variant_id bigint, applied_location_id bigint,
        applied_cell_id bigint, applied_factor int, applied_components jsonb)
    ON CONFLICT (order_id, external_id, external_location_id) DO UPDATE SET
        listing_id = EXCLUDED.listing_id, sku = EXCLUDED.sku, title = EXCLUDED.title,
        quantity = EXCLUDED.quantity, unit_price_minor = EXCLUDED.unit_price_minor,
        tax_minor = EXCLUDED.tax_minor, discount_minor = EXCLUDED.discount_minor, parts = EXCLUDED.parts,
        channel_effects = EXCLUDED.channel_effects, effect_seq = EXCLUDED.effect_seq,
        applied_committed = EXCLUDED.applied_committed, applied_on_hand = EXCLUDED.applied_on_hand,
        applied_channel = EXCLUDED.applied_channel, applied_variant_id = EXCLUDED.applied_variant_id,
        applied_location_id = EXCLUDED.applied_location_id, applied_cell_id = EXCLUDED.applied_cell_id,
        applied_factor = EXCLUDED.applied_factor, applied_components = EXCLUDED.applied_components
    RETURNING t.id, t.external_id, t.external_location_id
    """
).columns(column("id"), column("external_id"), column("external_location_id"))
