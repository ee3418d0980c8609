"""The launcher starts in order, restarts within bounds, and leaves no process behind."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from syncflow.launcher import Launcher, LaunchFailed, Limits
from syncflow.output import Console, LogFiles
from syncflow.processes import command_line
from tests.runtime.waiting import wait_for

PROJECT = Path(__file__).parents[2]
QUICK = Limits(ready=30, grace=10, restarts=2, window=60, backoff=0.01)
# A process that tells of its life in the file $EVENTS, with a child that must not outlive it.
STEADY = """
import os, signal, subprocess, sys
name = sys.argv[1]
def tell(word):
    with open(os.environ["EVENTS"], "a") as events:
        events.write(f"{name} {word}\\n")
def stop(*_):
    tell("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
child = subprocess.Popen(["/bin/sleep", "300"])
with open(os.environ["EVENTS"] + ".pids", "a") as pids:
    pids.write(f"{os.getpid()}\\n{child.pid}\\n")
tell("up")
print(name, "says hello", flush=True)
while True:
    signal.pause()
"""
STUBBORN = STEADY.replace('tell("stopped")\n    sys.exit(0)', 'tell("asked")')
FAILING = "import sys; print('no such table: orders', flush=True); sys.exit(3)"


def steady(name: str) -> list[str]:
    return [sys.executable, "-c", STEADY, name]


@pytest.fixture
def story(tmp_path: Path) -> Path:
    return tmp_path / "events"


def told(story: Path) -> list[str]:
    return story.read_text().splitlines() if story.exists() else []


def pids(story: Path) -> list[int]:
    """Each process's id and its child's."""
    return [int(line) for line in Path(f"{story}.pids").read_text().split()]


def alive(story: Path) -> list[int]:
    return [pid for pid in pids(story) if command_line(pid)]


def launcher(story: Path, commands: Mapping[str, Sequence[str]], **given: Any) -> Launcher:
    environ = {"EVENTS": str(story), "PATH": os.environ["PATH"]}
    options: dict[str, Any] = {"output": LogFiles(story.parent / "logs"), "limits": QUICK, **given}
    return Launcher(commands, environ=environ, cwd=story.parent, **options)


def up(story: Path, name: str, times: int = 1) -> bool:
    return told(story).count(f"{name} up") >= times


def test_web_stops_before_the_workers_and_nothing_is_left(story: Path) -> None:
    commands = {"web": steady("web"), "push": steady("push"), "sync": steady("sync")}
    with launcher(story, commands) as running:
        running.start()
        wait_for(lambda: len(told(story)) == 3, what="the start of all")
        assert {kind: len(pids) for kind, pids in running.pids.items()} == {"web": 1, "push": 1, "sync": 1}
    stopped = [line for line in told(story) if line.endswith("stopped")]
    assert stopped[0] == "web stopped"
    assert sorted(stopped[1:]) == ["push stopped", "sync stopped"]
    wait_for(lambda: alive(story) == [], what="the end of all")


def test_start_returns_only_when_everything_is_ready(story: Path) -> None:
    asked: list[int] = []

    def ready(pids: Sequence[int]) -> bool:
        asked.append(len(pids))
        return len(asked) > 3 and up(story, "web", times=2)

    with launcher(story, {"web": steady("web")}, formation={"web": 2}, ready={"web": ready}) as running:
        running.start()
        assert up(story, "web", times=2)
        assert len(running.pids["web"]) == 2
    assert set(asked) == {2}


def test_what_does_not_become_ready_fails_the_start_with_its_last_words(story: Path) -> None:
    limits = Limits(ready=1, grace=10)
    with (
        launcher(story, {"web": steady("web")}, ready={"web": lambda _: False}, limits=limits) as running,
        pytest.raises(LaunchFailed, match=r"web did not become ready in 1 s[^$]*web says hello"),
    ):
        running.start()
    wait_for(lambda: alive(story) == [], what="the end of all")


def test_a_process_that_cannot_start_fails_the_start_with_its_last_words(story: Path) -> None:
    commands = {"push": steady("push"), "web": [sys.executable, "-c", FAILING]}
    with (
        launcher(story, commands, ready={"web": lambda _: False}) as running,
        pytest.raises(LaunchFailed, match=r"exit code 3[^$]*no such table: orders"),
    ):
        running.start()


def test_a_command_that_does_not_exist_is_named(story: Path) -> None:
    with (
        launcher(story, {"web": ["no-such-program"]}, ready={"web": lambda _: False}) as running,
        pytest.raises(LaunchFailed, match="cannot run no-such-program"),
    ):
        running.start()


def test_a_killed_process_is_started_again_without_its_neighbours(story: Path) -> None:
    with launcher(story, {"push": steady("push"), "sync": steady("sync")}) as running:
        running.start()
        wait_for(lambda: len(told(story)) == 2, what="the start of both")
        before = running.pids
        os.kill(before["push"][0], signal.SIGKILL)
        wait_for(lambda: up(story, "push", times=2), what="the restart")
        assert running.pids["push"] != before["push"]
        assert running.pids["sync"] == before["sync"]
        assert told(story).count("sync up") == 1
    wait_for(lambda: alive(story) == [], what="the end of all")


def test_a_process_that_keeps_failing_ends_everything_with_its_last_words(story: Path) -> None:
    gate = story.parent / "gate"
    failing = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)\n{FAILING}"
    commands = {"web": steady("web"), "push": [sys.executable, "-c", failing]}
    with launcher(story, commands) as running:
        running.start()
        wait_for(lambda: up(story, "web"), what="the start")
        gate.touch()
        with pytest.raises(LaunchFailed, match=r"3 times in 60 s: giving up[^$]*no such table: orders"):
            running.wait(30)
        assert told(story)[-1] == "web stopped"
    wait_for(lambda: alive(story) == [], what="the end of all")


def test_kills_by_a_rehearsal_do_not_count_towards_giving_up(story: Path) -> None:
    with launcher(story, {"push": steady("push")}) as running:
        running.start()
        for times in range(1, QUICK.restarts + 4):
            wait_for(lambda times=times: up(story, "push", times=times), what="the restart")  # type: ignore[misc]
            pid = running.kill("push")
            wait_for(lambda pid=pid: pid not in running.pids["push"], what="the end")  # type: ignore[misc]
        assert running.wait(0) is False
        with pytest.raises(LookupError):
            running.kill("web")


def test_what_ignores_the_request_to_stop_is_killed_with_its_children(story: Path) -> None:
    limits = Limits(grace=0.5)
    with launcher(story, {"push": [sys.executable, "-c", STUBBORN, "push"]}, limits=limits) as running:
        running.start()
        wait_for(lambda: up(story, "push"), what="the start")
    assert told(story) == ["push up", "push asked"]
    wait_for(lambda: alive(story) == [], what="the end of all")


def test_console_prefixes_every_line_with_its_process(story: Path) -> None:
    stream = io.StringIO()
    with launcher(story, {"push": steady("push")}, output=Console(stream), formation={"push": 2}) as running:
        running.start()
        wait_for(lambda: stream.getvalue().count("hello") == 2, what="the output")
    assert "push.1      | push says hello\n" in stream.getvalue()
    assert "push.2      | push says hello\n" in stream.getvalue()


def test_a_terminal_that_is_gone_does_not_disturb_the_processes(story: Path) -> None:
    talking = (
        "import time\nfor _ in range(20000): print('x' * 80)\nopen('done', 'w').close()\ntime.sleep(300)"
    )
    with launcher(story, {"push": [sys.executable, "-c", talking]}, output=_Deaf()) as running:
        running.start()
        wait_for(lambda: (story.parent / "done").exists(), what="the end of the talking")


class _Deaf(Console):
    def __init__(self) -> None:
        super().__init__(io.StringIO())
        self._stream.close()


def test_log_files_keep_the_run_before(story: Path) -> None:
    for _ in range(2):
        with launcher(story, {"push": steady("push")}) as running:
            running.start()
            log = story.parent / "logs" / "push.1.log"
            wait_for(lambda: "hello" in log.read_text(), what="the output")  # noqa: B023
    assert (story.parent / "logs" / "push.1.old.log").read_text().count("hello") == 1
    assert log.read_text().count("hello") == 1


MAIN = """
import json, os, sys
from pathlib import Path
from syncflow.ending import ended_by_signals
from syncflow.launcher import Launcher
from syncflow.output import Console
commands = json.loads(sys.argv[1])
with (
    ended_by_signals() as ending,
    Launcher(commands, environ=dict(os.environ), cwd=Path.cwd(), output=Console()) as launcher,
):
    ending.on_repeat = launcher.hurry
    launcher.start()
    launcher.wait()
"""


@contextmanager
def main(story: Path, commands: Mapping[str, Sequence[str]]) -> Iterator[subprocess.Popen[bytes]]:
    """A program with a launcher, as `syncflow up` is one, when all its processes are up."""
    program = subprocess.Popen(
        [sys.executable, "-c", MAIN, json.dumps(commands)],
        cwd=PROJECT,
        env=os.environ | {"EVENTS": str(story)},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: len(told(story)) == len(commands), what="the start of all")
        yield program
    finally:
        program.kill()
        program.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_launcher_ends_everything_in_order(story: Path, number: signal.Signals) -> None:
    with main(story, {"web": steady("web"), "push": steady("push")}) as program:
        program.send_signal(number)
        assert program.wait(30) == 0
    assert told(story)[2:] == ["web stopped", "push stopped"]
    wait_for(lambda: alive(story) == [], what="the end of all")


def test_a_second_signal_does_not_wait_for_the_stubborn(story: Path) -> None:
    with main(story, {"push": [sys.executable, "-c", STUBBORN, "push"]}) as program:
        program.send_signal(signal.SIGINT)
        wait_for(lambda: "push asked" in told(story), what="the request to stop")
        assert program.poll() is None
        program.send_signal(signal.SIGINT)
        assert program.wait(20) == 0  # The grace would be 25 s.
    wait_for(lambda: alive(story) == [], what="the end of all")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_kill_of_the_launcher_takes_its_processes_along(story: Path) -> None:
    with main(story, {"push": steady("push"), "web": steady("web")}) as program:
        launched, grandchildren = pids(story)[::2], pids(story)[1::2]
        assert all(map(command_line, launched))
        program.kill()
        wait_for(lambda: not any(map(command_line, launched)), what="the end of the processes")
    for pid in grandchildren:  # Their own parents answer for them; the kernel knows of children only.
        os.kill(pid, signal.SIGKILL)
