"""What of a webhook's body may be shown."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.masking import HIDDEN, MASK, SHOWN, masked, masked_words

KEYS = st.sampled_from(["id", "sku", "email", "name", "phone", "line_items", "note", "status"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(min_size=1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=30,
)


@given(DOCUMENTS)
def test_no_text_is_shown_but_under_a_key_that_is_known_to_hold_no_person(document: Any) -> None:
    def check(value: Any, key: str) -> None:
        if isinstance(value, dict):
            for name, part in value.items():
                check(part, name)
        elif isinstance(value, list):
            for part in value:
                check(part, key)
        elif isinstance(value, str):
            assert value == MASK or key in SHOWN
        elif value is not None:
            assert key not in HIDDEN

    check(masked(document), "")


def test_what_lets_in_whoever_knows_it_is_not_shown() -> None:
    """WooCommerce's order_key opens an order's page, with its buyer's address, to anybody."""
    assert masked({"order_key": "wc_order_x7Kp2"}) == {"order_key": MASK}


def test_what_steers_a_terminal_or_turns_words_around_is_left_out() -> None:
    assert masked_words("\x1b]0;owned\x07re\u202efused\x00\tby\nit") == "]0;ownedrefused\tby\nit"


def test_what_is_nested_too_deep_is_cut_off() -> None:
    document: Any = 1
    for _level in range(500):
        document = [document]
    assert MASK in json.dumps(masked(document), ensure_ascii=False)


def test_a_long_list_is_cut_off() -> None:
    assert len(masked(list(range(1000)))) == 101
