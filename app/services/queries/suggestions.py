"""Unlinked listings, and the variants that their titles suggest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import text

from app.domain.titles import suggest
from app.services.queries.available import available_of
from app.services.queries.connections import require_connection
from app.services.queries.paging import Page, Row, decode, page, read

MOST_SUGGESTED = 3
COMMON = 200
"""A word of more variants than that finds none by itself, only together with the title's other words."""
MOST_COMPARED = 30
"""Variants whose titles are compared with a listing's: those that share the most words, the rare ones."""


def suggestions(
    account_id: int, connection_id: int, *, limit: int, cursor: str | None = None, kept_apart: bool = False
) -> Page:
    """A connection's listings that wait to be linked, or those that somebody left unlinked, by id, each with
    at most three `candidates`, likest first.

    Candidates come from the index of words, and no word brings more than COMMON of them: a page of 50 takes
    0.3 s among 100,000 variants. Raises NotFound.
    """
    require_connection(account_id, connection_id)
    after = decode(cursor, int) or [0]
    rows = read(
        _UNLINKED,
        account_id=account_id,
        connection_id=connection_id,
        kept_apart=kept_apart,
        after=after[0],
        limit=limit + 1,
    )
    found = page(rows, limit, lambda row: [row["listing_id"]])
    return Page(_with_candidates(connection_id, found.items), found.next)


def _with_candidates(connection_id: int, listings: Sequence[Row]) -> list[Row]:
    candidates: dict[int, dict[int, Row]] = defaultdict(dict)
    for row in read(
        _CANDIDATES,
        connection_id=connection_id,
        listings=[listing["listing_id"] for listing in listings],
        common=COMMON,
        most=MOST_COMPARED,
    ):
        candidates[row.pop("listing_id")][row["variant_id"]] = row
    found = [
        {**listing, "candidates": _likest(listing, candidates[listing["listing_id"]])} for listing in listings
    ]
    shown = {candidate["variant_id"] for row in found for candidate in row["candidates"]}
    available = {row["variant_id"]: row["available"] for row in read(_AVAILABLE, variants=list(shown))}
    for row in found:
        for candidate in row["candidates"]:
            candidate["available"] = available.get(candidate["variant_id"])
    return found


def _likest(listing: Row, candidates: Mapping[int, Row]) -> list[Row]:
    titles = ((variant_id, row["title"]) for variant_id, row in candidates.items())
    scored = suggest(listing["title"], titles, most=MOST_SUGGESTED)
    return [{**candidates[s.variant_id], "likeness": round(s.likeness, 2)} for s in scored]


_UNLINKED = text(
    """
    SELECT id AS listing_id, sku, title, unlinked_reason FROM listings
    WHERE account_id = :account_id AND connection_id = :connection_id AND id > :after
        AND variant_id IS NULL AND kept_apart = :kept_apart
        AND external_stock_id IS NOT NULL AND details ->> 'unsyncable' IS NULL
    ORDER BY id LIMIT :limit
    """
)
_AVAILABLE = text(
    f"""
    SELECT v.id AS variant_id, {available_of("v.id")} AS available
    FROM unnest(CAST(:variants AS bigint[])) AS v (id)
    """  # noqa: S608  (a constant)
)
# A title that has common words only is looked up by all of them.
_CANDIDATES = text(
    """
    WITH listed AS MATERIALIZED (
        SELECT id, title_words(account_id, title) AS words FROM listings
        WHERE id = ANY(CAST(:listings AS bigint[]))
    ), asked AS MATERIALIZED (
        SELECT DISTINCT l.id AS listing_id, w.word
        FROM listed l CROSS JOIN LATERAL unnest(l.words) AS w (word)
    ), had AS MATERIALIZED (
        SELECT a.word, v.id AS variant_id, count(*) OVER (PARTITION BY a.word) AS times
        FROM (SELECT DISTINCT word FROM asked) a CROSS JOIN LATERAL (
            SELECT id FROM variants WHERE words @> ARRAY[a.word] LIMIT :common + 1
        ) v
    ), sharing AS (
        SELECT a.listing_id, h.variant_id, row_number() OVER (
            PARTITION BY a.listing_id ORDER BY sum(1.0 / h.times) DESC, h.variant_id
        ) AS place
        FROM asked a JOIN had h ON h.word = a.word AND h.times <= :common
        GROUP BY a.listing_id, h.variant_id
    ), compared AS (
        SELECT listing_id, variant_id FROM sharing WHERE place <= :most
        UNION
        SELECT l.id, v.id FROM listed l CROSS JOIN LATERAL (
            SELECT id FROM variants WHERE words @> l.words AND l.words <> '{}' LIMIT :most
        ) v
    )
    SELECT c.listing_id, v.id AS variant_id, v.sku, v.title, EXISTS (
            SELECT 1 FROM listings o WHERE o.variant_id = v.id AND o.connection_id = :connection_id
        ) AS listed_here
    FROM compared c JOIN variants v ON v.id = c.variant_id
    """
)
