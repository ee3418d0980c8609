"""The application as commands use it: beside a running product, with its settings, quietly."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
from flask import Flask

from app.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def home_option(command: Command) -> Command:
    """--home, as `syncflow up` has it."""
    option = click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the running SyncFlow, if it is not the usual one.  [default: .syncflow]",
    )
    return option(command)


def settings_at(home: Path | None) -> Settings:
    """The running product's settings, or those of the environment. Raises SettingsError."""
    from syncflow.product import HOME, settings_of_commands

    return settings_of_commands(os.environ, home or HOME)


@contextmanager
def application(settings: Settings) -> Iterator[Flask]:
    """The application in its context; only what is wrong is logged."""
    from app import close_app, create_app

    app = create_app(replace(settings, log_level="ERROR", log_format="console"), web=False)
    with app.app_context():
        try:
            yield app
        finally:
            close_app(app)
