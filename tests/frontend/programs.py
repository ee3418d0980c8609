"""Programs that tests of the web app run."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


def run(*command: str, folder: Path, environ: Mapping[str, str] | None = None) -> str:
    """What a program says; fails with all of it if the program does."""
    done = subprocess.run(command, cwd=folder, env=environ, text=True, capture_output=True, timeout=900)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
