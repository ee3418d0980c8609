"""Production installs what the tests ran with, and nothing of what only they need."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2]
ENTRY = re.compile(r"^([a-z0-9-]+)==.*?(?=^[a-z]|\Z)", re.MULTILINE | re.DOTALL)


def entries(name: str) -> dict[str, str]:
    return {match[1]: match[0] for match in ENTRY.finditer((PROJECT / name).read_text())}


def pins(entry: str) -> str:
    return re.sub(r"^ +#.*\n?", "", entry, flags=re.MULTILINE)


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[=]", requirement)[0] for requirement in requirements}


def test_requirements_are_those_of_the_lock_that_production_needs() -> None:
    """`make lock` makes both."""
    lock, production = entries("requirements.lock"), entries("requirements.txt")
    needed = names(tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"])
    while more := {
        name
        for name, entry in lock.items()
        if name not in needed and needed & set(re.findall(r"#\s+(?:via )?(\S+)", entry))
    }:
        needed |= more
    assert set(production) == needed
    assert {name: pins(entry) for name, entry in production.items()} == {
        name: pins(lock[name]) for name in needed
    }


def test_neither_tools_nor_servers_are_installed_in_production() -> None:
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert not set(entries("requirements.txt")) & names([*extras["dev"], *extras["embedded"]])
