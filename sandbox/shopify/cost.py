"""Query cost in points and the bucket that pays for it.

As shopify.dev/docs/api/usage/limits has it: scalars 0, objects 1, a mutation 10, a connection by its `first`
or `last`. What a page costs was cut by 75 % when Shopify raised its limits in 2024 (unverified), hence
DISCOUNT; the rounding is ours. Money, edges and page infos are free. One query may cost 1,000 points at most;
the bucket holds twenty seconds' worth of its restore rate.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)
from graphql.type import get_nullable_type

DISCOUNT = 4
CONNECTION_BASE = 2
MUTATION = 10
MAX_QUERY = 1000
RESTORE_RATES: dict[str, int | None] = {
    "basic": 100,
    "advanced": 200,
    "plus": 1000,
    "enterprise": 2000,
    "unlimited": None,
}
BUCKET_SECONDS = 20
FREE = frozenset({"MoneyV2", "PageInfo", "Count", "SelectedOption", "DisplayableError", "UserError"})


@dataclass
class Field:
    """A selected field that can cost. `sized`: an argument gives its length; `under`: a fragment's type."""

    key: str
    weight: int
    sized: bool
    node: FieldNode
    abstract: bool
    under: str | None
    connection: bool
    listed: bool
    children: list[Field] = field(default_factory=list)


def plan(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> list[Field]:
    """The costing fields of a validated operation."""
    root = schema.mutation_type if operation.operation.value == "mutation" else schema.query_type
    if root is None:
        raise ValueError("the schema has no such root")
    fields = _fields(schema, root.name, operation.selection_set, fragments, None)
    if operation.operation.value == "mutation":
        for selected in fields:
            selected.weight = MUTATION
    return fields


def requested(fields: list[Field], variables: Mapping[str, Any]) -> int:
    return sum(_requested(selected, variables) for selected in fields)


def actual(fields: list[Field], data: Any) -> int:
    """The cost of what was really returned; `data` is the answer's own."""
    if not isinstance(data, dict):
        return 0
    total = 0
    for selected in fields:
        value = data.get(selected.key)
        if isinstance(value, list):
            spent = sum(selected.weight + actual(selected.children, row) for row in value if row is not None)
            total += ceil(spent / DISCOUNT) if selected.sized else spent
        elif value is not None and selected.sized:
            total += ceil((CONNECTION_BASE + actual(selected.children, value)) / DISCOUNT)
        elif value is not None:
            total += selected.weight + actual(selected.children, value)
    return total


def _requested(selected: Field, variables: Mapping[str, Any]) -> int:
    inner = 0
    branches: dict[str, int] = {}
    for child in selected.children:
        cost = _requested(child, variables)
        if selected.abstract and child.under:
            branches[child.under] = branches.get(child.under, 0) + cost
        else:
            inner += cost
    inner += max(branches.values(), default=0)
    if not selected.sized:
        return selected.weight + inner
    base = 0 if selected.weight else CONNECTION_BASE
    return ceil((base + _size(selected.node, variables) * (selected.weight + inner)) / DISCOUNT)


def _size(node: FieldNode, variables: Mapping[str, Any]) -> int:
    for argument in node.arguments or ():
        if argument.name.value not in ("first", "last", "ids"):
            continue
        value = argument.value
        given = variables.get(value.name.value) if isinstance(value, VariableNode) else None
        if isinstance(given, list):
            return len(given)
        if isinstance(given, int):
            return given
        if isinstance(value, ListValueNode):
            return len(value.values)
        if isinstance(value, IntValueNode):
            return int(value.value)
    return 1


def _fields(
    schema: GraphQLSchema,
    parent: str,
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    under: str | None,
) -> list[Field]:
    found: list[Field] = []
    for node in selections.selections:
        if isinstance(node, FragmentSpreadNode):
            fragment = fragments[node.name.value]
            name = fragment.type_condition.name.value
            found += _fields(schema, name, fragment.selection_set, fragments, name)
        elif isinstance(node, InlineFragmentNode):
            name = node.type_condition.name.value if node.type_condition else parent
            found += _fields(schema, name, node.selection_set, fragments, name)
        elif isinstance(node, FieldNode) and node.selection_set and not node.name.value.startswith("__"):
            selected = _field(schema, parent, node, fragments, under)
            if selected is not None:
                found.append(selected)
    return found


def _field(
    schema: GraphQLSchema,
    parent: str,
    node: FieldNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    under: str | None,
) -> Field | None:
    parent_fields: Mapping[str, Any] = getattr(schema.type_map[parent], "fields", {})
    type_ = parent_fields[node.name.value].type
    named = get_named_type(type_)
    if is_leaf_type(named) or node.selection_set is None:
        return None
    connection = named.name.endswith("Connection")
    listed = is_list_type(get_nullable_type(type_))
    # The rows of a connection carry their own weight; the wrapper and its edges carry none.
    row_of_connection = (parent.endswith("Connection") and node.name.value == "nodes") or parent.endswith(
        "Edge"
    )
    weight = 0 if connection or named.name in FREE or named.name.endswith(("Edge", "UserError")) else 1
    return Field(
        key=node.alias.value if node.alias else node.name.value,
        weight=weight,
        sized=connection or (listed and not row_of_connection and bool(node.arguments)),
        node=node,
        abstract=is_abstract_type(named),
        under=under,
        connection=connection,
        listed=listed,
        children=_fields(schema, named.name, node.selection_set, fragments, None),
    )


class Bucket:
    """Points of one app in one shop, restored continuously. Call under the state lock."""

    def __init__(self, rate: int | None) -> None:
        self.set_rate(rate)

    def set_rate(self, rate: int | None) -> None:
        self.rate = rate
        self.maximum = float((rate or 0) * BUCKET_SECONDS)
        self._available = self.maximum
        self._at = time.monotonic()

    def available(self) -> float:
        now = time.monotonic()
        if self.rate is not None:
            self._available = min(self.maximum, self._available + (now - self._at) * self.rate)
        self._at = now
        return self._available

    def take(self, points: int) -> bool:
        """Pay the requested cost; False when the bucket can't."""
        if self.rate is None:
            return True
        if self.available() < points:
            return False
        self._available -= points
        return True

    def give_back(self, points: int) -> None:
        if self.rate is not None:
            self._available = min(self.maximum, self._available + points)

    def status(self) -> dict[str, float]:
        """`throttleStatus`; without a limit the largest plan's numbers, always full."""
        if self.rate is None:
            rate = max(rate for rate in RESTORE_RATES.values() if rate is not None)
            full = float(rate * BUCKET_SECONDS)
            return {"maximumAvailable": full, "currentlyAvailable": full, "restoreRate": float(rate)}
        available = float(int(self.available()))
        return {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": available,
            "restoreRate": float(self.rate),
        }
