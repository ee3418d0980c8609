"""What of a webhook's body may be shown."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.masking import HIDDEN, MASK, SHOWN, masked

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


def test_what_is_nested_too_deep_is_cut_off() -> None:
    document: Any = 1
    for _level in range(500):
        document = [document]
    assert MASK in json.dumps(masked(document), ensure_ascii=False)


def test_a_long_list_is_cut_off() -> None:
    assert len(masked(list(range(1000)))) == 101
