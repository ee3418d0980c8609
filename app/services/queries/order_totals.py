"""What orders come to, by the filters of their lists.

Whole days (in UTC) are added up already, in `order_day_sums`. What else there is to a sum is read by index:
the parts of days at both ends, test orders, which days leave out, and what changed since it was folded. All
of it is one statement, hence one snapshot, so that the sum is exact whatever a fold does meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import text

from app.services.queries import order_lists
from app.services.queries.order_filters import OrderFilter, chosen
from app.services.queries.paging import Row, read
from app.services.rollups.orders import DAY, IS_WAITING

MOST_COUNTED = 1_000_000
"""Orders that are added up one by one."""
MOST_WAITING = 5_000
"""An account's orders that wait for their fold, up to which days are of use."""


@dataclass(frozen=True, slots=True)
class Totals:
    """How many orders there are, and what they come to in each currency.

    `at_least`: there are more than were counted, and the sums are of those counted.
    """

    count: int
    at_least: bool
    revenue: list[Row]


def totals(account_id: int, asked: OrderFilter) -> Totals:
    """The sums of all that are asked for.

    One by one, up to MOST_COUNTED, are added up test orders, those to be reviewed, what a search finds (FEW
    by each way), and all orders while very many wait for their fold.
    """
    params = asked.parameters(account_id)
    if not (asked.term or asked.needs_review or asked.is_test):
        rows = read(text(_of_days(asked)), **params, most_waiting=MOST_WAITING + 1)
        if rows[0]["waiting"] <= MOST_WAITING:
            revenue = [_revenue(row) for row in rows if row["currency"] is not None]
            return Totals(sum(row["orders"] for row in revenue), False, revenue)
    frequent = bool(asked.term) and order_lists.is_frequent(params)
    rows = read(text(_one_by_one(asked)), **params, limit=MOST_COUNTED + 1, most=order_lists.FEW)
    count = sum(row["orders"] for row in rows)
    return Totals(min(count, MOST_COUNTED), frequent or count > MOST_COUNTED, [_revenue(row) for row in rows])


def _revenue(row: Row) -> Row:
    """A currency's sums, which may be more than eight bytes hold."""
    money = {name: int(row[name]) for name in ("total_minor", "refunded_minor")}
    return {"currency": row["currency"], "orders": row["orders"], **money}


def _of_days(asked: OrderFilter) -> str:
    """The sums, or one row without a currency where there are none; beside each, how many wait."""
    # In order and up to a limit: the planner takes it that nearly all orders wait, and would read them all.
    return f"""
        WITH waiting AS MATERIALIZED (
            SELECT o.* FROM orders o WHERE o.account_id = :account_id AND {IS_WAITING}
            ORDER BY o.account_id, o.id LIMIT :most_waiting
        )
        SELECT w.waiting, s.* FROM (SELECT count(*) AS waiting FROM waiting) AS w
        LEFT JOIN ({_sum_of(" UNION ALL ".join(f"({part})" for part in _parts(asked)))}) AS s ON true
        ORDER BY s.currency
    """  # noqa: S608  (constants)


def _one_by_one(asked: OrderFilter) -> str:
    if asked.term:
        source = f"{order_lists.MATCHED} WHERE {chosen(asked)}"
    elif asked.needs_review or asked.is_test:
        source = f"orders o WHERE {chosen(asked)}"
    else:
        # Only what the index holds is asked for, one connection after the other.
        source = f"""
            ({asked.connections()}) AS c
            CROSS JOIN LATERAL (
                SELECT o.currency, o.total_minor, o.refunded_minor FROM orders o
                WHERE o.connection_id = c.id AND o.state = ANY(CAST(:states AS text[]))
                  AND o.payment = ANY(CAST(:payments AS text[])) AND {asked.conditions()}
                LIMIT :limit
            ) AS o
        """  # noqa: S608  (constants)
    return _sum_of(f"{_each('+')} FROM {source} LIMIT :limit")


def _sum_of(rows: str) -> str:
    return f"""
        SELECT currency, CAST(sum(orders) AS bigint) AS orders,
            sum(total_minor) AS total_minor, sum(refunded_minor) AS refunded_minor
        FROM ({rows}) AS p
        GROUP BY currency HAVING sum(orders) <> 0 ORDER BY currency
    """  # noqa: S608  (constants)


def _parts(asked: OrderFilter) -> list[str]:
    """What makes the sum: of whole days first as they were folded, then as they are by now."""
    counted = f"{_OF_CONNECTIONS.format(connections=asked.connections())} AND {_STATES}"
    return [
        f"""
        SELECT d.currency, d.orders, d.total_minor, d.refunded_minor FROM order_day_sums d
        WHERE {counted.format(t="d", prefix="")} AND {_whole("d.at", asked)}
        """,  # noqa: S608  (constants)
        f"""
        {_each("-", "counted_")} FROM waiting o
        WHERE o.counted_at IS NOT NULL AND {counted.format(t="o", prefix="counted_")}
            AND {_whole("o.counted_at", asked)}
        """,
        f"""
        {_each("+")} FROM waiting o
        WHERE NOT o.is_test AND {chosen(replace(asked, needs_review=None))}
            AND {_whole("o.placed_at", asked)}
        """,
        *_left_out(asked),
    ]


def _left_out(asked: OrderFilter) -> Iterator[str]:
    """What days do not tell."""
    if asked.placed_from is not None:
        before = f"least({_WHOLE_FROM}, CAST(:placed_to AS timestamptz))"
        yield f"{_each('+')} FROM orders o WHERE NOT o.is_test AND {chosen(asked)} AND o.placed_at < {before}"
    if asked.placed_to is not None:
        after = f"greatest({_WHOLE_TO}, {_WHOLE_FROM})"
        yield f"{_each('+')} FROM orders o WHERE NOT o.is_test AND {chosen(asked)} AND o.placed_at >= {after}"
    if asked.is_test is None:
        yield f"{_each('+')} FROM orders o WHERE o.is_test AND {chosen(asked)}"
    if asked.needs_review is False:
        in_review = chosen(replace(asked, needs_review=True))
        yield f"""
            {_each("-")} FROM orders o
            WHERE NOT o.is_test AND {in_review} AND {_whole("o.placed_at", asked)}
        """


def _each(sign: str, prefix: str = "") -> str:
    """An order `o` of its own, as it is or as it was counted."""
    return f"""
        SELECT o.{prefix}currency AS currency, CAST({sign}1 AS bigint) AS orders,
            {sign}o.{prefix}total_minor AS total_minor, {sign}o.{prefix}refunded_minor AS refunded_minor
    """


def _whole(at: str, asked: OrderFilter) -> str:
    """Whether a moment is of a day that is asked for as a whole."""
    found = ["true"]
    if asked.placed_from is not None:
        found.append(f"{at} >= {_WHOLE_FROM}")
    if asked.placed_to is not None:
        found.append(f"{at} < {_WHOLE_TO}")
    return " AND ".join(found)


# The first day that begins at `placed_from` or later, and the day that `placed_to` is of. Reckoned by the
# database, where no moment that can be asked for is out of range.
_JUST_BEFORE = "CAST(:placed_from AS timestamptz) - interval '1 microsecond'"
_WHOLE_FROM = f"({DAY.format(at=_JUST_BEFORE)} + interval '24 hours')"
_WHOLE_TO = DAY.format(at="CAST(:placed_to AS timestamptz)")
_OF_CONNECTIONS = "{{t}}.account_id = :account_id AND {{t}}.connection_id = ANY(ARRAY({connections}))"
_STATES = """
    {t}.{prefix}state = ANY(CAST(:states AS text[])) AND {t}.{prefix}payment = ANY(CAST(:payments AS text[]))
"""
