"""Free text over what lists of the catalog show, and the pieces that their queries are made of."""

from __future__ import annotations

from collections.abc import Iterable

MATCHES = "search_text LIKE '%' || lower(CAST(:pattern AS text)) || '%'"
"""Whether a row's SKU, title or barcode has `:pattern` in it, in any case."""


def pattern(q: str | None) -> str | None:
    """`q` as MATCHES takes it, None for none."""
    return pattern_of(q.strip()) if q and q.strip() else None


def pattern_of(q: str | None) -> str | None:
    """`q` for ILIKE, with nothing in it that means more than itself; None finds all."""
    return None if not q else q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def where(conditions: Iterable[str | None]) -> str:
    """Only the conditions that are asked for: each combination has a plan of its own."""
    return " AND ".join(condition for condition in conditions if condition)
