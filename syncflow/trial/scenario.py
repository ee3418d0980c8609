"""What will happen in a trial: the catalog, the orders and everything that befalls them, in advance.

A scenario follows from its source and its seed alone, so that a trial can be repeated. Times are
seconds since the first order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SHOPS = ("shopify", "woocommerce")
KNOWS_LOCATIONS = SHOPS[0]


@dataclass(frozen=True, slots=True)
class Line:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class CatalogItem:
    """One SKU, listed in both shops. Items of one `product` are its variants.

    `opening` is the stock; of a bundle, that has none, what the shops show before SyncFlow is told of what it
    is made of. `components` are for one of it. `shares`: how much of it lies at which of the places, counted
    from 0, that stock it; empty, all of it at the first.
    """

    sku: str
    title: str
    price_minor: int
    product: int
    opening: int
    components: tuple[Line, ...] = ()
    shares: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Buy:
    """`order` numbers the purchases of a scenario from 0. `place`: what the checkout names."""

    shop: str
    order: int
    lines: tuple[Line, ...]
    paid: bool = True
    place: int | None = None


class Sequel(StrEnum):
    PAY = "pay"
    CANCEL = "cancel"
    REFUND = "refund"
    EDIT = "edit"
    FULFILL = "fulfill"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Something that happens to an order. REFUND lines are units taken back, shipped ones to `place` if it is
    named; EDIT lines are new totals."""

    shop: str
    order: int
    kind: Sequel
    lines: tuple[Line, ...] = ()
    place: int | None = None


@dataclass(frozen=True, slots=True)
class MerchantEdit:
    """The merchant corrects a number in a shop's own admin, of the place if one is named. A SKU is only ever
    edited in one shop."""

    shop: str
    sku: str
    delta: int
    place: int | None = None


Action = Buy | FollowUp | MerchantEdit


@dataclass(frozen=True, slots=True)
class Timed:
    at_seconds: float
    action: Action


@dataclass(frozen=True, slots=True)
class Scenario:
    """`tally` counts what the source held and what of it could not be played."""

    seed: int
    catalog: tuple[CatalogItem, ...]
    actions: tuple[Timed, ...]
    tally: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for. `skus` None: as many as the source has. `bundles`: percent of them.
    `locations`: of the shop that knows them."""

    count: int
    rate: float
    seed: int
    skus: int | None = None
    edits: bool = False
    bundles: int = 0
    locations: int = 1


def bundles_of(catalog: Iterable[CatalogItem]) -> dict[str, dict[str, int]]:
    """The SKUs of one bundle's components and how many of each it takes, by the bundle's SKU."""
    return {
        item.sku: {line.sku: line.quantity for line in item.components} for item in catalog if item.components
    }
