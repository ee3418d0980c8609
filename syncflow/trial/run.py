"""A trial at a terminal: progress, the verdict, the exit code, and nothing left behind."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from tqdm import tqdm

from syncflow.ending import ended_by_signals
from syncflow.exits import OK, WRONG, CannotRun, GaveUp
from syncflow.launcher import LaunchFailed
from syncflow.trial.casting import Cast
from syncflow.trial.floor import FloorNotFound
from syncflow.trial.merchant import MerchantStuck
from syncflow.trial.rehearsal import Options, Outcome, rehearse
from syncflow.trial.scenario import Buy
from syncflow.trial.shops import ShopFailed
from syncflow.trial.verdict import verdict

INTERRUPTED = 130


def run(cast: Cast, options: Options, *, as_json: bool) -> int:
    """Rehearse, print, and return the exit code. Raises CannotRun, GaveUp."""
    outcomes: list[Outcome] = []
    with ended_by_signals(), _logs(options.keep) as logs:
        outcomes.append(_rehearse(cast, options, logs))
    if not outcomes:
        click.echo("Ended before its time; everything is cleared away.", err=True)
        return INTERRUPTED
    [outcome] = outcomes
    click.echo(verdict(outcome, cast.source), err=as_json)
    if as_json:
        click.echo(json.dumps(outcome.judgement.figures))
    return WRONG if outcome.judgement.wrong else OK


def _rehearse(cast: Cast, options: Options, logs: Path) -> Outcome:
    count = sum(isinstance(timed.action, Buy) for timed in cast.scenario.actions)
    with tqdm(total=count, unit="order", disable=not sys.stderr.isatty(), leave=False) as bar:

        def say(words: str) -> None:
            bar.write(f"- {words}", file=sys.stderr)

        def progress() -> None:
            bar.update()

        try:
            return rehearse(cast.scenario, options, logs=logs, say=say, progress=progress)
        except LaunchFailed as err:
            raise GaveUp(str(err)) from err
        except (ShopFailed, MerchantStuck, FloorNotFound) as err:
            raise CannotRun(f"The trial could not go on. {err}{_last_words(logs)}") from err


def _last_words(logs: Path) -> str:
    """The ends of the processes' logs that hold errors."""
    words = []
    for path in sorted(logs.glob("*.log")):
        lines = [line for line in path.read_text(errors="replace").splitlines() if _is_bad(line)]
        if lines:
            words.append(f"\n{path.name}: " + "\n  ".join(line[:400] for line in lines[-3:]))
    return "".join(words)


def _is_bad(line: str) -> bool:
    return any(word in line for word in ('"level": "error"', "Traceback", "Error", "CRITICAL"))


@contextmanager
def _logs(keep: Path | None) -> Iterator[Path]:
    """A folder for the processes' logs, which goes unless it is to be kept."""
    if keep:
        folder = keep / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    folder = Path(tempfile.mkdtemp(prefix="syncflow-trial-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
