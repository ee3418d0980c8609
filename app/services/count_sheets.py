"""Counted numbers from a CSV file, all of them or none."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import InvalidInput
from app.services import cells as cell_store
from app.services.counts import Counted, lock, require_state, what_is_wrong, write
from app.services.uow import unit_of_work

ROWS_PER_STATEMENT = 1000
MOST_ROWS = 200_000
MOST_FAULTS = 100
DELIMITERS = ",;\t"


class InvalidRows(InvalidInput):
    """Some rows of the file cannot be used; nothing of it was recorded."""

    code = "invalid_rows"

    def __init__(self, errors: Mapping[int, str]) -> None:
        """`errors`: what is wrong with which line of the file."""
        super().__init__()
        self.errors = {str(line): fault for line, fault in errors.items()}


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    sku: str
    counted: str
    counted_at: str


def record_sheet(account_id: int, count_id: int, file: IO[bytes], *, at: datetime, actor: str) -> int:
    """Note the numbers of a CSV file in UTF-8, all or none. Returns how many rows it has.

    Its first line names the columns: `sku`, `counted` and, if you like, `counted_at` (ISO 8601, UTC unless it
    says otherwise); others are ignored. Commas, semicolons or tabs separate them. A row without a time was
    counted `at`. The file is read row by row, never whole. Safe to repeat. Raises NotFound, Conflict,
    InvalidInput, and InvalidRows with the first `MOST_FAULTS` faults by line.
    """
    faults: dict[int, str] = {}
    total = 0
    with unit_of_work() as uow, closing(_rows(file, faults)) as rows:
        session = uow.session
        require_state(lock(session, account_id, count_id), "open")
        now = cell_store.now(session)
        while len(faults) < MOST_FAULTS and (chunk := list(itertools.islice(rows, ROWS_PER_STATEMENT))):
            total += len(chunk)
            if total > MOST_ROWS:
                raise InvalidInput(f"A file has at most {MOST_ROWS} rows.")
            numbers = _numbers(session, account_id, chunk, at, now, faults)
            if not faults:
                write(session, account_id, count_id, numbers, actor=actor)
        if faults:
            raise InvalidRows(dict(sorted(faults.items())[:MOST_FAULTS]))
        if not total:
            raise InvalidInput("The file has no rows.")
        uow.commit()
    return total


def _rows(file: IO[bytes], faults: dict[int, str]) -> Generator[_Row]:
    """The rows that are complete. What cannot be split into rows ends the file."""
    lines = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    line = 0
    try:
        header = lines.readline()
        delimiter = max(DELIMITERS, key=header.count)
        names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
        if not {"sku", "counted"} <= set(names):
            raise InvalidInput("The first line names the columns: sku, counted and, if you like, counted_at.")
        reader = csv.reader(lines, delimiter=delimiter)
        for cells in reader:
            line = reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            values = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
            yield _Row(line, values.get("sku", ""), values.get("counted", ""), values.get("counted_at", ""))
    except UnicodeDecodeError as err:
        raise InvalidInput("The file is not in UTF-8.") from err
    except csv.Error as err:
        faults[line + 1] = f"This is not CSV: {err}."
    finally:
        lines.detach()


def _numbers(
    session: Session,
    account_id: int,
    rows: Sequence[_Row],
    at: datetime,
    now: datetime,
    faults: dict[int, str],
) -> list[Counted]:
    """Those that nothing is wrong with; the faults of the others are noted."""
    skus = {row.sku for row in rows if "\0" not in row.sku}
    found = session.execute(_VARIANTS, {"account_id": account_id, "skus": list(skus)})
    variants = {row.sku: None if row.is_bundle else row.id for row in found}
    numbers = []
    for row in rows:
        number = _number(row, variants, at)
        fault = number if isinstance(number, str) else what_is_wrong(number, now)
        if fault is not None:
            faults[row.line] = fault
        elif isinstance(number, Counted):
            numbers.append(number)
    return numbers


def _number(row: _Row, variants: Mapping[str, int | None], at: datetime) -> Counted | str:
    """The row's number, or what is wrong with it."""
    if row.sku not in variants:
        return f"There is no variant with the SKU {row.sku[:100]!r}."
    variant_id = variants[row.sku]
    if variant_id is None:
        return f"{row.sku[:100]!r} is a bundle, which has no stock of its own."
    if not re.fullmatch(r"[0-9]{1,12}", row.counted):
        return f"{row.counted[:100]!r} is not a whole number of units."
    if row.counted_at:
        try:
            at = datetime.fromisoformat(row.counted_at)
        except ValueError:
            return f"{row.counted_at[:100]!r} is not a time like 2026-11-25T14:30:00."
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return Counted(variant_id, int(row.counted), at)


_VARIANTS = text(
    """
    SELECT id, sku, EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = v.id) AS is_bundle
    FROM variants v WHERE account_id = :account_id AND sku = ANY(CAST(:skus AS text[]))
    """
)
