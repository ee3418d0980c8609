"""How alike titles are: the same words in any order are one thing, another size or colour is another."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.titles import COLOURS, SIZES, SUGGESTED, likeness, read_title, suggest

texts = st.text(max_size=40) | st.lists(
    st.sampled_from(
        ["Mug", "blue", "12oz", "12", "oz", "Set", "of", "3", "x", "XL", "heart", "-", "1/2", "m"]
    )
).map(" ".join)
word = st.sampled_from(
    ["mug", "heart", "lantern", "blue", "red", "XL", "small", "12oz", "30x40cm", "no12", "7"]
)
number = st.integers(1, 5000)
unit = st.sampled_from(["oz", "ml", "cm", "kg", "", "in", "pcs"])


def alike(one: str, other: str) -> float:
    return likeness(read_title(one), read_title(other))


@given(texts, texts)
def test_likeness_is_symmetric_and_between_none_and_all(one: str, other: str) -> None:
    assert 0 <= alike(one, other) == alike(other, one) <= 1


@given(texts)
def test_a_title_is_wholly_like_itself_in_any_case(text: str) -> None:
    assert alike(text, text) == 1
    assert text.upper().casefold() != text.casefold() or alike(text, text.upper()) == 1


@given(st.lists(word, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_words_says_nothing(words: list[str], luck: object) -> None:
    shuffled = sorted(words, key=lambda _word: luck.random())  # type: ignore[attr-defined]
    assert read_title(" ".join(words)) == read_title(" ".join(shuffled))


@given(st.lists(st.sampled_from(["mug", "heart", "lantern"]), min_size=1), number, number, unit, unit)
def test_titles_whose_numbers_differ_are_never_suggested(
    words: list[str], one: int, other: int, unit: str, other_unit: str
) -> None:
    assume(one != other)
    title, rest = f"{' '.join(words)} {one}{unit}", f"{' '.join(words)} {other} {other_unit}"
    assert alike(title, rest) == 0
    assert suggest(title, [(1, rest)], most=3) == []


@given(
    number, st.sampled_from(["oz", "ml", "cm", "kg", "pcs", "pack"]), st.sampled_from(["", " ", "-", "  "])
)
def test_the_space_between_a_number_and_its_unit_says_nothing(number: int, unit: str, space: str) -> None:
    assert alike(f"Mug blue {number}{space}{unit}", f"MUG, Blue - {number}{unit.upper()}!") == 1


@given(st.sampled_from(sorted(COLOURS)), st.sampled_from(sorted(SIZES)))
def test_a_colour_or_a_size_more_or_other_is_another_thing(colour: str, size: str) -> None:
    for title in (f"Mug {colour}", f"Mug {size}"):
        assert alike(title, "Mug") == 0
        assert alike(title, "Mug plaid") == 0
    if COLOURS[colour] != "blue":
        assert alike(f"Mug {colour} ceramic", "Mug blue ceramic") == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mug blue 12oz", "MUG, Blue - 12 oz"),
        ("Mug 12 fl. oz", "mug 12oz"),
        ("Shirt 2XL", "XXL shirt"),
        ("Shirt extra large", "Shirt XL"),
        ("Board 30 x 40cm", "Board 40cm×30cm"),
        ('Frame 12"', "frame 12 inch"),
        ("Tea, 12 pack", "Tea (pack of 12)"),
        ("Bottle 1,5 l", "Bottle 1.50L"),
        ("Café crème", "CAFE CREME"),
        ("3 x mugs", "Mug x3"),
        ("Women's mugs", "womens mug"),
        ("Grey mug", "gray mug"),
        ("½ pint", "1/2 pt"),
        ("iPhone12 case", "Case: iPhone 12"),
    ],
)
def test_spellings_of_one_thing_are_wholly_alike(one: str, other: str) -> None:
    assert alike(one, other) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mug blue 12oz", "Mug blue 15oz"),
        ("Mug 12oz", "Mug 12ml"),
        ("Rug 30x30cm", "Rug 30cm"),
        ("Flour 1,000 g", "Flour 1g"),
        ("Heart 85123A", "Heart 85123B"),
        ("Filter A4", "Filter A5"),
        ("Shirt S", "Shirt M"),
        ("Light blue mug", "Dark blue mug"),
        ("Set of 3 cake tins pantry design", "Set of 3 cake tins garden design"),
        ("Mug", "Plate"),
        ("", "Mug"),
    ],
)
def test_other_things_are_not_suggested(one: str, other: str) -> None:
    assert alike(one, other) < SUGGESTED


def test_a_longer_title_of_the_same_is_suggested_after_the_same() -> None:
    candidates = [
        (1, "Mug blue 15oz"),
        (2, "Blue ceramic mug 12oz, dishwasher safe"),
        (3, "12oz mug blue"),
        (4, "Ceramic mug 12 oz blue"),
        (5, "Mug, 12oz (blue) ceramic"),
    ]
    found = suggest("Mug blue 12oz", candidates, most=3)
    assert [scored.variant_id for scored in found] == [3, 4, 5]
    assert found[0].likeness == 1 > found[1].likeness == found[2].likeness >= SUGGESTED
