"""Whether the sums are what a look at every row adds up to; where not, they become it.

Each comparison is one statement, hence one snapshot, in which every fold is there whole or not at all; it
may run beside them. A sum is moved by what it lacks, never set: a fold may have moved it meanwhile.

Writes to shops are not compared: retention takes their rows, and leaves the sums.
"""

from __future__ import annotations

import structlog
from sqlalchemy import text

from app.services.rollups.movements import KIND, KINDS_FROM
from app.services.rollups.orders import COUNTED, COUNTS, DAY, DAY_SUMS, QUARTER, SUMS
from app.services.rollups.values import OF_VARIANT, WORTH
from app.services.stopping import leave_if_asked
from app.services.uow import unit_of_work

log = structlog.get_logger()


def prove(account_id: int) -> dict[str, int]:
    """Compare an account's sums with its rows, and repair them. Returns how many were wrong, by table."""
    found = {}
    for name, repair in _REPAIRS.items():
        leave_if_asked()
        with unit_of_work() as uow:
            found[name] = len(uow.session.execute(repair, {"account_id": account_id}).all())
            uow.commit()
    if any(found.values()):
        log.error("sums_repaired", account_id=account_id, **found)
    return found


_COUNTED_ORDERS = """
    orders_counted AS (
        SELECT 1 AS sign, connection_id, counted_at AS at, counted_sales AS sales,
            counted_currency AS currency, counted_state AS state, counted_payment AS payment,
            counted_total_minor AS total_minor, counted_refunded_minor AS refunded_minor
        FROM orders WHERE account_id = :account_id AND counted_at IS NOT NULL
    )
"""
"""What orders count for in their sums, whether or not they are to be counted anew."""
_REPAIRS = {
    "orders": text(
        f"""
        WITH wrong AS (
            SELECT n.id FROM (
                SELECT o.id, {COUNTS}, {COUNTED}
                FROM orders o WHERE o.account_id = :account_id AND o.counted_hash = o.content_hash
            ) AS n
            WHERE n.at IS DISTINCT FROM n.counted_at OR (n.at IS NOT NULL AND
                (n.sales, n.currency, n.state, n.payment, n.total_minor, n.refunded_minor) IS DISTINCT FROM
                (n.counted_sales, n.counted_currency, n.counted_state, n.counted_payment,
                    n.counted_total_minor, n.counted_refunded_minor))
        ),
        locked AS (
            SELECT o.id FROM orders o JOIN wrong w ON w.id = o.id ORDER BY o.id FOR NO KEY UPDATE OF o
        )
        UPDATE orders o SET counted_hash = NULL FROM locked l WHERE o.id = l.id RETURNING o.id
        """  # noqa: S608  (constants)
    ),
    "order_sums": text(
        f"""
        WITH {_COUNTED_ORDERS},
        counted AS (SELECT at, connection_id, currency, {SUMS} FROM orders_counted GROUP BY 1, 2, 3),
        kept AS (SELECT * FROM order_sums WHERE account_id = :account_id)
        INSERT INTO order_sums AS s (account_id, at, connection_id, currency, orders, cancelled, total_minor,
            refunded_minor)
        SELECT :account_id, at, connection_id, currency, coalesce(c.orders, 0) - coalesce(k.orders, 0),
            coalesce(c.cancelled, 0) - coalesce(k.cancelled, 0),
            coalesce(c.total_minor, 0) - coalesce(k.total_minor, 0),
            coalesce(c.refunded_minor, 0) - coalesce(k.refunded_minor, 0)
        FROM counted c FULL JOIN kept k USING (at, connection_id, currency)
        WHERE (coalesce(c.orders, 0), coalesce(c.cancelled, 0), coalesce(c.total_minor, 0),
                coalesce(c.refunded_minor, 0))
            <> (coalesce(k.orders, 0), coalesce(k.cancelled, 0), coalesce(k.total_minor, 0),
                coalesce(k.refunded_minor, 0))
        ORDER BY at, connection_id, currency
        ON CONFLICT (account_id, at, connection_id, currency) DO UPDATE SET
            orders = s.orders + EXCLUDED.orders, cancelled = s.cancelled + EXCLUDED.cancelled,
            total_minor = s.total_minor + EXCLUDED.total_minor,
            refunded_minor = s.refunded_minor + EXCLUDED.refunded_minor
        RETURNING at
        """  # noqa: S608  (constants)
    ),
    "order_day_sums": text(
        f"""
        WITH {_COUNTED_ORDERS},
        counted AS (
            SELECT {DAY.format(at="at")} AS at, connection_id, currency, state, payment, {DAY_SUMS}
            FROM orders_counted GROUP BY 1, 2, 3, 4, 5
        ),
        kept AS (SELECT * FROM order_day_sums WHERE account_id = :account_id)
        INSERT INTO order_day_sums AS s (account_id, at, connection_id, currency, state, payment, orders,
            total_minor, refunded_minor)
        SELECT :account_id, at, connection_id, currency, state, payment,
            coalesce(c.orders, 0) - coalesce(k.orders, 0),
            coalesce(c.total_minor, 0) - coalesce(k.total_minor, 0),
            coalesce(c.refunded_minor, 0) - coalesce(k.refunded_minor, 0)
        FROM counted c FULL JOIN kept k USING (at, connection_id, currency, state, payment)
        WHERE (coalesce(c.orders, 0), coalesce(c.total_minor, 0), coalesce(c.refunded_minor, 0))
            <> (coalesce(k.orders, 0), coalesce(k.total_minor, 0), coalesce(k.refunded_minor, 0))
        ORDER BY at, connection_id, currency, state, payment
        ON CONFLICT (account_id, at, connection_id, currency, state, payment) DO UPDATE SET
            orders = s.orders + EXCLUDED.orders, total_minor = s.total_minor + EXCLUDED.total_minor,
            refunded_minor = s.refunded_minor + EXCLUDED.refunded_minor
        RETURNING at
        """  # noqa: S608  (constants)
    ),
    "movement_sums": text(
        f"""
        WITH counted AS (
            SELECT {QUARTER.format(at="m.created_at")} AS at, m.location_id, {KIND} AS kind,
                sum(greatest(m.on_hand_delta, 0)) AS units_in, sum(greatest(-m.on_hand_delta, 0)) AS units_out
            FROM {KINDS_FROM}
            WHERE m.account_id = :account_id AND m.on_hand_delta <> 0
                AND m.id <= (SELECT counted_id FROM rollups WHERE name = 'movements')
            GROUP BY 1, 2, 3
        ),
        kept AS (SELECT * FROM movement_sums WHERE account_id = :account_id)
        INSERT INTO movement_sums AS s (account_id, at, location_id, kind, units_in, units_out)
        SELECT :account_id, at, location_id, kind, coalesce(c.units_in, 0) - coalesce(k.units_in, 0),
            coalesce(c.units_out, 0) - coalesce(k.units_out, 0)
        FROM counted c FULL JOIN kept k USING (at, location_id, kind)
        WHERE (coalesce(c.units_in, 0), coalesce(c.units_out, 0))
            <> (coalesce(k.units_in, 0), coalesce(k.units_out, 0))
        ORDER BY at, location_id, kind
        ON CONFLICT (account_id, at, location_id, kind) DO UPDATE SET
            units_in = s.units_in + EXCLUDED.units_in, units_out = s.units_out + EXCLUDED.units_out
        RETURNING at
        """  # noqa: S608  (constants)
    ),
    "variant_values": text(
        f"""
        INSERT INTO unvalued_variants (account_id, variant_id)
        SELECT :account_id, n.id
        FROM (
            SELECT v.id, {WORTH}, c.currency AS old_currency, c.units AS old_units,
                c.value_minor AS old_value, c.basis AS old_basis
            FROM variants v LEFT JOIN variant_values c ON c.variant_id = v.id {OF_VARIANT}
            WHERE v.account_id = :account_id
        ) AS n
        WHERE (n.currency, n.units, n.value_minor, n.basis)
                IS DISTINCT FROM (n.old_currency, n.old_units, n.old_value, n.old_basis)
            AND n.id NOT IN (
                SELECT variant_id FROM unvalued_variants WHERE account_id = :account_id
                UNION
                SELECT variant_id FROM stock_movements
                WHERE id > (SELECT counted_id FROM rollups WHERE name = 'movements')
            )
        RETURNING variant_id
        """  # noqa: S608  (constants)
    ),
    "stock_values": text(
        """
        WITH counted AS (
            SELECT currency, basis, count(*) AS variants, sum(units) AS units, sum(value_minor) AS value_minor
            FROM variant_values WHERE account_id = :account_id AND units <> 0 GROUP BY 1, 2
        ),
        kept AS (SELECT * FROM stock_values WHERE account_id = :account_id)
        INSERT INTO stock_values AS s (account_id, currency, basis, variants, units, value_minor)
        SELECT :account_id, currency, basis, coalesce(c.variants, 0) - coalesce(k.variants, 0),
            coalesce(c.units, 0) - coalesce(k.units, 0),
            coalesce(c.value_minor, 0) - coalesce(k.value_minor, 0)
        FROM counted c FULL JOIN kept k USING (currency, basis)
        WHERE (coalesce(c.variants, 0), coalesce(c.units, 0), coalesce(c.value_minor, 0))
            <> (coalesce(k.variants, 0), coalesce(k.units, 0), coalesce(k.value_minor, 0))
        ORDER BY currency, basis
        ON CONFLICT (account_id, currency, basis) DO UPDATE SET variants = s.variants + EXCLUDED.variants,
            units = s.units + EXCLUDED.units, value_minor = s.value_minor + EXCLUDED.value_minor
        RETURNING currency
        """
    ),
}
"""By what they repair. Orders and variants that count for something else are only marked: the next fold
counts them anew. What waits for its fold is not wrong."""
