"""Many links at once: each is done, or it is said why not, and the others are done all the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.services.audit import audit
from app.services.linking import (
    NO_LISTING,
    NO_VARIANT,
    SHARED,
    lock_found,
    number_of,
    problem_of,
    set_links,
)
from app.services.matching import look_anew, take_turns
from app.services.uow import unit_of_work


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a pair: done, or why nothing was done."""

    listing_id: int
    variant_id: int | None
    problem: str = ""


def link_many(account_id: int, pairs: Sequence[tuple[int, int]], *, actor: str) -> list[Verdict]:
    """`link` for up to MOST_AT_ONCE pairs of listing and variant. Each is done or has its problem.

    Listings that share a number are linked together or not at all. Safe to repeat.
    """
    with unit_of_work() as uow:
        session = uow.session
        take_turns(session, account_id)
        listings = lock_found(session, account_id, {listing for listing, _variant in pairs})
        asked = {"account_id": account_id, "ids": [variant for _listing, variant in pairs]}
        variants = set(session.execute(_OWNED_VARIANTS, asked).scalars())
        problems = _problems(pairs, listings, variants)
        problems |= _clashes(session, [pair for pair in pairs if pair not in problems], listings)
        wanted = {row: variant for row, variant in pairs if (row, variant) not in problems}
        news = {row: variant for row, variant in wanted.items() if listings[row].variant_id != variant}
        if news:
            set_links(uow, account_id, [listings[row] for row in sorted(news)], news, actor)
        uow.commit()
    return [Verdict(*pair, problem=problems.get(pair, "")) for pair in pairs]


def unlink_many(account_id: int, listing_ids: Sequence[int], *, actor: str) -> list[Verdict]:
    """`unlink` for up to MOST_AT_ONCE listings; one that there is not has its problem. Safe to repeat."""
    with unit_of_work() as uow:
        take_turns(uow.session, account_id)
        listings = lock_found(uow.session, account_id, set(listing_ids))
        if listings:
            set_links(uow, account_id, list(listings.values()), dict.fromkeys(listings), actor)
        uow.commit()
    return [Verdict(i, None, "" if i in listings else NO_LISTING) for i in listing_ids]


def reopen_many(account_id: int, listing_ids: Sequence[int], *, actor: str) -> list[Verdict]:
    """Take back what people said of up to MOST_AT_ONCE listings: each is unlinked, and waits again.

    One that there is not has its problem. Safe to repeat.
    """
    with unit_of_work() as uow:
        session = uow.session
        take_turns(session, account_id)
        listings = lock_found(session, account_id, set(listing_ids))
        linked = [row for row in listings.values() if row.variant_id is not None]
        if linked:
            set_links(uow, account_id, linked, dict.fromkeys(row.id for row in linked), actor)
        for connection_id in {row.connection_id for row in listings.values()}:
            those = [row.id for row in listings.values() if row.connection_id == connection_id]
            look_anew(session, account_id, connection_id, those)
            audit(
                session,
                account_id,
                actor,
                "listings.reopened",
                connection_id,
                {"variants": dict.fromkeys(map(str, those))},
            )
        uow.commit()
    return [Verdict(i, None, "" if i in listings else NO_LISTING) for i in listing_ids]


def _problems(
    pairs: Sequence[tuple[int, int]], listings: Mapping[int, Row[Any]], variants: Collection[int]
) -> dict[tuple[int, int], str]:
    """What is wrong with a pair by itself."""
    times = Counter(listing for listing, _variant in set(pairs))
    found = {}
    for listing, variant in pairs:
        if listing not in listings:
            found[listing, variant] = NO_LISTING
        elif variant not in variants:
            found[listing, variant] = NO_VARIANT
        elif times[listing] > 1:
            found[listing, variant] = "It is given more than once, with different variants."
        elif problem := problem_of(listings[listing]):
            found[listing, variant] = problem
    return found


def _clashes(
    session: Session, pairs: Sequence[tuple[int, int]], listings: Mapping[int, Row[Any]]
) -> dict[tuple[int, int], str]:
    """The pairs whose number would be of two variants, with what the others ask and what stays linked."""
    wanted = dict(pairs)
    after: dict[tuple[int, str], set[int]] = defaultdict(set)
    for row in session.execute(_SHARING, {"ids": list(wanted)}):
        after[number_of(row)].add(wanted.get(row.id, row.variant_id))
    return {pair: SHARED for pair in pairs if len(after[number_of(listings[pair[0]])]) > 1}


_SHARING = text(
    """
    SELECT DISTINCT o.id, o.connection_id, o.external_stock_id, o.variant_id
    FROM listings l JOIN listings o USING (connection_id, external_stock_id)
    WHERE l.id = ANY(CAST(:ids AS bigint[]))
        AND (o.variant_id IS NOT NULL OR o.id = ANY(CAST(:ids AS bigint[])))
    """
)
_OWNED_VARIANTS = text(
    "SELECT id FROM variants WHERE account_id = :account_id AND id = ANY(CAST(:ids AS bigint[]))"
)
