"""A TypeScript client that is generated from the OpenAPI document compiles, and knows what is wrong."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
FRONTEND = PROJECT / "frontend"
OLDEST_NODE = 20


def run(*command: str, folder: Path) -> str:
    """What a program says; fails with all of it if the program does."""
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def npm() -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("needs node and npm")
    version = run(node, "--version", folder=PROJECT).strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"needs node {OLDEST_NODE}, and this is {version}")
    return npm


@pytest.fixture
def packages(npm: str, pytestconfig: pytest.Config) -> Path:
    """The packages that the lock names, fetched by the first run that needs them and kept."""
    lock = (FRONTEND / "package-lock.json").read_bytes()
    kept = pytestconfig.cache.mkdir("npm") / hashlib.sha256(lock).hexdigest()[:16]
    if not kept.exists():
        # Whole or not at all, and whoever is second throws his away.
        folder = Path(tempfile.mkdtemp(dir=kept.parent))
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(FRONTEND / name, folder)
        run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
        try:
            folder.rename(kept)
        except OSError:
            shutil.rmtree(folder)
    return kept / "node_modules"


@pytest.mark.timeout(400)
def test_a_client_made_from_the_document_compiles(npm: str, packages: Path, tmp_path: Path) -> None:
    """As `make client` makes it. examples/mistakes.ts holds what must not compile."""
    copy = tmp_path / "frontend"
    shutil.copytree(
        FRONTEND, copy, ignore=shutil.ignore_patterns("node_modules", "openapi.json", "schema.d.ts")
    )
    (copy / "node_modules").symlink_to(packages)
    document = run(sys.executable, "-m", "syncflow.cli", "openapi", folder=PROJECT)
    (copy / "openapi.json").write_text(document)
    run(npm, "run", "client", folder=copy)
    run(npm, "run", "check", folder=copy)


def test_the_lock_leaves_the_registry_to_whoever_installs() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    wanted = json.loads((FRONTEND / "package.json").read_text())
    versions = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert all(version[0].isdecimal() for version in versions.values()), versions
    assert versions == {name: lock["packages"][f"node_modules/{name}"]["version"] for name in versions}
