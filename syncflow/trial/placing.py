"""Where a scenario's stock lies, and where its checkouts, returns and corrections happen."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from syncflow.trial.scenario import (
    KNOWS_LOCATIONS,
    Action,
    Buy,
    CatalogItem,
    FollowUp,
    Line,
    MerchantEdit,
    Scenario,
    Sequel,
    Timed,
)

AT_ONE_PLACE_SHARE = 0.4
"""Of the SKUs; the others are split over two or more."""
NAMED_SHARE = 0.5
"""Of the checkouts in the shop that knows locations, those that name one."""
RETURNED_SHARE = 0.5
"""Of the orders shipped there, those of which a unit comes back."""
RETURN_AFTER_SECONDS = (2.0, 8.0)

Shares = Mapping[str, Mapping[int, int]]
"""By SKU: units at each place that stocks it."""


def placed(scenario: Scenario, *, locations: int) -> Scenario:
    """The same scenario in a shop of so many locations; what one place held lies at several."""
    rng = random.Random(f"{scenario.seed} in {locations} places")
    catalog = tuple(replace(item, shares=_shares(rng, item, locations)) for item in scenario.catalog)
    shares = {item.sku: item.shares for item in catalog}
    actions = [
        Timed(timed.at_seconds, _placed(rng, timed.action, shares, locations))
        if timed.action.shop == KNOWS_LOCATIONS
        else timed
        for timed in _with_returns(rng, scenario.actions, shares)
    ]
    actions.sort(key=lambda timed: timed.at_seconds)
    return replace(scenario, catalog=catalog, actions=tuple(actions))


def _shares(rng: random.Random, item: CatalogItem, locations: int) -> dict[int, int]:
    """Everything is stocked at the first place, though there may be none of it; a bundle is made anywhere."""
    if item.components:
        return {place: rng.randrange(item.opening + 1) for place in range(locations)}
    if rng.random() < AT_ONE_PLACE_SHARE:
        return {0: 0, rng.randrange(locations): item.opening}
    places = rng.sample(range(locations), rng.randint(2, locations))
    shares = dict.fromkeys([0, *places], 0)
    for _ in range(item.opening):
        shares[rng.choice(places)] += 1
    return shares


def _with_returns(rng: random.Random, actions: Iterable[Timed], shares: Shares) -> Iterator[Timed]:
    """The actions, and units of shipped orders that come back to any place that stocks them."""
    bought: dict[int, Buy] = {}
    for timed in actions:
        yield timed
        action = timed.action
        if isinstance(action, Buy):
            bought[action.order] = action
        elif isinstance(action, FollowUp) and action.kind is Sequel.FULFILL:
            sku = rng.choice(bought[action.order].lines).sku
            back = FollowUp(action.shop, action.order, Sequel.REFUND, (Line(sku, 1),))
            if action.shop == KNOWS_LOCATIONS and rng.random() < RETURNED_SHARE:
                yield Timed(
                    timed.at_seconds + rng.uniform(*RETURN_AFTER_SECONDS),
                    replace(back, place=rng.choice(list(shares[sku]))),
                )


def _placed(rng: random.Random, action: Action, shares: Shares, locations: int) -> Action:
    if isinstance(action, MerchantEdit):
        return replace(action, place=rng.choice(list(shares[action.sku])))
    if isinstance(action, Buy) and rng.random() < NAMED_SHARE:
        return replace(action, place=rng.randrange(locations))
    return action
