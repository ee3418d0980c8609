"""What a first sync would change at a shop, before anything is written."""

from __future__ import annotations

from dataclasses import asdict

from app.services.first_sync import Source, first_sync_diff
from app.services.queries.connections import connection
from app.services.queries.paging import Page, decode, page


def first_sync(
    account_id: int, connection_id: int, *, source: str, limit: int, cursor: str | None = None
) -> Page:
    """Cells whose number the shop and the ledger do not agree about, and what would become of them if
    `source`'s number is right. Raises NotFound."""
    connection(account_id, connection_id)
    after = decode(cursor, int) or [0]
    rows = first_sync_diff(account_id, connection_id, after[0], limit + 1, source=Source(source))
    return page([asdict(row) for row in rows], limit, lambda row: [row["cell_id"]])
