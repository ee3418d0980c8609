"""Read a stored file row by row, and store what each row would do. Changes nothing else."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, text

from app.errors import InvalidInput
from app.services import stopping
from app.services.csv_rows import BrokenRow, CsvFile, CsvRow, read_csv
from app.services.imports import store
from app.services.imports.base import MOST_SHOWN, Given, Judged, Kind
from app.services.uow import unit_of_work

ROWS_PER_BATCH = 2000
CHARACTERS_PER_BATCH = 4_000_000
"""Of long rows fewer are in memory."""
MOST_CHARACTERS = 10_000
"""Of a cell that means something to us."""
MOST_ROWS = 1_000_000


class Parts(io.RawIOBase):
    """The file in the order in which its parts came; one part is in memory at a time."""

    def __init__(self, import_id: int) -> None:
        self._import_id = import_id
        self._next, self._left = 0, memoryview(b"")
        self.passed = 0
        """Bytes handed out."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            with unit_of_work() as uow:
                params = {"id": self._import_id, "position": self._next}
                content = uow.session.execute(_PART, params).scalar_one_or_none()
            self._next, self._left = self._next + 1, memoryview(content or b"")
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        self.passed += size
        return size


def check(imported: Row[Any], *, until: float, clock: Callable[[], float] = time.monotonic) -> bool:
    """Go on from the last row that is stored. True if it is `until`, or this process shall end, before
    the end of the file.

    A file that cannot be read refuses the import. Two workers at once take turns, and store no row twice.
    """
    kind = store.KINDS[imported.kind]
    parts = Parts(imported.id)
    try:
        with io.BufferedReader(parts) as file, read_csv(file) as sheet:
            kind.require_columns(sheet)
            rows = (row for row in sheet.rows if row.line > imported.checked_line)
            for batch in _batches(rows):
                if not _store(imported.id, kind, sheet, batch, parts.passed):
                    return False
                if clock() >= until or stopping.asked():
                    return True
        _checked(imported.id)
    except InvalidInput as err:
        refuse(imported.id, str(err))
    return False


def refuse(import_id: int, problem: str) -> None:
    """The file cannot be used."""
    with unit_of_work() as uow:
        uow.session.execute(_REFUSED, {"id": import_id, "problem": problem})
        uow.session.execute(_DROP_PARTS, {"id": import_id})
        uow.commit()


def _batches(rows: Iterator[CsvRow | BrokenRow]) -> Iterator[list[CsvRow | BrokenRow]]:
    batch: list[CsvRow | BrokenRow] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += sum(map(len, row.cells.values())) if isinstance(row, CsvRow) else 0
        if len(batch) >= ROWS_PER_BATCH or characters >= CHARACTERS_PER_BATCH:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _store(
    import_id: int, kind: Kind, sheet: CsvFile, batch: Sequence[CsvRow | BrokenRow], passed: int
) -> bool:
    """One transaction: what the rows would do. False if the import is no longer being checked."""
    if ended := next((row for row in batch if isinstance(row, BrokenRow) and row.ends), None):
        raise InvalidInput(f"Line {ended.line}: {ended.problem} What follows cannot be read.")
    with unit_of_work() as uow:
        session = uow.session
        imported = store.lock(session, import_id)
        if imported.state != "checking":
            return False
        new = [row for row in batch if row.line > imported.checked_line]
        if sum(getattr(imported, column) for column in store.COUNTED_AS.values()) + len(new) > MOST_ROWS:
            raise InvalidInput(f"A file has at most {MOST_ROWS} rows.")
        usable, faults = _read(kind, new)
        judged = kind.judge(session, imported, usable) + faults
        changed = store.add_rows(session, imported, sorted(judged, key=lambda row: row.line))
        known = [name for name in sheet.columns if name in kind.columns]
        store.move_on(
            session,
            import_id,
            changed,
            checked_line=max(batch[-1].line, imported.checked_line),
            read_bytes=max(passed, imported.read_bytes),
            columns=known,
            ignored=[name[:MOST_SHOWN] for name in sheet.columns if name and name not in known],
        )
        session.execute(_KEEP_AWAY, {"id": import_id})
        uow.commit()
    return True


def _read(kind: Kind, rows: Sequence[CsvRow | BrokenRow]) -> tuple[list[Given], list[Judged]]:
    usable, faults = [], []
    for row in rows:
        read = row.problem if isinstance(row, BrokenRow) else _too_long(kind, row) or kind.read(row)
        if isinstance(read, Given):
            usable.append(read)
        else:
            faults.append(Judged(row.line, dict(_shown(row)), "fault", problem=read))
    return usable, faults


def _too_long(kind: Kind, row: CsvRow) -> str:
    for name in kind.columns:
        if len(row.cells.get(name, "")) > MOST_CHARACTERS:
            return f"Its {name} has more than {MOST_CHARACTERS} characters."
    return ""


def _shown(row: CsvRow | BrokenRow) -> Iterator[tuple[str, str]]:
    if isinstance(row, CsvRow):
        for name, cell in row.cells.items():
            if name and cell:
                yield name[:MOST_SHOWN], cell[:MOST_SHOWN]


def _checked(import_id: int) -> None:
    with unit_of_work() as uow:
        imported = store.lock(uow.session, import_id)
        if imported.state != "checking":
            return
        if not any(getattr(imported, column) for column in store.COUNTED_AS.values()):
            raise InvalidInput("The file has no rows.")
        uow.session.execute(_CHECKED, {"id": import_id})
        uow.session.execute(_DROP_PARTS, {"id": import_id})
        uow.commit()


_PART = text("SELECT content FROM csv_import_parts WHERE import_id = :id AND position = :position")
_DROP_PARTS = text("DELETE FROM csv_import_parts WHERE import_id = :id")
_KEEP_AWAY = text("UPDATE csv_imports SET wake_at = clock_timestamp() + interval '1 minute' WHERE id = :id")
_CHECKED = text(
    "UPDATE csv_imports SET state = 'checked', wake_at = NULL, read_bytes = size_bytes WHERE id = :id"
)
_REFUSED = text(
    """
    UPDATE csv_imports SET state = 'refused', problem = :problem, wake_at = NULL,
        closed_at = clock_timestamp()
    WHERE id = :id AND state = 'checking'
    """
)
