"""Money as integers of a currency's smallest unit. Never a float."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905
_THREE = "BHD IQD JOD KWD LYD OMR TND".split()  # noqa: SIM905
_EXPONENTS = dict.fromkeys(_ZERO, 0) | dict.fromkeys(_THREE, 3)
"""ISO 4217 minor-unit exponents that are not 2."""


def exponent(currency: str) -> int:
    """Digits after the point in the currency's amounts (ISO 4217)."""
    return _EXPONENTS.get(currency.upper(), 2)


def to_minor(amount: str | Decimal | int, currency: str) -> int:
    """'12.30' EUR -> 1230. Rounds half up past the smallest unit. Raises ValueError for no number."""
    try:
        value = Decimal(amount)
        return int(value.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    except (InvalidOperation, TypeError) as err:
        raise ValueError(f"not an amount: {amount!r}") from err


def from_minor(amount_minor: int, currency: str) -> str:
    """1230 EUR -> '12.30'."""
    digits = exponent(currency)
    return str(Decimal(amount_minor).scaleb(-digits).quantize(Decimal(1).scaleb(-digits)))


def convert(amount_minor: int, source: str, target: str, rate: Decimal) -> int:
    """`rate` is what one whole unit of `source` is worth in `target`. Exact, then rounded half away from zero
    to the smallest unit: 1050 JPY at 0.0061 EUR -> 641 (6.405 EUR)."""
    numerator, denominator = rate.as_integer_ratio()
    numerator *= abs(amount_minor) * 10 ** exponent(target)
    denominator *= 10 ** exponent(source)
    rounded: int = (2 * numerator + denominator) // (2 * denominator)
    return rounded if amount_minor >= 0 else -rounded
