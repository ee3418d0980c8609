"""What the sample shop sells: forty products of a kitchen and home shop, and one bundle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

VENDORS = {"Tableware": "Nordhaus", "Kitchen": "Brand & Sohn", "Textiles": "Lindgren", "Pantry": "Kessler"}


@dataclass(frozen=True, slots=True)
class Good:
    """A product and its variants. Prices are in the smallest unit; a unit costs 45 % of its price."""

    code: str
    title: str
    kind: str
    price_minor: int
    options: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Item:
    """A variant. `components`: SKU and units of each, of a bundle."""

    sku: str
    title: str
    product: str
    kind: str
    price_minor: int
    barcode: str
    components: tuple[tuple[str, int], ...] = ()

    @property
    def vendor(self) -> str:
        return VENDORS[self.kind]


_CUPS = ("White", "Sand", "Slate", "Moss")
_TWO = ("Small", "Large")
_CLOTH = ("Natural", "Indigo", "Rust")
GOODS = (
    Good("CUP", "Stoneware cup", "Tableware", 1450, _CUPS),
    Good("MUG", "Camp mug", "Tableware", 1690, _CUPS),
    Good("PLT", "Dinner plate", "Tableware", 1990, _CUPS),
    Good("BWL", "Cereal bowl", "Tableware", 1590, _CUPS),
    Good("ESP", "Espresso cup", "Tableware", 1190, _CUPS),
    Good("SAU", "Saucer", "Tableware", 790, _CUPS),
    Good("JUG", "Water jug", "Tableware", 3490, _TWO),
    Good("TPT", "Teapot", "Tableware", 4290, _TWO),
    Good("VAS", "Bud vase", "Tableware", 1890, _TWO),
    Good("SRV", "Serving platter", "Tableware", 3890, _TWO),
    Good("GLS", "Tumbler", "Tableware", 990, ("Clear", "Smoke")),
    Good("CRF", "Carafe", "Tableware", 2790),
    Good("KNF", "Chef's knife", "Kitchen", 7900, _TWO),
    Good("PAR", "Paring knife", "Kitchen", 2900),
    Good("BRD", "Cutting board", "Kitchen", 3900, _TWO),
    Good("PAN", "Cast-iron pan", "Kitchen", 5900, ("20 cm", "24 cm", "28 cm")),
    Good("POT", "Stock pot", "Kitchen", 8900, ("3 l", "5 l")),
    Good("WHK", "Whisk", "Kitchen", 1490),
    Good("LDL", "Ladle", "Kitchen", 1690),
    Good("SPT", "Wooden spatula", "Kitchen", 890),
    Good("GRT", "Box grater", "Kitchen", 2290),
    Good("MIL", "Pepper mill", "Kitchen", 3290, ("Oak", "Walnut")),
    Good("SCL", "Kitchen scale", "Kitchen", 3690),
    Good("TIN", "Storage tin", "Kitchen", 1290, ("S", "M", "L")),
    Good("PRS", "French press", "Kitchen", 3990, ("350 ml", "1 l")),
    Good("DRP", "Coffee dripper", "Kitchen", 2490, ("White", "Slate")),
    Good("KTL", "Gooseneck kettle", "Kitchen", 6900),
    Good("APR", "Linen apron", "Textiles", 4490, _CLOTH),
    Good("TWL", "Tea towel", "Textiles", 1390, _CLOTH),
    Good("NPK", "Napkins, set of four", "Textiles", 2890, _CLOTH),
    Good("RUN", "Table runner", "Textiles", 3490, _CLOTH),
    Good("MIT", "Oven mitt", "Textiles", 1790, _CLOTH),
    Good("BAG", "Market bag", "Textiles", 1990, _CLOTH),
    Good("CND", "Beeswax candle", "Pantry", 1590, _TWO),
    Good("OIL", "Olive oil", "Pantry", 1690, ("250 ml", "500 ml")),
    Good("SLT", "Sea salt", "Pantry", 690),
    Good("HNY", "Forest honey", "Pantry", 990, ("250 g", "500 g")),
    Good("TEA", "Loose tea", "Pantry", 1190, ("Assam", "Sencha", "Rooibos")),
    Good("COF", "Filter coffee", "Pantry", 1490, ("250 g", "1 kg")),
)
BUNDLE = Good("SET", "Coffee set for two", "Kitchen", 5490)
BUNDLED = (("CUP-1", 2), ("DRP-1", 1), ("COF-1", 1))


def items() -> Iterator[Item]:
    """Every variant, the bundle last."""
    number = 0
    for good in (*GOODS, BUNDLE):
        for position, option in enumerate(good.options, 1):
            number += 1
            sku = f"{good.code}-{position}" if option else good.code
            title = f"{good.title}, {option.lower()}" if option else good.title
            dearer = 3 * (position - 1) if _is_size(option) else 0
            price = good.price_minor * (10 + dearer) // 10
            components = BUNDLED if good is BUNDLE else ()
            yield Item(sku, title, good.title, good.kind, price, _barcode(number), components)


def _is_size(option: str) -> bool:
    return option in ("M", "L", "Large") or option[:1].isdecimal()


def _barcode(number: int) -> str:
    """An EAN-13 of the range that is for use within a shop (prefix 20)."""
    digits = f"2000001{number:05d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"
