"""Lists of orders, by every filter.

A search (`q`) finds orders by the beginning of their number, by the beginning of a line's SKU, both in any
case, or by the whole e-mail address or shop's id of the customer, of which we keep a hash or the id only.

Of a term that few orders match, all are taken and sorted. One that many match, the pages walk through the
orders for, a stretch at a time: a page may then be shorter than asked for, even empty, and have a next one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from app.services.queries.order_filters import (
    BY_CUSTOMER,
    BY_NUMBER,
    BY_SKU,
    MATCHES,
    OrderFilter,
    Sort,
    chosen,
    walk,
)
from app.services.queries.paging import Page, Row, encode, page, read

NEWEST = Sort("-placed_at")
FEW = 10_000
"""Matches of a term by each of number, customer and SKU up to which all are taken."""
STRETCH = 5_000
"""Orders that a page looks at for a term that many match."""
ORDER_COLUMNS = """
    o.id, o.connection_id, c.platform, o.external_id, o.number, o.state, o.payment, o.currency,
    o.total_minor, o.subtotal_minor, o.tax_minor, o.shipping_minor, o.discount_minor,
    o.refunded_minor, o.is_test, o.placed_at, o.external_updated_at AS updated_at, o.review_reason
"""
"""Of `orders o` and its connection `c`."""


def orders(
    account_id: int, asked: OrderFilter, *, sort: Sort = NEWEST, limit: int, cursor: str | None = None
) -> Page:
    """A page of them. Raises InvalidCursor."""
    after, more = sort.after(cursor)
    params = {**asked.parameters(account_id), **more}
    if asked.term and is_frequent(params):
        return _stretch(asked, sort, after, params, limit)
    keys = _found(asked, sort, after) if asked.term else walk(asked, sort, after)
    rows = read(text(_with_columns(keys, sort)), **params, limit=limit + 1, most=FEW + 1)
    found = page(rows, limit, lambda row: sort.key(row["sort"], row["id"]))
    return Page([_shown(row) for row in found.items], found.next)


def is_frequent(params: dict[str, Any]) -> bool:
    """Whether more than FEW orders match the term in one of the ways."""
    [row] = read(_COUNTED_MATCHES, **params, most=FEW + 1)
    return any(count > FEW for count in row.values())


def _found(asked: OrderFilter, sort: Sort, after: str) -> str:
    """`id` and `sort` of the first `:limit` of a term's few matches."""
    return f"""
        SELECT o.id, o.{sort.column} AS sort
        FROM {MATCHED}
        WHERE {chosen(asked)} AND {after}
        ORDER BY o.{sort.column} {sort.direction}, o.id {sort.direction} LIMIT :limit
    """  # noqa: S608  (constants)


def _stretch(asked: OrderFilter, sort: Sort, after: str, params: dict[str, Any], limit: int) -> Page:
    """What a stretch of the orders has of a term that many match."""
    query = f"""
        WITH walked AS MATERIALIZED ({walk(asked, sort, after)}),
        matched AS (
            SELECT w.id, w.sort FROM walked w JOIN orders o ON o.id = w.id
            WHERE {MATCHES} {sort.by("w")} LIMIT :wanted
        ),
        shown AS ({_with_columns("SELECT id, sort FROM matched", sort)})
        SELECT (SELECT count(*) FROM walked) AS walked, l.sort AS last_sort, l.id AS last_id, shown.*
        FROM (SELECT w.sort, w.id FROM walked w ORDER BY w.sort {_other_way(sort)}, w.id {_other_way(sort)}
            LIMIT 1) AS l
        LEFT JOIN shown ON true
        {sort.by("shown")}
    """  # noqa: S608  (constants)
    rows = read(text(query), **params, limit=STRETCH, wanted=limit + 1)
    if not rows:
        return Page([], None)
    walked, last = rows[0]["walked"], sort.key(rows[0]["last_sort"], rows[0]["last_id"])
    for row in rows:
        del row["walked"], row["last_sort"], row["last_id"]
    matched = [row for row in rows if row["id"] is not None]
    found = page(matched, limit, lambda row: sort.key(row["sort"], row["id"]))
    following = found.next or (encode(last) if walked == STRETCH else None)
    return Page([_shown(row) for row in found.items], following)


def _other_way(sort: Sort) -> str:
    return "ASC" if sort.direction == "DESC" else "DESC"


def _with_columns(keys: str, sort: Sort) -> str:
    return f"""
        SELECT {ORDER_COLUMNS}, k.sort
        FROM ({keys}) AS k JOIN orders o ON o.id = k.id JOIN connections c ON c.id = o.connection_id
        {sort.by("k")}
    """  # noqa: S608  (constants)


def _shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "sort"}


MATCHED = f"""
    (({BY_NUMBER}) UNION ({BY_CUSTOMER}) UNION ({BY_SKU})) AS f
    CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = f.id LIMIT 1) AS o
"""  # noqa: S608  (constants)
"""The orders that a term finds, up to `:most` by each way, looked up one by one."""
_COUNTED_MATCHES = text(
    f"""
    SELECT (SELECT count(*) FROM ({BY_NUMBER}) AS n) AS by_number,
        (SELECT count(*) FROM ({BY_CUSTOMER}) AS u) AS by_customer,
        (SELECT count(*) FROM ({BY_SKU}) AS s) AS by_sku
    """  # noqa: S608  (constants)
)
