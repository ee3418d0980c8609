"""What the documents name exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from app import close_app, create_app
from app.settings import Settings
from tests.simulation.mutants import MUTANTS
from workers.schedule import tasks

PROJECT = Path(__file__).parents[1]
GUARANTEES = (PROJECT / "docs" / "guarantees.md").read_text()
DOCUMENTS = sorted([PROJECT / "README.md", *(PROJECT / "docs").glob("**/*.md")])


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """A scheduler's, with all that it may do switched on."""
    app = create_app(replace(settings, metrics="emf"), web=False)
    yield app
    close_app(app)


def test_operators_see_what_runs_by_the_clock(app: Flask) -> None:
    page = (PROJECT / "docs" / "operators" / "running.md").read_text()
    table = page.partition("| every | to |")[2].partition("\n\n")[0]
    shown = re.findall(r"^\| ([\d.]+) (s|min|h|d) \| (.+) \|$", table, re.MULTILINE)
    units = {"s": 1, "min": 60, "h": 3600, "d": 86400}
    assert [(float(number) * units[unit], what) for number, unit, what in shown] == [
        (task.seconds, task.what) for task in tasks(app)
    ]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(tests/[\w/]+\.py::test_\w+)`", GUARANTEES))))
def test_a_test_that_proves_a_promise_exists(name: str) -> None:
    path, test = name.split("::")
    assert f"def {test}(" in (PROJECT / path).read_text()


def test_the_mutants_that_break_promises_exist() -> None:
    rows = [line.split("|") for line in GUARANTEES.splitlines() if line.startswith("|")][2:]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[3])}
    assert named
    assert named <= {mutant.name for mutant in MUTANTS}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_documents_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_page_for_users_is_in_their_index() -> None:
    index = (PROJECT / "docs" / "users" / "README.md").read_text()
    pages = {path.name for path in (PROJECT / "docs" / "users").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()
