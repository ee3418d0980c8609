"""What happened to an order, and because of it: from the rows that each part of SyncFlow keeps anyway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.domain.orders import LinePart, PartKind
from app.domain.sentences import Sentence, say
from app.errors import NotFound
from app.services.queries.movements import BY_HAND, OF_LINES, WHAT_IS_BEHIND, told
from app.services.queries.paging import Page, Row, decode, moment_of, page, read
from app.services.queries.why import WRITE, write_told

KINDS = ("placed", "webhook", "stored", "shop", "stock", "shipment", "action", "write", "fetched")
"""What a line of it may be. At the same moment they come in this order.

- `placed`, `shop`: by the shop's account and clock: units added, taken off, shipped or come back.
- `webhook`: the shop told of the order. `stored`: we had it first. `fetched`: it was read whole last.
- `stock`: the ledger moved. `write`: the first time that a channel was told of the new number.
- `shipment`: entered here, or told to the shop. `action`: what else a person did about it.
"""
DETAILS = (
    "made_by",
    "line_id",
    "variant_id",
    "location_id",
    "connection_id",
    "fulfillment_id",
    "on_hand_delta",
    "committed_delta",
    "tracking_number",
    "tracking_url",
)
"""What a line tells where it applies, and None elsewhere."""
MOST = 1_000
"""Lines of each kind, the oldest."""
MOST_MOVES = 100
"""Changes of available stock of which the writes are looked for."""
IDS_BESIDE = 1_000
"""How far an attempt's id may be behind that of one which began before: ids and moments are drawn apart."""


def timeline(account_id: int, order_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """Oldest first. Raises NotFound and InvalidCursor."""
    after = _position(cursor)
    found = read(_ORDER, account_id=account_id, id=order_id)
    if not found:
        raise NotFound("There is no such order.")
    [order] = found
    asked = {"account_id": account_id, "order_id": order_id, "most": MOST}
    lines = [
        *_milestones(order),
        *_told_by_shop(order, read(_LINES, **asked)),
        *_webhooks(read(_WEBHOOKS, **asked, **_of_shop(order))),
        *_movements(read(_MOVEMENTS, **asked)),
        *_shipments(read(_SHIPMENTS, **asked)),
        *_actions(read(_ACTIONS, **asked)),
        *_writes(read(_WRITES, **asked, most_moves=MOST_MOVES, beside=IDS_BESIDE)),
    ]
    lines.sort(key=_key)
    following = [line for line in lines if after is None or _key(line) > after]
    return page(following[: limit + 1], limit, lambda line: [_key(line)[0].isoformat(), *_key(line)[1:]])


def _key(line: Any) -> tuple[datetime, int, int, int]:
    return line["at"], KINDS.index(line["kind"]), line["id"], line.get("part", 0)


def _position(cursor: str | None) -> tuple[datetime, int, int, int] | None:
    key = decode(cursor, str, int, int, int)
    if key is None:
        return None
    return moment_of(key[0]), key[1], key[2], key[3]


def _of_shop(order: Row) -> dict[str, object]:
    return {"connection_id": order["connection_id"], "external_id": order["external_id"]}


def _line(kind: str, row: Row, at: datetime, words: Sentence, **more: Any) -> Row:
    return {**dict.fromkeys(DETAILS), "kind": kind, "id": row["id"], "at": at, **words.columns(), **more}


def _milestones(order: Row) -> Iterator[Row]:
    of_shop = {"connection_id": order["connection_id"]}
    shop = order["connection_name"]
    if order["placed_at"] is not None:
        yield _line(
            "placed", order, order["placed_at"], say("placed", shop=shop, order=order["number"]), **of_shop
        )
    yield _line("stored", order, order["created_at"], say("known"), **of_shop)
    if order["fetched_at"] is not None:
        seen = {"shop": shop, "state": order["state"], "payment": order["payment"]}
        money = {name: order[name] for name in ("refunded_minor", "currency")}
        words = say("read_refunded", **seen, **money) if order["refunded_minor"] else say("read", **seen)
        yield _line("fetched", order, order["fetched_at"], words, **of_shop)


def _told_by_shop(order: Row, lines: list[Row]) -> Iterator[Row]:
    """The dated parts of its lines, but for those that it was placed with."""
    for line in lines:
        for number, (kind, quantity, at) in enumerate(line["parts"]):
            part = LinePart(PartKind(kind), quantity, datetime.fromisoformat(at))
            if quantity == 0 or (part.kind is PartKind.ORDERED and part.at == order["placed_at"]):
                continue
            words = say(f"line_{part.kind}", count=quantity, what=line["sku"] or line["title"])
            yield _line("shop", line, part.at, words, part=number, line_id=line["id"])


def _webhooks(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        told_of = {"shop": row["connection_name"], "topic": row["topic"], "progress": row["state"]}
        words = (
            say("told_verdict", **told_of, verdict=row["verdict"])
            if row["verdict"]
            else say("told", **told_of)
        )
        yield _line("webhook", row, row["received_at"], words, connection_id=row["connection_id"])


def _movements(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        names = ("line_id", "variant_id", "location_id", "connection_id", "on_hand_delta", "committed_delta")
        words = told(row)
        words = replace(words, values={**words.values, "place": row["location"]})
        yield _line("stock", row, row["at"], words, **{name: row[name] for name in names})


def _shipments(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        names = ("connection_id", "tracking_number", "tracking_url")
        more = {"fulfillment_id": row["id"], **{name: row[name] for name in names}}
        carrier = " ".join(part for part in (row["carrier"], row["tracking_number"]) if part)
        words = (
            say("shipment_by", count=row["units"], carrier=carrier)
            if carrier
            else say("shipment", count=row["units"])
        )
        yield _line("shipment", row, row["created_at"], words, made_by=row["made_by"], **more)
        if row["sent_at"] is not None:
            code = "shipment_noted" if row["only_noted"] else "shipment_told"
            words = say(code, shop=row["connection_name"])
            yield _line("shipment", row, row["sent_at"], words, part=1, **more)


def _actions(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        words = say(row["action"].replace("fulfillment.", "shipment_"))
        more = {"fulfillment_id": row["fulfillment_id"], "made_by": row["made_by"]}
        yield _line("action", row, row["at"], words, **more)


def _writes(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        more = {name: row[name] for name in ("connection_id", "variant_id", "location_id")}
        yield _line("write", row, row["at"], write_told(row), **more)


_ORDER = text(
    """
    SELECT o.id, o.connection_id, o.external_id, o.number, o.state, o.payment, o.currency, o.refunded_minor,
        o.placed_at, o.created_at, o.fetched_at, c.name AS connection_name
    FROM orders o JOIN connections c ON c.id = o.connection_id
    WHERE o.account_id = :account_id AND o.id = :id
    """
)
_LINES = text(
    """
    SELECT id, sku, title, parts FROM order_lines
    WHERE account_id = :account_id AND order_id = :order_id ORDER BY id LIMIT :most
    """
)
_WEBHOOKS = text(
    """
    SELECT e.id, e.received_at, e.topic, e.state, e.verdict, e.connection_id, c.name AS connection_name
    FROM inbound_events e JOIN connections c ON c.id = e.connection_id
    WHERE e.account_id = :account_id AND e.connection_id = :connection_id
      AND e.order_external_id = :external_id
    ORDER BY e.id LIMIT :most
    """
)
_MOVEMENTS = text(
    f"""
    SELECT m.id, m.line_id, m.at, m.cause, m.source_key, m.variant_id, m.location_id, m.on_hand_delta,
        m.committed_delta, p.name AS location, o.number AS order_number, c.id AS connection_id,
        c.name AS connection_name, {BY_HAND}
    FROM (
        SELECT m.id, m.created_at AS at, m.cause, m.source_key, m.variant_id, m.location_id, m.on_hand_delta,
            m.committed_delta, l.id AS line_id
        FROM {OF_LINES}
        WHERE l.account_id = :account_id AND l.order_id = :order_id ORDER BY m.id LIMIT :most
    ) m
    JOIN locations p ON p.id = m.location_id
    {WHAT_IS_BEHIND}
    """  # noqa: S608  (constants)
)
_SHIPMENTS = text(
    """
    SELECT f.id, f.created_at, f.sent_at, f.only_noted, f.carrier, f.tracking_number, f.tracking_url,
        f.connection_id, c.name AS connection_name, coalesce(u.email, f.actor) AS made_by,
        (SELECT coalesce(sum(n.quantity), 0) FROM fulfillment_lines n WHERE n.fulfillment_id = f.id) AS units
    FROM fulfillments f
    JOIN connections c ON c.id = f.connection_id
    LEFT JOIN users u ON u.id = CASE WHEN f.actor LIKE 'user:%'
        THEN CAST(split_part(f.actor, ':', 2) AS bigint) END
    WHERE f.account_id = :account_id AND f.order_id = :order_id ORDER BY f.id LIMIT :most
    """
)
_ACTIONS = text(
    """
    SELECT a.id, a.created_at AS at, a.action, f.id AS fulfillment_id, coalesce(u.email, a.actor) AS made_by
    FROM fulfillments f
    JOIN audit_log a ON a.account_id = f.account_id AND a.subject = 'fulfillment:' || f.id
    LEFT JOIN users u ON u.id = CASE WHEN a.actor LIKE 'user:%'
        THEN CAST(split_part(a.actor, ':', 2) AS bigint) END
    WHERE f.account_id = :account_id AND f.order_id = :order_id AND a.action <> 'fulfillment.created'
    ORDER BY a.id LIMIT :most
    """
)
# An attempt tells no order: of each cell it is the first that began after available stock was moved.
_WRITES = text(
    f"""
    WITH moved AS (
        SELECT DISTINCT m.variant_id, m.created_at FROM {OF_LINES}
        WHERE l.account_id = :account_id AND l.order_id = :order_id AND m.on_hand_delta <> m.committed_delta
        ORDER BY m.created_at LIMIT :most_moves
    ),
    since AS (
        SELECT moved.*, (
            SELECT id FROM push_attempts WHERE created_at >= moved.created_at ORDER BY created_at LIMIT 1
        ) - :beside AS attempt_id FROM moved
    )
    SELECT DISTINCT {WRITE}, t.variant_id, t.location_id
    FROM since
    JOIN stock_cells t ON t.account_id = :account_id AND t.variant_id = since.variant_id
    CROSS JOIN LATERAL (
        SELECT * FROM push_attempts
        WHERE cell_id = t.id AND id >= since.attempt_id AND created_at >= since.created_at
        ORDER BY id LIMIT 1
    ) a
    JOIN connections c ON c.id = a.connection_id
    LIMIT :most
    """  # noqa: S608  (constants)
)
