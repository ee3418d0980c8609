"""Resolvers of locations, inventory items and levels."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from sandbox.core.store import Document
from sandbox.shopify.lookup import MOMENTS, Info, by_id, counted, find, ids, item_of, search, state_of, warn
from sandbox.shopify.paging import Key, Page, page_of_list, paginate
from sandbox.shopify.payloads import level_gid
from sandbox.shopify.registry import resolves
from sandbox.shopify.search import Reader, parse_query
from sandbox.shopify.state import CURRENCY, number_of


@resolves("QueryRoot", "location")
def location(_source: Any, info: Info, id: str | None = None) -> Document | None:
    return state_of(info).primary if id is None else find(info, id)


@resolves("QueryRoot", "locations")
def locations(_source: Any, info: Info, **args: Any) -> Page:
    state = state_of(info)
    return paginate(ids(state.locations), by_id(state.locations), args)


@resolves("QueryRoot", "inventoryItems")
def inventory_items(_source: Any, info: Info, **args: Any) -> Page:
    state = state_of(info)
    readers = MOMENTS | {"sku": lambda row: row["sku"], "default": lambda row: row["sku"]}

    def rows(since: float | None) -> list[Key]:
        if since is None:
            return [(number, number) for number in state.variant_of_item]
        changed = [state.variants[number]["item_id"] for _, number in state.moved["variants"].since(since)]
        return sorted((number, number) for number in changed)

    return search(
        info, args, readers, rows=rows, load=lambda number: item_of(state.variant_of_item.get(number))
    )


@resolves("InventoryItem", "variants")
def variants_of_item(source: Document, info: Info, **args: Any) -> Page:
    return page_of_list([variant_of_item(source, info)], args)


@resolves("InventoryItem", "variant")
def variant_of_item(source: Document, info: Info) -> Document:
    return state_of(info).variant_of_item[source["item_id"]]


@resolves("InventoryItem", "inventoryLevels")
def levels_of_item(source: Document, info: Info, **args: Any) -> Page:
    levels = sorted(
        state_of(info).levels_of_item.get(source["item_id"], {}).values(), key=lambda row: row["id"]
    )
    wanted = parse_query(args.get("query"), LEVEL_READERS)
    warn(info, args, wanted.warnings)
    return page_of_list([level for level in levels if wanted.accept(level)], args)


LEVEL_READERS: dict[str, Reader] = MOMENTS | {"inventory_item_id": lambda row: row["item_id"]}


@resolves("Location", "inventoryLevels")
def levels_of_location(source: Document, info: Info, **args: Any) -> Page:
    state = state_of(info)
    moved = state.levels_of_location(source["id"])

    def rows(since: float | None) -> list[Key]:
        keys = moved.keys if since is None else moved.since(since)
        return sorted((number, number) for _, number in keys)

    return search(info, args, LEVEL_READERS, rows=rows, load=by_id(state.levels))


@resolves("InventoryItem", "inventoryLevel")
def level_of_item(source: Document, info: Info, locationId: str, **_args: Any) -> Document | None:  # noqa: N803
    return state_of(info).level(source["item_id"], number_of(locationId, "Location") or 0)


@resolves("Location", "inventoryLevel")
def level_at_location(source: Document, info: Info, inventoryItemId: str, **_args: Any) -> Document | None:  # noqa: N803
    return state_of(info).level(number_of(inventoryItemId, "InventoryItem") or 0, source["id"])


@resolves("InventoryLevel", "id")
def level_id(source: Document, _info: Info) -> str:
    return level_gid(source)


@resolves("InventoryLevel", "item")
def item_of_level(source: Document, info: Info) -> Document | None:
    return item_of(state_of(info).variant_of_item[source["item_id"]])


@resolves("InventoryLevel", "location")
def location_of_level(source: Document, info: Info) -> Document:
    return state_of(info).locations[source["location_id"]]


@resolves("InventoryLevel", "quantities")
def quantities(source: Document, _info: Info, names: list[str]) -> list[Document]:
    """Names that a real level knows and this shop never fills are 0; an unknown name is refused."""
    kept = {"available": source["available"], "committed": source["committed"]}
    kept["on_hand"] = source["available"] + source["committed"]
    others = ("incoming", "reserved", "damaged", "safety_stock", "quality_control")
    rows = []
    for name in names:
        if name not in kept and name not in others:
            raise GraphQLError(f"{name} is not a quantity name", extensions={"code": "BAD_REQUEST"})
        row = {"id": f"{source['id']}?name={name}", "name": name, "quantity": kept.get(name, 0)}
        rows.append(row | {"updated_at": source["updated_at"]})
    return rows


@resolves("InventoryItem", "unitCost")
def unit_cost(source: Document, _info: Info) -> Document | None:
    return None if source["cost"] is None else {"amount": source["cost"], "currency_code": CURRENCY}


@resolves("InventoryItem", "duplicateSkuCount")
def duplicates(source: Document, info: Info) -> int:
    sharing = state_of(info).variants_of_sku.get(source["sku"], []) if source["sku"] else []
    return max(len(sharing) - 1, 0)


@resolves("InventoryItem", "locationsCount")
def locations_count(source: Document, info: Info) -> Document:
    return counted(len(state_of(info).levels_of_item.get(source["item_id"], {})), {})
