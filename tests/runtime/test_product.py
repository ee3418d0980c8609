"""`syncflow up`, the real one: everything starts from nothing, keeps its secrets, and is gone afterwards."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from app.settings import SettingsError
from syncflow import embedded
from syncflow.processes import free_port
from syncflow.product import kept_secrets, settings_of_commands
from tests.runtime.waiting import wait_for

PROJECT = Path(__file__).parents[2]
START_SECONDS = 100.0
OF_ORIGINAL = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "CREDENTIAL_KEYS", "PUBLIC_URL", "PORT")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("up") / ".syncflow"
    yield home
    embedded.remove(home)


def left_over(home: Path) -> list[str]:
    """The living processes that have to do with this home, by what their environment or command says."""
    mark = str(home).encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if mark in words or str((home / "postgres").resolve()).encode() in words:
            found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


@contextmanager
def up(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `syncflow up` and its address."""
    port = str(free_port())
    environ = {name: value for name, value in os.environ.items() if name not in OF_ORIGINAL}
    program = subprocess.Popen(
        [sys.executable, "-m", "syncflow.cli", "up", "--home", str(home), "--logs", *options],
        cwd=PROJECT,
        env={**environ, "PORT": port, "WEB_WORKERS": "1", "OF_TEST": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert program.stdout is not None
    try:
        line = program.stdout.readline()
        assert f"SyncFlow is up: http://127.0.0.1:{port}" in line, line + program.stdout.read()
        yield program, f"http://127.0.0.1:{port}"
    finally:
        program.kill()
        program.communicate()


@pytest.mark.timeout(2 * START_SECONDS)
def test_up_serves_from_nothing_and_stops_in_order_without_leftovers(home: Path) -> None:
    with up(home) as (program, address):
        assert requests.get(f"{address}/readyz", timeout=10).status_code == 200
        settings = settings_of_commands({}, home)
        assert settings.public_url == address
        assert settings.secret_key == kept_secrets(home)["SECRET_KEY"]
        for name in ("running.env", "secrets.env"):
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
        program.send_signal(signal.SIGTERM)
        output, _ = program.communicate(timeout=60)
        assert output == "SyncFlow has stopped.\n"
        assert program.returncode == 0
    assert left_over(home) == []
    with pytest.raises(SettingsError, match="syncflow up"):
        settings_of_commands({}, home)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
@pytest.mark.timeout(2 * START_SECONDS)
def test_a_kill_of_up_leaves_no_process_and_the_next_start_works(home: Path) -> None:
    before = kept_secrets(home)
    for _ in range(2):
        with up(home, "--formation", "intake=0,sync=0,retries=0,notify=0,reports=0") as (program, _):
            assert len(left_over(home)) > 5
            program.kill()
            program.wait()
            wait_for(lambda: not left_over(home), what="the end of every process")
    assert kept_secrets(home) == before
