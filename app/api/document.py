"""What the OpenAPI document says of each operation beyond its view: its path, headers and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apispec
from werkzeug.routing import Rule

from app.api.idempotency import HEADER as IDEMPOTENCY_KEY
from app.api.idempotency import LONGEST_KEY, UNSAFE
from app.api.links import CURSOR
from app.api.policy import POLICY, Access

VERSIONED = "x-versioned"
"""Marks operations whose answers have an ETag. It is not shown."""
PROBLEM_TYPE = "application/problem+json"
_WORDS = {
    400: "The body is no JSON, or nested too deeply.",
    401: "A valid access token or API key is needed.",
    402: "Your plan does not include this.",
    403: "Your role, or the key's scope, does not allow this.",
    404: "There is no such thing in this account.",
    409: "It does not go together with what is there.",
    412: "It has changed since you read it.",
    413: "The body is too large.",
    415: "The body is of another type than is taken here.",
    422: "Something in the request cannot be used; `errors` says what.",
    429: "Too often; `Retry-After` says when to try again.",
    502: "The shop answered that it does not work.",
    503: "Not now: something that this needs does not answer.",
}


_TEXT = {"type": "string"}
_HEADERS = {
    "ETag": {"description": "The version of what can be set.", "schema": _TEXT},
    "Link": {"description": 'Where the next page is (rel="next"); none at the end.', "schema": _TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "Idempotent-Replayed": {
        "description": "`true` if it was done before, and is answered as it was then.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
_PARAMETERS = {
    "If-Match": {
        "description": "The ETag of what you have seen. It is changed only if that is what it still is.",
        "schema": _TEXT,
    },
    IDEMPOTENCY_KEY: {
        "description": "Of your choice, new for each call. What is sent again with its key is done once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
    },
}
_WAITS = (409, 429, 503)
"""Refusals that may say when to try again."""


class Paths(apispec.BasePlugin):
    """Describes what stands in paths; an id is one of 64 bits."""

    def path_helper(
        self,
        path: str | None = None,
        operations: dict[Any, Any] | None = None,
        parameters: list[dict[Any, Any]] | None = None,
        **options: Any,
    ) -> None:
        for parameter in parameters or ():
            thing, _, last = str(parameter.get("name")).replace("_", " ").rpartition(" ")
            if parameter.get("in") == "path" and last == "id":
                parameter.setdefault("description", f"Id of the {thing}.")
                parameter["schema"].setdefault("format", "int64")


class Problems(apispec.BasePlugin):
    """Documents every refusal as a problem, by what a route takes and who may call it."""

    def init_spec(self, spec: apispec.APISpec) -> None:
        super().init_spec(spec)
        for status, words in _WORDS.items():
            content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            waits = {"headers": _refer("headers", "Retry-After")} if status in _WAITS else {}
            spec.components.response(f"Problem{status}", {"description": words, "content": content, **waits})

    def operation_helper(
        self, path: str | None = None, operations: dict[Any, Any] | None = None, **options: Any
    ) -> None:
        for method, operation in (operations or {}).items():
            responses = operation.setdefault("responses", {})
            for status in {*_statuses(options["rule"], method, operation), *_refusals(responses)}:
                responses.pop(int(status), None)
                responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}


class Headers(apispec.BasePlugin):
    """Documents the headers that calls may come with, and answers. Before Problems."""

    def init_spec(self, spec: apispec.APISpec) -> None:
        super().init_spec(spec)
        for name, header in _HEADERS.items():
            spec.components.header(name, header)
        for name, parameter in _PARAMETERS.items():
            spec.components.parameter(name, "header", {"name": name, **parameter})

    def operation_helper(
        self, path: str | None = None, operations: dict[Any, Any] | None = None, **options: Any
    ) -> None:
        for method, operation in (operations or {}).items():
            takes, answers = _headers(options["rule"], method, operation)
            operation["parameters"] = [*operation.get("parameters", []), *takes]
            for status, response in operation["responses"].items():
                if answers and str(status).startswith("2"):
                    response["headers"] = {**response.get("headers", {}), **_refer("headers", *answers)}


def _headers(rule: Rule, method: str, operation: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The names of those that an operation takes, and answers."""
    takes, answers = [], []
    if operation.pop(VERSIONED, False):
        if method != "delete":
            answers.append("ETag")
        if method in ("put", "patch", "delete"):
            takes.append("If-Match")
    if method == "get" and any(
        parameter.get("name") == CURSOR for parameter in operation.get("parameters", [])
    ):
        answers.append("Link")
    if method.upper() in UNSAFE and POLICY.get(rule.endpoint) is not Access.PUBLIC:
        content = operation.get("requestBody", {}).get("content", {"application/json": {}})
        if "application/json" in content:
            takes.append(IDEMPOTENCY_KEY)
            answers.append("Idempotent-Replayed")
    return takes, answers


def _refer(kind: str, *names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/{kind}/{name}"} for name in names}


def _statuses(rule: Rule, method: str, operation: dict[str, Any]) -> Iterator[int]:
    yield from (401, 404, 429, 503)
    if POLICY.get(rule.endpoint) is not Access.PUBLIC:
        yield 403
    parameters = operation.get("parameters", [])
    if "If-Match" in parameters:
        yield 412
    if IDEMPOTENCY_KEY in parameters or any(_is_query(parameter) for parameter in parameters):
        yield 422
    if method != "get":
        yield 409
    if "requestBody" in operation:
        yield from (400, 413, 415, 422)


def _is_query(parameter: dict[str, Any] | str) -> bool:
    """One that only has a name is a component: a header."""
    return isinstance(parameter, dict) and parameter.get("in") == "query"


def _refusals(responses: dict[Any, Any]) -> list[int]:
    """Those that the view itself declares."""
    return [int(status) for status in responses if str(status).isdecimal() and int(status) in _WORDS]
