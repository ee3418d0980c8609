"""What metrics ask the database: each statement reads an index of what is not well, or a small table."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.alerts import AlertKind
from app.domain.health import FAILURES_IN_A_ROW
from app.measures import catalogue
from app.measures.catalogue import Metric
from app.services.queries.operations import SCHEDULER_LOCK, held_lock

MOST_COUNTED = 100_000
"""Of a backlog; nobody needs to know more exactly, and counting stays cheap."""
_CALLED = "coalesce(c.backoff_until <= now(), true)"
"""A shop that is left alone for a while is counted by its breaker: what waits for it wakes nobody."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Its rows have labels first, then a value for each of `metrics`; NULL for none."""

    metrics: tuple[Metric, ...]
    query: str
    labelled_by_platform: bool = False


STATEMENTS = (
    Statement(
        (catalogue.CONNECTIONS,),
        "SELECT platform, state, count(*) FROM connections GROUP BY platform, state",
        labelled_by_platform=True,
    ),
    Statement(
        (catalogue.BREAKERS,),
        f"""
        SELECT platform, count(*) FILTER (WHERE failures >= {FAILURES_IN_A_ROW}) FROM connections
        WHERE state NOT IN ('connecting', 'disconnected', 'sample') GROUP BY platform
        """,  # noqa: S608  (a constant)
        labelled_by_platform=True,
    ),
    Statement(
        (catalogue.BACKLOG, catalogue.BACKLOG_AGE),
        f"""
        SELECT 'events_' || k.lane, count(e.lane), coalesce(extract(epoch FROM now() - min(e.received_at)), 0)
        FROM unnest(ARRAY['orders', 'hints', 'privacy']) AS k (lane)
        LEFT JOIN (
            SELECT e.lane, e.received_at FROM inbound_events e JOIN connections c ON c.id = e.connection_id
            WHERE e.state IN ('pending', 'retrying') AND coalesce(e.next_attempt_at <= now(), true)
                AND (e.lane = 'privacy' OR c.state IN ('review', 'active', 'paused') AND {_CALLED})
            LIMIT {MOST_COUNTED}
        ) e ON e.lane = k.lane
        GROUP BY k.lane
        """,  # noqa: S608  (a constant)
    ),
    Statement(
        (catalogue.BACKLOG, catalogue.BACKLOG_AGE),
        f"""
        SELECT 'numbers', count(*), coalesce(extract(epoch FROM now() - min(d.dirty_since)), 0)
        FROM (
            SELECT s.dirty_since FROM stock_cells s JOIN connections c ON c.id = s.connection_id
            WHERE s.dirty_since IS NOT NULL AND s.state = 'active'
                AND coalesce(s.next_attempt_at <= now(), true)
                AND c.state = 'active' AND {_CALLED} AND NOT EXISTS (
                    SELECT 1 FROM accounts t WHERE t.id = c.account_id AND t.writes_stopped_at IS NOT NULL
                )
            LIMIT {MOST_COUNTED}
        ) d
        """,  # noqa: S608  (a constant)
    ),
    Statement(
        (catalogue.DEAD_LETTERS,),
        "SELECT kind, count(*) FROM dead_letters WHERE state = 'dead' GROUP BY kind",
    ),
    Statement(
        (catalogue.OPEN_EVENTS,), "SELECT kind, count(*) FROM events WHERE cleared_at IS NULL GROUP BY kind"
    ),
    Statement(
        (catalogue.OPEN_ALERTS,),
        f"""
        SELECT k.kind, count(a.id)
        FROM unnest(CAST('{{{",".join(AlertKind)}}}' AS text[])) AS k (kind)
        LEFT JOIN alerts a ON a.kind = k.kind AND a.cleared_at IS NULL
        GROUP BY k.kind
        """,  # noqa: S608  (constants)
    ),
    Statement(
        (catalogue.LEDGER_MISMATCHES,),
        "SELECT count(*) FROM events WHERE cleared_at IS NULL AND kind = 'ledger_mismatch'",
    ),
    Statement(
        (catalogue.LEDGER_PROOF,),
        """
        SELECT extract(epoch FROM min(coalesce(a.ledger_proved_at, a.created_at))) FROM accounts a
        WHERE EXISTS (SELECT 1 FROM stock_levels l WHERE l.account_id = a.id)
        """,
    ),
    Statement(
        (catalogue.SCHEDULER,),
        f"SELECT CAST({held_lock(str(SCHEDULER_LOCK))} AS int)",
    ),
)
