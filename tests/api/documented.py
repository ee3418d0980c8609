"""Whether answers are what the OpenAPI document says they are."""

from __future__ import annotations

from functools import reduce
from typing import Any
from urllib.parse import quote, urlsplit

import jsonschema_rs
import requests
from flask import Flask
from werkzeug.exceptions import HTTPException

from app.extensions import api

ITSELF = "urn:document"


class Document:
    """The application's OpenAPI document."""

    def __init__(self, app: Flask) -> None:
        self.content: dict[str, Any] = api.spec.to_dict()
        self._routes = app.url_map.bind("")
        self._registry = jsonschema_rs.Registry([(ITSELF, self.content)])
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def check(self, answer: requests.Response) -> None:
        """Fail if a JSON answer is not of the schema that the document has for it."""
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        place = self._place(answer, kind) if kind.endswith("json") else None
        if place is None:
            return
        for error in self._validator(place).iter_errors(answer.json()):
            asked = f"{answer.request.method} {answer.request.path_url}"
            raise AssertionError(f"{asked}: not as documented at {error.instance_path}: {error.message}")

    def _place(self, answer: requests.Response, kind: str) -> str | None:
        """Where its schema stands, as a JSON pointer; None if the document does not know the answer."""
        method, path = answer.request.method or "", urlsplit(answer.request.url or "").path
        try:
            rule, _ = self._routes.match(path, method, return_rule=True)
        except HTTPException:
            return None
        path = api.flask_plugin.flaskpath2openapi(rule.rule)
        keys = ["paths", path, method.lower(), "responses", str(answer.status_code)]
        found = reduce(lambda part, key: part.get(key, {}), keys, self.content)
        if "$ref" in found:
            keys = found["$ref"].split("/")[1:]
            found = self.content["components"]["responses"][keys[-1]]
        if "schema" not in found.get("content", {}).get(kind, {}):
            return None
        return "/".join(["", *(_escaped(key) for key in [*keys, "content", kind, "schema"])])

    def _validator(self, place: str) -> jsonschema_rs.Draft202012Validator:
        if place not in self._validators:
            self._validators[place] = jsonschema_rs.Draft202012Validator(
                {"$ref": f"{ITSELF}#{place}"}, registry=self._registry, validate_formats=True
            )
        return self._validators[place]


def _escaped(key: str) -> str:
    """As part of a JSON pointer in an address."""
    return quote(key.replace("~", "~0").replace("/", "~1"), safe="~")
