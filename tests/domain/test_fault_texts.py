"""Texts of faults are known again, with what they speak of."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields, validate

from app.domain import fault_texts
from app.domain.fault_texts import FAULTS, said_of

APP = Path(fault_texts.__file__).parent.parent
GAP = re.compile(r"{[^}]*}")
OF_THE_LIBRARY = [
    (fields.String(required=True), None, "field_missing"),
    (fields.String(), {"x": None}, "field_null"),
    (fields.String(), {"y": 1}, "field_unknown"),
    (fields.String(), {"x": 1}, "no_string"),
    (fields.Float(), {"x": "a"}, "no_number"),
    (fields.Integer(), {"x": "a"}, "no_integer"),
    (fields.Boolean(), {"x": "a"}, "no_boolean"),
    (fields.DateTime(), {"x": "a"}, "no_datetime"),
    (fields.Date(), {"x": "a"}, "no_date"),
    (fields.List(fields.String()), {"x": "a"}, "no_list"),
    (fields.Dict(), {"x": "a"}, "no_object"),
    (fields.Email(), {"x": "a"}, "no_email"),
    (fields.Url(), {"x": "a"}, "no_url"),
    (fields.String(validate=validate.Length(min=10)), {"x": "a"}, "too_short"),
    (fields.String(validate=validate.Length(max=1)), {"x": "ab"}, "too_long"),
    (fields.String(validate=validate.Length(min=2, max=3)), {"x": "a"}, "length_between"),
    (fields.Integer(validate=validate.Range(min=0)), {"x": -1}, "not_least"),
    (fields.Integer(validate=validate.Range(max=0)), {"x": 1}, "not_most"),
    (fields.Integer(validate=validate.Range(min=-5, max=0)), {"x": 1}, "not_between"),
    (fields.String(validate=validate.OneOf(["a", "b"])), {"x": "c"}, "not_one_of"),
    (fields.String(validate=validate.Regexp("a")), {"x": "c"}, "not_like"),
]


@cache
def texts_of_the_product() -> frozenset[str]:
    """Every text that stands in the sources, with `{}` for what is put in."""
    found = set()
    for path in APP.rglob("*.py"):
        if path != Path(fault_texts.__file__):
            tree = ast.parse(path.read_text())
            found |= {node.value for node in ast.walk(tree) if _is_text(node)}
            found |= {_bare(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)}
            found |= {
                (ast.get_docstring(node) or "") for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
            }
    return frozenset(found)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _bare(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


@pytest.mark.parametrize(("field", "given", "code"), OF_THE_LIBRARY)
def test_what_the_library_says_of_fields_is_known(
    field: fields.Field[object], given: dict[str, object] | None, code: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Schema.from_dict({"x": field})().load(given or {})
    [[text]] = caught.value.messages_dict.values()
    said = said_of(text)
    assert said is not None
    assert said["code"] == code


@pytest.mark.parametrize("code", sorted(FAULTS.keys() - {code for _field, _given, code in OF_THE_LIBRARY}))
def test_every_other_fault_that_is_listed_is_told_somewhere(code: str) -> None:
    """Whoever changes its words there finds out here that they have to be changed twice."""
    told = GAP.sub("{}", FAULTS[code])
    texts = texts_of_the_product()
    assert told in texts or any(f"'{told}'" in text for text in texts)  # of a statement


@pytest.mark.parametrize("code", FAULTS)
def test_every_fault_is_known_again(code: str) -> None:
    values = {
        name: 12 if name in fault_texts.NUMBERS else "a" if name in fault_texts.WITHOUT_BLANKS else "a, b: c."
        for name in re.findall(r"{(\w+)", FAULTS[code])
    }
    assert said_of(FAULTS[code].format_map(values)) == {"code": code, "values": values}


@given(st.text(max_size=50))
def test_what_a_fault_quotes_is_what_it_was(sku: str) -> None:
    text = f"{sku!r} is a bundle, which has no stock of its own."
    assert said_of(text) == {"code": "is_bundle", "values": {"sku": sku}}


def test_a_fault_in_a_fault_is_known_too() -> None:
    text = "Line 3: This is not CSV: the line is too long. What follows cannot be read."
    inner = {"problem": "the line is too long", "problem_said": {"code": "line_too_long", "values": {}}}
    assert said_of(text) == {
        "code": "rest_unreadable",
        "values": {
            "line": 3,
            "problem": "This is not CSV: the line is too long.",
            "problem_said": {"code": "row_no_csv", "values": inner},
        },
    }


@pytest.mark.parametrize(
    "text",
    ["", "Product is archived.", "'\\x' is a bundle, which has no stock of its own.", "It has no SKU."],
)
def test_what_others_say_stays_as_they_said_it(text: str) -> None:
    assert said_of(text) is None
