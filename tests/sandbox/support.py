"""Sandbox shops as real processes, and a receiver of their webhooks."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20


def until(test: Callable[[], Any]) -> Any:
    """Poll until ``test()`` is true; its value."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if value := test():
            return value
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


class ShopProcess:
    """``python -m sandbox PLATFORM`` on a free port, with its control API."""

    def __init__(self, platform: str, state: Path, *options: str) -> None:
        self.platform = platform
        self.state = state
        self.options = options
        self.session = requests.Session()
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "sandbox", self.platform, "--port", "0", "--state", str(self.state)]
        self.process = subprocess.Popen(
            [*command, "--token", "test-token", *self.options], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(f"sandbox {self.platform} ready "), line
        self.url = line.split()[-1]

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(sign)
        code = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def control(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(
            method,
            f"{self.url}/_sandbox/{path}",
            json=body,
            headers={"Authorization": "Bearer test-token"},
            timeout=PATIENCE_S,
        )

    def do(self, path: str, body: Any = None, *, method: str = "POST") -> Any:
        """A control call that must succeed; its JSON."""
        response = self.control(method, path, body)
        assert response.ok, response.text
        return response.json()

    def add(self, *variants: dict[str, Any], **product: Any) -> list[dict[str, Any]]:
        """One product with these variants; its items."""
        filled = [{"title": v.get("sku"), "price": "9.99", "stock": 10, **v} for v in variants]
        return list(
            self.do("catalog", {"products": [{"title": "Mug", **product, "variants": filled}]})["items"]
        )

    def order(self, *lines: tuple[str, int], **fields: Any) -> int:
        """A buyer's order; its id."""
        wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        return int(self.do("orders", {"lines": wanted, **fields})["id"])

    def quantity(self, sku: str) -> int | None:
        """What the shop itself says is in stock."""
        items = self.do("truth", method="GET")["items"]
        quantity: int | None = next(item["quantity"] for item in items if item["sku"] == sku)
        return quantity

    def events(self, type_: str, **wanted: Any) -> list[dict[str, Any]]:
        events = self.do("events?limit=100000", method="GET")["events"]
        return [
            e for e in events if e["type"] == type_ and all(e.get(key) == val for key, val in wanted.items())
        ]

    def faults(self, **settings: Any) -> None:
        self.do("faults", settings, method="PUT")


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Takes webhooks (and any other POST) and answers with ``status``; ``gate`` holds answers up."""

    status: int = 200
    received: list[Received] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()
        self._news = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                receiver._take(Received(self.path, dict(self.headers.items()), body, time.time()))
                receiver.gate.wait(PATIENCE_S)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Tests stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    def wait(self, count: int, where: Callable[[Received], bool] = lambda _: True) -> list[Received]:
        """Wait until at least ``count`` matching requests came; all of them."""
        with self._news:
            arrived = self._news.wait_for(lambda: len(self._matching(where)) >= count, PATIENCE_S)
            assert arrived, f"{len(self._matching(where))} of {count} came"
            return self._matching(where)

    def _matching(self, where: Callable[[Received], bool]) -> list[Received]:
        return [request for request in self.received if where(request)]

    def _take(self, request: Received) -> None:
        with self._news:
            self.received.append(request)
            self._news.notify_all()
