"""A tiny HTTP server over real sockets that answers each request with scripted bytes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

Step = Callable[[socket.socket], None]


def answer(status: int, body: bytes = b"", *headers: str) -> Step:
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda client: client.sendall("\r\n".join(head).encode() + body)


def raw(data: bytes) -> Step:
    """Sends the bytes and hangs up."""

    def step(client: socket.socket) -> None:
        client.sendall(data)
        client.shutdown(socket.SHUT_RDWR)

    return step


def silence(client: socket.socket) -> None:
    """Says nothing until the caller hangs up."""
    client.recv(1)


def slowly(seconds: float, then: Step) -> Step:
    """Takes its time."""

    def step(client: socket.socket) -> None:
        time.sleep(seconds)
        then(client)

    return step


def endless(head: bytes, piece: bytes, pause_seconds: float = 0.0) -> Step:
    """Sends `head` and then `piece` for ever, until the caller hangs up."""

    def step(client: socket.socket) -> None:
        gone = threading.Event()
        try:
            client.sendall(head)
            while not gone.wait(pause_seconds):
                client.sendall(piece)
        except OSError:
            return

    return step


class MisbehavingShop:
    """Plays one step per request, the last one again and again; `requests` holds what was asked."""

    def __init__(self, *steps: Step) -> None:
        self.requests: list[bytes] = []
        self._steps = steps
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._clients: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(timeout=10)

    def __enter__(self) -> MisbehavingShop:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            while True:
                try:
                    request = _read_request(client)
                    if request is None:
                        return
                    step = self._steps[min(len(self.requests), len(self._steps) - 1)]
                    self.requests.append(request)
                    step(client)
                except OSError:
                    return


def _read_request(client: socket.socket) -> bytes | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += client.recv(65536)
    return head + b"\r\n\r\n" + body
