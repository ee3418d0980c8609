"""What bodies and answers look like in the OpenAPI document. A schema that is both becomes two components.

A body `Thing` is called `ThingInput` there: it asks for the fields that are required, takes no others, and
has nothing that only answers have. An answer has all of its fields, so that a client need not ask of each
whether it is there; `metadata=SOMETIMES` marks one that may be left out. More fields may come to answers.
"""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import get_unique_schema_name, make_schema_key, resolve_schema_instance
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from apispec.ext.marshmallow.schema_resolver import SchemaResolver
from marshmallow import Schema, fields

from app.api.schemas.base import SOMETIMES

LARGE_NUMBERS = ("id", "ids", "minor")
"""Whole numbers whose names end so take 64 bits: ids, and money in the smallest unit."""

FILTERS = {
    "connection_id": "Of this shop only.",
    "product_id": "Of this product only.",
    "variant_id": "Of this variant only.",
    "location_id": "Of this location only.",
    "state": "In this state only.",
    "kind": "Of this kind only.",
    "lane": "Of this kind only: hints are of numbers and products.",
    "linked": "Whether it is known which variant they are.",
    "cell_state": "Whose number at the shop is in this state.",
    "has_listings": "Whether any shop sells them.",
    "is_bundle": "Whether they are made of others.",
    "archived": "Whether those out of use are listed.",
    "file_name": "As people will look for it.",
    "outcome": "With this outcome only.",
    "since": "Then or later.",
    "until": "Before then.",
}
"""What parameters of lists mean where their schema does not say."""


class Converter(OpenAPIConverter):
    """From schemas to components, each under its class's name and `suffix`."""

    suffix = ""

    def resolve_nested_schema(self, schema: Any) -> Any:
        instance = resolve_schema_instance(schema)
        key = make_schema_key(instance)
        if key not in self.refs:
            name = type(instance).__name__.removesuffix("Schema") + self.suffix
            self.refs[key] = get_unique_schema_name(self.spec.components, name)
            self.spec.components.schema(self.refs[key], self.schema2jsonschema(instance))
        return self.get_ref_dict(instance)  # type: ignore[no-untyped-call]  # as in all of apispec

    def schema2jsonschema(self, schema: Schema) -> dict[str, Any]:
        shown: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]
        if words := vars(type(schema)).get("__doc__"):
            shown["description"] = " ".join(words.split())
        return shown

    def field2type_and_format(self, field: fields.Field[Any], **options: Any) -> dict[str, Any]:
        shown = super().field2type_and_format(field, **options)
        if isinstance(field, fields.Integer) and (field.name or "").rpartition("_")[2] in LARGE_NUMBERS:
            shown["format"] = "int64"
        return shown

    def field2read_only(self, field: fields.Field[Any], **options: Any) -> dict[str, Any]:
        return {}  # it is in answers only

    def field2write_only(self, field: fields.Field[Any], **options: Any) -> dict[str, Any]:
        return {}  # it is in bodies only


class BodyConverter(Converter):
    """For bodies, and for parameters."""

    suffix = "Input"

    def fields2jsonschema(self, members: dict[str, Any], *, partial: Any = None) -> dict[str, Any]:
        taken = {name: field for name, field in members.items() if not field.dump_only}
        shown: dict[str, Any] = super().fields2jsonschema(taken, partial=partial)  # type: ignore[no-untyped-call]
        return shown

    def _field2parameter(self, field: fields.Field[Any], *, name: str, location: str) -> dict[str, Any]:
        """A parameter is given or not: there is no null in a query."""
        parameter = super()._field2parameter(field, name=name, location=location)
        if name in FILTERS:
            parameter.setdefault("description", FILTERS[name])
        shown = parameter["schema"]
        if shown.get("default", ...) is None:
            del shown["default"]
        if isinstance(shown.get("type"), list):
            [shown["type"]] = [kind for kind in shown["type"] if kind != "null"]
        if "enum" in shown:
            shown["enum"] = [value for value in shown["enum"] if value is not None]
        return parameter


class AnswerConverter(Converter):
    """For answers."""

    def schema2jsonschema(self, schema: Schema) -> dict[str, Any]:
        shown = super().schema2jsonschema(schema)
        shown.pop("additionalProperties", None)
        return shown

    def fields2jsonschema(self, members: dict[str, Any], *, partial: Any = None) -> dict[str, Any]:
        given = {field.data_key or name: field for name, field in members.items() if not field.load_only}
        shown: dict[str, Any] = super().fields2jsonschema(given)  # type: ignore[no-untyped-call]
        shown["required"] = sorted(name for name, field in given.items() if not _may_miss(field))
        return shown

    def field2default(self, field: fields.Field[Any], **options: Any) -> dict[str, Any]:
        return {}  # of a body's


class Resolver(SchemaResolver):
    """Sends what an operation answers one way, and what it takes the other."""

    def __init__(self, openapi_version: Any, converter: Any, answers: SchemaResolver) -> None:
        super().__init__(openapi_version, converter)  # type: ignore[no-untyped-call]
        self._answers = answers

    def resolve_response(self, response: Any) -> None:
        self._answers.resolve_response(response)  # type: ignore[no-untyped-call]


class BothWays(MarshmallowPlugin):
    """apispec's plugin, with a converter for bodies and one for answers."""

    Converter = BodyConverter

    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        answers = AnswerConverter(spec.openapi_version, self.schema_name_resolver, spec)
        resolver = SchemaResolver(spec.openapi_version, answers)  # type: ignore[no-untyped-call]
        self.resolver = Resolver(spec.openapi_version, self.converter, resolver)

    def header_helper(self, header: dict[str, Any], **options: Any) -> dict[str, Any]:
        """flask-smorest prepares one for its own pagination, which nothing here uses."""
        return header


def _may_miss(field: fields.Field[Any]) -> bool:
    return SOMETIMES.items() <= field.metadata.items()
