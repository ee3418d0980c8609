"""What the named interleavings begin with and end in."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.shops import Kind, ModelShop
from tests.simulation.world import World

LEASE_SECONDS = 6
PROMPT = (0.01, 0.02)
"""The latency of a shop that answers at once: what happens in one second is heard of in it."""


def two_shops(world: World, kind: Kind, units: int = 10, **settings: str) -> tuple[ModelShop, ModelShop]:
    """One of this kind, and another; both sell MUG, and everything is in order."""
    first = world.connect(kind, {"MUG": units}, **settings)
    other = world.connect(Kind.KEYED, {"MUG": units})
    world.start()
    world.run(10)
    return first, other


def judged(world: World) -> None:
    world.come_to_rest()
    world.check_at_rest()


def until(world: World, holds: Callable[[], bool], seconds: float = 60) -> None:
    world.machine.run(seconds, until=holds)
    assert holds(), "what the test waits for did not happen"


def at_a_full_second(world: World) -> None:
    """So that what happens next happens within one second of the shops' clocks."""
    world.run(1 - world.machine.now % 1 + 0.01)


def nothing_looked_changed_by_hand(world: World) -> None:
    """Where nobody touches a number in a shop, none is ever taken for touched."""
    assert not world.rows("SELECT * FROM drifts")
