"""Every GraphQL document that is sent fits the vendor's schema and its price."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_client_schema, parse, validate
from graphql.validation import NoDeprecatedCustomRule

from app.platforms.shopify import documents
from app.platforms.shopify.cost import estimate
from app.platforms.shopify.documents import ALL_DOCUMENTS, Document

SCHEMA = Path(__file__).parents[3].parent / "shared/specs/shopify" / f"admin_{documents.API_VERSION}.json.gz"
ITEM = "gid://shopify/X/1"


@pytest.fixture(scope="module")
def official() -> GraphQLSchema:
    if not SCHEMA.exists():
        pytest.skip(f"the vendor's schema is not beside this folder: {SCHEMA.name}")
    answer = json.loads(gzip.decompress(SCHEMA.read_bytes()))
    # Shopify's own schema breaks a rule of GraphQL's; queries are checked against it all the same.
    return build_client_schema(answer.get("data", answer), assume_valid=True)


@pytest.mark.parametrize("document", ALL_DOCUMENTS, ids=lambda d: d.name)
def test_fits_the_official_schema(official: GraphQLSchema, document: Document) -> None:
    assert validate(official, parse(document.text)) == []


@pytest.mark.parametrize("query", [documents.BULK_CATALOG, documents.BULK_LEVELS % ITEM])
def test_bulk_queries_fit_the_official_schema(official: GraphQLSchema, query: str) -> None:
    assert validate(official, parse(query)) == []


@pytest.mark.parametrize("document", ALL_DOCUMENTS, ids=lambda d: d.name)
def test_uses_nothing_deprecated(official: GraphQLSchema, document: Document) -> None:
    assert validate(official, parse(document.text), [NoDeprecatedCustomRule]) == []


def test_the_operation_has_the_documents_name() -> None:
    for document in ALL_DOCUMENTS:
        definition: Any = parse(document.text).definitions[0]
        assert definition.name.value == document.name


def test_every_document_has_a_name_of_its_own() -> None:
    assert len({document.name for document in ALL_DOCUMENTS}) == len(ALL_DOCUMENTS) >= 20


def ids(count: int) -> list[str]:
    return [ITEM] * count


DEAREST: list[tuple[Document, Mapping[str, Any]]] = [
    (documents.CATALOG, {"first": documents.CATALOG_PAGE, "variants": documents.VARIANTS_PER_PRODUCT}),
    (documents.PRODUCTS, {"ids": ids(documents.CATALOG_PAGE), "variants": documents.VARIANTS_PER_PRODUCT}),
    (documents.VARIANTS, {"first": documents.VARIANT_PAGE}),
    (documents.LEVELS, {"first": documents.LEVEL_PAGE}),
    (documents.ITEM_LEVELS, {"ids": ids(documents.IDS_PER_CALL)}),
    (documents.ORDER_LINES, {"first": documents.LINE_PAGE}),
    (documents.MOVEMENT_LISTS, {"first": documents.MOVEMENT_LIST}),
    (documents.FULFILLMENT_LINES, {"first": documents.MOVED_LINE_PAGE}),
    (documents.REFUND_LINES, {"first": documents.MOVED_LINE_PAGE}),
    (documents.ORDER_STAMPS, {"first": documents.STAMP_PAGE}),
    (documents.SHIPPED, {"first": documents.SHIPPED_LIST}),
    (documents.TRACKINGS, {"ids": ids(documents.TRACKINGS_PER_CALL)}),
    (documents.FULFILLMENT_ORDERS, {"first": documents.FULFILLMENT_ORDER_PAGE}),
    (documents.FULFILLMENT_ORDER_LINES, {"first": documents.LINE_PAGE}),
    (documents.SUBSCRIPTIONS, {"first": documents.SUBSCRIPTION_PAGE}),
    (documents.LOCATIONS, {}),
    (documents.PLACES, {"first": documents.PLACE_PAGE, "lines": documents.PLACE_LINES_SHOWN}),
    (documents.READ_PRICES, {"ids": ids(documents.IDS_PER_CALL)}),
    (documents.WRITE_PRICES, {}),
]
DEAREST += [
    (
        documents.ORDERS,
        {
            "ids": ids(n),
            "lines": documents.lines_with_orders(n),
            "movements": documents.SHOWN_MOVEMENTS,
            "places": documents.SHOWN_PLACES,
        },
    )
    for n in range(1, documents.ORDERS_PER_CALL + 1)
]
DEAREST += [
    (
        documents.MOVEMENTS,
        {
            "ids": ids(n),
            "fulfillments": fulfillments,
            "refunds": refunds,
            "lines": documents.moved_lines(n, fulfillments + refunds),
        },
    )
    for n in range(1, documents.MOVED_ORDERS_PER_CALL + 1)
    for fulfillments, refunds in ((1, 1), (3, 2), (1, 40))
    if documents.moved_lines(n, fulfillments + refunds) >= documents.FEWEST_MOVED_LINES
]


@pytest.mark.parametrize(("document", "variables"), DEAREST, ids=lambda v: getattr(v, "name", ""))
def test_never_asks_for_more_points_than_one_query_may(
    document: Document, variables: Mapping[str, Any]
) -> None:
    assert 0 < estimate(document.text, variables) <= documents.MOST_POINTS


def test_page_sizes_stay_within_shopifys_bounds() -> None:
    assert documents.IDS_PER_CALL <= 250
    for document, variables in DEAREST:
        assert int(variables.get("first", 1)) <= 250, document.name


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ shop { id } }", 1),
        ("{ shop { id plan { displayName } } }", 2),
        ("{ orders(first: 10) { pageInfo { hasNextPage } nodes { id } } }", 13),
        ("{ orders(first: 2) { pageInfo { hasNextPage } nodes { id customer { id } } } }", 7),
        ("mutation { x(id: 1) { userErrors { message } } }", 12),
        ("{ node(id: 1) { ... on A { b { c } } ... on D { e { f { g } } } } }", 3),
    ],
)
def test_the_estimate_follows_the_vendors_rules(text: str, points: int) -> None:
    assert estimate(text, {}) == points
