"""Which orders are asked for, in which order: the SQL of every list, sum and file of orders.

Orders are reached by one index for each sort, which begins with connection, state and payment. Where none of
them is asked for all are named, and the first rows of every combination are merged: so each page costs the
same, wherever it is and whatever is rare.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.models.orders import NUMBER_KEY, SKU_KEY
from app.platforms.base import OrderState, PaymentState
from app.services.queries.paging import InvalidCursor, decode, moment_of

COLUMNS = {"placed_at": "placed_at", "updated_at": "external_updated_at", "total": "total_minor"}
SORTS = tuple(f"{sign}{name}" for name in COLUMNS for sign in ("-", ""))
"""A minus: from the highest to the lowest."""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What every order has that is asked for; None and an empty list ask for nothing.

    `placed_from` counts, `placed_to` does not. `q`: see `order_search`.
    """

    connection_id: int | None = None
    states: Sequence[str] = ()
    payments: Sequence[str] = ()
    placed_from: datetime | None = None
    placed_to: datetime | None = None
    needs_review: bool | None = None
    is_test: bool | None = None
    q: str | None = None

    @property
    def term(self) -> str:
        """What is searched for; empty for nothing."""
        return (self.q or "").strip()

    def parameters(self, account_id: int) -> dict[str, Any]:
        return {
            "account_id": account_id,
            "connection_id": self.connection_id,
            "states": list(self.states) or [state.value for state in OrderState],
            "payments": list(self.payments) or [payment.value for payment in PaymentState],
            "placed_from": self.placed_from,
            "placed_to": self.placed_to,
            "term": self.term,
            "customer_keys": [self.term, hashlib.sha256(self.term.lower().encode()).hexdigest()],
        }

    def conditions(self) -> str:
        """On `orders o`, besides connection, state and payment."""
        found = ["o.placed_at IS NOT NULL"]
        if self.placed_from is not None:
            found.append("o.placed_at >= :placed_from")
        if self.placed_to is not None:
            found.append("o.placed_at < :placed_to")
        if self.needs_review is not None:
            found.append(f"o.review_reason IS {'NOT ' if self.needs_review else ''}NULL")
        if self.is_test is not None:
            found.append("o.is_test" if self.is_test else "NOT o.is_test")
        return " AND ".join(found)

    def connections(self) -> str:
        """The ids of the account's connections that are asked for."""
        one = "" if self.connection_id is None else " AND id = CAST(:connection_id AS bigint)"
        return f"SELECT id FROM connections WHERE account_id = :account_id{one}"  # noqa: S608  (constants)

    def combinations(self) -> str:
        """Every connection, state and payment that is asked for: `c.id`, `s.state`, `p.payment`."""
        return f"""
            ({self.connections()}) AS c
            CROSS JOIN unnest(CAST(:states AS text[])) AS s (state)
            CROSS JOIN unnest(CAST(:payments AS text[])) AS p (payment)
        """


@dataclass(frozen=True, slots=True)
class Sort:
    """One of SORTS, and what a cursor of it says."""

    name: str

    @property
    def column(self) -> str:
        return COLUMNS[self.name.removeprefix("-")]

    @property
    def direction(self) -> str:
        return "DESC" if self.name.startswith("-") else "ASC"

    def by(self, alias: str) -> str:
        """ORDER BY of rows with `sort` and `id`."""
        return f"ORDER BY {alias}.sort {self.direction}, {alias}.id {self.direction}"

    def after(self, cursor: str | None) -> tuple[str, dict[str, Any]]:
        """A condition on `orders o` for what comes after the cursor, with its parameters. Raises
        InvalidCursor, also for one of another sort."""
        dated = self.column != "total_minor"
        key = decode(cursor, str, str if dated else int, int)
        if key is None:
            return "true", {}
        name, value, order_id = key
        if name != self.name:
            raise InvalidCursor()
        sign = "<" if self.direction == "DESC" else ">"
        condition = f"(o.{self.column}, o.id) {sign} (:after, :after_id)"
        return condition, {"after": moment_of(value) if dated else value, "after_id": order_id}

    def key(self, value: datetime | int, order_id: int) -> list[Any]:
        """What a cursor that stands at this order says."""
        return [self.name, value.isoformat() if isinstance(value, datetime) else value, order_id]


def walk(asked: OrderFilter, sort: Sort, after: str) -> str:
    """`id` and `sort` of the first `:limit` orders that are asked for, but for `q`, after a cursor."""
    if asked.needs_review or asked.is_test:
        return _walk_few(asked, sort, after)
    return f"""
        SELECT k.id, k.sort
        FROM {asked.combinations()}
        CROSS JOIN LATERAL (
            SELECT o.id, o.{sort.column} AS sort FROM orders o
            WHERE o.connection_id = c.id AND o.state = s.state AND o.payment = p.payment
              AND {asked.conditions()} AND {after}
            ORDER BY o.{sort.column} {sort.direction}, o.id {sort.direction} LIMIT :limit
        ) k
        {sort.by("k")} LIMIT :limit
    """  # noqa: S608  (constants)


def chosen(asked: OrderFilter) -> str:
    """Whether `orders o` is one that is asked for, but for `q`."""
    return f"""
        o.account_id = :account_id AND o.connection_id = ANY(ARRAY({asked.connections()}))
        AND o.state = ANY(CAST(:states AS text[])) AND o.payment = ANY(CAST(:payments AS text[]))
        AND {asked.conditions()}
    """


def _walk_few(asked: OrderFilter, sort: Sort, after: str) -> str:
    """Orders to be reviewed and test orders have indexes of their own."""
    return f"""
        SELECT o.id, o.{sort.column} AS sort FROM orders o
        WHERE {chosen(asked)} AND {after}
        ORDER BY o.{sort.column} {sort.direction}, o.id {sort.direction} LIMIT :limit
    """  # noqa: S608  (constants)


def _begins(column: str, key: str) -> str:
    """Whether a key column begins with the term, as a range of an index in "C" order."""
    return f"{column} >= {key} AND {column} < {key} || U&'\\+10FFFF'"


_NUMBER_BEGINS = _begins("o.number_key", NUMBER_KEY.replace("number", "CAST(:term AS text)"))
_SKU_BEGINS = _begins("l.sku_key", SKU_KEY.replace("sku", "CAST(:term AS text)"))
MATCHES = f"""(
    ({_NUMBER_BEGINS}) OR o.customer_key = ANY(CAST(:customer_keys AS text[]))
    OR (SELECT true FROM order_lines l WHERE l.order_id = o.id AND {_SKU_BEGINS} LIMIT 1) IS NOT NULL
)"""  # noqa: S608  (constants)
"""Whether `orders o` is found by the term. Were it EXISTS, the planner might read all lines of such a SKU."""
BY_NUMBER = f"""
    SELECT o.id FROM orders o WHERE o.account_id = :account_id AND {_NUMBER_BEGINS} LIMIT :most
"""  # noqa: S608  (constants)
BY_CUSTOMER = """
    SELECT o.id FROM orders o
    WHERE o.connection_id = ANY(ARRAY(SELECT id FROM connections WHERE account_id = :account_id))
      AND o.customer_key = ANY(CAST(:customer_keys AS text[]))
    LIMIT :most
"""
BY_SKU = f"""
    SELECT l.order_id AS id FROM order_lines l
    WHERE l.account_id = :account_id AND {_SKU_BEGINS} LIMIT :most
"""  # noqa: S608  (constants)
