"""Orders made up where no file has them."""

from __future__ import annotations

import random
from collections.abc import Iterator

from syncflow.trial.invoices import InvoiceLine
from syncflow.trial.names import product_name
from syncflow.trial.scenario import SHOPS, Buy, FollowUp, Line, Scenario, Sequel, Timed, Wishes
from syncflow.trial.stocking import stocked

LATER_SECONDS = (2.0, 12.0)
"""After how long a buyer pays, changes or cancels an order, or the merchant ships it."""


def generated(wishes: Wishes, *, skus: int) -> Scenario:
    """Orders as many small shops have them: a few hot SKUs, few lines, and now and then a change of mind."""
    rng = random.Random(wishes.seed)
    wares = [
        InvoiceLine(sku, title, 1, rng.randrange(299, 7999)) for title, sku in map(product_name, range(skus))
    ]
    weights = [1 / (10 + rank) for rank in range(skus)]
    actions: list[Timed] = []
    for order in range(wishes.count):
        at, shop = order / wishes.rate, rng.choice(SHOPS)
        chosen = dict.fromkeys(
            ware.sku for ware in rng.choices(wares, weights, k=rng.choice((1, 1, 1, 2, 2, 3, 4)))
        )
        lines = tuple(Line(sku, rng.choice((1, 1, 1, 1, 2, 3))) for sku in chosen)
        fate = rng.random()
        actions.append(Timed(at, Buy(shop, order, lines, paid=fate >= 0.04)))
        actions.extend(_sequels(rng, at, shop, order, lines, fate))
    actions.sort(key=lambda timed: timed.at_seconds)
    return stocked(rng, wishes, {ware.sku: ware for ware in wares}, actions, {})


def _sequels(
    rng: random.Random, at: float, shop: str, order: int, lines: tuple[Line, ...], fate: float
) -> Iterator[Timed]:
    later = at + rng.uniform(*LATER_SECONDS)
    first = lines[0]
    if fate < 0.04:
        yield Timed(later, FollowUp(shop, order, Sequel.PAY))
    elif fate < 0.07:
        yield Timed(later, FollowUp(shop, order, Sequel.CANCEL))
    elif fate < 0.10:
        yield Timed(later, FollowUp(shop, order, Sequel.REFUND, (Line(first.sku, 1),)))
    elif fate < 0.12:
        yield Timed(later, FollowUp(shop, order, Sequel.EDIT, (Line(first.sku, first.quantity + 1),)))
    elif fate < 0.22:
        yield Timed(later, FollowUp(shop, order, Sequel.FULFILL))
