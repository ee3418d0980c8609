"""Counted numbers from a CSV file, all of them or none."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import InvalidInput
from app.services import cells as cell_store
from app.services.counts import Counted, lock, require_state, what_is_wrong, write, write_down
from app.services.csv_rows import BrokenRow, CsvFile, CsvRow, read_csv
from app.services.uow import unit_of_work

ROWS_PER_STATEMENT = 1000
MOST_ROWS = 200_000
MOST_FAULTS = 100
COLUMNS = "The first line names the columns: sku, counted and, if you like, counted_at."


class InvalidRows(InvalidInput):
    """Some rows of the file cannot be used; nothing of it was recorded."""

    code = "invalid_rows"

    def __init__(self, errors: Mapping[int, str]) -> None:
        """`errors`: what is wrong with which line of the file."""
        super().__init__()
        self.errors = {str(line): fault for line, fault in errors.items()}


def record_sheet(account_id: int, count_id: int, file: IO[bytes], *, at: datetime, actor: str) -> int:
    """Note the numbers of a CSV file in UTF-8, all or none. Returns how many rows it has.

    Its first line names the columns: `sku`, `counted` and, if you like, `counted_at` (ISO 8601, UTC unless it
    says otherwise); others are ignored. Commas, semicolons or tabs separate them. A row without a time was
    counted `at`. The file is read row by row, never whole. Safe to repeat. Raises NotFound, Conflict,
    InvalidInput, and InvalidRows with the first `MOST_FAULTS` faults by line.
    """
    faults: dict[int, str] = {}
    total = 0
    with read_csv(file) as sheet, unit_of_work() as uow:
        sheet.require("sku", "counted", said=COLUMNS)
        rows = _rows(sheet, faults)
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
        write_down(session, account_id, count_id, total, actor=actor)
        uow.commit()
    return total


def _rows(file: CsvFile, faults: dict[int, str]) -> Iterator[CsvRow]:
    """The rows that are complete; the faults of the others are noted."""
    for row in file.rows:
        if isinstance(row, BrokenRow):
            faults[row.line] = row.problem
        else:
            yield row


def _numbers(
    session: Session,
    account_id: int,
    rows: Sequence[CsvRow],
    at: datetime,
    now: datetime,
    faults: dict[int, str],
) -> list[Counted]:
    """Those that nothing is wrong with; the faults of the others are noted."""
    variants = variants_by_sku(session, account_id, {row.cells["sku"] for row in rows})
    numbers = []
    for row in rows:
        number = read_number(row.cells, variants, at, now)
        if isinstance(number, str):
            faults[row.line] = number
        else:
            numbers.append(number)
    return numbers


def variants_by_sku(session: Session, account_id: int, skus: Collection[str]) -> dict[str, int | None]:
    """The variants with these SKUs; None for a bundle."""
    found = session.execute(_VARIANTS, {"account_id": account_id, "skus": list(skus)})
    return {row.sku: None if row.is_bundle else row.id for row in found}


def read_number(
    row: Mapping[str, str], variants: Mapping[str, int | None], at: datetime, now: datetime
) -> Counted | str:
    """The number in a row's `sku`, `counted` and `counted_at` (else `at`), or what is wrong with it."""
    sku, counted, counted_at = (row.get(name, "") for name in ("sku", "counted", "counted_at"))
    if sku not in variants:
        return f"There is no variant with the SKU {sku[:100]!r}."
    variant_id = variants[sku]
    if variant_id is None:
        return f"{sku[:100]!r} is a bundle, which has no stock of its own."
    if not re.fullmatch(r"[0-9]{1,12}", counted):
        return f"{counted[:100]!r} is not a whole number of units."
    if counted_at:
        try:
            at = datetime.fromisoformat(counted_at)
        except ValueError:
            return f"{counted_at[:100]!r} is not a time like 2026-11-25T14:30:00."
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
    number = Counted(variant_id, int(counted), at)
    return what_is_wrong(number, now) or number


_VARIANTS = text(
    """
    SELECT id, sku, EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = v.id) AS is_bundle
    FROM variants v WHERE account_id = :account_id AND sku = ANY(CAST(:skus AS text[]))
    """
)
