"""One stage for the run; each named interleaving in each kind of shop, under one seed or more.

The order of the tests is breadth first: every interleaving once, before any of them a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncflow import embedded
from tests.simulation.shops import Kind
from tests.simulation.stage import Stage, staged
from tests.simulation.world import World, a_world

HERE = Path(__file__).parent
KINDS = (Kind.BLIND, Kind.KEYED)
"""The blind one first: beside it there is a keyed one anyway."""
MOST_TELLING = "test_writes.py"
"""Most broken rules show in what is written: these come first, in both kinds of shop."""
LONGEST = "test_interleavings.py"
"""Its tests take twice as long as the others': these come after the others of their round."""
LAST = 1000
HISTORIES_BETWEEN = 10
"""Random histories between one round of the named interleavings and the next."""


@pytest.fixture(scope="session")
def stage(services: embedded.Services) -> Iterator[Stage]:
    with staged(services) as made:
        yield made


@pytest.fixture
def world(stage: Stage, request: pytest.FixtureRequest) -> Iterator[World]:
    with a_world(stage, request.param) as made:
        yield made


@pytest.fixture(params=KINDS, ids=lambda kind: kind.value)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Of the shop that the test is about."""
    return request.param


# -------------------------------------------------------------------------------------- the order of tests


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "world" in metafunc.fixturenames:
        seeds = metafunc.config.getoption("--seeds", default=1)
        metafunc.parametrize("world", range(seeds), indirect=True, ids=lambda seed: f"seed{seed}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--seeds", type=int, default=1, metavar="N", help="play the simulation's named tests under N seeds"
    )
    parser.addoption(
        "--part", metavar="N/OF", help="only each OF-th test of the simulation, from the N-th on"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if HERE in item.path.parents]
    if ours:
        first = items.index(ours[0])
        others = [item for item in items if HERE not in item.path.parents]
        ours.sort(key=_round)
        if part := config.getoption("--part", default=None):
            number, _, of = part.partition("/")
            ours = ours[int(number) - 1 :: int(of)]
        items[:] = [*others[:first], *ours, *others[first:]]


def _round(item: pytest.Item) -> tuple[int, int, bool, int]:
    """(seed, kind, whether it is slow, how many kinds of files come before its own). That the mutants have
    something to break is looked at last."""
    values = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    slow = item.get_closest_marker("slow") is not None
    if "world" in values:
        telling = item.path.name == MOST_TELLING
        kind = 0 if telling else KINDS.index(values.get("kind", KINDS[0]))
        return values["world"], kind, slow, 0 if telling else 2 if item.path.name == LONGEST else 1
    if "seed" in values:
        return values["seed"] // HISTORIES_BETWEEN, len(KINDS), slow, 1
    if "stage" in getattr(item, "fixturenames", ()):
        return 0, len(KINDS) if slow else 0, slow, 1
    return LAST, 0, slow, 1
