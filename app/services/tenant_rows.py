"""All rows of one account, table by table, each found by an index whatever other accounts have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Table, UniqueConstraint

from app.models import Base

SMALL = {
    "uncounted_pushes": "notes that a job takes within seconds",
    "unvalued_variants": "notes that a job takes within seconds",
}
"""Tables that are read whole."""


@dataclass(frozen=True, slots=True)
class TenantTable:
    """`parent`: where rows are found by their `column`, which holds ids of that table's rows; None where they
    are found by their account."""

    table: Table
    parent: TenantTable | None = None
    column: str = ""

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def key(self) -> Sequence[str]:
        return [column.name for column in self.table.primary_key]

    @property
    def rows(self) -> str:
        """What to put behind SELECT ... FROM: the rows of `:account_id`, called t."""
        own = "t.account_id = :account_id"
        if self.parent is None:
            return f"{self.name} t WHERE {own}"
        join = f"{self.parent.name} p JOIN {self.name} t ON t.{self.column} = p.id"
        return f"{join} WHERE p.account_id = :account_id AND {own}"


def tenant_tables() -> Iterator[TenantTable]:
    """Every table with an account's rows, those that others refer to first."""
    known: dict[str, TenantTable] = {}
    for table in Base.metadata.sorted_tables:
        if "account_id" in table.columns:
            known[table.name] = _found(table, known)
            yield known[table.name]


def _found(table: Table, known: dict[str, TenantTable]) -> TenantTable:
    first = set(_first_columns(table))
    if "account_id" in first or table.name in SMALL:
        return TenantTable(table)
    for column in table.columns:
        if column.name in first and not column.nullable:
            for key in column.foreign_keys:
                parent = known.get(key.column.table.name)
                if parent is not None and parent.parent is None and key.column.name == "id":
                    return TenantTable(table, parent, column.name)
    raise LookupError(f"Nothing finds an account's rows of {table.name}: it needs an index.")


def _first_columns(table: Table) -> Iterator[str]:
    """Those that an index over all rows begins with."""
    yield next(iter(table.primary_key)).name
    for index in table.indexes:
        if index.dialect_options["postgresql"].get("where") is None:
            yield next(iter(index.columns)).name
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield next(iter(constraint.columns)).name
