"""A shop's products and numbers: by pages, or by a bulk operation where there are many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.platforms.base import CellRef, ExternalProduct, LevelReading
from app.platforms.shopify.bulk import run_bulk
from app.platforms.shopify.client import ShopifyClient, understood
from app.platforms.shopify.documents import (
    BULK_CATALOG,
    BULK_LEVELS,
    CATALOG,
    CATALOG_PAGE,
    IDS_PER_CALL,
    ITEM_LEVELS,
    LEVEL_PAGE,
    LEVELS,
    PRODUCTS,
    VARIANT_PAGE,
    VARIANTS,
    VARIANTS_COUNT,
    VARIANTS_PER_PRODUCT,
)
from app.platforms.shopify.mapper import gid, is_number, number_of, to_product, to_reading

BULK_PAGE = 100
"""Products or levels of a bulk result that are handed on together."""

Lines = Callable[[str], Iterator[bytes]]
"""The lines of the file at a URL."""


def count_variants(client: ShopifyClient) -> int:
    data = client.execute(VARIANTS_COUNT, {})
    with understood("VariantsCount"):
        return int(data["productVariantsCount"]["count"])


def catalog_by_pages(client: ShopifyClient, currency: str) -> Iterator[list[ExternalProduct]]:
    variables = {"first": CATALOG_PAGE, "variants": VARIANTS_PER_PRODUCT}
    for page in client.pages(CATALOG, variables, "products"):
        yield [_whole_product(client, raw, currency) for raw in page]


def catalog_in_bulk(client: ShopifyClient, lines: Lines, currency: str) -> Iterator[list[ExternalProduct]]:
    """A grouped result: each product is followed by its variants, which name it as their parent."""
    products: list[ExternalProduct] = []
    for raw, variants in _families(run_bulk(client, lines, BULK_CATALOG, grouped=True)):
        with understood("a product"):
            products.append(to_product(raw, variants, currency))
        if len(products) == BULK_PAGE:
            yield products
            products = []
    if products:
        yield products


def fetch_products(client: ShopifyClient, product_ids: Sequence[str], currency: str) -> list[ExternalProduct]:
    ids = [gid("Product", each) for each in dict.fromkeys(product_ids) if is_number(each)]
    found: list[ExternalProduct] = []
    for start in range(0, len(ids), CATALOG_PAGE):
        variables = {"ids": ids[start : start + CATALOG_PAGE], "variants": VARIANTS_PER_PRODUCT}
        data = client.execute(PRODUCTS, variables)
        with understood("products"):
            nodes = [node for node in data["nodes"] if node and "variants" in node]
        found.extend(_whole_product(client, node, currency) for node in nodes)
    return found


def levels_by_pages(
    client: ShopifyClient, location_id: str, since: datetime | None = None
) -> Iterator[list[LevelReading]]:
    """All levels of a location, or those that Shopify touched at or after `since`."""
    query = None
    if since is not None:
        query = f"updated_at:>='{since.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}'"
    variables = {"location": gid("Location", location_id), "first": LEVEL_PAGE, "query": query}
    for page in client.pages(LEVELS, variables, "location", "inventoryLevels"):
        with understood("levels"):
            yield [to_reading(raw["item"], raw, _ref(raw["item"], location_id)) for raw in page]


def levels_in_bulk(client: ShopifyClient, lines: Lines, location_id: str) -> Iterator[list[LevelReading]]:
    query = BULK_LEVELS % gid("Location", location_id)
    readings: list[LevelReading] = []
    for raw in run_bulk(client, lines, query, grouped=False):
        with understood("a level"):
            if raw["inventoryLevel"] is None:
                continue
            readings.append(to_reading(raw, raw["inventoryLevel"], _ref(raw, location_id)))
        if len(readings) == BULK_PAGE:
            yield readings
            readings = []
    if readings:
        yield readings


def read_levels(client: ShopifyClient, refs: Sequence[CellRef]) -> list[LevelReading]:
    """One reading per ref, in order."""
    found: dict[CellRef, LevelReading] = {}
    by_location: dict[str, list[str]] = {}
    for ref in dict.fromkeys(refs):
        if is_number(ref.stock_id) and is_number(ref.location_id):
            by_location.setdefault(ref.location_id, []).append(ref.stock_id)
    for location_id, item_ids in by_location.items():
        for start in range(0, len(item_ids), IDS_PER_CALL):
            chunk = item_ids[start : start + IDS_PER_CALL]
            for reading in _read_items(client, location_id, chunk):
                found[reading.ref] = reading
    return [found.get(ref) or to_reading(None, None, ref) for ref in refs]


def _read_items(client: ShopifyClient, location_id: str, item_ids: Sequence[str]) -> list[LevelReading]:
    variables = {
        "ids": [gid("InventoryItem", each) for each in item_ids],
        "location": gid("Location", location_id),
    }
    data = client.execute(ITEM_LEVELS, variables)
    with understood("item levels"):
        nodes = [node for node in data["nodes"] if node and "inventoryLevel" in node]
        return [to_reading(node, node["inventoryLevel"], _ref(node, location_id)) for node in nodes]


def _ref(item: Mapping[str, Any], location_id: str) -> CellRef:
    return CellRef(number_of(item["id"]), location_id)


def _whole_product(client: ShopifyClient, raw: dict[str, Any], currency: str) -> ExternalProduct:
    with understood("a product"):
        variants, info = list(raw["variants"]["nodes"]), raw["variants"]["pageInfo"]
    if info["hasNextPage"]:
        variables = {"id": raw["id"], "first": VARIANT_PAGE}
        for page in client.pages(VARIANTS, variables, "product", "variants", after=info["endCursor"]):
            variants.extend(page)
    with understood("a product"):
        return to_product(raw, variants, currency)


def _families(objects: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    parent: dict[str, Any] | None = None
    children: list[dict[str, Any]] = []
    for each in objects:
        if "__parentId" in each:
            children.append(each)
            continue
        if parent is not None:
            yield parent, children
        parent, children = each, []
    if parent is not None:
        yield parent, children
