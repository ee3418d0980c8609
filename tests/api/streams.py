"""A client of live streams over a bare socket, and a web process as it runs in production."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.api.conftest import Caller

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Event:
    id: str
    name: str
    data: Any


class Stream:
    """An open stream. Reading waits for up to 20 s."""

    def __init__(self, address: str, token: str, *, query: str = "", last_seen: str = "") -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=20)
        headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": last_seen} if last_seen else {})
        self.connection.request("GET", f"/api/v1/live{query}", headers=headers)
        self.answer = self.connection.getresponse()

    def block(self) -> dict[str, str]:
        """The next block of lines: an event, or a comment alone (under "")."""
        found: dict[str, str] = {}
        while line := self.answer.readline().decode():
            if line == "\n":
                return found
            name, _, value = line.rstrip("\n").partition(":")
            found[name] = value.removeprefix(" ")
        raise EOFError

    def event(self) -> Event:
        """The next event; comments are passed over."""
        while "event" not in (block := self.block()):
            pass
        return Event(block.get("id", ""), block["event"], json.loads(block["data"]))

    def ends(self) -> bool:
        """Read to the end; True if it came in good order."""
        try:
            while True:
                self.block()
        except EOFError:
            return self.answer.isclosed()

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


@contextmanager
def opened(merchant: Caller, **options: Any) -> Iterator[Stream]:
    stream = Stream(merchant.base_url, merchant.token, **options)
    try:
        yield stream
    finally:
        stream.close()


@dataclass
class Web:
    """gunicorn with one process and two threads."""

    process: subprocess.Popen[bytes]
    base_url: str

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def web(environ: Mapping[str, str], **settings: str) -> Iterator[Web]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "syncflow/gunicorn.py", "admin.web:create_web_app()"],
        env={
            **os.environ,
            **environ,
            "PORT": str(port),
            "WEB_WORKERS": "1",
            "WEB_THREADS": "2",
            "LOG_LEVEL": "WARNING",
            **settings,
        },
        cwd=PROJECT,
    )
    running = Web(process, f"http://127.0.0.1:{port}")
    try:
        _until_up(running, port)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _until_up(running: Web, port: int) -> None:
    while running.process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            connection.close()
        except OSError:
            continue
        return
    raise AssertionError("gunicorn ended")
