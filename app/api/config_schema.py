"""A platform's connect form as JSON schema, from which a front end builds it."""

from __future__ import annotations

from typing import Any

from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema

_converter = OpenAPIConverter("3.1.0", schema_name_resolver=lambda _schema: None, spec=None)  # type: ignore[arg-type]  # no references are made


def json_schema(schema: Schema) -> dict[str, Any]:
    """Labels become titles, secrets are write-only passwords."""
    document: dict[str, Any] = _converter.schema2jsonschema(schema)  # type: ignore[no-untyped-call]
    for name, field in schema.fields.items():
        shown = document["properties"][field.data_key or name]
        if label := field.metadata.get("label"):
            shown["title"] = label
        if placeholder := field.metadata.get("placeholder"):
            shown["examples"] = [placeholder]
        if field.metadata.get("secret"):
            shown["writeOnly"] = True
            shown["format"] = "password"
    return document
