"""The ledger of a SKU, of whichever merchant: what is there, what the shops show, and why."""

from __future__ import annotations

from sqlalchemy import text

from app.domain.masking import masked_words
from app.errors import InvalidInput
from app.services.queries import why as of_accounts
from app.services.queries.movement_lists import MovementFilter, movements_of
from app.services.queries.paging import Page, Row, decode, page, read
from app.services.queries.stock import stock_of


def variants(
    *, limit: int, cursor: str | None, account_id: int | None = None, sku: str | None = None
) -> Page:
    """Those of an account, or its one with exactly this SKU. Raises InvalidInput where no account is named,
    and InvalidCursor."""
    (after,) = decode(cursor, int) or (0,)
    if account_id is None:
        if sku is None:
            return Page([], None)
        raise InvalidInput("Whose SKU? Give the account's number, too.")
    rows = read(_VARIANTS, account_id=account_id, sku=sku, after=after, limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def variant(variant_id: int) -> Row | None:
    """One, with its levels by location and what each shop shows (`channels`)."""
    rows = read(_VARIANT, id=variant_id)
    return {**stock_of(rows[0]["account_id"], variant_id), **rows[0]} if rows else None


def why(row: Row, *, limit: int, cursor: str | None) -> Page:
    """What led to its numbers in plain words, newest first. Raises InvalidCursor."""
    return _masked(of_accounts.why(row["account_id"], row["id"], limit=limit, cursor=cursor))


def movements(row: Row, *, limit: int, cursor: str | None) -> Page:
    """What moved its levels, newest first. Raises InvalidCursor."""
    return _masked(movements_of(row["account_id"], row["id"], MovementFilter(), limit=limit, cursor=cursor))


def _masked(found: Page) -> Page:
    return Page([{**line, "text": masked_words(line["text"])} for line in found.items], found.next)


_ROW = """
    SELECT v.id, v.account_id, a.name AS account, v.sku, v.title, p.title AS product
    FROM variants v JOIN accounts a ON a.id = v.account_id JOIN products p ON p.id = v.product_id
"""
_VARIANTS = text(
    f"""
    {_ROW} WHERE v.id > :after AND v.account_id = :account_id
        AND (CAST(:sku AS text) IS NULL OR v.sku = :sku)
    ORDER BY v.id LIMIT :limit
    """
)
_VARIANT = text(f"{_ROW} WHERE v.id = :id")
