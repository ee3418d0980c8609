"""What mails say.

A mail NAME is `templates/LANGUAGE/NAME.txt`, whose first line is the subject, and `NAME.html`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


@dataclass(frozen=True, slots=True)
class Wording:
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def worded(template: str, language: str, context: Mapping[str, Any]) -> Wording:
    """The mail in both forms, each value on one line: what somebody calls their account begins no paragraph
    of its own. Raises jinja2's errors: no such template, or a value is missing."""
    context = {name: _on_one_line(value) for name, value in context.items()} | {"language": language}
    name = f"{language}/{template}"
    subject, _newline, text = _environment().get_template(f"{name}.txt").render(context).partition("\n")
    html = _environment().get_template(f"{name}.html").render(context)
    return Wording(_on_one_line(subject), text.strip() + "\n", html)


def _on_one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("app.integrations.mail"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
    )
