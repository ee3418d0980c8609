"""Dead letters as support looks at them: of all accounts."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import text

from app.domain.masking import masked
from app.domain.suggestions import suggestion
from app.errors import InvalidInput, NotFound
from app.models.dead_letters import LETTER_STATES
from app.services.dead_letters.kinds import KINDS, words_for
from app.services.queries.paging import Page, Row, decode, moment_of, page, read

MOST_GROUPS = 200
STATES = LETTER_STATES


def letters(filters: Mapping[str, Any], *, limit: int, cursor: str | None = None) -> Page:
    """The last that failed first: those that match all filters, which are dead unless one names a `state`."""
    last = decode(cursor, str, int)
    where, params = matching(filters)
    if last is not None:
        where += " AND (d.failed_at, d.id) < (:before_at, :before_id)"
        params |= {"before_at": moment_of(last[0]), "before_id": last[1]}
    query = f"{_LETTERS} WHERE {where} ORDER BY d.failed_at DESC, d.id DESC LIMIT :limit"
    rows = [_told(row) for row in read(text(query), **params, limit=limit + 1)]
    return page(rows, limit, lambda row: [row["failed_at"].isoformat(), row["id"]])


def groups(filters: Mapping[str, Any]) -> list[Row]:
    """How many match of each kind and error, the most first, with what may help."""
    where, params = matching(filters)
    rows = read(text(_GROUPS.format(where=where)), **params, limit=MOST_GROUPS)
    return [row | _suggested(row) for row in rows]


def count(filters: Mapping[str, Any], letter_ids: Collection[int] | None = None) -> int:
    where, params = matching(filters, letter_ids)
    return int(read(text(f"SELECT count(*) AS n FROM dead_letters d WHERE {where}"), **params)[0]["n"])  # noqa: S608


def letter(letter_id: int) -> Row:
    """One, with what it is about, each attempt that is kept, and what may help. `about`: its event with the
    body as far as that names no person, or its listing. Raises NotFound."""
    rows = read(text(f"{_LETTERS} WHERE d.id = :id"), id=letter_id)
    if not rows:
        raise NotFound("There is no such dead letter.")
    found = _told(rows[0])
    found["history"] = read(_ATTEMPTS, id=letter_id)
    found["about"] = None
    if found["kind"] in _ABOUT:
        about = read(_ABOUT[found["kind"]], id=found["subject_id"])
        if about:
            found["about"] = about[0]
            if "body" in about[0]:
                found["about"]["body"] = _masked(bytes(about[0]["body"]))
    return found


def some(letter_ids: Collection[int]) -> list[Row]:
    """Those that are there, the last that failed first."""
    query = f"{_LETTERS} WHERE d.id = ANY(CAST(:ids AS bigint[])) ORDER BY d.failed_at DESC, d.id DESC"
    return [_told(row) for row in read(text(query), ids=list(letter_ids))]


def mass_replays(*, limit: int, cursor: str | None = None) -> Page:
    """The last begun first."""
    before = decode(cursor, int) or [2**62]
    rows = read(_MASS, before=before[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def mass_replay(mass_id: int) -> Row:
    """How far it is. Raises NotFound."""
    rows = read(_ONE_MASS, id=mass_id)
    if not rows:
        raise NotFound("There is no such replay.")
    return rows[0]


def matching(
    filters: Mapping[str, Any], letter_ids: Collection[int] | None = None
) -> tuple[str, dict[str, Any]]:
    """A condition about `dead_letters d`, and its parameters. Raises InvalidInput for an unknown filter."""
    given = {name: value for name, value in filters.items() if value not in (None, "")}
    if unknown := given.keys() - FILTERS.keys():
        raise InvalidInput(f"There is no filter {sorted(unknown)[0]}.")
    given.setdefault("state", "dead")
    conditions = [FILTERS[name] for name in given]
    if letter_ids is not None:
        conditions.append("d.id = ANY(CAST(:letter_ids AS bigint[]))")
        given["letter_ids"] = list(letter_ids)
    return " AND ".join(conditions), given


def _told(row: Row) -> Row:
    kind = KINDS.get(row["kind"])
    job = row["kind"] if kind is None else _JOBS.get(row["kind"], "")
    return row | {
        "what": words_for(row["kind"], row["subject_id"]),
        "call": f"workers.jobs.{job}({row['subject_id']})" if job else "",
        "can_replay": kind is None or not kind.instead,
        "instead": "" if kind is None else kind.instead,
        **_suggested(row),
    }


def _suggested(row: Row) -> Row:
    found = suggestion(row["code"], row["error_class"])
    return {"cause": found.cause, "remedy": found.remedy}


def _masked(raw: bytes) -> Any:
    try:
        return masked(json.loads(raw))
    except (ValueError, RecursionError):
        return None


FILTERS = {
    "state": "d.state = :state",
    "queue": "d.queue = :queue",
    "kind": "d.kind = :kind",
    "account_id": "d.about_account_id = :account_id",
    "connection_id": "d.connection_id = :connection_id",
    "error_class": "d.error_class = :error_class",
    "code": "d.code = :code",
    "message": "d.message = :message",
    "failed_after": "d.failed_at >= CAST(:failed_after AS timestamptz)",
    "failed_before": "d.failed_at < CAST(:failed_before AS timestamptz)",
}
_JOBS = {
    "event": "process_event",
    "cell": "push_cell",
    "mail": "deliver_mail",
    "import": "work_on_import",
    "export": "export_account",
}
_WHO = "coalesce((SELECT email FROM staff_users WHERE {actor} = 'staff:' || id), {actor})"
"""The address of whoever of the staff it was."""
_LETTERS = f"""
    SELECT d.id, d.kind, d.subject_id, d.queue, d.state, d.attempts, d.error_class, d.code, d.message,
        d.failed_at, d.replayed_at, d.closed_at, {_WHO.format(actor="d.discarded_by")} AS discarded_by,
        d.discarded_because, d.created_at,
        d.about_account_id AS account_id, a.name AS account, d.connection_id, c.name AS connection, c.platform
    FROM dead_letters d
    LEFT JOIN accounts a ON a.id = d.about_account_id
    LEFT JOIN connections c ON c.id = d.connection_id
"""  # noqa: S608  (constants)
_GROUPS = """
    SELECT d.kind, d.error_class, d.code, count(*) AS letters, count(DISTINCT d.about_account_id) AS accounts,
        count(DISTINCT d.connection_id) AS connections, min(d.failed_at) AS first_at,
        max(d.failed_at) AS last_at,
        (array_agg(d.message ORDER BY d.failed_at DESC))[1] AS message
    FROM dead_letters d WHERE {where}
    GROUP BY d.kind, d.error_class, d.code ORDER BY letters DESC, d.kind, d.error_class, d.code LIMIT :limit
"""
_ATTEMPTS = text(
    """
    SELECT id, failed_at, error_class, code, message, traceback FROM failed_attempts
    WHERE letter_id = :id ORDER BY id DESC LIMIT 100
    """
)
_LISTING = """
    SELECT l.id AS listing_id, l.external_id, l.sku, l.title, v.id AS variant_id, v.sku AS variant_sku,
        {state}
    FROM {table} t {join} LEFT JOIN variants v ON v.id = l.variant_id WHERE t.id = :id ORDER BY l.id LIMIT 1
"""
_ABOUT = {
    "event": text(
        """
        SELECT e.id AS event_id, e.topic, e.lane, e.state, e.verdict, e.attempts, e.received_at,
            e.next_attempt_at, e.order_external_id, octet_length(e.body) AS bytes, e.body
        FROM inbound_events e WHERE e.id = :id
        """
    ),
    "cell": text(
        _LISTING.format(
            table="stock_cells",
            join="JOIN listings l ON l.connection_id = t.connection_id"
            " AND l.external_stock_id = t.external_stock_id",
            state="t.state, t.error, t.failures, t.account + t.drift AS expected, t.next_attempt_at",
        )
    ),
    "price": text(
        _LISTING.format(
            table="listing_prices",
            join="JOIN listings l ON l.id = t.listing_id",
            state="t.state, t.error, t.failures, t.shop_minor",
        )
    ),
    "fulfillment": text(
        """
        SELECT f.id AS fulfillment_id, f.order_id, o.number AS order_number, f.state, f.error_code, f.error,
            f.attempts, f.next_attempt_at
        FROM fulfillments f JOIN orders o ON o.id = f.order_id WHERE f.id = :id
        """
    ),
    "webhook": text(
        """
        SELECT w.id AS delivery_id, w.subscription_id, w.kind AS event_kind, w.state, w.attempts, w.status,
            w.fault, w.attempted_at
        FROM webhook_deliveries w WHERE w.id = :id
        """
    ),
    "mail": text("SELECT id AS mail_id, template, state, attempts, due_at FROM mails WHERE id = :id"),
    "import": text(
        """
        SELECT id AS import_id, kind, state, problem, checked_line, applied_line, failures, created_at
        FROM csv_imports WHERE id = :id
        """
    ),
    "export": text(
        "SELECT id AS export_id, state, attempts, error, created_at FROM account_exports WHERE id = :id"
    ),
}
_MASS_COLUMNS = f"""
    SELECT m.id, {_WHO.format(actor="m.actor")} AS actor, m.filters, m.letter_ids, m.per_second, m.state,
        m.total, m.replayed, m.passed_over, m.created_at, m.finished_at
    FROM mass_replays m
"""  # noqa: S608  (constants)
_MASS = text(f"{_MASS_COLUMNS} WHERE m.id < :before ORDER BY m.id DESC LIMIT :limit")
_ONE_MASS = text(f"{_MASS_COLUMNS} WHERE m.id = :id")
