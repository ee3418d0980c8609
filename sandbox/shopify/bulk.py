"""Bulk operations: a query without page sizes, run in the background, answered as a JSONL file.

Rows of nested connections follow with `__parentId`. Limits as documented: one to five connections, two deep,
none inside a list, five operations at once per shop.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, NameNode, SelectionSetNode
from graphql.language import REMOVE, Visitor, parse, print_ast, visit

from sandbox.core.store import Document
from sandbox.shopify import payloads
from sandbox.shopify.cost import Field
from sandbox.shopify.engine import Operation, pause
from sandbox.shopify.paging import MAX_PAGE, UNPAGED
from sandbox.shopify.registry import Request

if TYPE_CHECKING:
    from sandbox.shopify.shop import ShopifyShop

LOG = logging.getLogger(__name__)
AT_ONCE = 5
MAX_CONNECTIONS = 5
MAX_DEPTH = 2
RUNNING = ("CREATED", "RUNNING")
ROW_ID = "bulkRowId"
PAGE_ARGUMENTS = ("first", "last", "after", "before")


class Bulk:
    """The shop's bulk operations and the threads that run them."""

    def __init__(self, shop: ShopifyShop) -> None:
        self.shop = shop
        self.state = shop.state
        self.table = self.state.table("bulk")
        self.files = self.state.table("bulk_files")
        with self.state.store.transaction():
            for operation in self.table.values():
                if operation["status"] in RUNNING:
                    self._set(
                        operation,
                        status="FAILED",
                        error_code="INTERNAL_SERVER_ERROR",
                        completed_at=time.time(),
                    )

    def start(self, query: str, *, grouped: bool, scopes: frozenset[str]) -> Document:
        """`bulkOperationRunQuery`'s payload."""
        if sum(row["status"] in RUNNING for row in self.table.values()) >= AT_ONCE:
            return _refused("LIMIT_REACHED", "Bulk operations limit reached. Please try again later.")
        compiled = self.shop.engine.compile(query)
        if compiled.errors:
            return _refused("INVALID", f"Invalid bulk query: {compiled.errors[0]['message']}")
        operation = compiled.pick(None)
        problem = "The bulk query must be one query." if operation is None else _problem(operation)
        if problem or operation is None:
            return _refused("INVALID", problem)
        row: Document = {
            "id": self.state.next_id("bulk"),
            "kind": "BulkOperation",
            "status": "CREATED",
            "query": query,
        }
        row |= {
            "created_at": time.time(),
            "completed_at": None,
            "url": None,
            "file_size": None,
            "error_code": None,
        }
        self.table.put(row["id"], {**row, "object_count": "0", "root_object_count": "0"})
        job = threading.Thread(target=self._run, args=(row["id"], grouped, scopes), daemon=True)
        job.start()
        return {"bulk_operation": dict(self.table[row["id"]]), "user_errors": []}

    def cancel(self, number: int | None) -> Document:
        operation = self.table.get(number)
        if operation is None or operation["status"] not in RUNNING:
            error = {"field": ["id"], "message": "The bulk operation can't be canceled"}
            return {"bulk_operation": operation, "user_errors": [error]}
        self._set(operation, status="CANCELED", completed_at=time.time())
        return {"bulk_operation": operation, "user_errors": []}

    def file(self, number: int, secret: str) -> bytes | None:
        """The result of a completed operation, for whoever has its address."""
        stored = self.files.get(number)
        return stored["body"].encode() if stored and stored["secret"] == secret else None

    def _run(self, number: int, grouped: bool, scopes: frozenset[str]) -> None:
        operation = self.table[number]
        pause(self.shop.processing["bulk_ms"])
        with self.state.store.transaction():
            if operation["status"] != "CREATED":
                return
            self._set(operation, status="RUNNING")
        rows, roots, failed = self._rows(operation, scopes)
        if not grouped:
            # Without grouping the real file promises no order: the children come after all the parents here.
            rows.sort(key=lambda row: "__parentId" in row)
        with self.state.store.transaction():
            if operation["status"] != "RUNNING":
                return
            self._finish(operation, rows, roots, failed)

    def _rows(self, operation: Document, scopes: frozenset[str]) -> tuple[list[Document], int, str | None]:
        """All rows, how many are roots, and a failed run's error code. Lets go of the lock between pages."""
        compiled = self.shop.engine.compile(_paged(operation["query"])).pick(None)
        if compiled is None:
            return [], 0, "INTERNAL_SERVER_ERROR"
        rows: list[Document] = []
        roots, after = 0, None
        while True:
            with self.state.store.transaction():
                request = Request(self.shop, scopes)
                token = UNPAGED.set(True)
                try:
                    variables = {"bulkFirst": MAX_PAGE, "bulkAfter": after}
                    data, errors = self.shop.engine.execute(compiled, variables, request)
                finally:
                    UNPAGED.reset(token)
            if errors:
                code = errors[0].get("extensions", {}).get("code")
                LOG.warning("bulk operation %s: %s", operation["id"], errors[0]["message"])
                return rows, roots, "ACCESS_DENIED" if code == "ACCESS_DENIED" else "INTERNAL_SERVER_ERROR"
            root = compiled.plan[0]
            page = data[root.key]
            found = _nodes(page)
            roots += len(found)
            for node in found:
                rows += _flatten(node, root, None)
            if not page["bulkPage"]["hasNextPage"]:
                return rows, roots, None
            after = page["bulkPage"]["endCursor"]

    def _finish(self, operation: Document, rows: list[Document], roots: int, failed: str | None) -> None:
        changes: Document = {"status": "FAILED" if failed else "COMPLETED", "error_code": failed}
        changes |= {
            "completed_at": time.time(),
            "object_count": str(len(rows)),
            "root_object_count": str(roots),
        }
        if rows and not failed:
            body = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
            secret = secrets.token_urlsafe(16)
            self.files.put(operation["id"], {"body": body, "secret": secret})
            changes["url"] = f"{self.state.core.base_url}/storage/bulk/{operation['id']}/{secret}.jsonl"
            changes["file_size"] = str(len(body.encode()))
        self._set(operation, **changes)
        self.shop.webhooks.emit(
            "bulk_operations/finish", operation["id"], lambda: payloads.bulk_finish(operation)
        )

    def _set(self, operation: Document, **changes: Any) -> None:
        operation.update(changes)
        self.table.save(operation["id"])


def _problem(operation: Operation) -> str | None:
    if (
        operation.node.operation.value != "query"
        or len(operation.plan) != 1
        or not operation.plan[0].connection
    ):
        return "Bulk queries must contain exactly one top-level connection."
    if len(operation.document.definitions) > 1:
        return "The sandbox's bulk queries take no fragments."
    connections = list(_connections(operation.plan, 1, in_list=False))
    if len(connections) > MAX_CONNECTIONS:
        return f"Bulk queries cannot contain more than {MAX_CONNECTIONS} connections."
    if max(depth for depth, _ in connections) > MAX_DEPTH + 1:
        return f"Bulk queries cannot contain connections with a nesting depth greater than {MAX_DEPTH}."
    if any(in_list for _, in_list in connections):
        return "Queries that contain a connection field within a list field are not currently supported."
    return None


def _connections(fields: list[Field], depth: int, *, in_list: bool) -> Iterator[tuple[int, bool]]:
    """Every connection with its depth (the root's is 1) and whether a plain list holds it."""
    for field in fields:
        if field.connection:
            yield depth, in_list
            yield from _connections(field.children, depth + 1, in_list=False)
        else:
            row = field.node.name.value in ("nodes", "edges")
            yield from _connections(field.children, depth, in_list=in_list or (field.listed and not row))


class _Unsized(Visitor):
    """Drops the page sizes and page infos of the query, and gives every row of a connection a marker id."""

    def enter_field(self, node: FieldNode, *_args: Any) -> Any:
        return REMOVE if node.name.value in ("pageInfo", "cursor") else None

    def leave_field(self, node: FieldNode, *_args: Any) -> FieldNode:
        kept = tuple(a for a in node.arguments or () if a.name.value not in PAGE_ARGUMENTS)
        selection = node.selection_set
        if node.name.value in ("nodes", "node") and selection:
            selection = SelectionSetNode(selections=(*selection.selections, _row_id()))
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=kept,
            directives=node.directives,
            selection_set=selection,
        )


def _row_id() -> FieldNode:
    return FieldNode(name=NameNode(value="id"), alias=NameNode(value=ROW_ID), arguments=(), directives=())


def _paged(query: str) -> str:
    """The query with its root connection paged by variables and an id on every row of a connection."""
    operation: Any = visit(parse(query), _Unsized()).definitions[0]
    root: FieldNode = operation.selection_set.selections[0]
    arguments = ", ".join(
        [*(print_ast(a) for a in root.arguments or ()), "first: $bulkFirst, after: $bulkAfter"]
    )
    alias = f"{root.alias.value}: " if root.alias else ""
    rows = print_ast(root.selection_set).rstrip()[:-1] if root.selection_set else "{"
    body = f"{rows} bulkPage: pageInfo {{ hasNextPage endCursor }} }}"
    return f"query ($bulkFirst: Int, $bulkAfter: String) {{ {alias}{root.name.value}({arguments}) {body} }}"


def _nodes(page: Document) -> list[Document]:
    """The rows of a connection, selected as `nodes` or as `edges { node }`."""
    return list(page["nodes"]) if "nodes" in page else [edge["node"] for edge in page.get("edges", [])]


def _flatten(node: Document, connection: Field, parent: str | None) -> list[Document]:
    """A row, and the rows of the connections inside it."""
    own: str = node.pop(ROW_ID)
    below: list[Document] = []
    fields = _row_fields(connection)
    _pull_out(node, fields, lambda inner, field: below.extend(_flatten(inner, field, own)))
    return [node if parent is None else {**node, "__parentId": parent}, *below]


def _row_fields(connection: Field) -> list[Field]:
    for child in connection.children:
        name = child.node.name.value
        if name == "nodes":
            return child.children
        if name == "edges":
            return child.children[0].children
    return []


def _pull_out(value: Any, fields: list[Field], take: Callable[[Document, Field], None]) -> None:
    for field in fields:
        inner = value.get(field.key) if isinstance(value, dict) else None
        if field.connection:
            value.pop(field.key, None)
            for row in _nodes(inner or {}):
                take(row, field)
        elif isinstance(inner, dict):
            _pull_out(inner, field.children, take)


def _refused(code: str, message: str | None) -> Document:
    return {"bulk_operation": None, "user_errors": [{"field": ["query"], "message": message, "code": code}]}
