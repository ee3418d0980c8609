"""Orders by the thousand, made set-based: varied in all that they can be asked for by."""

from __future__ import annotations

from collections.abc import Callable

from app.models import Connection
from tests.api.conftest import execute
from tests.statements import statements

BEGAN = "2026-01-01T00:00:00+00:00"


def move(connection: Connection, variant_id: int, location_id: int, count: int, *, start: int = 1) -> None:
    """Movements of a variant that has a level there, one a minute; every 10th is an adjustment."""
    execute(
        """
        INSERT INTO stock_movements (account_id, level_id, variant_id, location_id, cause, source_key,
            on_hand_delta, committed_delta, on_hand_after, committed_after, occurred_at, created_at)
        SELECT l.account_id, l.id, l.variant_id, l.location_id,
            CASE WHEN n % 10 = 0 THEN 'adjustment' ELSE 'order' END, 'test:' || l.id || ':' || n,
            0, 1, 10, n, d.at, d.at
        FROM stock_levels l
        CROSS JOIN generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
        CROSS JOIN LATERAL (SELECT CAST(:began AS timestamptz) + n * interval '1 minute' AS at) AS d
        WHERE l.account_id = :account AND l.variant_id = :variant AND l.location_id = :location
        """,
        account=connection.account_id,
        variant=variant_id,
        location=location_id,
        first=start,
        last=start + count - 1,
        began=BEGAN,
    )


def place(connection: Connection, count: int, *, start: int = 1) -> None:
    """Orders `start` .. `start + count - 1`, one every second minute (so pairs share one), two lines each.

    Every 10th is open, every 15th cancelled; every 4th is pending; every 7th is in USD; every 50th is a test,
    every 40th in review; every 20th is of customer `c<n % 5>`. The lines sell `MUG-<n % 100>` and `=CUP`.
    """
    execute(
        """
        INSERT INTO orders (account_id, connection_id, external_id, number, state, payment, currency,
            total_minor, placed_at, external_updated_at, customer_key, is_test, review_reason)
        SELECT CAST(:account AS bigint), CAST(:connection AS bigint), 'o' || n, '#' || 1000 + n,
            CASE WHEN n % 10 = 0 THEN 'open' WHEN n % 15 = 0 THEN 'cancelled' ELSE 'fulfilled' END,
            CASE WHEN n % 4 = 0 THEN 'pending' ELSE 'paid' END, CASE WHEN n % 7 = 0 THEN 'USD' ELSE 'EUR' END,
            n * 7919 % 1000, CAST(:began AS timestamptz) + n / 2 * interval '2 minutes',
            CAST(:began AS timestamptz) + n * 7919 % 500 * interval '1 hour',
            CASE WHEN n % 20 = 0 THEN 'c' || n % 100 / 20 END, n % 50 = 0,
            CASE WHEN n % 40 = 0 THEN 'trashed in the shop; its sale is kept' END
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
        """,
        account=connection.account_id,
        connection=connection.id,
        began=BEGAN,
        first=start,
        last=start + count - 1,
    )
    execute(
        """
        INSERT INTO order_lines (account_id, order_id, external_id, sku, title, quantity, unit_price_minor)
        SELECT o.account_id, o.id, x.n, CASE x.n WHEN 1 THEN 'MUG-' || substr(o.external_id, 2)::int % 100
            ELSE '=CUP' END, CASE x.n WHEN 1 THEN 'Mug' ELSE '+Cup, "große"' END, x.n, 100
        FROM orders o CROSS JOIN generate_series(1, 2) AS x (n)
        WHERE o.connection_id = :connection AND substr(o.external_id, 2)::int >= :first
        """,
        connection=connection.id,
        first=start,
    )


def counted(act: Callable[[], object]) -> int:
    """How many statements an action takes."""
    with statements() as seen:
        act()
    return len(seen)
