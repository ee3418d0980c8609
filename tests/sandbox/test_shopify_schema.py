"""The stand-in's schema is a subset of the official one, and every field of it can be read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    build_client_schema,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_specified_directive,
)

from tests.sandbox.shopify_client import ShopifyClient, gid, new_sku, running
from tests.sandbox.support import ROOT, ShopProcess

OFFICIAL = ROOT.parent / "shared" / "specs" / "shopify" / "admin_2026-10.json.gz"
SDL = ROOT / "sandbox" / "shopify" / "schema.graphql"


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    return build_schema(SDL.read_text())


@pytest.fixture(scope="module")
def official() -> GraphQLSchema:
    if not OFFICIAL.exists():
        pytest.skip("the official schema lies beside the checkout, in ../shared/specs")
    raw = json.loads(gzip.decompress(OFFICIAL.read_bytes()))
    return build_client_schema(raw.get("data", raw), assume_valid=True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    with running(tmp_path_factory.mktemp("shopify")) as shop:
        yield shop


def differences(ours: GraphQLSchema, official: GraphQLSchema) -> list[str]:
    found: list[str] = []
    for name, mine in ours.type_map.items():
        theirs = official.type_map.get(name)
        if theirs is None or type(theirs) is not type(mine):
            found.append(f"{name}: not an official type")
        elif not name.startswith("__"):
            found += [f"{name}{problem}" for problem in _type_differences(mine, theirs)]
    for directive in ours.directives:
        if is_specified_directive(directive):
            continue
        other = official.get_directive(directive.name)
        if other is None or set(directive.locations) - set(other.locations):
            found.append(f"@{directive.name}: not an official directive")
        elif _arguments(directive) != _arguments(other):
            found.append(f"@{directive.name}: other arguments")
    return found


def _type_differences(mine: Any, theirs: Any) -> Iterator[str]:
    if isinstance(mine, GraphQLEnumType):
        yield from (f".{value}: unknown value" for value in set(mine.values) - set(theirs.values))
    elif isinstance(mine, GraphQLUnionType):
        if {t.name for t in mine.types} - {t.name for t in theirs.types}:
            yield ": other members"
    elif isinstance(mine, (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)):
        if not isinstance(mine, GraphQLInputObjectType):
            extra = {i.name for i in mine.interfaces} - {i.name for i in theirs.interfaces}
            yield from (f": {name} isn't an interface of it" for name in extra)
        for name, field in mine.fields.items():
            other = theirs.fields.get(name)
            if other is None:
                yield f".{name}: unknown field"
            elif str(field.type) != str(other.type):
                yield f".{name}: {field.type} instead of {other.type}"
            elif isinstance(field, GraphQLField):
                yield from (f".{name}{problem}" for problem in _argument_differences(field, other))
            elif _default(field) != _default(other):
                yield f".{name}: another default"


def _argument_differences(mine: Any, theirs: Any) -> Iterator[str]:
    known = _arguments(theirs)
    for name, shape in _arguments(mine).items():
        if known.get(name) != shape:
            yield f"({name}): {shape} instead of {known.get(name)}"
    for name, shape in known.items():
        if shape[0].endswith("!") and shape[1] is None and name not in mine.args:
            yield f"({name}): a required argument is missing"


def _arguments(owner: Any) -> dict[str, tuple[str, Any]]:
    return {name: (str(argument.type), _default(argument)) for name, argument in owner.args.items()}


def _default(owner: Any) -> Any:
    return None if owner.default_value is Undefined else repr(owner.default_value)


def test_every_type_field_argument_and_nullability_is_official(
    ours: GraphQLSchema, official: GraphQLSchema
) -> None:
    assert differences(ours, official) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("changeFromQuantity: Int", "changeFromQuantity: Int!"),
        ("shop: Shop!", "shop: Shop"),
        ("inventoryItem(id: ID!)", "inventoryItem(id: ID)"),
        (
            "type Location implements LegacyInteroperability & Node {",
            "type Location implements Node { colour: Int",
        ),
        ("@idempotent(key: String!) on FIELD", "@idempotent(key: String) on FIELD"),
        ("enum ProductStatus {", "enum ProductStatus { LOST"),
    ],
)
def test_a_departure_from_the_official_schema_is_noticed(
    official: GraphQLSchema, right: str, wrong: str
) -> None:
    text = SDL.read_text()
    assert right in text
    assert differences(build_schema(text.replace(right, wrong)), official) != []


def selection(schema: GraphQLSchema, type_: Any, depth: int) -> str:
    """All fields of a type that need no invented arguments, a few levels down."""
    named = get_named_type(type_)
    if is_leaf_type(named):
        return ""
    if is_abstract_type(named):
        return "{ __typename }"
    parts = []
    for name, field in named.fields.items():
        inner = get_named_type(field.type)
        if is_leaf_type(inner) and not any(str(a.type).endswith("!") for a in field.args.values()):
            parts.append(name)
        elif name == "quantities":
            parts.append('quantities(names: ["available", "on_hand", "incoming"]) { name quantity }')
        elif depth and not any(str(a.type).endswith("!") for a in field.args.values()):
            size = "(first: 2)" if "first" in field.args else ""
            below = selection(schema, inner, depth - (not inner.name.endswith(("Connection", "Edge"))))
            parts.append(f"{name}{size} {below}")
    return "{ " + " ".join(parts) + " }"


@pytest.fixture(scope="module")
def busy_order(shop: ShopProcess) -> int:
    """An order with everything on it: shipped, returned, cut, edited, with a customer."""
    first, second = new_sku(), new_sku()
    shop.add(
        {"sku": first, "cost": "4.00"},
        {"sku": second},
        image="http://127.0.0.1:9/mug.png",
        vendor="V",
        type="T",
    )
    buyer = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"}
    order = shop.order((first, 4), (second, 3), customer=buyer)
    shop.do(f"orders/{order}/edit", {"lines": [{"sku": second, "quantity": 2}]})
    shop.do(f"orders/{order}/fulfill", {"lines": [{"sku": first, "quantity": 2}]})
    shop.do(f"orders/{order}/refund", {"lines": [{"sku": first, "quantity": 3}]})
    return order


@pytest.mark.parametrize(
    "root",
    [
        "shop",
        "order(id: $order)",
        "orders(first: 2)",
        "products(first: 2)",
        "productVariants(first: 2)",
        "inventoryItems(first: 2)",
        "locations(first: 2)",
        "currentAppInstallation",
        "webhookSubscriptions(first: 2)",
        "bulkOperations(first: 2)",
        "ordersCount",
        "productsCount",
        "productVariantsCount",
    ],
)
def test_every_field_of_a_type_can_be_read(
    shop: ShopProcess, ours: GraphQLSchema, busy_order: int, root: str
) -> None:
    client = ShopifyClient(shop)
    client.subscribe("ORDERS_CREATE", f"https://example.com/{root.split('(')[0]}")
    query_type = ours.query_type
    assert query_type is not None
    fields = selection(ours, query_type.fields[root.split("(")[0]].type, 1)
    head = "query($order: ID!)" if "$order" in root else ""
    answer = client.run(f"{head} {{ {root} {fields} }}", order=gid("Order", busy_order))
    assert "errors" not in answer, answer["errors"]
