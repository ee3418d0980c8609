"""Rows of counted stock: they become the lines of a count, which is finished when all of them are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.services import cells as cell_store
from app.services import counts
from app.services.count_sheets import COLUMNS, read_number, variants_by_sku
from app.services.csv_rows import CsvFile, CsvRow
from app.services.imports.base import Given, Judged, fault
from app.services.uow import UnitOfWork


class Counted:
    """What lay on the shelves of one location. A number that is as expected is booked too: it was counted."""

    columns: tuple[str, ...] = ("sku", "counted", "counted_at")
    applies: tuple[str, ...] = ("change", "same")

    def require_columns(self, file: CsvFile) -> None:
        file.require("sku", "counted", said=COLUMNS)

    def read(self, row: CsvRow) -> Given | str:
        return Given(row.line, {name: row.cells[name] for name in self.columns if row.cells.get(name)})

    def judge(self, session: Session, imported: Row[Any], rows: Sequence[Given]) -> list[Judged]:
        found = variants_by_sku(session, imported.account_id, {_sku(row) for row in rows})
        known = {"ids": [i for i in found.values() if i], "location_id": imported.location_id}
        on_hand = {row.variant_id: row.on_hand for row in session.execute(_ON_HAND, known)}
        now = cell_store.now(session)
        judged = []
        for row in rows:
            number = read_number(row.values, found, imported.counted_at, now)
            if isinstance(number, str):
                judged.append(fault(row, number))
                continue
            units = on_hand.get(number.variant_id, 0)
            changes = {} if units == number.quantity else {"on_hand": [units, number.quantity]}
            key = f"v{number.variant_id}"
            judged.append(Judged(row.line, row.values, "change" if changes else "same", key, changes))
        return judged

    def apply(self, uow: UnitOfWork, imported: Row[Any], rows: Sequence[Judged]) -> None:
        session = uow.session
        counts.require_state(counts.lock(session, imported.account_id, imported.count_id), "open")
        found = {row.given["sku"]: row.variant_id for row in rows}
        now = cell_store.now(session)
        numbers = [read_number(row.given, found, imported.counted_at, now) for row in rows]
        usable = [number for number in numbers if not isinstance(number, str)]
        counts.write(session, imported.account_id, imported.count_id, usable, actor=imported.actor)

    def finish(self, imported: Row[Any]) -> None:
        counts.finish(imported.account_id, imported.count_id, actor=imported.actor)


def _sku(row: Given) -> str:
    return str(row.values.get("sku", ""))


_ON_HAND = text(
    """
    SELECT variant_id, on_hand FROM stock_levels
    WHERE variant_id = ANY(CAST(:ids AS bigint[])) AND location_id = :location_id
    """
)
