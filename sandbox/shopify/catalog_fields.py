"""Resolvers of products and variants."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from sandbox.core.store import Document
from sandbox.shopify.lookup import MOMENTS, Info, by_id, counted, ids, item_of, search, state_of
from sandbox.shopify.paging import Key, Page, page_of_list
from sandbox.shopify.registry import resolves
from sandbox.shopify.search import Reader
from sandbox.shopify.state import gid


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


@resolves("Product", "variants")
def variants_of_product(source: Document, info: Info, **args: Any) -> Page:
    variants = state_of(info).variants
    return page_of_list([variants[number] for number in source["variant_ids"]], args)


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
