"""What a shop shows of a base price: exact, never 0, and rounded as the rule says."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import exponent
from app.domain.prices import (
    HIGHEST_MINOR,
    Base,
    Cannot,
    Direction,
    PriceRule,
    Rounding,
    is_large,
    problem_of,
    shown_price,
)

currencies = st.sampled_from(["EUR", "USD", "JPY", "KWD"])
factors = st.decimals("0.000001", "1000", places=6)
rates = st.decimals("0.0001", "1000", places=4)
prices = st.integers(0, 10**9)


@st.composite
def rules(draw: st.DrawFn) -> PriceRule:
    """Any that can be used."""
    currency = draw(currencies)
    whole = 10 ** exponent(currency)
    allowed = [Rounding.UNIT, Rounding.STEP] + ([Rounding.ENDING] if whole > 1 else [])
    rounding = draw(st.sampled_from(allowed))
    sizes = st.integers(1, 5000) if rounding is Rounding.STEP else st.integers(0, whole - 1)
    return PriceRule(
        currency=currency,
        factor=draw(factors),
        rates=dict.fromkeys(["EUR", "USD", "JPY", "KWD"], draw(rates)),
        rounding=rounding,
        rounding_minor=draw(sizes),
        direction=draw(st.sampled_from(Direction)),
    )


bases = st.builds(Base, prices, currencies, st.integers(1, 100))


def exact(base: Base, rule: PriceRule) -> Fraction:
    """In minor units of the shop's currency, not rounded."""
    rate = Fraction(1) if base.currency == rule.currency else Fraction(rule.rates[base.currency])
    major = Fraction(base.price_minor or 0, 10 ** exponent(base.currency)) * base.units
    return major * Fraction(rule.factor) * rate * 10 ** exponent(rule.currency)


def step_of(rule: PriceRule) -> int:
    if rule.rounding is Rounding.STEP:
        return rule.rounding_minor
    return 10 ** exponent(rule.currency) if rule.rounding is Rounding.ENDING else 1


@pytest.mark.parametrize(
    ("base", "rule", "shown"),
    [
        (Base(1000, "EUR"), PriceRule("EUR"), 1000),
        (Base(1000, "EUR"), PriceRule("EUR", Decimal("1.10")), 1100),
        (Base(1000, "EUR", units=6), PriceRule("EUR"), 6000),
        (Base(333, "EUR"), PriceRule("EUR", Decimal("1.5")), 500),
        (Base(1000, "EUR"), PriceRule("JPY", rates={"EUR": Decimal("162.35")}), 1624),
        (Base(1000, "JPY"), PriceRule("KWD", rates={"JPY": Decimal("0.0020")}), 2000),
        (Base(1000, "KWD"), PriceRule("EUR", rates={"KWD": Decimal("3.01")}), 301),
        (Base(1002, "EUR"), PriceRule("EUR", rounding=Rounding.STEP, rounding_minor=5), 1000),
        (Base(1003, "EUR"), PriceRule("EUR", rounding=Rounding.STEP, rounding_minor=5), 1005),
        (
            Base(1001, "EUR"),
            PriceRule("EUR", rounding=Rounding.STEP, rounding_minor=5, direction=Direction.UP),
            1005,
        ),
        (Base(1040, "EUR"), PriceRule("EUR", rounding=Rounding.ENDING, rounding_minor=99), 999),
        (Base(1050, "EUR"), PriceRule("EUR", rounding=Rounding.ENDING, rounding_minor=99), 1099),
        (
            Base(1000, "EUR"),
            PriceRule("EUR", rounding=Rounding.ENDING, rounding_minor=95, direction=Direction.UP),
            1095,
        ),
        (Base(20, "EUR"), PriceRule("EUR", rounding=Rounding.ENDING, rounding_minor=99), 99),
        (Base(None, "EUR"), PriceRule("EUR"), Cannot.NO_BASE_PRICE),
        (Base(1000, "USD"), PriceRule("EUR", rates={"GBP": Decimal(1)}), Cannot.NO_RATE),
        (Base(0, "EUR"), PriceRule("EUR"), Cannot.WOULD_BE_ZERO),
        (Base(1, "EUR"), PriceRule("EUR", Decimal("0.1")), Cannot.WOULD_BE_ZERO),
        (
            Base(2, "EUR"),
            PriceRule("EUR", rounding=Rounding.STEP, rounding_minor=100),
            Cannot.WOULD_BE_ZERO,
        ),
        (Base(HIGHEST_MINOR, "EUR"), PriceRule("EUR", Decimal(2)), Cannot.TOO_HIGH),
    ],
)
def test_what_a_shop_shows(base: Base, rule: PriceRule, shown: int | Cannot) -> None:
    assert shown_price(base, rule) == shown


@given(bases, rules())
def test_a_price_is_above_zero_and_lies_where_the_rule_rounds_to(base: Base, rule: PriceRule) -> None:
    shown = shown_price(base, rule)
    if isinstance(shown, Cannot):
        return
    assert 0 < shown <= HIGHEST_MINOR
    match rule.rounding:
        case Rounding.STEP:
            assert shown % rule.rounding_minor == 0
        case Rounding.ENDING:
            assert shown % 10 ** exponent(rule.currency) == rule.rounding_minor


@given(bases, rules())
def test_it_is_rounded_once_and_no_further_than_the_rule_says(base: Base, rule: PriceRule) -> None:
    shown = shown_price(base, rule)
    if isinstance(shown, Cannot):
        return
    off, step = shown - exact(base, rule), step_of(rule)
    if rule.direction is Direction.UP and rule.rounding is not Rounding.UNIT:
        assert 0 <= off < step
    elif rule.rounding is Rounding.ENDING and shown < step:
        assert -step / 2 <= off < step  # there is none below the first
    else:
        assert -Fraction(step, 2) < off <= Fraction(step, 2)


@given(bases, rules(), st.integers(0, 10**6))
def test_what_costs_more_is_never_shown_for_less(base: Base, rule: PriceRule, more: int) -> None:
    low = shown_price(base, rule)
    high = shown_price(Base((base.price_minor or 0) + more, base.currency, base.units), rule)
    if isinstance(low, int):
        assert high is Cannot.TOO_HIGH or (isinstance(high, int) and high >= low)


@given(bases, rules())
def test_what_is_shown_rounds_to_itself(base: Base, rule: PriceRule) -> None:
    shown = shown_price(base, rule)
    if isinstance(shown, int):
        same = PriceRule(
            rule.currency,
            rounding=rule.rounding,
            rounding_minor=rule.rounding_minor,
            direction=rule.direction,
        )
        assert shown_price(Base(shown, rule.currency), same) == shown


@given(prices, currencies, st.integers(1, 100))
def test_without_a_rule_it_is_the_base_price(price: int, currency: str, units: int) -> None:
    shown = shown_price(Base(price, currency, units), PriceRule(currency))
    assert shown == (price * units or Cannot.WOULD_BE_ZERO)


@given(bases, rules(), st.integers(-5, 10**6))
def test_a_fixed_price_goes_before_the_rule_unless_it_is_none(
    base: Base, rule: PriceRule, fixed: int
) -> None:
    shown = shown_price(base, rule, override_minor=fixed)
    assert shown == (fixed if fixed > 0 else Cannot.WOULD_BE_ZERO)


@given(rules())
def test_rules_that_can_be_used_have_no_problem(rule: PriceRule) -> None:
    assert problem_of(rule) == ""


@pytest.mark.parametrize(
    "rule",
    [
        PriceRule("EUR", Decimal(0)),
        PriceRule("EUR", Decimal(-1)),
        PriceRule("EUR", Decimal(1001)),
        PriceRule("EUR", rates={"USD": Decimal(0)}),
        PriceRule("EUR", rounding=Rounding.STEP, rounding_minor=0),
        PriceRule("EUR", rounding=Rounding.ENDING, rounding_minor=100),
        PriceRule("JPY", rounding=Rounding.ENDING, rounding_minor=0),
    ],
)
def test_a_rule_that_cannot_be_used_says_why(rule: PriceRule) -> None:
    assert problem_of(rule).endswith(".")


@pytest.mark.parametrize(
    ("before", "after", "large"),
    [
        (1000, 1200, False),
        (1000, 1201, True),
        (1000, 799, True),
        (1000, 800, False),
        (0, 1, True),
        (None, 5, True),
    ],
)
def test_a_change_is_large_beyond_its_share(before: int | None, after: int, large: bool) -> None:
    assert is_large(before, after, 20) is large
