"""What the documents name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.simulation.mutants import MUTANTS

PROJECT = Path(__file__).parents[1]
GUARANTEES = (PROJECT / "docs" / "guarantees.md").read_text()
DOCUMENTS = sorted([PROJECT / "README.md", *(PROJECT / "docs").glob("**/*.md")])


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
