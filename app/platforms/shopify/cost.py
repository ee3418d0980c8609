"""What a GraphQL call will cost in Shopify's points, estimated before it is sent.

The vendor's rules (shopify.dev, "Calculated query cost"): scalars 0, an object 1, a mutation 10, a
connection 2 plus what its page holds, a union the dearest of its cases. Where they leave room (lists,
pageInfo) this counts high, so that a call is never sent before the shared budget can pay it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    parse,
)

MUTATION_POINTS = 10
CONNECTION_POINTS = 2


def estimate(text: str, variables: Mapping[str, Any]) -> int:
    """Cost points that Shopify may ask for the document's one operation."""
    document = _parsed(text)
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    points = _selected(operation.selection_set, variables, fragments)
    return points + (MUTATION_POINTS if operation.operation is OperationType.MUTATION else 0)


@lru_cache(maxsize=128)
def _parsed(text: str) -> DocumentNode:
    return parse(text, no_location=True)


def _selected(
    selections: SelectionSetNode | None,
    variables: Mapping[str, Any],
    fragments: Mapping[str, FragmentDefinitionNode],
) -> int:
    points, dearest_case = 0, 0
    for selection in selections.selections if selections else ():
        if isinstance(selection, FieldNode):
            points += _field(selection, variables, fragments)
        elif isinstance(selection, FragmentSpreadNode):
            points += _selected(fragments[selection.name.value].selection_set, variables, fragments)
        elif isinstance(selection, InlineFragmentNode):
            dearest_case = max(dearest_case, _selected(selection.selection_set, variables, fragments))
    return points + dearest_case


def _field(
    field: FieldNode, variables: Mapping[str, Any], fragments: Mapping[str, FragmentDefinitionNode]
) -> int:
    if field.selection_set is None:
        return 0
    inside = _selected(field.selection_set, variables, fragments)
    arguments = {argument.name.value: argument.value for argument in field.arguments or ()}
    if "first" in arguments:
        size = _number(arguments["first"], variables)
        names = {s.name.value for s in field.selection_set.selections if isinstance(s, FieldNode)}
        # `inside` holds pageInfo once and one node of the page: `nodes` counts as that node.
        return size * (1 + inside) if "nodes" not in names else CONNECTION_POINTS + 1 + size * (inside - 1)
    if "ids" in arguments:
        ids = arguments["ids"]
        return (len(variables[ids.name.value]) if isinstance(ids, VariableNode) else 1) * (1 + inside)
    return 1 + inside


def _number(value: object, variables: Mapping[str, Any]) -> int:
    if isinstance(value, VariableNode):
        return int(variables[value.name.value])
    return int(value.value) if isinstance(value, IntValueNode) else 1
