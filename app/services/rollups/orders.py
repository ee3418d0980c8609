"""Orders and revenue. An order that changed moves its sums by the difference to what it counted for."""

from __future__ import annotations

from sqlalchemy import text

from app.services.uow import unit_of_work

ORDERS_AT_ONCE = 500
QUARTER = "date_bin('15 minutes', {at}, timestamptz '2000-01-01 00:00:00+00')"
"""The quarter of an hour that a moment lies in."""
DAY = "date_bin('1 day', {at}, timestamptz '2000-01-01 00:00:00+00')"
"""The day, in UTC, that a moment lies in."""
IS_WAITING = "o.counted_hash IS DISTINCT FROM o.content_hash"
"""Whether an order `o` is to be counted (anew)."""
IS_SALE = "{o}.state <> 'cancelled' AND {o}.payment NOT IN ('voided', 'failed')"
"""A trashed order keeps its sale. A test order is not counted at all, nor one that has no date yet."""
COUNTS = f"""
    CASE WHEN o.placed_at IS NOT NULL AND NOT o.is_test THEN {QUARTER.format(at="o.placed_at")} END AS at,
    CASE WHEN {IS_SALE.format(o="o")} THEN 1 ELSE 0 END AS sales,
    o.currency, o.state, o.payment, o.total_minor, o.refunded_minor
"""
"""What an order `o` counts for; nothing where `at` is NULL."""
COUNTED = """
    o.counted_at, o.counted_sales, o.counted_currency, o.counted_state, o.counted_payment,
    o.counted_total_minor, o.counted_refunded_minor
"""
"""What it counted for last."""
SUMS = """
    sum(sign * sales) AS orders, sum(sign * (1 - sales)) AS cancelled,
    sum(sign * sales * total_minor) AS total_minor, sum(sign * sales * refunded_minor) AS refunded_minor
"""
"""Of orders, or changes of them, for `order_sums`; `sign` is -1 for what is no more."""
DAY_SUMS = """
    sum(sign) AS orders, sum(sign * total_minor) AS total_minor, sum(sign * refunded_minor) AS refunded_minor
"""
"""The same for `order_day_sums`."""


def fold_orders() -> bool:
    """Count some of the orders that are not counted as they are. True if there may be more.

    The engine, where it is at one of them, is not waited for: it comes with the next.
    """
    with unit_of_work() as uow:
        counted = uow.session.execute(_FOLD, {"limit": ORDERS_AT_ONCE}).scalar_one()
        uow.commit()
    return bool(counted == ORDERS_AT_ONCE)


_FOLD = text(
    f"""
    WITH due AS MATERIALIZED (
        SELECT o.id, o.account_id, o.connection_id, o.content_hash, {COUNTS}, {COUNTED}
        FROM orders o WHERE {IS_WAITING}
        ORDER BY o.id LIMIT :limit FOR NO KEY UPDATE OF o SKIP LOCKED
    ),
    noted AS (
        UPDATE orders o SET counted_hash = d.content_hash, counted_at = d.at, counted_sales = d.sales,
            counted_currency = d.currency, counted_state = d.state, counted_payment = d.payment,
            counted_total_minor = d.total_minor, counted_refunded_minor = d.refunded_minor
        FROM due d WHERE o.id = d.id
    ),
    changes AS (
        SELECT 1 AS sign, account_id, connection_id, at, sales, currency, state, payment, total_minor,
            refunded_minor
        FROM due WHERE at IS NOT NULL
        UNION ALL
        SELECT -1, account_id, connection_id, counted_at, counted_sales, counted_currency, counted_state,
            counted_payment, counted_total_minor, counted_refunded_minor
        FROM due WHERE counted_at IS NOT NULL
    ),
    summed AS (
        INSERT INTO order_sums AS s (account_id, at, connection_id, currency, orders, cancelled, total_minor,
            refunded_minor)
        SELECT * FROM (
            SELECT account_id, at, connection_id, currency, {SUMS} FROM changes GROUP BY 1, 2, 3, 4
        ) AS n
        WHERE (orders, cancelled, total_minor, refunded_minor) <> (0, 0, 0, 0)
        ORDER BY account_id, at, connection_id, currency
        ON CONFLICT (account_id, at, connection_id, currency) DO UPDATE SET
            orders = s.orders + EXCLUDED.orders, cancelled = s.cancelled + EXCLUDED.cancelled,
            total_minor = s.total_minor + EXCLUDED.total_minor,
            refunded_minor = s.refunded_minor + EXCLUDED.refunded_minor
    ),
    summed_by_day AS (
        INSERT INTO order_day_sums AS s (account_id, at, connection_id, currency, state, payment, orders,
            total_minor, refunded_minor)
        SELECT * FROM (
            SELECT account_id, {DAY.format(at="at")} AS at, connection_id, currency, state, payment,
                {DAY_SUMS}
            FROM changes GROUP BY 1, 2, 3, 4, 5, 6
        ) AS n
        WHERE (orders, total_minor, refunded_minor) <> (0, 0, 0)
        ORDER BY account_id, at, connection_id, currency, state, payment
        ON CONFLICT (account_id, at, connection_id, currency, state, payment) DO UPDATE SET
            orders = s.orders + EXCLUDED.orders, total_minor = s.total_minor + EXCLUDED.total_minor,
            refunded_minor = s.refunded_minor + EXCLUDED.refunded_minor
    )
    SELECT count(*) FROM due
    """  # noqa: S608  (constants)
)
