"""The web app's own tools, by npm: its packages are fetched once into `frontend/node_modules` and kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from syncflow.web_build import FRONTEND, Node, install, node_on_path
from tests.frontend.programs import run


@pytest.fixture(scope="session")
def node() -> Node:
    """With the packages in place."""
    if node_on_path() is None:
        pytest.skip("needs node and npm on PATH, 20.19 or newer")
    return install(lambda _words: None)


@pytest.fixture
def npx(node: Node) -> Callable[..., str]:
    """Runs a program of the packages in some folder, and gives what it says; fails if it does."""

    def call(name: str, *options: str, folder: Path = FRONTEND) -> str:
        program = str(FRONTEND / "node_modules" / ".bin" / name)
        return run(program, *options, folder=folder, environ=node.environ())

    return call


@pytest.fixture
def copy(node: Node, tmp_path: Path) -> Path:
    """The sources in a folder of the test's own, with the packages."""
    folder = tmp_path / "frontend"
    left_out = ("node_modules", "dist*", ".node*", ".build.lock", "openapi.json", "schema.d.ts")
    shutil.copytree(FRONTEND, folder, ignore=shutil.ignore_patterns(*left_out))
    (folder / "node_modules").symlink_to(FRONTEND / "node_modules")
    return folder
