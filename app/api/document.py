"""What the OpenAPI document says of each operation beyond its view: the ways in which it can be refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apispec
from werkzeug.routing import Rule

from app.api.policy import POLICY, Access

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


class Problems(apispec.BasePlugin):
    """Documents every refusal as a problem, by what a route takes and who may call it."""

    def init_spec(self, spec: apispec.APISpec) -> None:
        super().init_spec(spec)
        for status, words in _WORDS.items():
            content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            spec.components.response(f"Problem{status}", {"description": words, "content": content})

    def operation_helper(
        self, path: str | None = None, operations: dict[Any, Any] | None = None, **options: Any
    ) -> None:
        for method, operation in (operations or {}).items():
            responses = operation.setdefault("responses", {})
            for status in {*_statuses(options["rule"], method, operation), *_refusals(responses)}:
                responses.pop(int(status), None)
                responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}


def _statuses(rule: Rule, method: str, operation: dict[str, Any]) -> Iterator[int]:
    yield from (401, 404, 429, 503)
    if POLICY.get(rule.endpoint) is not Access.PUBLIC:
        yield 403
    if any(parameter.get("in") == "query" for parameter in operation.get("parameters", [])):
        yield 422
    if method != "get":
        yield 409
    if method in ("put", "patch"):
        yield 412
    if "requestBody" in operation:
        yield from (400, 413, 415, 422)


def _refusals(responses: dict[Any, Any]) -> list[int]:
    """Those that the view itself declares."""
    return [int(status) for status in responses if str(status).isdecimal() and int(status) in _WORDS]
