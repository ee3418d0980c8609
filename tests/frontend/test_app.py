"""The web app by itself: its rules hold, its tests pass, and its first screen is light."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncflow.web_build import FRONTEND, Node, build

MOST_SCRIPT = 250 * 1024
"""Bytes of script, packed by gzip, that the overview may need."""
OVERVIEW = (
    "index.html",
    "src/app/Shell.tsx",
    "src/app/OverviewScreen.tsx",
    "src/app/vitals.ts",
    "src/i18n/de.json?first",
)
"""What is loaded for it: the entry, and what that loads by and by. It is not of the first load what the shell
fetches a quarter of a minute later, to have it where nobody answers any more."""

pytestmark = pytest.mark.timeout(1000)


def test_its_rules_hold(npx: Callable[..., str]) -> None:
    npx("eslint", ".", "--max-warnings", "0")


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("src/features/auth/wrong.ts", 'import "@/features/orders/filters";'),
        ("src/features/auth/wrong.ts", 'import "../orders/filters";'),
        ("src/features/auth/wrong.ts", 'import "@/app/router";'),
        ("src/features/auth/wrong.ts", 'void import("@/features/orders/filters");'),
        ("src/ui/wrong.ts", 'import "@/features/orders/filters";'),
        ("src/api/wrong.ts", 'import "@/ui/states";'),
    ],
)
def test_a_layer_sees_only_what_is_below_it_and_a_feature_no_other(
    npx: Callable[..., str], copy: Path, file: str, line: str
) -> None:
    (copy / file).write_text(f"{line}\n")
    with pytest.raises(AssertionError, match=r"no-restricted-(imports|syntax)"):
        npx("eslint", file, folder=copy)


def test_its_tests_pass(npx: Callable[..., str]) -> None:
    npx("vitest", "run")


def test_the_overview_needs_little_script(node: Node) -> None:
    build(lambda _words: None)
    dist = FRONTEND / "dist"
    manifest = json.loads((dist / ".vite" / "manifest.json").read_text())
    files = {manifest[key]["file"] for name in OVERVIEW for key in _with_imports(manifest, name)}
    size = sum(_packed(dist / file) for file in files if file.endswith(".js"))
    assert 50 * 1024 < size <= MOST_SCRIPT, f"{size} bytes"


def _with_imports(manifest: dict[str, dict[str, list[str]]], name: str) -> Iterator[str]:
    yield name
    for imported in manifest[name].get("imports", []):
        yield from _with_imports(manifest, imported)


def _packed(file: Path) -> int:
    """Bytes that travel: what packing makes no smaller is not packed."""
    packed = file.with_name(f"{file.name}.gz")
    return (packed if packed.exists() else file).stat().st_size
