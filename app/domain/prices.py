"""From a variant's base price to what a shop shows. Whole numbers of minor units throughout; no fraction of
one is lost before the single rounding at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from app.domain.money import exponent

HIGHEST_MINOR = 10**12
"""A higher price is somebody's mistake."""
HIGHEST_FACTOR = Decimal(1000)
HIGHEST_RATE = Decimal(1_000_000)
MOST_REVERSALS = 3
"""So often somebody at the shop put his own price back; then we stop, and ask."""


class Cannot(StrEnum):
    """Why there is no price to show."""

    NO_BASE_PRICE = "no_base_price"
    NO_RATE = "no_rate"
    """The shop's currency is another one than the base price's, and the rule has no rate for it."""
    WOULD_BE_ZERO = "would_be_zero"
    TOO_HIGH = "too_high"


class Rounding(StrEnum):
    UNIT = "unit"
    """To the currency's minor unit, and no further."""
    STEP = "step"
    """To a multiple of so many minor units."""
    ENDING = "ending"
    """To a price that ends with so many minor units: 99 for x.99."""


class Direction(StrEnum):
    NEAREST = "nearest"
    """Of two equally near ones the higher."""
    UP = "up"


@dataclass(frozen=True, slots=True)
class Base:
    """What one unit of a listing is made of: `units` of a variant at its base price."""

    price_minor: int | None
    currency: str
    units: int = 1


@dataclass(frozen=True, slots=True)
class PriceRule:
    """How a shop with this currency turns base prices into its own.

    `rates`: units of the shop's currency for one of another. `rounding_minor`: the step or the ending.
    """

    currency: str
    factor: Decimal = Decimal(1)
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    rounding: Rounding = Rounding.UNIT
    rounding_minor: int = 0
    direction: Direction = Direction.NEAREST


def problem_of(rule: PriceRule) -> str:
    """What is wrong with a rule, in words; empty if it can be used."""
    if not 0 < rule.factor <= HIGHEST_FACTOR:
        return f"A factor is above 0 and at most {HIGHEST_FACTOR}."
    if any(not 0 < rate <= HIGHEST_RATE for rate in rule.rates.values()):
        return f"A rate is above 0 and at most {HIGHEST_RATE}."
    if rule.rounding is Rounding.STEP and not 1 <= rule.rounding_minor <= HIGHEST_MINOR:
        return "A step is at least one of the currency's smallest unit."
    if rule.rounding is Rounding.ENDING and not 0 <= rule.rounding_minor < _whole(rule.currency) > 1:
        return "An ending is below one whole unit, of a currency that has smaller ones."
    return ""


def shown_price(base: Base, rule: PriceRule, *, override_minor: int | None = None) -> int | Cannot:
    """What the shop is to show, in minor units of its currency: above 0, or why there is none.

    `override_minor` is a price that a person has fixed for the listing: it goes before the rule.
    """
    if override_minor is not None:
        return override_minor if 0 < override_minor <= HIGHEST_MINOR else Cannot.WOULD_BE_ZERO
    if base.price_minor is None:
        return Cannot.NO_BASE_PRICE
    rate = Decimal(1) if base.currency == rule.currency else rule.rates.get(base.currency)
    if rate is None:
        return Cannot.NO_RATE
    factors = (rule.factor.as_integer_ratio(), rate.as_integer_ratio())
    above = base.price_minor * base.units * factors[0][0] * factors[1][0] * 10 ** exponent(rule.currency)
    below = factors[0][1] * factors[1][1] * 10 ** exponent(base.currency)
    price = _rounded(above, below, rule)
    if price <= 0:
        return Cannot.WOULD_BE_ZERO
    return price if price <= HIGHEST_MINOR else Cannot.TOO_HIGH


def is_large(before_minor: int | None, after_minor: int, percent: int) -> bool:
    """Whether a price moves by more than `percent` of what it was."""
    if not before_minor:
        return True
    return abs(after_minor - before_minor) * 100 > percent * before_minor


def _rounded(above: int, below: int, rule: PriceRule) -> int:
    """`above / below` as the rule rounds: steps of a size, beginning at an offset."""
    size, offset = 1, 0
    if rule.rounding is Rounding.STEP:
        size = rule.rounding_minor
    elif rule.rounding is Rounding.ENDING:
        size, offset = _whole(rule.currency), rule.rounding_minor
    shifted, step = above - offset * below, size * below
    if rule.rounding is Rounding.UNIT or rule.direction is Direction.NEAREST:
        steps = (2 * shifted + step) // (2 * step)
    else:
        steps = -(-shifted // step)
    price = steps * size + offset
    # An ending lies below 0 too: of a small price the lowest above 0 is the nearest.
    return price + size if offset and price < 0 < above else price


def _whole(currency: str) -> int:
    """Minor units of one whole unit."""
    return int(10 ** exponent(currency))
