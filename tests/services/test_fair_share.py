"""Who has much to do keeps nobody waiting who has little."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from app.services.fair_share import FairShare
from tests.runtime.waiting import wait_for

MANY, FEW, OTHER = 1, 2, 3


class Stage:
    """Threads that come for places one after the other, and leave when they are told to."""

    def __init__(self, places: int) -> None:
        self.share = FairShare(places)
        self.had: list[str] = []
        self._ends: dict[str, threading.Event] = {}
        self._threads: list[threading.Thread] = []

    def comes(self, connection_id: int, name: str) -> None:
        end = self._ends[name] = threading.Event()

        def work() -> None:
            with self.share.place(connection_id):
                self.had.append(name)
                end.wait(60)

        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()
        there = len(self._threads)
        wait_for(lambda: len(self.had) + len(self.share._waiting) == there, what="its coming")

    def leaves(self, name: str, *, after: int) -> None:
        """`after` it so many have had a place."""
        self._ends[name].set()
        wait_for(lambda: len(self.had) == after, what="the next")

    def end(self) -> None:
        for end in self._ends.values():
            end.set()
        for thread in self._threads:
            thread.join(60)


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Callable[[int], Stage]:
    def make(places: int) -> Stage:
        made = Stage(places)
        request.addfinalizer(made.end)
        return made

    return make


def test_a_connection_has_all_places_while_nobody_else_comes(stage: Callable[[int], Stage]) -> None:
    many = stage(3)
    for name in ("a", "b", "c", "d"):
        many.comes(MANY, name)
    assert many.had == ["a", "b", "c"]


@pytest.mark.parametrize("places", [1, 2])
def test_whoever_came_last_is_next_if_the_others_have_had_theirs(
    stage: Callable[[int], Stage], places: int
) -> None:
    both = stage(places)
    taken = [f"many {n}" for n in range(places)]
    for name in [*taken, "more", "still more"]:
        both.comes(MANY, name)
    both.comes(FEW, "few")
    both.leaves(taken[0], after=places + 1)
    assert both.had[-1] == "few"
    both.leaves("few", after=places + 2)
    assert both.had[-1] == "more"


def test_several_take_turns(stage: Callable[[int], Stage]) -> None:
    three = stage(1)
    three.comes(MANY, "many 1")
    for name in ("many 2", "many 3"):
        three.comes(MANY, name)
    for name in ("few 1", "few 2"):
        three.comes(FEW, name)
    three.comes(OTHER, "other 1")
    for after, name in enumerate(("many 1", "few 1", "other 1", "many 2", "few 2"), start=2):
        three.leaves(name, after=after)
    assert three.had == ["many 1", "few 1", "other 1", "many 2", "few 2", "many 3"]


def test_nothing_is_kept_of_those_who_left_and_their_places_are_free(stage: Callable[[int], Stage]) -> None:
    share = stage(2).share
    with pytest.raises(ValueError, match="x"), share.place(MANY):
        raise ValueError("x")
    with share.place(MANY), share.place(FEW):
        pass
    assert (share._free, dict(share._here), share._had, share._waiting) == (2, {}, {}, [])
