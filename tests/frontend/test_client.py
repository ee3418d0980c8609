"""A TypeScript client that is generated from the OpenAPI document compiles, and knows what is wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from syncflow.web_build import FRONTEND
from tests.frontend.programs import run

PROJECT = FRONTEND.parent


@pytest.mark.timeout(400)
def test_the_app_and_a_client_made_from_the_document_compile(npx: Callable[..., str], copy: Path) -> None:
    """As `make client` makes it. examples/mistakes.ts holds what must not compile."""
    document = run(sys.executable, "-m", "syncflow.cli", "openapi", folder=PROJECT)
    (copy / "openapi.json").write_text(document)
    npx("openapi-typescript", *client_options(), folder=copy)
    npx("tsc", folder=copy)


def client_options() -> list[str]:
    """Those of `npm run client`."""
    script: str = json.loads((FRONTEND / "package.json").read_text())["scripts"]["client"]
    return script.split()[1:]


def test_the_lock_leaves_the_registry_to_whoever_installs() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    wanted = json.loads((FRONTEND / "package.json").read_text())
    versions = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert all(version[0].isdecimal() for version in versions.values()), versions
    assert versions == {name: lock["packages"][f"node_modules/{name}"]["version"] for name in versions}
    mantine = {version for name, version in versions.items() if name.startswith("@mantine/")}
    assert len(mantine) == 1  # they work together in the same version only
