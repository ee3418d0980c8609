"""The OpenAPI document, arranged for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from app.api.policy import POLICY, Access

Part = Mapping[str, Any]
CODE = Markup("<code>{}</code>")


@dataclass(frozen=True, slots=True)
class Content:
    """Of a body or an answer."""

    media_type: str
    schema: Part


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    words: str
    headers: Mapping[str, Part]
    content: Content | None

    @property
    def is_refusal(self) -> bool:
        return self.status >= "4"


@dataclass(frozen=True, slots=True)
class Operation:
    """`asks`: the least role that may call it; None for everybody."""

    id: str
    method: str
    path: str
    summary: str
    words: str
    asks: str | None
    parameters: list[Part]
    body: Content | None
    answers: list[Answer]


def marked(words: str) -> Markup:
    """The words, escaped, with what stands between backticks as code."""
    plain, *others = words.split("`")
    found = escape(plain)
    for number, part in enumerate(others):
        found += escape(part) if number % 2 else CODE.format(part)
    return found


def resources(document: Part) -> dict[str, list[Operation]]:
    """All operations, by the resource that they belong to."""
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        shared = methods.get("parameters", [])
        for method, operation in methods.items():
            if method != "parameters":
                [resource] = operation["tags"]
                shown = _operation(document, resource, path, method, operation, shared)
                found.setdefault(resource, []).append(shown)
    return found


def _operation(
    document: Part, resource: str, path: str, method: str, operation: Part, shared: list[Part]
) -> Operation:
    access = POLICY.get(f"{resource}.{operation['operationId']}", Access.PUBLIC)
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        words=operation.get("description", ""),
        asks=None if access is Access.PUBLIC else access.name.lower(),
        parameters=[_resolved(document, each) for each in [*shared, *operation.get("parameters", [])]],
        body=next(_contents(operation.get("requestBody", {})), None),
        answers=[
            _answer(document, status, _resolved(document, answer))
            for status, answer in sorted(operation["responses"].items())
        ],
    )


def _answer(document: Part, status: str, answer: Part) -> Answer:
    headers = {name: _resolved(document, header) for name, header in answer.get("headers", {}).items()}
    return Answer(status, answer.get("description", ""), headers, next(_contents(answer), None))


def _contents(of: Part) -> Iterator[Content]:
    for media_type, content in of.get("content", {}).items():
        yield Content(media_type, content.get("schema", {}))


def _resolved(document: Part, part: Part) -> Part:
    """Itself, or the component that it refers to."""
    while "$ref" in part:
        *_start, kind, name = part["$ref"].split("/")
        part = document["components"][kind][name]
    return part
