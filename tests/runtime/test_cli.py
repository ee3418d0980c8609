"""Every command says what it does, and exit codes mean what `syncflow --help` says they mean."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from syncflow.cli import main

COMMANDS = main.list_commands(click.Context(main))
PROJECT = Path(__file__).parents[2]


def test_the_commands_of_the_product_are_found() -> None:
    assert {"up", "sandbox", "clean"} <= set(COMMANDS)


def test_help_lists_every_command_with_words_and_the_exit_codes() -> None:
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    listed = dict(line.strip().partition("  ")[::2] for line in shown.output.splitlines())
    for name in COMMANDS:
        assert len(listed[name].strip()) > 15, name
    for code in "01234":
        assert listed[code]


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"sandbox"}))
def test_every_command_has_help(name: str) -> None:
    shown = CliRunner().invoke(main, [name, "--help"])
    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: main {name}")
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{name} {option.opts}"


def test_sandbox_passes_everything_on() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "syncflow.cli", "sandbox", "--help"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--port" in shown.stdout


def test_an_unknown_command_and_a_wrong_option_are_usage_errors() -> None:
    assert CliRunner().invoke(main, ["fly"]).exit_code == 2
    shown = CliRunner().invoke(main, ["up", "--formation", "fly=2"])
    assert shown.exit_code == 2
    assert "there is no process 'fly'; there are web, intake" in shown.output


def test_missing_settings_are_all_named_and_the_product_cannot_run(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": "postgresql://nowhere/x", "REDIS_URL": "redis://nowhere", "SECRET_KEY": ""}
    shown = CliRunner(env=environ).invoke(main, ["up", "--home", str(tmp_path)])
    assert shown.exit_code == 3
    for name in ("SECRET_KEY", "CREDENTIAL_KEYS", "PUBLIC_URL"):
        assert f"{name} is not set." in shown.output


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        environ = {"DATABASE_URL": "postgresql://nowhere/x", "REDIS_URL": "redis://nowhere", "PORT": port}
        shown = CliRunner(env=environ).invoke(main, ["up", "--home", str(tmp_path)])
    assert shown.exit_code == 3
    assert f"Port {port} is in use" in shown.output


def test_clean_removes_the_folder_only_when_told_to(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secrets.env").touch()
    assert CliRunner().invoke(main, ["clean", "--home", str(home)], input="n\n").exit_code == 1
    assert home.is_dir()
    assert CliRunner().invoke(main, ["clean", "--home", str(home), "--yes"]).exit_code == 0
    assert not home.exists()
    assert "There is nothing" in CliRunner().invoke(main, ["clean", "--home", str(home)]).output
