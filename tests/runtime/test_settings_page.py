"""The page of settings says what the code says."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from app.settings import _PARSERS
from syncflow.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "operators" / "settings.md"


def test_the_page_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(main, ["settings"], catch_exceptions=False).output
    assert PAGE.read_text() == printed, "run `make settings`"


def test_every_variable_that_is_read_is_on_it() -> None:
    for name in _PARSERS:
        assert f"| `{name.upper()}`" in PAGE.read_text()
