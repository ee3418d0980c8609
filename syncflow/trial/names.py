"""Pleasant names for products that do not exist."""

from __future__ import annotations

MATERIALS = (
    ("Oak", "OAK"), ("Walnut", "WAL"), ("Linen", "LIN"), ("Stoneware", "STO"), ("Brass", "BRA"),
    ("Beeswax", "BEE"), ("Wool", "WOO"), ("Cedar", "CED"), ("Copper", "COP"), ("Cotton", "COT"),
    ("Enamel", "ENA"), ("Marble", "MAR"), ("Birch", "BIR"), ("Rattan", "RAT"), ("Slate", "SLA"),
    ("Terracotta", "TER"),
)  # fmt: skip
THINGS = (
    ("Serving Board", "BOARD"), ("Candle Holder", "CANDLE"), ("Tea Towel", "TOWEL"), ("Salt Cellar", "SALT"),
    ("Flower Pot", "POT"), ("Picture Frame", "FRAME"), ("Storage Basket", "BASKET"), ("Coaster Set", "COAST"),
    ("Table Lamp", "LAMP"), ("Desk Tray", "TRAY"), ("Wall Hook", "HOOK"), ("Door Stop", "STOP"),
    ("Jewellery Box", "BOX"), ("Bread Bin", "BREAD"), ("Watering Can", "CAN"), ("Napkin Ring", "RING"),
)  # fmt: skip
SIZES = (("", ""), (", Small", "-S"), (", Large", "-L"), (", Gift Edition", "-G"))
MAKERS = ("Harbour & Hill", "Nordlys", "Atelier Mirabelle", "Foxglove Lane")
KINDS_OF_THINGS = "Home"


def product_name(number: int) -> tuple[str, str]:
    """(title, SKU) of the `number`-th product, different for every number >= 0."""
    material, short_material = MATERIALS[number % len(MATERIALS)]
    number //= len(MATERIALS)
    thing, short_thing = THINGS[number % len(THINGS)]
    number //= len(THINGS)
    size, short_size = SIZES[number % len(SIZES)]
    edition = number // len(SIZES)
    title, sku = f"{material} {thing}{size}", f"{short_material}-{short_thing}{short_size}"
    return (f"{title} No. {edition + 1}", f"{sku}-{edition + 1}") if edition else (title, sku)


def maker(number: int) -> str:
    return MAKERS[number % len(MAKERS)]
