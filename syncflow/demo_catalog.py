"""What the demo's shops sell: the same 200 SKUs in both, and a few listings that cannot be kept in step."""

from __future__ import annotations

import random
from typing import Any

from syncflow.trial.names import maker, product_name

SKUS = 200
VARIANTS_EVERY = 20
SIZES = ("Small", "Medium", "Large")
SEED = 7

Document = dict[str, Any]


def demo_products() -> list[Document]:
    """The products as a sandbox shop's control API takes them."""
    rng = random.Random(SEED)
    products: list[Document] = []
    number = skus = 0
    while skus < SKUS:
        title, sku = product_name(number)
        price, stock = rng.randrange(800, 9000), rng.randrange(8, 60)
        if number % VARIANTS_EVERY == VARIANTS_EVERY - 1:
            variants = [
                _variant(f"{sku}-{size[0]}", size, price + step * 400, max(stock - step * 5, 4))
                for step, size in enumerate(SIZES)
            ]
        else:
            variants = [_variant(sku, "Default Title", price, stock)]
        products.append(_product(title, number, variants))
        number, skus = number + 1, skus + len(variants)
    return [*products, *_unlinked()]


def _unlinked() -> list[Document]:
    """Shown in SyncFlow with the reason why they stay as they are."""
    return [
        _product("Gift Wrapping", 0, [_variant(None, "Default Title", 300, 50)]),
        _product("Handwritten Card", 1, [_variant("CARD", "Default Title", 250, 30)]),
        _product("Handwritten Card, Second Edition", 2, [_variant("CARD", "Default Title", 250, 30)]),
        _product("Restoration Workshop, One Hour", 3, [_variant("WORKSHOP", "Default Title", 6500, None)]),
    ]


def _product(title: str, number: int, variants: list[Document]) -> Document:
    return {"title": title, "vendor": maker(number), "type": "Home", "image": None, "variants": variants}


def _variant(sku: str | None, title: str, price_minor: int, stock: int | None) -> Document:
    return {
        "sku": sku,
        "barcode": None,
        "title": title,
        "price": f"{price_minor / 100:.2f}",
        "cost": f"{price_minor / 250:.2f}",
        "stock": stock,
    }
