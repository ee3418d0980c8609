"""The Procfile: which processes make up SyncFlow; and a formation: how many of each."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

RELEASE = "release"
"""Not a process: what hosts run once, before the processes of a new release start."""
LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")


def read_procfile(path: Path) -> dict[str, tuple[str, ...]]:
    """The processes' commands by name, in the file's order. Raises ValueError for a line that is not one."""
    commands: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if match is None or match[1] in commands:
            raise ValueError(f"{path.name}, line {number}: must be a new name, a colon and a command")
        commands[match[1]] = tuple(shlex.split(match[2]))
    commands.pop(RELEASE, None)
    return commands


def parse_formation(text: str, commands: Mapping[str, object]) -> dict[str, int]:
    """Read "intake=2,push=2". Raises ValueError with words for the person who wrote it."""
    formation: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, count = part.partition("=")
        if name not in commands:
            raise ValueError(f"there is no process {name!r}; there are {', '.join(commands)}")
        if not (count.isascii() and count.isdigit()):
            raise ValueError(f"{part!r} must be written like {name}=2")
        if name == "web" and int(count) > 1:
            raise ValueError("there is one web process with several workers: set WEB_WORKERS instead")
        formation[name] = int(count)
    return formation
