"""Mass changes that orders do not explain stop by themselves and wait for a person.

A bad import, a wiped shop or a slip of the hand must not set a whole shop to zero, or put on sale what is not
there. Zeroing and raising count; what a sale lowers is never held.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.event_log import EventKind
from app.services.cells import PLACES
from app.services.connections import AGREED_FOR
from app.services.event_log import Happening, Subject, raise_events
from app.services.write_plan import Planned

log = structlog.get_logger()

WINDOW = timedelta(hours=1)
ALWAYS_ALLOWED = 20
"""So few numbers are no mass change, however small the shop."""


def let_through(
    session: Session, connection_id: int, planned: Sequence[Planned]
) -> tuple[Sequence[Planned], set[int]]:
    """Those that may be written, and the cells among them that orders do not explain.

    The cells must be locked. Those held back are dirty no more; releasing the brake has them looked at again.
    """
    changes = [p for p in planned if p.wanted > p.expected or (p.wanted == 0 and p.expected > 0)]
    if not changes:
        return planned, set()
    found = session.execute(
        _UNEXPLAINED,
        {
            "cells": [p.cell_id for p in changes],
            "raises": [p.wanted > p.expected for p in changes],
            "window": WINDOW,
        },
    )
    unexplained = set(found.scalars())
    if not unexplained:
        return planned, unexplained
    row = session.execute(
        _SITUATION, {"id": connection_id, "cells": list(unexplained), "window": WINDOW}
    ).one()
    most = max(ALWAYS_ALLOWED, row.cells * row.brake_percent // 100)
    if not row.braked and (row.agreed or row.changed <= most):
        return planned, unexplained
    if row.braked or _brake(session, connection_id, row):
        session.execute(_HOLD, {"cells": list(unexplained)})
    return [p for p in planned if p.cell_id not in unexplained], set()


def agree(session: Session, account_id: int) -> None:
    """A person has agreed to the mass change that follows, which concerns all of the account's shops."""
    session.execute(_AGREE, {"account_id": account_id, "agreed_for": AGREED_FOR})


def _brake(session: Session, connection_id: int, row: Row[Any]) -> bool:
    """Put it on. False where somebody else has the connection's row just now, who may wait for our cells:
    what is held back stays dirty, and the next push tries again."""
    if session.execute(_BRAKE, {"id": connection_id}).first() is None:
        return False
    raise_events(
        session,
        [
            Happening(
                EventKind.BRAKE,
                Subject(row.account_id, connection_id=connection_id),
                {
                    "changed": row.changed,
                    "numbers": row.cells,
                    "brake_percent": row.brake_percent,
                },
            )
        ],
    )
    log.warning("brake", connection_id=connection_id, changed=row.changed, cells=row.cells)
    return True


# What by other causes than orders went from the stock since the last write explains no raise, and what came
# no zero. A bundle has its components' causes; a component has those of the bundles that need it.
_UNEXPLAINED = text(
    f"""
    SELECT p.id
    FROM unnest(CAST(:cells AS bigint[]), CAST(:raises AS boolean[])) AS p (id, raises)
    JOIN stock_cells c ON c.id = p.id
    JOIN connections n ON n.id = c.connection_id
    CROSS JOIN LATERAL (
        SELECT greatest(coalesce(n.braked_at, clock_timestamp()) - CAST(:window AS interval), (
            SELECT created_at FROM push_attempts
            WHERE cell_id = c.id AND outcome = 'applied' ORDER BY id DESC LIMIT 1
        )) AS at
    ) since
    WHERE (p.raises AND EXISTS (
        SELECT 1 FROM drifts d
        WHERE d.cell_id = c.id AND d.state = 'overwritten' AND d.closed_at > since.at
    )) OR EXISTS (
        SELECT 1 FROM (
            SELECT c.variant_id AS id
            UNION ALL SELECT component_id FROM bundle_components WHERE bundle_id = c.variant_id
        ) v
        CROSS JOIN LATERAL (
            SELECT coalesce((
                SELECT sum(m.on_hand_delta) FROM stock_levels l JOIN stock_movements m ON m.level_id = l.id
                WHERE l.variant_id = v.id AND l.location_id = ANY({PLACES})
                    AND m.cause NOT IN ('order', 'fulfillment', 'return', 'import')
                    AND m.created_at > since.at
            ), 0) + coalesce((
                SELECT sum(o.drift * o.factor * t.units)
                FROM (
                    SELECT v.id AS variant_id, 1 AS units
                    UNION ALL
                    SELECT bundle_id, quantity FROM bundle_components WHERE component_id = v.id
                ) t
                JOIN stock_cells o ON o.variant_id = t.variant_id
                    AND o.location_id = ANY({PLACES}) AND o.drift < 0 AND o.state = 'active'
                JOIN drifts d ON d.cell_id = o.id AND d.state IN ('pending', 'review')
                    AND d.seen_at > since.at
            ), 0) AS units
        ) other
        WHERE CASE WHEN p.raises THEN other.units > 0 ELSE other.units < 0 END
    )
    """  # noqa: S608  (a constant)
)
_SITUATION = text(
    """
    SELECT c.account_id, c.braked_at IS NOT NULL AS braked, c.brake_percent,
        coalesce(c.brakes_off_until > clock_timestamp(), false) AS agreed,
        (SELECT count(*) FROM stock_cells s WHERE s.connection_id = c.id AND s.state = 'active') AS cells,
        (
            SELECT count(*) FROM (
                SELECT a.cell_id FROM push_attempts a
                WHERE a.connection_id = c.id AND a.unexplained
                    AND a.created_at > greatest(
                        clock_timestamp() - CAST(:window AS interval), c.brakes_off_until
                    )
                UNION SELECT unnest(CAST(:cells AS bigint[]))
            ) those
        ) AS changed
    FROM connections c WHERE c.id = :id
    """
)
_AGREE = text(
    """
    UPDATE connections SET brakes_off_until = clock_timestamp() + CAST(:agreed_for AS interval)
    WHERE id IN (SELECT id FROM connections WHERE account_id = :account_id ORDER BY id FOR NO KEY UPDATE)
    """
)
_BRAKE = text(
    """
    UPDATE connections SET braked_at = clock_timestamp()
    WHERE id = (SELECT id FROM connections WHERE id = :id FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING id
    """
)
_HOLD = text(
    """
    UPDATE stock_cells SET synced_version = wanted_version, dirty_since = NULL
    WHERE id = ANY(CAST(:cells AS bigint[]))
    """
)
