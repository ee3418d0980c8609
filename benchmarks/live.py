"""How many live streams one web process holds: its memory for each, and how soon all of them have heard.

`python -m benchmarks.live [--clients 1000 5000]`: gunicorn with one process, its clients on loopback, a
hundred of each account. The clients' own work is in the figures: both sides share this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from flask import Flask
from flask_jwt_extended import create_access_token

from app import create_app
from app.api import live_hub
from app.domain.outward import OutwardKind
from app.models import Account, Membership, User
from app.services.outward import event, publish
from app.services.uow import unit_of_work
from app.settings import Settings
from benchmarks.__main__ import environ_of
from syncflow import embedded
from syncflow.database import migrate

EVENTS = 20
PATIENCE_SECONDS = 120.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.live", description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1000, 5000])
    args = parser.parse_args()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with embedded.throwaway() as services:
        environ = {**environ_of(services), "LIVE_CLIENTS": str(max(args.clients)), "WEB_WORKERS": "1"}
        os.environ.update(environ)
        migrate(Settings.from_env(environ))
        app = create_app()
        with app.app_context():
            for clients in args.clients:
                sys.stdout.write(json.dumps(measure(app, environ, clients)) + "\n")
    return 0


def measure(app: Flask, environ: Mapping[str, str], clients: int) -> dict[str, float]:
    """Bytes of memory for each client, and the milliseconds until the last has an event."""
    ids = [_a_member(n) for n in range(-(-clients // live_hub.PER_ACCOUNT))]
    tokens = [
        create_access_token(str(user_id), additional_claims={"account_id": account_id})
        for user_id, account_id in ids
    ]
    with _Server(environ) as server:
        before = server.rss_bytes()
        started = time.perf_counter()
        streams = _connect(int(environ["PORT"]), [tokens[n % len(tokens)] for n in range(clients)])
        connecting = time.perf_counter() - started
        memory = server.rss_bytes() - before
        told = [_tell(streams, [account_id for _user_id, account_id in ids]) for _ in range(EVENTS)]
        processor = server.processor_seconds()
        time.sleep(5)
        idle = (server.processor_seconds() - processor) / 5
        for stream in streams:
            stream.close()
    return {
        "clients": clients,
        "connected_per_s": round(clients / connecting),
        "bytes_per_client": round(memory / clients),
        "all_heard_ms_median": round(statistics.median(told) * 1000, 1),
        "all_heard_ms_worst": round(max(told) * 1000, 1),
        "idle_processor_share": round(idle, 3),
    }


def _a_member(number: int) -> tuple[int, int]:
    with unit_of_work() as uow:
        account = Account(name="A shop")
        user = User(email=f"{number}-{time.time_ns()}@example.com", password_hash="-")
        uow.session.add_all([account, user])
        uow.session.flush()
        uow.session.add(Membership(account_id=account.id, user_id=user.id, role="owner"))
        uow.commit()
    return user.id, account.id


def _connect(port: int, tokens: list[str]) -> list[socket.socket]:
    streams = []
    for token in tokens:
        stream = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        request = f"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        stream.sendall(request.encode())
        streams.append(stream)
    for stream in streams:
        while b"event: ready" not in (data := stream.recv(4096)):
            if not data or b"problem+json" in data:
                raise RuntimeError(data.decode())
    time.sleep(1)
    return streams


def _tell(streams: list[socket.socket], account_ids: list[int]) -> float:
    """Seconds from an event in each account until the last stream has its own."""
    waiting = selectors.DefaultSelector()
    for stream in streams:
        stream.setblocking(False)
        waiting.register(stream, selectors.EVENT_READ)
    started = time.perf_counter()
    publish([event(account_id, OutwardKind.PING, {"subscription_id": 1}) for account_id in account_ids])
    left = len(streams)
    while left:
        for key, _events in waiting.select(PATIENCE_SECONDS):
            assert isinstance(key.fileobj, socket.socket)
            if b"event: ping" in key.fileobj.recv(4096):  # not a heartbeat
                waiting.unregister(key.fileobj)
                left -= 1
    waiting.close()
    return time.perf_counter() - started


class _Server:
    """gunicorn as it runs in production, with one process."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._port = int(environ["PORT"])
        self._environ = environ

    def __enter__(self) -> _Server:
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            "syncflow/gunicorn.py",
            "admin.web:create_web_app()",
        ]
        self._process = subprocess.Popen(command, env={**os.environ, **self._environ})
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=30).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        time.sleep(2)
        return self

    def __exit__(self, *_details: object) -> None:
        self._process.terminate()
        self._process.wait(60)

    def _worker(self) -> Path:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return Path("/proc") / children[0]

    def rss_bytes(self) -> int:
        return int((self._worker() / "statm").read_text().split()[1]) * resource.getpagesize()

    def processor_seconds(self) -> float:
        fields = (self._worker() / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
