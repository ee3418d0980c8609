"""A row in every table of an account, whatever tables there will be."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Table, insert, text
from sqlalchemy.orm import Session

from app.models import Base
from app.services.uow import unit_of_work

FITTING: dict[tuple[str, str], Any] = {
    ("invitations", "email"): "somebody@example.com",
    ("web_vital_days", "metric"): "LCP",
    ("stock_changes", "reason"): "found",
}
"""Where the schema asks for more than the type."""


def tenant_tables() -> list[Table]:
    return [table for table in Base.metadata.sorted_tables if "account_id" in table.columns]


def counts(account_id: int) -> dict[str, int]:
    """How many rows of the account each table has."""
    with unit_of_work() as uow:
        return {
            table.name: uow.session.execute(
                text(f"SELECT count(*) FROM {table.name} WHERE account_id = :a"), {"a": account_id}
            ).scalar_one()
            for table in tenant_tables()
        }


def fill(account_id: int) -> None:
    """Put a row into every table in which the account has none."""
    before = counts(account_id)
    with unit_of_work() as uow:
        for table in tenant_tables():
            if not before[table.name]:
                uow.session.execute(insert(table).values(_row(uow.session, table, account_id)))
        uow.commit()


def _row(session: Session, table: Table, account_id: int) -> dict[str, Any]:
    row: dict[str, Any] = {"account_id": account_id}
    keys = [key for key in table.constraints if isinstance(key, ForeignKeyConstraint)]
    for number, key in enumerate(keys):
        if key.referred_table.name != "accounts":
            earlier = sum(key.referred_table is other.referred_table for other in keys[:number])
            row |= _reference(session, key, account_id, earlier)
    for column in table.columns:
        fitting = FITTING.get((table.name, column.name))
        if fitting is not None:
            row[column.name] = fitting
        elif column.name not in row and not _fills_itself(column):
            row[column.name] = _value(column, account_id)
    return row


def _reference(session: Session, key: ForeignKeyConstraint, account_id: int, earlier: int) -> dict[str, Any]:
    """To another row than the `earlier` references of the same table, where there is one."""
    if all(element.parent.nullable for element in key.elements if element.parent.name != "account_id"):
        return {}
    names = ", ".join(element.column.name for element in key.elements)
    own = " WHERE account_id = :a" if "account_id" in key.referred_table.columns else ""
    found = session.execute(
        text(f"SELECT {names} FROM {key.referred_table.name}{own} LIMIT 9"),
        {"a": account_id},
    )
    rows = found.all()
    chosen = rows[min(earlier, len(rows) - 1)]
    return dict(zip((element.parent.name for element in key.elements), chosen, strict=True))


def _fills_itself(column: Column[Any]) -> bool:
    return bool(column.nullable or column.server_default is not None or column.identity is not None)


def _value(column: Column[Any], number: int) -> Any:
    kind = column.type.python_type
    if kind is datetime:
        return datetime.now(UTC)
    if kind is bytes:
        return b"x"
    if kind is str:
        return _first_of_choices(column) or "x"
    if kind is date:
        return datetime.now(UTC).date()
    if kind is UUID:
        return uuid4()
    if kind is object:  # JSON
        return {}
    return kind(number) if kind in (int, bool, Decimal) else kind()


def _first_of_choices(column: Column[Any]) -> str | None:
    """Where a CHECK says `column IN ('one', 'two')`."""
    for check in column.table.constraints:
        if isinstance(check, CheckConstraint):
            found = re.match(rf"{column.name} IN \('([^']+)'", str(check.sqltext))
            if found:
                return found[1]
    return None
