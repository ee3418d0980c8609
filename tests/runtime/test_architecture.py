"""Rules of the house that import-linter cannot say."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DOMAIN = sorted((PROJECT / "app" / "domain").glob("**/*.py"))
ENVIRONMENT_READERS = {"app/settings.py", "app/__init__.py", "syncflow/gunicorn.py"}
"""Beside the command line, which hands its own environment to the processes it starts."""


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module or ""


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.stem)
def test_domain_imports_the_standard_library_and_itself_only(path: Path) -> None:
    outside = {
        name
        for name in imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith("app.domain")
    }
    assert outside == set()


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        str(path.relative_to(PROJECT))
        for package in ("app", "workers", "admin")
        for path in (PROJECT / package).glob("**/*.py")
        if "os.environ" in path.read_text() or "os.getenv" in path.read_text()
    }
    assert readers <= ENVIRONMENT_READERS
