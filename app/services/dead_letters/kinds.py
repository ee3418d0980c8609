"""The kinds of work whose own row says that it failed, and how each goes back to work.

Every other piece of work is a job that the clock or the sweeper starts again by itself: its kind is the job's
name, and it is dead once it has failed some times in a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.services.cells import UNREADABLE
from app.services.nudge import EVERYBODY, Drain

READABLE = f"t.error <> ALL(CAST('{{{','.join(UNREADABLE)}}}' AS text[]))"


@dataclass(frozen=True, slots=True)
class Kind:
    """`dead`, `unwell` (dead, or tried again after a failure) and the columns are SQL about a row `t` of
    `table`; `replay` puts those of :ids that are dead back to work, and returns their ids.

    `noted`: whoever works on it writes each failure down. `instead`: why it cannot be replayed, and what to
    do.
    """

    queue: str
    table: str
    dead: str
    unwell: str
    message: str
    code: str
    account: str = "t.account_id"
    connection: str = "CAST(NULL AS bigint)"
    noted: bool = True
    replay: str = ""
    instead: str = ""


def _again(table: str, dead: str, sets: str) -> str:
    return f"""
        WITH t AS (
            SELECT t.id FROM {table} t WHERE t.id = ANY(CAST(:ids AS bigint[])) AND {dead}
            ORDER BY t.id FOR NO KEY UPDATE OF t
        )
        UPDATE {table} r SET {sets} FROM t WHERE r.id = t.id RETURNING r.id
    """  # noqa: S608  (constants of this module)


_CONNECTED = "EXISTS (SELECT 1 FROM connections c WHERE c.id = t.connection_id AND c.state <> 'disconnected')"
"""A shop that was removed takes nothing: what waited for it would never be tried, and be dead no more."""
_DEAD_CELL = f"t.state = 'failed' AND t.failures > 0 AND {READABLE}"
_FAILED = "t.state = 'failed'"
KINDS: Mapping[str, Kind] = {
    "event": Kind(
        queue="retries",
        table="inbound_events",
        dead="t.state = 'dead'",
        unwell="t.state IN ('retrying', 'dead')",
        message="t.verdict",
        code="'event_failed'",
        connection="t.connection_id",
        replay=_again(
            "inbound_events",
            f"t.state = 'dead' AND (t.lane = 'privacy' OR {_CONNECTED})",
            "state = 'retrying', attempts = 0, next_attempt_at = now()",
        ),
    ),
    "cell": Kind(
        queue="retries",
        table="stock_cells",
        dead=_DEAD_CELL,
        unwell=f"{_DEAD_CELL} OR t.state = 'active' AND t.failures > 0 AND t.dirty_since IS NOT NULL",
        message="t.error",
        code="'cell_refused'",
        connection="t.connection_id",
        # One failure stays counted: it is what keeps a number out of the calls that it shares with others.
        replay=_again(
            "stock_cells",
            f"{_DEAD_CELL} AND {_CONNECTED}",
            """state = 'active', failures = CASE WHEN r.dirty_since IS NULL THEN 0 ELSE 1 END,
            next_attempt_at = CASE WHEN r.dirty_since IS NOT NULL THEN now() END,
            error = CASE WHEN r.dirty_since IS NULL THEN '' ELSE r.error END""",
        ),
    ),
    "fulfillment": Kind(
        queue="retries",
        table="fulfillments",
        dead=_FAILED,
        unwell="t.state = 'failed' OR t.failures > 0 AND t.state IN ('pending', 'sending')",
        message="t.error",
        code="t.error_code",
        connection="t.connection_id",
    ),
    "price": Kind(
        queue="sync",
        table="listing_prices",
        dead=_FAILED,
        unwell="t.state = 'failed' OR t.state = 'active' AND t.dirty_since IS NOT NULL",
        message="t.error",
        code="'price_refused'",
        connection="t.connection_id",
        noted=False,
        replay=_again(
            "listing_prices", f"{_FAILED} AND {_CONNECTED}", "state = 'active', failures = 0, error = ''"
        ),
    ),
    "webhook": Kind(
        queue="notify",
        table="webhook_deliveries",
        dead="t.state = 'dead'",
        unwell="t.state IN ('pending', 'dead')",
        message="concat_ws(' ', 'The receiver failed:', nullif(t.fault, ''), t.status)",
        code="'receiver'",
        noted=False,
        replay=_again(
            "webhook_deliveries",
            "t.state = 'dead'",
            "state = 'pending', attempts = 0, next_attempt_at = clock_timestamp()",
        ),
    ),
    "mail": Kind(
        queue="notify",
        table="mails",
        dead=_FAILED,
        unwell="t.state = 'failed' OR t.state = 'pending' AND t.last_error <> ''",
        message="t.last_error",
        code="'mail_undelivered'",
        account="t.about_account_id",
        instead="Its text is gone, for it may have held a one-time link: have the person ask for it again.",
    ),
    "import": Kind(
        queue="reports",
        table="csv_imports",
        dead=_FAILED,
        unwell="t.state = 'failed' OR t.failures > 0 AND t.state IN ('checking', 'applying')",
        message="t.problem",
        code="'import_failed'",
        instead="The file is gone: have the merchant upload it again. What was applied stays as it is.",
    ),
    "export": Kind(
        queue="reports",
        table="account_exports",
        dead=_FAILED,
        unwell="t.state = 'failed' OR t.attempts > 1 AND t.state IN ('waiting', 'running')",
        message="t.error",
        code="'export_failed'",
        replay=_again(
            "account_exports",
            f"""{_FAILED} AND NOT EXISTS (
                SELECT 1 FROM account_exports o WHERE o.account_id = t.account_id
                    AND (o.state IN ('waiting', 'running') OR o.state = 'failed' AND o.id > t.id)
            )""",  # noqa: S608  (a constant)
            "state = 'waiting', attempts = 0, error = '', due_at = now(), finished_at = NULL",
        ),
    ),
}

KIND_OF_JOB: Mapping[str, str] = {
    "process_event": "event",
    "push_cell": "cell",
    "deliver_mail": "mail",
    "work_on_import": "import",
    "export_account": "export",
}
"""Jobs that work on one row of a kind."""

OF_CONNECTIONS = frozenset(
    {drain.value for drain in Drain} - {Drain.DELIVER.value}
    | {"ensure_webhooks", "check_data", "renew_credentials"}
)
OF_ACCOUNTS = frozenset(["check_ledger", "catch_up_stock_events", "check_sums", "delete_account"])
"""Jobs by what their argument is the id of."""
JOBS = (*sorted(OF_CONNECTIONS | OF_ACCOUNTS), Drain.DELIVER.value, "fold_sums")
"""Those that are a kind of their own."""
JOB_ATTEMPTS: Mapping[str, int] = {
    "check_ledger": 1,
    "catch_up_stock_events": 1,
    "check_sums": 1,
    "check_data": 1,
    "ensure_webhooks": 3,
}
"""How often in a row a job may fail until it is dead, where that is not `MAX_ATTEMPTS`: those that are not
started again for a long time wait for nobody."""
NIGHTLY = frozenset(["check_ledger", "catch_up_stock_events", "check_sums", "check_data"])
QUIET = timedelta(minutes=15)
"""A job that has not failed for so long is well: as long as there is work for it, it is started again."""
QUIET_OF: Mapping[str, timedelta] = dict.fromkeys(NIGHTLY, timedelta(hours=26)) | {
    "ensure_webhooks": timedelta(hours=2)
}


def words_for(kind: str, subject_id: int) -> str:
    """What it was, for people."""
    if kind in KINDS:
        return f"{kind} {subject_id}"
    return kind if subject_id == EVERYBODY else f"{kind}({subject_id})"
