"""Which variant a listing is: suggestions by SKU, and why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class UnlinkedReason(StrEnum):
    NO_SKU = "no_sku"
    DUPLICATE_SKU = "duplicate_sku"
    UNTRACKED = "untracked"
    BUNDLE_PARENT = "bundle_parent"
    VANISHED = "vanished"
    NOT_MATCHED_YET = "not_matched_yet"


@dataclass(frozen=True, slots=True)
class Linked:
    """The listing is this variant; None asks for a new one with the listing's SKU."""

    variant_id: int | None


@dataclass(frozen=True, slots=True)
class Unlinked:
    reason: UnlinkedReason


def duplicate_skus(places: Iterable[tuple[str | None, str]]) -> frozenset[str]:
    """SKUs that stand for more than one number in one shop.

    `places`: (SKU, where the number is kept) of every listing; case-sensitive, as in the real data 27
    codes differ only in case.
    """
    counts = Counter(sku for sku, _place in set(places) if sku)
    return frozenset(sku for sku, count in counts.items() if count > 1)


def match(
    sku: str | None, *, unsyncable: str | None, duplicates: frozenset[str], variants: Mapping[str, int]
) -> Linked | Unlinked:
    """A SKU only suggests a match: it must be present, tracked and unambiguous in its shop.

    `variants`: the account's variants by SKU.
    """
    if unsyncable is not None:
        return Unlinked(UnlinkedReason(unsyncable))
    if not sku:
        return Unlinked(UnlinkedReason.NO_SKU)
    if sku in duplicates:
        return Unlinked(UnlinkedReason.DUPLICATE_SKU)
    return Linked(variants.get(sku))
