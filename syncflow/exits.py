"""What the exit codes of `syncflow` mean."""

from __future__ import annotations

import click

OK = 0
WRONG = 1
USAGE = 2
CANNOT_RUN = 3
GAVE_UP = 4
MEANING = {
    OK: "all is well, or it was ended with Ctrl-C",
    WRONG: "a check found something wrong; the output says what",
    USAGE: "the command was not understood",
    CANNOT_RUN: "settings or services are missing; the message says what to do",
    GAVE_UP: "a process of SyncFlow could not be kept running",
}


class CannotRun(click.ClickException):
    """Settings or services are missing."""

    exit_code = CANNOT_RUN


class GaveUp(click.ClickException):
    """A process of SyncFlow could not be kept running."""

    exit_code = GAVE_UP
