"""What migrations do to a database that is at work: squawk's rules, and one of ours about rows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SQUAWK = shutil.which("squawk", path=str(Path(sys.executable).parent)) or shutil.which("squawk")
CHANGES = re.compile(
    r"\s*(CREATE|ALTER|DROP|COMMIT|TRUNCATE|UPDATE|DELETE|INSERT|WITH|LOCK|REINDEX|CLUSTER)\b", re.IGNORECASE
)
OF_ALEMBIC = re.compile(r"\balembic_version\b")
PARAMETER = re.compile(r"%\(\w+\)s(::[A-Za-z ]+)?")
NEW_TABLE = re.compile(r"\bCREATE TABLE (?:IF NOT EXISTS )?\"?(\w+)", re.IGNORECASE)
ROWS = re.compile(r"\b(?:UPDATE(?: ONLY)?|DELETE FROM(?: ONLY)?|INSERT INTO) \"?(\w+)", re.IGNORECASE)
A_FEW_ROWS = re.compile(r"INSERT INTO \S+ \([^)]*\) VALUES ", re.IGNORECASE)
COMMIT = "COMMIT"
MOVES_ROWS = "moves-rows-of-a-table-in-use"


def changes(statements: Iterable[str]) -> list[str]:
    """Those that change something, as SQL without a driver's parameters, with the COMMITs in between."""
    found = [
        PARAMETER.sub("NULL", statement).replace("%%", "%").strip().removesuffix(";")
        for statement in statements
        if CHANGES.match(statement) and not OF_ALEMBIC.search(statement)
    ]
    while found and COMMIT in (found[0], found[-1]):
        del found[0 if found[0] == COMMIT else -1]
    return found


def faults(statements: Iterable[str]) -> list[tuple[str, str]]:
    """The rules that one migration's statements break, each with its statement."""
    made = changes(statements)
    return [*_told_by_squawk(made), *_moving_rows(made)]


def _told_by_squawk(statements: list[str]) -> list[tuple[str, str]]:
    assert SQUAWK, "squawk is not installed"
    lines = [" ".join(re.sub(r"--[^\n]*", "", statement).split()) for statement in statements]
    answer = subprocess.run(
        [SQUAWK, "--reporter", "json", "--config", str(PROJECT / ".squawk.toml")],
        input="".join(f"{line};\n" for line in lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode in (0, 1), answer.stderr
    return [(found["rule_name"], lines[found["line"]]) for found in json.loads(answer.stdout or "[]")]


def _moving_rows(statements: list[str]) -> list[tuple[str, str]]:
    """A whole table's rows changed in one transaction are locked until its end."""
    new: set[str] = set()
    found = []
    for statement in statements:
        new |= set(NEW_TABLE.findall(statement))
        if statement.upper().startswith("CREATE") or A_FEW_ROWS.match(statement):
            continue  # what a function or a trigger does, it does later
        if set(ROWS.findall(statement)) - new:
            found.append((MOVES_ROWS, " ".join(statement.split())))
    return found
