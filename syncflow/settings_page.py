"""The settings as a page for operators, made of `app/settings.py`."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise

from app.settings import PLATFORM_PREFIX, Settings

HEAD = """\
# Settings

Made by `make settings` from `app/settings.py`; change it there.

Everything is read from the environment, once, at the start. Everything missing or wrong is named at once, and
so is [what production refuses](deploying.md#what-production-refuses). A variable that is set but empty counts
as unset. `syncflow up` fills in what has no default while the database is the embedded one. Those marked *
are secret.

| variable | meaning | default |
| --- | --- | --- |
"""
OF_PLATFORMS = (
    f"| `{PLATFORM_PREFIX}<PLATFORM>_<NAME>` * | Settings of one platform, such as"
    f" `{PLATFORM_PREFIX}SHOPIFY_CLIENT_ID` | none |\n"
)


def settings_page() -> str:
    """The page, in Markdown. Raises KeyError for a setting that nothing is said about."""
    return HEAD + "".join(_rows()) + OF_PLATFORMS


def _rows() -> Iterator[str]:
    words = _words()
    for field in dataclasses.fields(Settings):
        if field.name != "platform_variables":
            secret = "" if field.repr else " *"
            meaning = words[field.name].replace("|", r"\|").removesuffix(".")
            yield f"| `{field.name.upper()}`{secret} | {meaning} | {_default(field.default)} |\n"


def _words() -> dict[str, str]:
    """What stands below each field, on one line."""
    module = ast.parse(textwrap.dedent(inspect.getsource(Settings)))
    [body] = [node.body for node in module.body if isinstance(node, ast.ClassDef)]
    return {
        field.target.id: " ".join(words.value.value.split())
        for field, words in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(words, ast.Expr)
        and isinstance(words.value, ast.Constant)
        and isinstance(words.value.value, str)
    }


def _default(value: object) -> str:
    if value is dataclasses.MISSING or value in ("", ()):
        return "none"
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
