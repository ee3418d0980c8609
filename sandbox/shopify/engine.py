"""GraphQL over the shop: compiling cached by text, cost, throttling, execution by graphql-core."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    ListValueNode,
    OperationDefinitionNode,
    StringValueNode,
    VariableNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from graphql.language import Visitor, visit

from sandbox.core import Call
from sandbox.shopify import (
    admin_fields,
    catalog_fields,
    constants,
    cost,
    fulfillment_fields,
    order_fields,
    stock_fields,
)
from sandbox.shopify.registry import Request, bind

MODULES_OF_RESOLVERS = (
    admin_fields,
    catalog_fields,
    constants,
    fulfillment_fields,
    order_fields,
    stock_fields,
)
CACHE_SIZE = 500
MAX_INPUT = 250
STOCK_WRITES = {
    "inventorySetQuantities": "quantities",
    "inventoryAdjustQuantities": "changes",
    "inventoryActivate": "",
}
THROTTLED = "THROTTLED"
COST_DOCS = "https://shopify.dev/api/usage/rate-limits"
Json = dict[str, Any]


@dataclass
class Operation:
    """One operation of a document, ready to run."""

    document: DocumentNode
    node: OperationDefinitionNode
    plan: list[cost.Field]

    @property
    def roots(self) -> list[FieldNode]:
        return [node for node in self.node.selection_set.selections if isinstance(node, FieldNode)]


@dataclass
class Compiled:
    errors: list[Json]
    operations: dict[str | None, Operation]

    def pick(self, name: str | None) -> Operation | None:
        """The named operation, or the only one."""
        if not name:
            return next(iter(self.operations.values())) if len(self.operations) == 1 else None
        return self.operations.get(name)


class Engine:
    """Compiles and runs operations. Compiling needs no lock; running happens under the state lock."""

    def __init__(self) -> None:
        self.schema: GraphQLSchema = build_schema((Path(__file__).parent / "schema.graphql").read_text())
        bind(self.schema)
        self._cache: OrderedDict[str, Compiled] = OrderedDict()

    def compile(self, text: str) -> Compiled:
        """Parse, validate and plan, once per text."""
        found = self._cache.get(text)
        if found is None:
            found = self._cache[text] = self._compile(text)
            while len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        return found

    def _compile(self, text: str) -> Compiled:
        try:
            document = parse(text)
        except GraphQLError as error:
            return Compiled([_plain(error)], {})
        errors = validate(self.schema, document)
        if errors:
            return Compiled([_plain(error) for error in errors], {})
        sizes = _InputSizes()
        visit(document, sizes)
        if sizes.largest > MAX_INPUT:
            return Compiled([_too_big(sizes.largest, [])], {})
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        operations = {
            (node.name.value if node.name else None): Operation(
                document, node, cost.plan(self.schema, node, fragments)
            )
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        return Compiled([], operations)

    def run(self, operation: Operation, variables: Json, request: Request, bucket: cost.Bucket) -> Json:
        """Throttle, execute and account for one operation; the JSON body of the answer."""
        wanted = cost.requested(operation.plan, variables)
        if wanted > cost.MAX_QUERY:
            return {"errors": [_max_cost(wanted)]}
        if not bucket.take(wanted):
            error = {"message": "Throttled", "extensions": {"code": THROTTLED, "documentation": COST_DOCS}}
            return {"errors": [error], "extensions": {"cost": _cost(wanted, None, bucket)}}
        data, errors = self.execute(operation, variables, request)
        spent = min(cost.actual(operation.plan, data), wanted)
        bucket.give_back(wanted - spent)
        answer: Json = {"data": data, "extensions": {"cost": _cost(wanted, spent, bucket)}}
        if request.searches:
            answer["extensions"]["search"] = request.searches
        if errors:
            answer["errors"] = errors
        return answer

    def execute(self, operation: Operation, variables: Json, request: Request) -> tuple[Any, list[Json]]:
        """Run without accounting; data and formatted errors."""
        result = execute_sync(
            self.schema,
            operation.document,
            context_value=request,
            variable_values=variables,
            operation_name=operation.node.name.value if operation.node.name else None,
        )
        return result.data, [dict(error.formatted) for error in result.errors or []]


def idempotency_keys(operation: Operation, variables: Json) -> set[str]:
    """The keys that the operation's root fields carry."""
    keys = set()
    for root in operation.roots:
        for directive in root.directives or ():
            key = _key(directive, variables)
            if key:
                keys.add(key)
    return keys


def describe(call: Call, operation: Operation, variables: Json) -> None:
    """Name the call by its first root field, and count the quantities that a stock write names."""
    call.endpoint = operation.roots[0].name.value if operation.roots else call.endpoint
    for root in operation.roots:
        rows = STOCK_WRITES.get(root.name.value)
        if rows is not None:
            call.write = True
            call.items += _count(root, rows, variables) if rows else 1


def oversized(value: Any, path: list[str]) -> Json | None:
    """The error for the first array in the variables that is longer than 250."""
    for where, size in _sizes(value, path):
        if size > MAX_INPUT:
            return _too_big(size, where)
    return None


def _sizes(value: Any, path: list[str]) -> Iterator[tuple[list[str], int]]:
    if isinstance(value, list):
        yield path, len(value)
        for row in value[:MAX_INPUT]:
            yield from _sizes(row, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _sizes(inner, [*path, name])


class _InputSizes(Visitor):
    """Finds the longest array literal of a document."""

    largest = 0

    def enter_list_value(self, node: ListValueNode, *_args: Any) -> None:
        self.largest = max(self.largest, len(node.values))


def _key(directive: DirectiveNode, variables: Json) -> str | None:
    if directive.name.value != "idempotent":
        return None
    for argument in directive.arguments or ():
        if isinstance(argument.value, VariableNode):
            return str(variables.get(argument.value.name.value))
        if isinstance(argument.value, StringValueNode):
            return argument.value.value
    return None


def _count(root: FieldNode, rows: str, variables: Json) -> int:
    for argument in root.arguments or ():
        if isinstance(argument.value, VariableNode):
            given = variables.get(argument.value.name.value)
            return len(given.get(rows) or []) if isinstance(given, dict) else 0
        for field in getattr(argument.value, "fields", ()):
            if field.name.value == rows and isinstance(field.value, VariableNode):
                return len(variables.get(field.value.name.value) or [])
            if field.name.value == rows and isinstance(field.value, ListValueNode):
                return len(field.value.values)
    return 0


def _plain(error: GraphQLError) -> Json:
    return json.loads(json.dumps(error.formatted))  # type: ignore[no-any-return]  # a JSON object, as formatted is


def _too_big(size: int, path: list[str]) -> Json:
    message = f"The input array size of {size} is greater than the maximum allowed of {MAX_INPUT}."
    return {"message": message, "path": path, "extensions": {"code": "MAX_INPUT_SIZE_EXCEEDED"}}


def _max_cost(wanted: int) -> Json:
    message = f"Query cost is {wanted}, which exceeds the single query max cost limit ({cost.MAX_QUERY})."
    extensions = {
        "code": "MAX_COST_EXCEEDED",
        "cost": wanted,
        "maxCost": cost.MAX_QUERY,
        "documentation": COST_DOCS,
    }
    return {"message": message, "extensions": extensions}


def is_throttled(answer: Json) -> bool:
    """Whether it says that the caller's budget did not suffice."""
    errors = answer.get("errors", [])
    return any(error.get("extensions", {}).get("code") == THROTTLED for error in errors)


def _cost(wanted: int, spent: int | None, bucket: cost.Bucket) -> Json:
    return {"requestedQueryCost": wanted, "actualQueryCost": spent, "throttleStatus": bucket.status()}


def pause(milliseconds: float) -> None:
    """Let a slow shop be slow, outside the state lock."""
    if milliseconds:
        time.sleep(milliseconds / 1000)
