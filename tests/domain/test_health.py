"""One light for all that is known of a shop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.health import Colour, Facts, light

WELL: dict[str, Any] = {"state": "active", "silent_for": timedelta(seconds=20), "calls": 100}


def test_a_shop_that_is_well_is_green_and_needs_nothing() -> None:
    found = light(Facts(**WELL))
    assert found.colour is Colour.GREEN
    assert found.remedy == ""


@pytest.mark.parametrize(
    ("facts", "colour", "word"),
    [
        ({"state": "needs_auth", "state_reason": "The shop has removed SyncFlow."}, "red", "removed"),
        ({"braked": True}, "amber", "stopped"),
        ({"failures": 3, "silent_for": timedelta(minutes=11), "last_error": "502"}, "red", "502"),
        ({"failures": 3, "last_error": "502"}, "amber", "502"),
        ({"failures": 1, "last_error": "502", "silent_for": None}, "amber", "502"),
        ({"silent_for": timedelta(minutes=30)}, "red", "30 minutes"),
        ({"failed_calls": 51}, "red", "51%"),
        ({"failed_calls": 11}, "amber", "11%"),
        ({"calls": 19, "failed_calls": 19}, "green", "well"),
        ({"state": "paused"}, "amber", "paused"),
        ({"state": "review"}, "amber", "first sync"),
        ({"state": "importing"}, "amber", "catalog"),
        ({"state": "importing", "failures": 1, "last_error": "gone"}, "red", "gone"),
        ({"state": "connecting"}, "amber", "consent"),
        ({"state": "disconnected"}, "amber", "disconnected"),
        ({"writes_stopped": True}, "amber", "stopped"),
        ({"waiting_for": timedelta(minutes=6)}, "amber", "6 minutes"),
        ({"waiting_for": timedelta(minutes=5)}, "green", "well"),
        ({"refused_numbers": 3}, "amber", "refuses 3"),
        ({"reviews": 2}, "amber", "wait for a person"),
        ({"orders_announced": 7, "orders_missed": 3}, "amber", "7 of 10"),
        ({"orders_announced": 8, "orders_missed": 2}, "green", "well"),
        ({"orders_missed": 9}, "green", "well"),
        # red goes before what is merely worth a look
        ({"state": "paused", "braked": True, "failed_calls": 90}, "red", "90%"),
        # a shop that stands still is not blamed for what is old by now
        ({"state": "disconnected", "failures": 9, "reviews": 4}, "amber", "disconnected"),
        ({"state": "sample", "failures": 9, "silent_for": None}, "green", "sample"),
    ],
)
def test_what_is_so_gives_the_light(facts: dict[str, Any], colour: str, word: str) -> None:
    found = light(Facts(**{**WELL, **facts}))
    assert (found.colour.value, word in found.reason) == (colour, True), found


@given(
    failures=st.integers(0, 20),
    calls=st.integers(0, 200),
    share=st.floats(0, 1),
    silent=st.none() | st.timedeltas(timedelta(0), timedelta(days=9)),
    state=st.sampled_from(["connecting", "importing", "review", "active", "paused", "needs_auth"]),
    braked=st.booleans(),
)
def test_every_light_says_why_and_what_to_do(
    failures: int, calls: int, share: float, silent: timedelta | None, state: str, braked: bool
) -> None:
    found = light(
        Facts(
            state=state,
            failures=failures,
            calls=calls,
            failed_calls=int(calls * share),
            silent_for=silent,
            braked=braked,
        )
    )
    assert found.reason
    assert bool(found.remedy) == (found.colour is not Colour.GREEN)
