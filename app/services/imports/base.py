"""What the kinds of import have in common: a row that was given, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.services.csv_rows import CsvFile, CsvRow
from app.services.uow import UnitOfWork

MOST_SHOWN = 200
"""Characters of a cell that a problem or a broken row repeats."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a row gives: its cells that are not empty, understood as far as they can be alone."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a row comes to, as things are now. `changes`: field -> old and new."""

    line: int
    given: Mapping[str, Any]
    outcome: str
    key: str | None = None
    changes: Mapping[str, list[Any]] = field(default_factory=dict)
    problem: str = ""

    @property
    def variant_id(self) -> int | None:
        """The variant that it is about, if there is one."""
        return int(self.key[1:]) if self.key and self.key[0] == "v" else None


class Kind(Protocol):
    """What rows of a kind of import mean."""

    columns: tuple[str, ...]
    """Those that it knows."""
    applies: tuple[str, ...]
    """Outcomes of which there is something to do."""

    def require_columns(self, file: CsvFile) -> None:
        """Raises InvalidInput."""

    def read(self, row: CsvRow) -> Given | str:
        """The row, or what is wrong with it whatever there is."""

    def judge(self, session: Session, imported: Row[Any], rows: Sequence[Given]) -> list[Judged]:
        """In a constant number of statements. The variants are locked, so that `apply` may follow."""

    def apply(self, uow: UnitOfWork, imported: Row[Any], rows: Sequence[Judged]) -> None:
        """Do what was judged in the same transaction: rows of outcomes that it `applies`."""

    def finish(self, imported: Row[Any]) -> None:
        """What remains when every row was applied. Safe to repeat."""


def fault(row: Given, problem: str, key: str | None = None) -> Judged:
    return Judged(row.line, row.values, "fault", key, problem=problem)
