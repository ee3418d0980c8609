"""The Procfile and formations are read as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncflow.procfile import parse_formation, read_procfile
from syncflow.product import PROCFILE
from workers.queues import QUEUES


def test_every_queue_has_a_process_and_every_worker_a_queue() -> None:
    commands = read_procfile(PROCFILE)
    workers = {name: command[-1] for name, command in commands.items() if "workers.run" in command}
    assert workers == {queue: queue for queue in QUEUES}
    assert next(iter(commands)) == "web"


def test_the_release_step_migrates_and_is_no_process() -> None:
    assert "release: flask --app 'app:create_app()' db upgrade\n" in PROCFILE.read_text()
    assert "release" not in read_procfile(PROCFILE)


def test_comments_and_quotes_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("# processes\n\nweb: serve 'app:create_app()'\npush-2: run push\n")
    assert read_procfile(path) == {"web": ("serve", "app:create_app()"), "push-2": ("run", "push")}


@pytest.mark.parametrize("line", ["web", "web:", ": serve", "web: serve\nweb: again"])
def test_a_line_that_is_no_process_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "Procfile"
    path.write_text(f"push: run\n{line}\n")
    with pytest.raises(ValueError, match=r"Procfile, line [23]"):
        read_procfile(path)


def test_formation_counts_processes() -> None:
    commands = {"web": (), "push": (), "sync": ()}
    assert parse_formation("push=2, sync=0", commands) == {"push": 2, "sync": 0}
    assert parse_formation("", commands) == {}


@pytest.mark.parametrize("text", ["fly=1", "push", "push=", "push=-1", "push=two", "web=2"])
def test_a_formation_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_formation(text, {"web": (), "push": ()})
