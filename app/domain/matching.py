"""Which variant a listing is, by SKU or barcode, and why it is none. Titles only suggest: `titles.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

GTIN_LENGTHS = (8, 12, 13, 14)


class UnlinkedReason(StrEnum):
    NO_SKU = "no_sku"
    DUPLICATE_SKU = "duplicate_sku"
    DUPLICATE_BARCODE = "duplicate_barcode"
    """Several variants, or several numbers of the shop, have its barcode."""
    VARIANT_TAKEN = "variant_taken"
    """Another number of the shop is linked to the variant that has its SKU."""
    BY_HAND = "by_hand"
    """A person unlinked it: only a person links it again."""
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


@dataclass(frozen=True, slots=True)
class Codes:
    """What a listing is recognised by. `place`: where its number is kept."""

    sku: str | None
    gtin: str | None
    place: str


@dataclass(frozen=True, slots=True)
class Known:
    """The variants that listings of a shop may be, and who else in the shop may be them."""

    by_sku: Mapping[str, int]
    by_gtin: Mapping[str, frozenset[int]]
    duplicates: frozenset[str]
    """SKUs in several places of the shop."""
    linked: Mapping[int, frozenset[str]]
    """Variant -> the shop's places that are linked to it."""
    claimed: Mapping[int, frozenset[str]]
    """Variant -> the shop's places that are linked to it, or have its SKU or its barcode."""


def gtin(barcode: str | None) -> str | None:
    """The barcode filled to 14 digits: a UPC and its EAN are one code. None for what is no GTIN.

    Lengths and check digit as in the GS1 General Specifications, 7.9; spaces and hyphens do not matter. Zeros
    only stand for no barcode.
    """
    digits = (barcode or "").replace(" ", "").replace("-", "")
    if len(digits) not in GTIN_LENGTHS or not (digits.isascii() and digits.isdigit()):
        return None
    code = digits.zfill(14)
    weighted = sum(int(digit) * (1 if position % 2 else 3) for position, digit in enumerate(code))
    return code if weighted % 10 == 0 and code.strip("0") else None


def match(codes: Codes, known: Known, *, unsyncable: str | None, apart: bool = False) -> Linked | Unlinked:
    """By SKU, else by barcode; each must be unambiguous in the shop, the barcode in the account too.

    A SKU that no variant has asks for a new variant, unless the barcode finds one. `apart`: a person said
    that it is none.
    """
    if unsyncable is not None:
        return Unlinked(UnlinkedReason(unsyncable))
    if apart:
        return Unlinked(UnlinkedReason.BY_HAND)
    unique_sku = codes.sku if codes.sku and codes.sku not in known.duplicates else None
    found = known.by_sku.get(unique_sku) if unique_sku else None
    if found is not None:
        taken = known.linked.get(found, frozenset()) - {codes.place}
        return Unlinked(UnlinkedReason.VARIANT_TAKEN) if taken else Linked(found)
    same_barcode = known.by_gtin.get(codes.gtin, frozenset()) if codes.gtin else frozenset()
    if len(same_barcode) == 1:
        [only] = same_barcode
        if known.claimed.get(only, frozenset()) <= {codes.place}:
            return Linked(only)
    if unique_sku:
        return Linked(None)
    if codes.sku:
        return Unlinked(UnlinkedReason.DUPLICATE_SKU)
    return Unlinked(UnlinkedReason.DUPLICATE_BARCODE if same_barcode else UnlinkedReason.NO_SKU)
