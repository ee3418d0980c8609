"""`make mutants`: break the engine in one named way after another, and see the simulation notice each.

Each is broken in a copy of the project, so that nothing here ever is. The simulation runs on it as anybody
would run it, in its own order, only in several processes; nothing says which test is to find what.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.mutants import MUTANTS
from tests.simulation.mutants.mutant import Mutant

PROJECT = Path(__file__).resolve().parents[3]
COPIED = ("app", "workers", "syncflow", "migrations", "tests", "pyproject.toml")
SIMULATION = ("tests/simulation", "--ignore", "tests/simulation/test_mutants.py")
"""But for the test that every mutant fails."""
ONE_CELL = "tests/domain/test_account.py"
"""Thousands of histories of one number in seconds; they run nothing but the domain."""
UNUSED = ("cacheprovider", "schemathesis", "xdist")
"""pytest's plugins that a hunt does without: loading them takes a second."""
MOST_SECONDS = 60
STOP_SECONDS = 10


@dataclass(frozen=True)
class Hunt:
    """`cpu_seconds` are those of all processes, the database's included. `words`: what failed, or why nothing
    did."""

    caught: bool
    seconds: float
    cpu_seconds: float
    words: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("names", nargs="*", help="only these; all of them without")
    parser.add_argument(
        "--seconds", type=float, default=MOST_SECONDS, help="a mutant may live (default %(default)s)"
    )
    parser.add_argument(
        "--processes", type=int, default=2, help="parts of the simulation at a time (default %(default)s)"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - {mutant.name for mutant in MUTANTS}:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    chosen = [mutant for mutant in MUTANTS if not arguments.names or mutant.name in arguments.names]
    # Ignored where we were started in the background, and the runs would ignore it with us.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    survivors = 0
    with _copy_of_the_project() as root:
        for number, mutant in enumerate(chosen, 1):
            print(f"[{number}/{len(chosen)}] {mutant.name:32}", end=" ", flush=True)
            with mutant.applied(root):
                found = hunt(root, mutant, arguments.seconds, arguments.processes)
            print(
                f"{'caught' if found.caught else 'SURVIVED'} in {found.seconds:4.1f} s"
                f" ({found.cpu_seconds:4.1f} s of CPU)  {found.words}",
                flush=True,
            )
            survivors += not found.caught
    print(f"{len(chosen) - survivors} of {len(chosen)} caught.")
    return 1 if survivors else 0


def hunt(root: Path, mutant: Mutant, most_seconds: float, processes: int) -> Hunt:
    """Whether the simulation fails on the broken project in `root`, after how long, and what it said."""
    used, started = _cpu_seconds(), time.monotonic()
    runs = [
        _Run(root, f"part{part}", [*SIMULATION, "--seeds", "2", "--part", f"{part}/{processes}"])
        for part in range(1, processes + 1)
    ]
    if mutant.file.startswith("app/domain/"):
        runs.append(_Run(root, "one_cell", [ONE_CELL]))
    try:
        caught, words = _first_failure(runs, started + most_seconds)
    finally:
        seconds = time.monotonic() - started
        for run in runs:
            run.stop()
    return Hunt(caught, seconds, _cpu_seconds() - used, words)


@contextmanager
def _copy_of_the_project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="syncflow-mutant-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        for name in COPIED:
            source = PROJECT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, root / name)
        yield root


def _cpu_seconds() -> float:
    """Of all processes that were waited for."""
    times = os.times()
    return times.children_user + times.children_system


def _first_failure(runs: Sequence[_Run], give_up: float) -> tuple[bool, str]:
    while time.monotonic() < give_up:
        for run in runs:
            if run.process.poll() not in (None, 0):
                return run.process.returncode == 1, run.words()
        if all(run.process.poll() == 0 for run in runs):
            return False, "all is as it should be"
        time.sleep(0.1)
    return False, "nothing found in time"


class _Run:
    """pytest on a copy of the project, until its first failure."""

    def __init__(self, root: Path, name: str, arguments: Sequence[str]) -> None:
        self._said = root / f"{name}.out"
        with self._said.open("w") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "pytest",
                    "-x",
                    "-q",
                    "--no-header",
                    *(option for plugin in UNUSED for option in ("-p", f"no:{plugin}")),
                    *arguments,
                ],
                cwd=root,
                # What is the same in every copy is compiled once.
                env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": ""},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def words(self) -> str:
        said = self._said.read_text()
        failed = [line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return failed[0][:200] if failed else said[-200:].replace("\n", " ")

    def stop(self) -> None:
        """As Ctrl-C does: its services end with it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


if __name__ == "__main__":
    sys.exit(main())
