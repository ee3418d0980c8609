"""A backup of the embedded database, as somebody with one machine makes it: `syncflow up` runs or not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.settings import Settings
from syncflow import embedded
from syncflow.cli import main
from syncflow.database import migrate
from syncflow.product import product_environ

OF_ORIGINAL = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "CREDENTIAL_KEYS",
    "PUBLIC_URL",
    "PORT",
    "ENVIRONMENT",
)


def run(*arguments: str) -> Result:
    return CliRunner(env=dict.fromkeys(OF_ORIGINAL)).invoke(main, arguments)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Of a product that ran, and is stopped."""
    home = tmp_path / "home"
    with embedded.start(home, with_valkey=False, durable=False) as services:
        environ = {"PATH": os.defpath, "REDIS_URL": "redis://127.0.0.1:1/0"}
        migrate(Settings.from_env(product_environ(environ, home=home, services=services)))
    yield home
    embedded.remove(home)


def test_the_embedded_database_moves_to_another_folder_with_its_keys(home: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "a.backup", tmp_path / "new"
    backed_up = run("backup", str(file), "--home", str(home))
    assert backed_up.exit_code == 0, backed_up.output
    assert f"Keep a copy of {home}/secrets.env too" in backed_up.output
    secret = (home / "secrets.env").read_text().split("CREDENTIAL_KEYS=")[1].strip()
    assert secret.encode() not in file.read_bytes()

    without_keys = run("restore", str(file), "--home", str(new))
    assert without_keys.exit_code == 3
    assert f"{new}/secrets.env is missing" in without_keys.output
    new.mkdir(mode=0o700)
    shutil.copy(home / "secrets.env", new)
    try:
        restored = run("restore", str(file), "--home", str(new))
        assert restored.exit_code == 0, restored.output
        again = run("restore", str(file), "--home", str(new))
        assert (again.exit_code, "not empty" in again.output) == (3, True)
    finally:
        embedded.remove(new)


def test_a_folder_with_nothing_in_it_is_not_backed_up(tmp_path: Path) -> None:
    answer = run("backup", str(tmp_path / "a.backup"), "--home", str(tmp_path / "nothing"))
    assert answer.exit_code == 3
    assert "There is nothing in" in answer.output
    assert not (tmp_path / "nothing").exists()
