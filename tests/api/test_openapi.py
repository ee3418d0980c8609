"""The OpenAPI document is what a client author needs: complete, typed, and true of every answer."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from marshmallow import fields

from app.extensions import api
from tests.api.conftest import Caller
from tests.api.documented import Document

Schema = dict[str, Any]
FREE_FORM = {"body": "of a webhook, as the shop sent it"}


def operations(openapi: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation with those of its parameters that its path has for all."""
    for path, methods in openapi.content["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                named = openapi.content["components"]["parameters"]
                parameters = [
                    named[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
                    for each in methods.get("parameters", []) + operation.get("parameters", [])
                ]
                yield f"{method.upper()} {path}", {**operation, "parameters": parameters}


def schemas_in(part: Any) -> Iterator[Schema]:
    """All schemas with properties, wherever they stand."""
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            yield part
        for inner in part.values():
            yield from schemas_in(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from schemas_in(inner)


def test_operations_have_names_of_their_own_a_summary_and_a_described_tag(openapi: Document) -> None:
    names = Counter(operation["operationId"] for _, operation in operations(openapi))
    assert [name for name, times in names.items() if times > 1] == []
    described = {tag["name"] for tag in openapi.content["tags"] if tag.get("description")}
    for asked, operation in operations(openapi):
        assert operation["summary"], asked
        assert operation["tags"], asked
        assert set(operation["tags"]) <= described, asked


def test_parameters_are_typed_and_described_and_never_null(openapi: Document) -> None:
    for asked, operation in operations(openapi):
        for parameter in operation["parameters"]:
            name = parameter.get("name", parameter)
            assert parameter.get("description"), (asked, name)
            assert isinstance(parameter["schema"].get("type"), str), (asked, name)
            assert parameter["schema"].get("default", "") is not None, (asked, name)


def test_ids_in_paths_and_bodies_have_64_bits(openapi: Document) -> None:
    for asked, operation in operations(openapi):
        for parameter in operation["parameters"]:
            if parameter["in"] == "path" and parameter["schema"]["type"] == "integer":
                assert parameter["schema"]["format"] == "int64", (asked, parameter["name"])
    assert openapi.content["components"]["schemas"]["AdjustmentInput"]["properties"]["variant_id"] == {
        "type": "integer",
        "format": "int64",
    }


def test_bodies_take_nothing_else_and_answers_lack_nothing(openapi: Document) -> None:
    components = openapi.content["components"]["schemas"]
    for name, schema in components.items():
        if name.endswith("Input"):
            assert schema["additionalProperties"] is False, name
        else:
            assert "additionalProperties" not in schema, name
            assert schema["required"] or name == "WidgetOptions", name
    assert set(components["Stock"]["required"]) == set(components["Stock"]["properties"])
    assert set(components["Problem"]["properties"]) - set(components["Problem"]["required"]) == {
        "said",
        "errors",
        "errors_said",
    }


def test_whole_numbers_of_bodies_are_taken_from_nothing_else() -> None:
    """marshmallow makes 1 of 1.9, of "1" and of true unless it is told not to."""
    loose = [
        f"{schema.__name__}.{name}"
        for schema, *_ in api.ma_plugin.converter.refs
        for name, field in schema().fields.items()
        for number in (field, getattr(field, "inner", None), getattr(field, "value_field", None))
        if isinstance(number, fields.Integer) and not number.strict
    ]
    assert loose == []


def test_a_schema_of_both_ways_is_two(openapi: Document) -> None:
    """A component's SKU is told, not taken."""
    components = openapi.content["components"]["schemas"]
    assert set(components["Component"]["required"]) == {"variant_id", "quantity", "sku", "title"}
    assert set(components["ComponentInput"]["properties"]) == {"variant_id", "quantity"}


def test_every_component_is_used_and_every_reference_leads_somewhere(openapi: Document) -> None:
    named = set(re.findall(r"'#/components/schemas/(\w+)'", str(openapi.content)))
    assert named == set(openapi.content["components"]["schemas"])


def test_types_of_every_field_are_known(openapi: Document) -> None:
    for schema in schemas_in(openapi.content):
        for name, shown in schema["properties"].items():
            assert {"type", "$ref", "anyOf"} & set(shown) or name in FREE_FORM, (name, shown)


@pytest.mark.parametrize(
    "change",
    [
        lambda me: me.pop("role"),
        lambda me: me.update(role="king"),
        lambda me: me.update(user_id="7"),
        lambda me: me.update(email=None),
    ],
)
def test_an_answer_that_is_not_as_documented_is_noticed(merchant: Caller, change: Any) -> None:
    """By the check that all other tests' answers go through."""
    answer = merchant.call("GET", "/me")
    content = answer.json()
    change(content)
    false = requests.Response()
    false.status_code, false.request, false.headers = answer.status_code, answer.request, answer.headers
    false._content = json.dumps(content).encode()
    with pytest.raises(AssertionError, match="not as documented"):
        merchant.openapi.check(false)
