"""What fits an operation of the API, by its document: made for every route, also those that are new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.routing import Rule

from app.extensions import api

WORDS = {
    "currency": "EUR",
    "until": "2026-01-02T00:00:00Z",
    "factor": "1.10",
    "email": "somebody@example.com",
    "url": "http://127.0.0.1:9/",
    "tracking_url": "https://example.com",
}
"""Of fields for which the document does not say all that they have to be."""

Spot = tuple[str | int, ...]
"""Where something stands in a body: names of fields, and positions in lists."""


def operation(rule: Rule, method: str) -> dict[str, Any]:
    """What the document says of it; nothing for a route that it does not know."""
    path = "".join(f"{{{part}}}" if is_name else part for is_name, part in rule._trace).removeprefix("|")
    found: dict[str, Any] = _document()["paths"].get(path, {}).get(method.lower(), {})
    return found


def query_of(rule: Rule, method: str) -> set[str]:
    """The names of the parameters of its query."""
    parameters = operation(rule, method).get("parameters", [])
    return {parameter["name"] for parameter in parameters if parameter.get("in") == "query"}


def body_of(rule: Rule, method: str, ids: Mapping[str, int]) -> Any:
    """A JSON body that fits, with these ids wherever there are ids; an empty one if it takes none."""
    schema = _schema_of(rule, method)
    return {} if schema is None else _example(schema, ids, "", (), [])


def spots_of(rule: Rule, method: str, ids: Mapping[str, int]) -> list[tuple[Spot, str]]:
    """Where `body_of` puts which id."""
    schema, spots = _schema_of(rule, method), []  # type: tuple[Any, list[tuple[Spot, str]]]
    if schema is not None:
        _example(schema, ids, "", (), spots)
    return spots


def put(body: Any, spot: Spot, value: int) -> None:
    """Replace what stands there."""
    for part in spot[:-1]:
        body = body[part]
    body[spot[-1]] = value


def _schema_of(rule: Rule, method: str) -> dict[str, Any] | None:
    content = operation(rule, method).get("requestBody", {}).get("content", {})
    schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return schema


def _document() -> dict[str, Any]:
    document: dict[str, Any] = api.spec.to_dict()
    return document


def _example(
    schema: dict[str, Any], ids: Mapping[str, int], name: str, spot: Spot, spots: list[tuple[Spot, str]]
) -> Any:
    if "$ref" in schema:
        component = _document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return _example(component, ids, name, spot, spots)
    for either in ("allOf", "anyOf", "oneOf"):
        if either in schema:
            return _example(schema[either][0], ids, name, spot, spots)
    if name in WORDS and schema.get("type") != "integer":
        return WORDS[name]
    if "enum" in schema:
        return schema["enum"][0]
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        return {
            key: _example(value, ids, key, (*spot, key), spots)
            for key, value in schema.get("properties", {}).items()
            if not value.get("readOnly")
        }
    if kind == "array":
        return [_example(schema.get("items", {}), ids, name.removesuffix("s"), (*spot, 0), spots)]
    if kind in ("integer", "number"):
        known = _id_named(name, spot)
        if known in ids:
            spots.append((spot, known))
        return ids.get(known, max(schema.get("minimum", 1), 1))
    if kind == "boolean":
        return True
    if schema.get("format") == "date-time":
        return "2026-01-01T00:00:00Z"
    if schema.get("format") == "date":
        return "2026-01-01"
    return "x" * max(schema.get("minLength", 1), 1)


def _id_named(name: str, spot: Spot) -> str:
    """As whose id a field is known: `id` in a list of things is one of theirs."""
    if name == "id" and len(spot) > 2:
        return f"{str(spot[-3]).removesuffix('s')}_id"
    return {
        "bundle_id": "variant_id",
        "component_id": "variant_id",
        "from_location_id": "location_id",
    }.get(name, name)
