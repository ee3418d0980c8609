"""When a trial is over: nothing left to do, and nothing left to find out."""

from __future__ import annotations

import time
from dataclasses import dataclass

from syncflow.trial.facts import Bundles
from syncflow.trial.judge.books import diverged
from syncflow.trial.records import read_cells, read_levels
from syncflow.trial.stage import Stage

POLL_SECONDS = 1.0
PATIENCE_SECONDS = 300.0
"""Beyond the longest interval at which the product looks at its shops by itself."""


@dataclass(frozen=True, slots=True)
class Settled:
    """`at`: seconds of the epoch; `quiet` is False if patience ran out. `decided`: changes that waited for a
    person."""

    at: float
    quiet: bool
    decided: int


def wait_until_settled(stage: Stage, *, placed: int, bundles: Bundles) -> Settled:
    """Wait until the product is quiet by its own account, has every order and agrees with both shops.

    An order or an edit whose webhook was lost is found by the product's regular polling, which goes on
    while it is quiet; so being quiet is not enough. Nothing is forced. The merchant takes over every change
    at a shop that waits for a person.
    """
    settings = stage.product.settings
    patience = max(settings.order_poll_seconds, settings.level_sweep_seconds) + PATIENCE_SECONDS
    deadline = time.monotonic() + patience
    decided = 0
    while time.monotonic() < deadline:
        now = time.time()
        decided += stage.merchant.decide_reviews()
        if stage.merchant.is_quiet() and _agrees(stage, placed, bundles):
            return Settled(now, quiet=True, decided=decided)
        time.sleep(POLL_SECONDS)
    return Settled(time.time(), quiet=False, decided=decided)


def _agrees(stage: Stage, placed: int, bundles: Bundles) -> bool:
    url = stage.product.settings.database_url
    recorded, levels = read_levels(url, stage.places)
    if recorded < placed:
        return False
    items = [item for shop in stage.shops.values() for item in shop.items()]
    return not diverged(items, levels, read_cells(url), bundles)
