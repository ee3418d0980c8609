"""Which SKUs of a scenario are bundles, and of what they are made."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import chain

from syncflow.trial.scenario import Buy, Line, Timed

COMPONENTS = (1, 2, 2, 3)
UNITS = (1, 1, 1, 2, 3)


def bundled(
    rng: random.Random, skus: Sequence[str], actions: Iterable[Timed], *, percent: int
) -> dict[str, tuple[Line, ...]]:
    """The components of so many of the SKUs, at least one, by SKU.

    Bundles and components are both among what buyers ask for, as far as there is enough of it; every two
    bundles share a component.
    """
    wanted = dict.fromkeys(
        line.sku for timed in actions if isinstance(timed.action, Buy) for line in timed.action.lines
    )
    number = min(max(round(len(skus) * percent / 100), 1), len(skus) // 2)
    asked_for = [sku for sku in skus if sku in wanted]
    others = [sku for sku in skus if sku not in wanted]
    rng.shuffle(asked_for)
    rng.shuffle(others)
    ordered = [*asked_for, *others]
    bundles, plain = ordered[:number], ordered[number : 3 * number]
    return {bundle: _components(rng, plain[place // 2], plain) for place, bundle in enumerate(bundles)}


def _components(rng: random.Random, shared: str, plain: Sequence[str]) -> tuple[Line, ...]:
    more = rng.sample(plain, min(rng.choice(COMPONENTS), len(plain)) - 1)
    return tuple(Line(sku, rng.choice(UNITS)) for sku in dict.fromkeys(chain([shared], more)))
