"""What every resource shares: problems and pages."""

from __future__ import annotations

from functools import cache
from typing import Any

from marshmallow import Schema, fields, validate

from app.domain.fault_texts import FAULTS, said_of
from app.domain.sentences import SENTENCES
from app.services.queries.paging import MOST

DEFAULT_LIMIT = 50
LARGEST_ID = 2**63 - 1
"""What eight bytes hold, as the database keeps them."""
OF_AN_ID = validate.Range(min=1, max=LARGEST_ID)
SOMETIMES = {"sometimes": True}
"""Metadata of a field that an answer may be without: all others are in every answer, be they null."""


class Flag(fields.Boolean):
    """true or false in a JSON body, and nothing that only means it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class SaidSchema(Schema):
    """What a text says, to say it in another language."""

    code = fields.String(
        validate=validate.OneOf(list(FAULTS)),
        metadata={"description": "Which fault it is. Stable; others may come."},
    )
    values = fields.Dict(
        keys=fields.String(),
        metadata={
            "description": "What it speaks of: texts and numbers by name. A `problem` may be a fault too, and"
            " `problem_said` then says which."
        },
    )


class Said(fields.Nested):
    """The code and values of the text `of` beside it; null where it is empty, or a platform's own."""

    def __init__(self, of: str) -> None:
        super().__init__(
            SaidSchema,
            allow_none=True,
            metadata={"description": f"What `{of}` says, for programs; null where it is not known."},
        )
        self.of = of

    def get_value(self, obj: Any, attr: str, accessor: Any = None, default: Any = None) -> Any:
        text = super().get_value(obj, self.of, accessor, default)
        return said_of(text) if isinstance(text, str) else None


class ProblemSchema(Schema):
    """An RFC 9457 problem document."""

    type = fields.String()
    status = fields.Integer()
    code = fields.String(metadata={"description": "Stable, for programs."})
    detail = fields.String(metadata={"description": "For people."})
    said = fields.Nested(
        SaidSchema,
        metadata=SOMETIMES | {"description": "What `detail` says, for programs, where it is known."},
    )
    errors = fields.Dict(
        metadata=SOMETIMES | {"description": "What is wrong with which field, or line of a file or order."}
    )
    errors_said = fields.Dict(
        metadata=SOMETIMES
        | {
            "description": "The same document as `errors`, with `code` and `values` in place of each text:"
            " null for one that is not known."
        }
    )


class SentenceSchema(Schema):
    """What happened, told to people."""

    text = fields.String(metadata={"description": "In plain English words."})
    code = fields.String(
        validate=validate.OneOf(list(SENTENCES)),
        metadata={
            "description": "Which sentence it is. Stable, to say it in another language; others may come."
        },
    )
    values = fields.Dict(
        keys=fields.String(),
        metadata={
            "description": "What the sentence speaks of: texts and numbers by name, those that apply. What is"
            " called `change`, or ends with it, is a difference. An `answer` or a `verdict` may be a fault:"
            " `answer_said` and `verdict_said` then say which."
        },
    )


class PageArgs(Schema):
    """Which page of a list."""

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT,
        validate=validate.Range(min=1, max=MOST),
        metadata={"description": "How many at most."},
    )
    cursor = fields.String(
        load_default=None, metadata={"description": "`next` of the page before; none for the first."}
    )


@cache
def page_of(item: type[Schema]) -> type[Schema]:
    """The schema of a page of items."""
    name = item.__name__.removesuffix("Schema") + "PageSchema"
    members: dict[str, Any] = {
        "items": fields.List(fields.Nested(item)),
        "next": fields.String(allow_none=True, metadata={"description": "Null at the end."}),
    }
    return Schema.from_dict(members, name=name)
