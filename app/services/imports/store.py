"""Imports and their rows in our tables."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.services.imports.base import Judged, Kind
from app.services.imports.catalog import Catalog
from app.services.imports.counted import Counted

KINDS: Mapping[str, Kind] = {"catalog": Catalog(), "counts": Counted()}
COUNTED_AS = {"create": "creates", "change": "changes", "same": "unchanged", "fault": "faulty"}
"""Outcome of a row -> the column that counts it."""


def lock(session: Session, import_id: int) -> Row[Any]:
    """The import, which stays as it is until the transaction ends. Raises NotFound."""
    row = session.execute(_LOCK, {"id": import_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such import.")
    return row


def lock_owned(session: Session, account_id: int, import_id: int) -> Row[Any]:
    """`lock` for a caller: raises NotFound also for another account's."""
    row = lock(session, import_id)
    if row.account_id != account_id:
        raise NotFound("There is no such import.")
    return row


def add_rows(session: Session, imported: Row[Any], rows: Sequence[Judged]) -> Counter[str]:
    """Store rows that follow those that are there. What is about one variant twice is a fault, wherever in
    the file. Returns by how much each outcome's number changed."""
    lines: dict[str, list[int]] = defaultdict(list)
    keys = {row.key for row in rows if row.key is not None}
    params = {"id": imported.id, "keys": list(keys)}
    for earlier in session.execute(_SAME_KEYS, params):
        lines[earlier.key].append(earlier.line)
    changed: Counter[str] = Counter()
    for row in rows:
        if row.key is not None:
            lines[row.key].append(row.line)
    twice = {key: found for key, found in lines.items() if len(found) > 1}
    rows = [_fault_of(row, twice[row.key]) if row.key in twice else row for row in rows]
    others = [{"line": line, "problem": _same_as(line, found)} for found in twice.values() for line in found]
    if others:
        for before in session.execute(_BECOME_FAULTS, {"id": imported.id, "rows": json.dumps(others)}):
            changed[before.outcome] -= 1
            changed["fault"] += 1
    session.execute(
        _ADD,
        {
            "id": imported.id,
            "account_id": imported.account_id,
            "rows": _as_json(rows),
        },
    )
    changed.update(row.outcome for row in rows)
    return changed


def without_clashes(session: Session, imported: Row[Any], rows: Sequence[Judged]) -> list[Judged]:
    """The same; a fault where by now a row is about what another row of the file is about too."""
    found = {
        row.line: row.other for row in session.execute(_CLASHES, {"id": imported.id, "rows": _as_json(rows)})
    }
    return [_fault_of(row, [found[row.line]]) if row.line in found else row for row in rows]


def _as_json(rows: Sequence[Judged]) -> str:
    return json.dumps([{name: getattr(row, name) for name in _OF_ROW} for row in rows])


def _fault_of(row: Judged, lines: Sequence[int]) -> Judged:
    problem = row.problem or _same_as(row.line, lines)
    return replace(row, outcome="fault", changes={}, problem=problem)


def _same_as(line: int, lines: Sequence[int]) -> str:
    other = next(other for other in lines if other != line)
    return f"Line {other} is about the same variant."


def next_rows(
    session: Session, imported: Row[Any], outcomes: Sequence[str], limit: int
) -> Sequence[Row[Any]]:
    """The rows of these outcomes that come after the applied ones."""
    params = {"id": imported.id, "after": imported.applied_line, "outcomes": list(outcomes), "limit": limit}
    return session.execute(_NEXT, params).all()


def rewrite(
    session: Session, imported: Row[Any], before: Mapping[int, str], rows: Sequence[Judged]
) -> Counter[str]:
    """Store what rows came to when they were applied, where it is not what was foreseen. `before`: line ->
    outcome. Returns by how much each outcome's number changed."""
    session.execute(_REWRITE, {"id": imported.id, "rows": _as_json(rows)})
    changed = Counter(row.outcome for row in rows)
    changed.subtract(before.values())
    return changed


def move_on(session: Session, import_id: int, changed: Mapping[str, int], **columns: Any) -> None:
    """Count rows, and move the import's cursors: `columns` are set, none of them from outside."""
    adds = {column: changed.get(outcome, 0) for outcome, column in COUNTED_AS.items()}
    sets = [f"{name} = {name} + :{name}" for name in adds] + [f"{name} = :{name}" for name in columns]
    query = f"UPDATE csv_imports SET failures = 0, {', '.join(sets)} WHERE id = :id"  # noqa: S608
    session.execute(text(query), {"id": import_id, **adds, **columns})


_OF_ROW = [field.name for field in fields(Judged)]
_LOCK = text("SELECT * FROM csv_imports WHERE id = :id FOR NO KEY UPDATE")
_SAME_KEYS = text(
    """
    SELECT key, line FROM csv_import_rows
    WHERE import_id = :id AND key = ANY(CAST(:keys AS text[])) ORDER BY line
    """
)
_CLASHES = text(
    """
    SELECT r.line, min(o.line) AS other
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (line int, key text)
    JOIN csv_import_rows o ON o.import_id = :id AND o.key = r.key AND o.line <> r.line
    GROUP BY r.line
    """
)
_BECOME_FAULTS = text(
    """
    WITH known AS (
        SELECT i.line, i.outcome, r.problem
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (line int, problem text)
        JOIN csv_import_rows i ON i.import_id = :id AND i.line = r.line
        WHERE i.outcome <> 'fault'
    ), changed AS (
        UPDATE csv_import_rows i SET outcome = 'fault', changes = '{}', problem = known.problem
        FROM known WHERE i.import_id = :id AND i.line = known.line
    )
    SELECT outcome FROM known
    """
)
_ADD = text(
    """
    INSERT INTO csv_import_rows (import_id, account_id, line, key, given, outcome, changes, problem)
    SELECT :id, :account_id, r.line, r.key, r.given, r.outcome, r.changes, r.problem
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r (line int, key text, given jsonb, outcome text, changes jsonb, problem text)
    """
)
_NEXT = text(
    """
    SELECT line, given, outcome FROM csv_import_rows
    WHERE import_id = :id AND line > :after AND outcome = ANY(CAST(:outcomes AS text[]))
    ORDER BY line LIMIT :limit
    """
)
_REWRITE = text(
    """
    UPDATE csv_import_rows i SET key = r.key, outcome = r.outcome, changes = r.changes, problem = r.problem
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r (line int, key text, outcome text, changes jsonb, problem text)
    WHERE i.import_id = :id AND i.line = r.line
        AND (i.outcome, i.changes) IS DISTINCT FROM (r.outcome, r.changes)
    """
)
