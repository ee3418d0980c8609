"""Whether anything is under way or left to do."""

from __future__ import annotations

from sqlalchemy import text

from app.services.queries.paging import Row, read

WORK = ("pending_events", "dirty_cells", "open_attempts", "pending_drifts", "checks_due", "drains_running")


def status(account_id: int) -> Row:
    """The work there is, by connection and in all, and whether there is none (quiet).

    Work that cannot be done now does not count in all: that of shops that must be connected again, and
    writes to shops that are paused.
    """
    rows = read(_STATUS, account_id=account_id)
    in_all = {name: sum(row[name] for row in rows if _counts(row["state"], name)) for name in WORK}
    importing = any(row["state"] == "importing" for row in rows)
    quiet = not importing and not any(in_all.values())
    return {"quiet": quiet, **in_all, "connections": rows}


def _counts(state: str, work: str) -> bool:
    if work == "drains_running":
        return True
    if work == "dirty_cells":
        return state == "active"
    return state in ("importing", "review", "active", "paused")


_STATUS = text(
    """
    SELECT c.id, c.platform, c.name, c.state,
        (SELECT count(*) FROM inbound_events e
         WHERE e.connection_id = c.id AND e.state IN ('pending', 'retrying')) AS pending_events,
        (SELECT count(*) FROM stock_cells s WHERE s.connection_id = c.id
         AND s.dirty_since IS NOT NULL AND s.state = 'active') AS dirty_cells,
        (SELECT count(*) FROM push_attempts a
         WHERE a.connection_id = c.id AND a.outcome IN ('open', 'unknown')) AS open_attempts,
        (SELECT count(*) FROM drifts d JOIN stock_cells s ON s.id = d.cell_id
         WHERE d.state = 'pending' AND s.connection_id = c.id) AS pending_drifts,
        (SELECT count(*) FROM stock_cells s
         WHERE s.connection_id = c.id AND s.check_due_at IS NOT NULL) AS checks_due,
        (SELECT count(*) FROM drain_leases l
         WHERE l.connection_id = c.id AND l.until > now()) AS drains_running
    FROM connections c WHERE c.account_id = :account_id AND c.state <> 'connecting' ORDER BY c.id
    """
)
