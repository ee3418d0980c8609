"""CSV files as spreadsheets write them, read row by row, never whole."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from app.domain.csv_cells import plain
from app.errors import InvalidInput

DELIMITERS = ",;\t"
MOST_LINE_CHARACTERS = 256 * 1024
MOST_COLUMNS = 200
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` makes of bytes that are no UTF-8."""


@dataclass(frozen=True, slots=True)
class CsvRow:
    """`cells` by column, without blanks around them; every column is there. `line`: where it begins."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that cannot be split into cells. `ends`: nor can what follows."""

    line: int
    problem: str
    ends: bool = False


@dataclass(frozen=True, slots=True)
class CsvFile:
    """`columns` as the first line names them, in lower case. The rows may be read once."""

    columns: Sequence[str]
    rows: Iterator[CsvRow | BrokenRow]

    def require(self, *columns: str, said: str) -> None:
        """Raises InvalidInput, which says so in the words `said`, unless the file has all of them."""
        if not set(columns) <= set(self.columns):
            raise InvalidInput(said)


class _TooLong(csv.Error):
    """A line that is longer than any."""


@contextmanager
def read_csv(file: IO[bytes]) -> Iterator[CsvFile]:
    """Look at the first line; the rows may be read inside.

    Cells are separated by whatever of DELIMITERS the first line has most of. Empty rows are left out. Raises
    InvalidInput, also while the rows are read, for what is not in UTF-8 (a byte order mark is fine), and for
    a first line that names a column twice.
    """
    wrapped = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
    try:
        yield _opened(_lines(wrapped))
    finally:
        wrapped.detach()


def _opened(lines: Iterator[str]) -> CsvFile:
    try:
        header = next(lines, "").removeprefix("\ufeff")
        delimiter = max(DELIMITERS, key=header.count)
        columns = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error as err:
        raise InvalidInput(f"The first line is not CSV: {err}.") from err
    if "\0" in header:
        raise InvalidInput("The first line names a column with a character (NUL) that cannot be kept.")
    named = [name for name in columns if name]
    if len(columns) > MOST_COLUMNS:
        raise InvalidInput(f"A file has at most {MOST_COLUMNS} columns.")
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise InvalidInput(f"The first line names a column twice: {', '.join(twice)[:200]}.")
    return CsvFile(columns, _rows(lines, columns, delimiter))


def _rows(lines: Iterator[str], columns: Sequence[str], delimiter: str) -> Iterator[CsvRow | BrokenRow]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 2  # the first line of the file is not the reader's
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as err:
            # A quote that is not closed swallows line after line: where it was to end nobody can say.
            ends = isinstance(err, _TooLong) or reader.line_num + 1 > line
            opened = "a quote that is opened here is not closed" if reader.line_num + 1 > line else err
            yield BrokenRow(line, f"This is not CSV: {opened}.", ends)
            if ends:
                return
            continue
        if not any(cell and not cell.isspace() for cell in cells):
            continue
        yield _row(line, cells, columns)


def _row(line: int, cells: Sequence[str], columns: Sequence[str]) -> CsvRow | BrokenRow:
    if any(cell.strip() for cell in cells[len(columns) :]):
        return BrokenRow(line, f"It has {len(cells)} cells, and the first line names {len(columns)} columns.")
    if any("\0" in cell for cell in cells):
        return BrokenRow(line, "It has a character (NUL) that cannot be kept.")
    missing = [""] * (len(columns) - len(cells))
    values = (plain(cell.strip()) for cell in (*cells, *missing))
    return CsvRow(line, dict(zip(columns, values, strict=False)))


def _lines(file: io.TextIOWrapper) -> Iterator[str]:
    """One line at a time, which the encoding is checked of: a decoder that reads ahead knows no lines."""
    number = 0
    while line := file.readline(MOST_LINE_CHARACTERS + 1):
        number += 1
        if not line.isascii() and _NOT_UTF8.search(line):
            raise InvalidInput(f"Line {number} is not in UTF-8. Save the file as CSV in UTF-8.")
        if len(line) > MOST_LINE_CHARACTERS:
            raise _TooLong("the line is too long")
        yield line
