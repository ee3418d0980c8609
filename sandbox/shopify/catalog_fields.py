"""Resolvers of the shop, its locations, products, variants, items and levels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from sandbox.core.store import Document
from sandbox.shopify.paging import Key, Page, page_of_list, paginate
from sandbox.shopify.payloads import level_gid
from sandbox.shopify.registry import SCOPES, Request, deny, resolves
from sandbox.shopify.search import Reader, parse_query
from sandbox.shopify.state import CURRENCY, SHOP_ID, State, gid, number_of

Info = GraphQLResolveInfo[Any]
MOMENTS: dict[str, Reader] = {
    "created_at": lambda row: float(row["created_at"]),
    "updated_at": lambda row: float(row["updated_at"]),
    "id": lambda row: row["id"],
}


def state_of(info: Info) -> State:
    request: Request = info.context
    return request.shop.state


def search(
    info: Info,
    args: dict[str, Any],
    readers: dict[str, Reader],
    *,
    rows: Callable[[float | None], list[Key]],
    load: Callable[[int], Any],
    order_by: Callable[[Document], Any] | None = None,
) -> Page:
    """One page of what `args["query"]` finds.

    `rows(since)` gives ascending keys of everything changed since a moment (None: everything); `order_by`
    sorts what is left by another value than the key's own.
    """
    wanted = parse_query(args.get("query"), readers)
    _warn(info, args, wanted.warnings)
    if wanted.ids is not None:
        keys = [(number, number) for number in sorted(set(wanted.ids))]
    else:
        keys = rows(wanted.lower_bound("updated_at"))
    if order_by is not None:
        loaded = [row for _, number in keys if (row := load(number)) is not None and wanted.accept(row)]
        keys = sorted((order_by(row), row["id"]) for row in loaded)
    return paginate(keys, load, args, accept=wanted.accept)


def _warn(info: Info, args: dict[str, Any], warnings: list[dict[str, str]]) -> None:
    if warnings:
        path = [str(step) for step in info.path.as_list()]
        info.context.searches.append({"path": path, "query": args["query"], "warnings": warnings})


def ids(table: Any) -> list[Key]:
    return [(number, number) for number in table]


def by_id(table: Any) -> Callable[[int], Any]:
    found: Callable[[int], Any] = table.get
    return found


@resolves("QueryRoot", "shop")
def shop(_source: Any, info: Info) -> Document:
    state = state_of(info)
    name = state.domain.split(".", 1)[0]
    return {
        "id": SHOP_ID,
        "name": name,
        "email": f"owner@{state.domain}",
        "contact_email": f"owner@{state.domain}",
        "myshopify_domain": state.domain,
        "currency_code": CURRENCY,
        "iana_timezone": "Etc/UTC",
        "timezone_offset": "+0000",
        "timezone_offset_minutes": 0,
        "taxes_included": False,
        "url": f"https://{state.domain}",
        "created_at": state.created_at,
        "updated_at": state.created_at,
        "primary_domain": {
            "id": 1,
            "host": state.domain,
            "url": f"https://{state.domain}",
            "ssl_enabled": True,
        },
        "plan": _plan(info.context.shop.plan),
    }


def _plan(name: str) -> Document:
    shown = {"display_name": name.title(), "public_display_name": name.title(), "partner_development": False}
    return {**shown, "shopify_plus": name in ("plus", "enterprise", "unlimited")}


@resolves("QueryRoot", "node")
def node(_source: Any, info: Info, id: str) -> Document | None:
    found = _find(info, id)
    if found is not None and found["kind"] in SCOPES:
        deny(info.context, SCOPES[found["kind"]], info.field_name)
    return found


@resolves("QueryRoot", "nodes")
def nodes(_source: Any, info: Info, ids: list[str]) -> list[Document | None]:
    return [node(None, info, number) for number in ids]


def _find(info: Info, global_id: str) -> Document | None:
    state = state_of(info)
    if not global_id.startswith("gid://shopify/"):
        raise GraphQLError(
            f"Invalid global id '{global_id}'", extensions={"code": "argumentLiteralsIncompatible"}
        )
    kind = global_id.split("/")[3]
    number = number_of(global_id, kind) or 0
    if kind == "InventoryItem":
        return item_of(state.variant_of_item.get(number))
    if kind == "Shop":
        return shop(None, info) | {"kind": "Shop"}
    tables = {"Product": state.products, "ProductVariant": state.variants, "InventoryLevel": state.levels}
    tables |= {"Order": state.orders, "Location": state.locations, "Customer": state.customers}
    tables |= {"WebhookSubscription": state.table("subscriptions"), "BulkOperation": state.table("bulk")}
    found: Document | None = tables[kind].get(number) if kind in tables else None
    return found


def item_of(variant: Document | None) -> Document | None:
    """The inventory item is the stock side of the variant's document, under its own id."""
    return None if variant is None else {**variant, "id": variant["item_id"], "kind": "InventoryItem"}


def _lookup(kind: str) -> Callable[..., Document | None]:
    def resolve(_source: Any, info: Info, id: str) -> Document | None:
        return _find(info, id) if number_of(id, kind) is not None else None

    return resolve


for _name, _type in {
    "product": "Product",
    "productVariant": "ProductVariant",
    "inventoryItem": "InventoryItem",
    "inventoryLevel": "InventoryLevel",
    "order": "Order",
    "webhookSubscription": "WebhookSubscription",
    "bulkOperation": "BulkOperation",
}.items():
    resolves("QueryRoot", _name)(_lookup(_type))


@resolves("QueryRoot", "location")
def location(_source: Any, info: Info, id: str | None = None) -> Document | None:
    return state_of(info).primary if id is None else _find(info, id)


@resolves("QueryRoot", "locations")
def locations(_source: Any, info: Info, **args: Any) -> Page:
    state = state_of(info)
    return paginate(ids(state.locations), by_id(state.locations), args)


@resolves("QueryRoot", "products")
def products(_source: Any, info: Info, **args: Any) -> Page:
    state, sort = state_of(info), args.get("sortKey") or "ID"
    readers = MOMENTS | {
        "title": lambda row: row["title"],
        "vendor": lambda row: row["vendor"],
        "product_type": lambda row: row["type"],
        "handle": lambda row: row["handle"],
        "status": lambda _row: "active",
        "default": lambda row: row["title"],
        "sku": lambda row: [(state.variants[n]["sku"] or "").lower() for n in row["variant_ids"]],
    }
    return _sorted(
        info, args, readers, "products", {"TITLE": "title", "VENDOR": "vendor", "PRODUCT_TYPE": "type"}, sort
    )


@resolves("QueryRoot", "productVariants")
def product_variants(_source: Any, info: Info, **args: Any) -> Page:
    state, sort = state_of(info), args.get("sortKey") or "ID"
    readers = MOMENTS | {
        "sku": lambda row: row["sku"],
        "barcode": lambda row: row["barcode"],
        "title": lambda row: row["title"],
        "product_id": lambda row: row["product_id"],
        "vendor": lambda row: state.products[row["product_id"]]["vendor"],
        "default": lambda row: row["sku"],
    }
    return _sorted(
        info, args, readers, "variants", {"SKU": "sku", "TITLE": "title", "POSITION": "position"}, sort
    )


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


def _sorted(
    info: Info, args: dict[str, Any], readers: dict[str, Reader], kind: str, by: dict[str, str], sort: str
) -> Page:
    """Sort by id (creation), by the last change, or by a text of the documents."""
    state = state_of(info)
    table, moved = state.table(kind), state.moved[kind]

    def rows(since: float | None) -> list[Key]:
        if sort == "UPDATED_AT":
            return moved.keys if since is None else moved.since(since)
        if since is None:
            return ids(table)
        return sorted((number, number) for _, number in moved.since(since))

    if sort not in by and sort not in ("ID", "UPDATED_AT", "CREATED_AT", "RELEVANCE", "POSITION"):
        raise GraphQLError(f"the sandbox can't sort by {sort}", extensions={"code": "NOT_SUPPORTED"})
    order_by = (lambda row: str(row[by[sort]] or "")) if sort in by else None
    return search(info, args, readers, rows=rows, load=by_id(table), order_by=order_by)


@resolves("QueryRoot", "productsCount")
def products_count(_source: Any, info: Info, **args: Any) -> Document:
    return counted(len(state_of(info).products), args)


@resolves("QueryRoot", "productVariantsCount")
def variants_count(_source: Any, info: Info, **args: Any) -> Document:
    return counted(len(state_of(info).variants), args)


def counted(count: int, args: dict[str, Any]) -> Document:
    """A Count; a `query` is refused, since only whole counts are kept."""
    if args.get("query"):
        raise GraphQLError("the sandbox counts without a query only", extensions={"code": "NOT_SUPPORTED"})
    limit = args.get("limit") or 10_000
    return {"count": min(count, limit), "precision": "EXACT" if count <= limit else "AT_LEAST"}


@resolves("Product", "variants")
def variants_of_product(source: Document, info: Info, **args: Any) -> Page:
    variants = state_of(info).variants
    return page_of_list([variants[number] for number in source["variant_ids"]], args)


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
    _warn(info, args, wanted.warnings)
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


@resolves("ProductVariant", "inventoryQuantity", "sellableOnlineQuantity")
def inventory_quantity(source: Document, info: Info) -> int:
    return sum(
        level["available"] for level in state_of(info).levels_of_item.get(source["item_id"], {}).values()
    )


@resolves("ProductVariant", "inventoryItem")
def inventory_item_of(source: Document, _info: Info) -> Document | None:
    return item_of(source)


@resolves("ProductVariant", "product")
def product_of(source: Document, info: Info) -> Document:
    return state_of(info).products[source["product_id"]]


@resolves("ProductVariant", "displayName")
def display_name(source: Document, info: Info) -> str:
    return f"{product_of(source, info)['title']} - {source['title']}"


@resolves("ProductVariant", "availableForSale")
def for_sale(source: Document, info: Info) -> bool:
    return not source["tracked"] or inventory_quantity(source, info) > 0


@resolves("ProductVariant", "selectedOptions")
def selected_options(source: Document, _info: Info) -> list[Document]:
    return [{"name": "Title", "value": source["title"]}]


@resolves("ProductVariant", "requiresComponents")
def requires_components(source: Document, _info: Info) -> bool:
    return bool(source["bundle"])


@resolves("Product", "productType")
def product_type(source: Document, _info: Info) -> str:
    return str(source["type"])


@resolves("Product", "variantsCount")
def variants_count_of(source: Document, _info: Info) -> Document:
    return counted(len(source["variant_ids"]), {})


@resolves("Product", "totalInventory")
def total_inventory(source: Document, info: Info) -> int:
    return sum(inventory_quantity(variant, info) for variant in _variants(source, info))


@resolves("Product", "hasOutOfStockVariants")
def has_out_of_stock(source: Document, info: Info) -> bool:
    return any(not for_sale(variant, info) for variant in _variants(source, info))


@resolves("Product", "tracksInventory")
def tracks_inventory(source: Document, info: Info) -> bool:
    return any(variant["tracked"] for variant in _variants(source, info))


@resolves("Product", "hasVariantsThatRequiresComponents")
def has_bundles(source: Document, info: Info) -> bool:
    return any(variant["bundle"] for variant in _variants(source, info))


@resolves("Product", "hasOnlyDefaultVariant")
def only_default(source: Document, _info: Info) -> bool:
    return len(source["variant_ids"]) == 1


@resolves("Product", "publishedAt")
def published_at(source: Document, _info: Info) -> float:
    return float(source["created_at"])


def _variants(source: Document, info: Info) -> list[Document]:
    return [state_of(info).variants[number] for number in source["variant_ids"]]


@resolves("Product", "featuredImage")
def featured_image(source: Document, _info: Info) -> Document | None:
    if not source["image"]:
        return None
    url = source["image"]
    return {"id": gid("ProductImage", source["id"]), "url": url, "src": url, "original_src": url}


@resolves("Product", "featuredMedia")
def featured_media(source: Document, info: Info) -> Document | None:
    image = featured_image(source, info)
    if image is None:
        return None
    document = {"id": source["id"], "kind": "MediaImage", "image": image, "status": "READY"}
    return {**document, "media_content_type": "IMAGE", "preview": {"image": image, "status": "READY"}}
