"""Which variant a listing is by its codes: SKU first, then barcode, and nothing that is ambiguous."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.matching import (
    Codes,
    Known,
    Linked,
    Unlinked,
    UnlinkedReason,
    duplicate_skus,
    gtin,
    match,
)

MUG, PLATE, CUP = 7, 8, 9
CODE, SHARED = "04006381333931", "00036000291452"
KNOWN = Known(
    by_sku={"A": MUG, "P": PLATE},
    by_gtin={CODE: frozenset({MUG}), SHARED: frozenset({PLATE, CUP})},
    duplicates=frozenset({"TWICE"}),
    linked={},
    claimed={},
)


def known(*, linked: dict[int, set[str]] | None = None, claimed: dict[int, set[str]] | None = None) -> Known:
    frozen = [{v: frozenset(at) for v, at in (given or {}).items()} for given in (linked, claimed)]
    return Known(KNOWN.by_sku, KNOWN.by_gtin, KNOWN.duplicates, *frozen)


def verdict(sku: str | None, code: str | None = None, *, among: Known = KNOWN) -> Linked | Unlinked:
    return match(Codes(sku, code, "here"), among, unsyncable=None)


def test_a_sku_in_two_places_of_a_shop_is_a_duplicate_and_in_one_place_twice_is_not() -> None:
    places = [
        ("A", "cell:1"),
        ("A", "cell:2"),
        ("B", "cell:3"),
        ("B", "cell:3"),
        ("a", "cell:4"),
        (None, "x"),
    ]
    assert duplicate_skus(places) == {"A"}


@pytest.mark.parametrize(
    ("sku", "code", "expected"),
    [
        ("A", None, Linked(MUG)),
        ("NEW", None, Linked(None)),
        ("a", None, Linked(None)),
        (None, None, Unlinked(UnlinkedReason.NO_SKU)),
        ("", None, Unlinked(UnlinkedReason.NO_SKU)),
        ("TWICE", None, Unlinked(UnlinkedReason.DUPLICATE_SKU)),
        ("P", CODE, Linked(PLATE)),
        ("NEW", CODE, Linked(MUG)),
        (None, CODE, Linked(MUG)),
        ("TWICE", CODE, Linked(MUG)),
        ("NEW", SHARED, Linked(None)),
        ("TWICE", SHARED, Unlinked(UnlinkedReason.DUPLICATE_SKU)),
        (None, SHARED, Unlinked(UnlinkedReason.DUPLICATE_BARCODE)),
    ],
)
def test_a_sku_goes_before_a_barcode_and_what_is_ambiguous_is_nothing(
    sku: str | None, code: str | None, expected: Linked | Unlinked
) -> None:
    assert verdict(sku, code) == expected


def test_a_barcode_that_another_number_of_the_shop_has_a_claim_to_links_nothing() -> None:
    elsewhere = known(claimed={MUG: {"here", "there"}})
    assert verdict(None, CODE, among=elsewhere) == Unlinked(UnlinkedReason.DUPLICATE_BARCODE)
    assert verdict("NEW", CODE, among=elsewhere) == Linked(None)
    assert verdict(None, CODE, among=known(claimed={MUG: {"here"}})) == Linked(MUG)


def test_a_sku_whose_variant_another_number_of_the_shop_is_linked_to_is_for_a_person() -> None:
    assert verdict("A", among=known(linked={MUG: {"there"}})) == Unlinked(UnlinkedReason.VARIANT_TAKEN)
    assert verdict("A", among=known(linked={MUG: {"here"}})) == Linked(MUG)


@pytest.mark.parametrize("problem", ["untracked", "bundle_parent"])
def test_what_cannot_be_kept_in_step_and_what_a_person_unlinked_stays_unlinked(problem: str) -> None:
    codes = Codes("A", CODE, "here")
    assert match(codes, KNOWN, unsyncable=problem) == Unlinked(UnlinkedReason(problem))
    assert match(codes, KNOWN, unsyncable=None, apart=True) == Unlinked(UnlinkedReason.BY_HAND)


# -------------------------------------------------------------------------------------------- barcodes


@pytest.mark.parametrize(
    ("barcode", "code"),
    [
        ("4006381333931", "04006381333931"),
        ("4006-3813 33931", "04006381333931"),
        ("036000291452", "00036000291452"),
        ("0036000291452", "00036000291452"),
        ("00036000291452", "00036000291452"),
        ("96385074", "00000096385074"),
        ("4006381333932", None),
        ("36000291452", None),  # a spreadsheet took its zero, or it is another code: nobody knows
        ("000000000000", None),
        ("ABC96385074", None),
        ("٩٦٣٨٥٠٧٤", None),
        ("", None),
        (None, None),
    ],
)
def test_codes_that_differ_in_leading_zeros_are_one_and_wrong_digits_are_none(
    barcode: str | None, code: str | None
) -> None:
    assert gtin(barcode) == code


@given(st.integers(1, 10**7 - 1), st.integers(1, 9), st.integers(0, 7))
def test_any_one_wrong_digit_makes_it_no_barcode(number: int, change: int, position: int) -> None:
    digits = f"{number:07}"
    [code] = [f"{digits}{check}" for check in range(10) if gtin(f"{digits}{check}")]
    wrong = code[:position] + str((int(code[position]) + change) % 10) + code[position + 1 :]
    assert gtin(wrong) is None
