"""`syncflow doctor`: is everything well, and if not, what to do?"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.settings import Settings, SettingsError
from syncflow.exits import WRONG
from syncflow.terminal import plain
from syncflow.within import application, home_option, settings_at

if TYPE_CHECKING:
    from syncflow.doctor import Finding

COLOURS = {"ok": "green", "note": "yellow", "wrong": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@home_option
def command(as_json: bool, home: Path | None) -> None:
    """Look at settings, database, Redis, migrations, workers, every shop, and the way in for webhooks.

    Says in plain words what is wrong and what to do. Ends with 1 if anything is.
    """
    from syncflow.doctor import Finding, Verdict

    try:
        settings = settings_at(home)
    except SettingsError as err:
        findings = [
            Finding(Verdict.WRONG, "settings", problem, "Correct it in the environment of all processes.")
            for problem in err.problems
        ]
    else:
        findings = [Finding(Verdict.OK, "settings", "complete"), *_examined(settings)]
    wrong = sum(finding.verdict is Verdict.WRONG for finding in findings)
    if as_json:
        click.echo(json.dumps({"wrong": wrong, "findings": [asdict(finding) for finding in findings]}))
    else:
        _print(findings, wrong)
    sys.exit(WRONG if wrong else 0)


def _examined(settings: Settings) -> list[Finding]:
    from syncflow.doctor import examine
    from syncflow.product import PROCFILE

    with application(settings) as app:
        return list(examine(settings, app, PROCFILE))


def _print(findings: list[Finding], wrong: int) -> None:
    for finding in findings:
        word = click.style(f"{finding.verdict.value:<5}", fg=COLOURS[finding.verdict.value])
        click.echo(f"{word}  {plain(finding.subject)}: {plain(finding.what)}")
        if finding.remedy:
            click.echo(f"       -> {finding.remedy}")
    click.echo("\nAll is well." if not wrong else f"\n{wrong} thing{'s' * (wrong > 1)} to put right.")
