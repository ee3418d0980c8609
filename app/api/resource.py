"""flask-smorest's blueprint with types, so that views stay checked behind its decorators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, TypeVar, cast

import flask
import flask_smorest
from flask import after_this_request
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app.api.document import VERSIONED
from app.api.links import link_next
from app.api.policy import security_of
from app.api.schemas.base import LARGEST_ID
from app.api.versions import tag
from app.errors import InvalidInput

MOST_DIGITS = 30
View = TypeVar("View", bound=Callable[..., Any])


class Parser(FlaskParser):
    """Refuses what a route does not know, wherever it stands, and bodies of another type or of no end."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012  (webargs declares it so)
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }

    def load_querystring(self, req: flask.Request, schema: Schema) -> Any:
        for name, value in req.args.items(multi=True):
            if value.removeprefix("-").isdecimal() and abs(int(value[:MOST_DIGITS])) > LARGEST_ID:
                raise InvalidInput(f"{name} is too large.")
        return super().load_querystring(req, schema)

    def _raw_load_json(self, req: flask.Request) -> Any:
        if not req.is_json and req.content_length:
            raise UnsupportedMediaType("This takes application/json.")
        try:
            return super()._raw_load_json(req)
        except RecursionError as err:
            raise BadRequest("The body is nested too deeply.") from err


class Resource(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """The routes of one resource of the API."""

    ARGUMENTS_PARSER = Parser()

    def route(
        self, rule: str, *, methods: tuple[str, ...] = ("GET",), **options: Any
    ) -> Callable[[View], View]:
        """Also names the operation after its view, and says by the policy who may call it."""
        decorate: Callable[[View], View] = super().route(rule, methods=list(methods), **options)

        def register(view: View) -> View:
            security = security_of(f"{self.name}.{view.__name__}", methods[0])
            return decorate(self.doc(operationId=view.__name__, security=security)(view))

        return register

    def arguments(
        self, schema: type[Schema], *, location: str = "json", **options: Any
    ) -> Callable[[View], View]:
        """Hand the view a dict checked by `schema`, before the arguments of the path. A body of which nothing
        is required may be left out."""
        if location == "json":
            options.setdefault("required", any(field.required for field in schema().fields.values()))
        decorate: Callable[[View], View] = super().arguments(schema, location=location, **options)
        return decorate

    def response(
        self, status: int, schema: type[Schema] | Mapping[str, str] | None = None, **options: Any
    ) -> Callable[[View], View]:
        """Turn what the view returns into JSON by `schema`, if it has a body. A JSON schema only documents:
        its view makes the response itself."""
        decorate: Callable[[View], View] = super().response(status, schema, **options)
        return lambda view: decorate(_noting(view, link_next))

    def versioned(self, version_of: Callable[[Any], str]) -> Callable[[View], View]:
        """Send the version of what the view returns as ETag, and document that a change or a removal may come
        with it as If-Match: the view hands `seen()` to its service. To stand below `response`."""
        document = self.doc(**{VERSIONED: True})
        return lambda view: document(_noting(view, partial(_tag_answer, version_of)))

    def doc(self, **options: Any) -> Callable[[View], View]:
        decorate: Callable[[View], View] = super().doc(**options)
        return decorate


def _tag_answer(version_of: Callable[[Any], str], found: Any) -> None:
    if found is not None:  # what was removed has no version
        after_this_request(partial(tag, version_of(found)))


def _noting(view: View, note: Callable[[Any], object]) -> View:
    """The same view; what it returns is noted before it becomes an answer."""

    @wraps(view)
    def noted(*args: Any, **kwargs: Any) -> Any:
        found = view(*args, **kwargs)
        note(found)
        return found

    return cast(View, noted)
