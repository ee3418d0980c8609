"""The catalog of a scenario, and stock that some of its SKUs run out of."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, count

from syncflow.trial.bundling import bundled
from syncflow.trial.invoices import InvoiceLine
from syncflow.trial.names import product_name
from syncflow.trial.scenario import (
    SHOPS,
    Buy,
    CatalogItem,
    FollowUp,
    Line,
    MerchantEdit,
    Scenario,
    Sequel,
    Timed,
    Wishes,
)

RUNS_OUT_SHARE = 0.15
"""Of all SKUs, those whose demand exceeds or meets their opening stock; the promise is a tenth."""
VARIANTS = 3
VARIANTS_EVERY = 50
"""Of so many SKUs in a row the first few are variants of one product; the others stand alone."""
EDIT_EVERY_SECONDS = 2.0
EDIT_DELTAS = (-3, -2, -1, 1, 2, 3, 5, 8)
BUNDLES_SHOWN = range(10)
"""What a shop may show of a bundle before it is told how many there can be."""

Components = Mapping[str, Sequence[Line]]
"""By bundle."""


def stocked(
    rng: random.Random,
    wishes: Wishes,
    wares: Mapping[str, InvoiceLine],
    actions: list[Timed],
    tally: Mapping[str, int],
) -> Scenario:
    """Fill the catalog up to the wished size, give it stock, and let the merchant make corrections."""
    filled = dict(wares)
    spare = (InvoiceLine(sku, title, 1, 1500) for title, sku in map(product_name, count()))
    while len(filled) < (wishes.skus or 0):
        ware = next(spare)
        filled.setdefault(ware.sku, ware)
    bundles = bundled(rng, list(filled), actions, percent=wishes.bundles) if wishes.bundles else {}
    plain = [sku for sku in filled if sku not in bundles]
    edits = _edits(rng, plain, wishes) if wishes.edits else []
    played = sorted(chain(actions, edits), key=lambda timed: timed.at_seconds)
    opening = _opening_stock(rng, plain, played, bundles)
    opening |= {bundle: rng.choice(BUNDLES_SHOWN) for bundle in bundles}
    catalog = tuple(
        CatalogItem(
            sku=ware.sku,
            title=ware.title,
            price_minor=ware.price_minor,
            product=number - number % VARIANTS_EVERY if number % VARIANTS_EVERY < VARIANTS else number,
            opening=opening[ware.sku],
            components=bundles.get(ware.sku, ()),
        )
        for number, ware in enumerate(filled.values())
    )
    return Scenario(wishes.seed, catalog, tuple(played), dict(tally))


def _edits(rng: random.Random, skus: Sequence[str], wishes: Wishes) -> list[Timed]:
    shops = {sku: rng.choice(SHOPS) for sku in skus}
    edits = []
    for number in range(max(1, int(wishes.count / wishes.rate / EDIT_EVERY_SECONDS))):
        sku = rng.choice(skus)
        at = (number + rng.random()) * EDIT_EVERY_SECONDS
        edits.append(Timed(at, MerchantEdit(shops[sku], sku, rng.choice(EDIT_DELTAS))))
    return edits


def _opening_stock(
    rng: random.Random, skus: Sequence[str], actions: Iterable[Timed], bundles: Components
) -> dict[str, int]:
    """Plenty for most SKUs; for some exactly what the first of their buyers take, so that they run out."""
    history = _history(actions, bundles)
    wished = math.ceil(len(skus) * RUNS_OUT_SHARE)
    sold = [sku for sku in skus if any(delta < 0 for delta in history.get(sku, ()))]
    rng.shuffle(sold)
    sold.sort(key=lambda sku: sum(delta < 0 for delta in history[sku]) < 2)
    short = set(sold[:wished])
    return {sku: _opening(rng, history.get(sku, ()), runs_out=sku in short) for sku in skus}


def _opening(rng: random.Random, deltas: Sequence[int], *, runs_out: bool) -> int:
    lowest = -min(accumulate(deltas, initial=0))
    if not runs_out:
        return lowest + rng.randrange(10, 40)
    sales = [-delta for delta in deltas if delta < 0]
    return sum(sales[: max(1, round(len(sales) * rng.uniform(0.3, 0.9)))])


def _history(actions: Iterable[Timed], bundles: Components) -> dict[str, list[int]]:
    """What each SKU's stock goes through if nobody is refused, in order of time."""
    history: dict[str, list[int]] = {}
    bought: dict[int, dict[str, int]] = {}
    for action in (timed.action for timed in actions):
        if isinstance(action, MerchantEdit):
            deltas = {action.sku: action.delta}
        elif isinstance(action, Buy):
            bought[action.order] = {line.sku: line.quantity for line in action.lines}
            deltas = {line.sku: -line.quantity for line in action.lines}
        else:
            deltas = _effect_of(action, bought[action.order])
        for sku, delta in deltas.items():
            for part in bundles.get(sku, (Line(sku, 1),)):
                history.setdefault(part.sku, []).append(delta * part.quantity)
    return history


def _effect_of(action: FollowUp, bought: Mapping[str, int]) -> dict[str, int]:
    if action.kind is Sequel.CANCEL:
        return dict(bought)
    if action.kind is Sequel.REFUND:
        return {line.sku: line.quantity for line in action.lines}
    if action.kind is Sequel.EDIT:
        return {line.sku: bought[line.sku] - line.quantity for line in action.lines}
    return {}
