"""What to do with a number that somebody changed at a shop."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.drift import Choice, Settled, choose
from app.models.connections import DRIFT_POLICIES

drifts = st.builds(
    Settled,
    policy=st.sampled_from(DRIFT_POLICIES),
    is_identity=st.booleans(),
    counted_elsewhere=st.booleans(),
    moved=st.booleans(),
    changed_here_since=st.booleans(),
    put_back_for_ever=st.booleans(),
)


@given(drifts)
def test_the_ledger_moves_only_by_a_number_that_is_simply_what_is_available(drift: Settled) -> None:
    if choose(drift) in (Choice.ADD, Choice.TAKE_WHOLE):
        assert drift.is_identity
        assert drift.policy in ("merge", "last_write_wins")


@given(drifts)
def test_units_that_only_moved_at_the_shop_move_here_whatever_the_policy(drift: Settled) -> None:
    simply_moved = drift.moved and drift.is_identity and not drift.put_back_for_ever
    assert (choose(drift) is Choice.MOVE) == simply_moved


@given(drifts)
def test_a_merchant_who_wants_to_be_asked_is_asked(drift: Settled) -> None:
    if drift.policy == "review" and choose(drift) is not Choice.MOVE:
        assert choose(drift).asks


@given(drifts)
def test_what_is_put_back_for_ever_stops_whatever_the_policy(drift: Settled) -> None:
    assert (choose(drift) is Choice.STOP) == drift.put_back_for_ever


@given(drifts)
def test_of_two_writes_the_later_one_wins(drift: Settled) -> None:
    is_plain = drift.is_identity and not drift.put_back_for_ever and not drift.moved
    if drift.policy == "last_write_wins" and is_plain:
        assert choose(drift) is (Choice.OVERWRITE if drift.changed_here_since else Choice.TAKE_WHOLE)
