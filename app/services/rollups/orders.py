"""Orders and revenue. An order that changed moves its sums by the difference to what it counted for."""

from __future__ import annotations

from sqlalchemy import text

from app.services.uow import unit_of_work

ORDERS_AT_ONCE = 500
QUARTER = "date_bin('15 minutes', {at}, timestamptz '2000-01-01 00:00:00+00')"
"""The quarter of an hour that a moment lies in."""
IS_SALE = "{o}.state <> 'cancelled' AND {o}.payment NOT IN ('voided', 'failed')"
"""A trashed order keeps its sale. A test order is not counted at all, nor one that has no date yet."""
COUNTS = f"""
    CASE WHEN o.placed_at IS NOT NULL AND NOT o.is_test THEN {QUARTER.format(at="o.placed_at")} END AS at,
    CASE WHEN {IS_SALE.format(o="o")} THEN 1 ELSE 0 END AS sales,
    CASE WHEN {IS_SALE.format(o="o")} THEN o.total_minor ELSE 0 END AS total_minor,
    CASE WHEN {IS_SALE.format(o="o")} THEN o.refunded_minor ELSE 0 END AS refunded_minor
"""
"""What an order `o` counts for; nothing where `at` is NULL."""


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
        SELECT o.id, o.account_id, o.connection_id, o.content_hash, o.currency, {COUNTS},
            o.counted_at, o.counted_currency, o.counted_sales, o.counted_total_minor, o.counted_refunded_minor
        FROM orders o WHERE o.counted_hash IS DISTINCT FROM o.content_hash
        ORDER BY o.id LIMIT :limit FOR NO KEY UPDATE OF o SKIP LOCKED
    ),
    noted AS (
        UPDATE orders o SET counted_hash = d.content_hash, counted_at = d.at, counted_currency = d.currency,
            counted_sales = d.sales, counted_total_minor = d.total_minor,
            counted_refunded_minor = d.refunded_minor
        FROM due d WHERE o.id = d.id
    ),
    changes AS (
        SELECT account_id, connection_id, at, currency, sales AS orders, 1 - sales AS cancelled, total_minor,
            refunded_minor
        FROM due WHERE at IS NOT NULL
        UNION ALL
        SELECT account_id, connection_id, counted_at, counted_currency, -counted_sales, counted_sales - 1,
            -counted_total_minor, -counted_refunded_minor
        FROM due WHERE counted_at IS NOT NULL
    ),
    summed AS (
        INSERT INTO order_sums AS s (account_id, at, connection_id, currency, orders, cancelled, total_minor,
            refunded_minor)
        SELECT account_id, at, connection_id, currency, sum(orders), sum(cancelled), sum(total_minor),
            sum(refunded_minor)
        FROM changes
        GROUP BY account_id, at, connection_id, currency
        HAVING (sum(orders), sum(cancelled), sum(total_minor), sum(refunded_minor)) <> (0, 0, 0, 0)
        ORDER BY account_id, at, connection_id, currency
        ON CONFLICT (account_id, at, connection_id, currency) DO UPDATE SET
            orders = s.orders + EXCLUDED.orders, cancelled = s.cancelled + EXCLUDED.cancelled,
            total_minor = s.total_minor + EXCLUDED.total_minor,
            refunded_minor = s.refunded_minor + EXCLUDED.refunded_minor
    )
    SELECT count(*) FROM due
    """  # noqa: S608  (constants)
)
