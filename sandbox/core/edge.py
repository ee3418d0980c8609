"""The platform's edge: every API call passes through here, is logged, delayed and, when told to, broken."""

import contextlib
import select
import socket
import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from sandbox.core.faults import CallFault
from sandbox.core.shop import CALL_KEY, Call, Core, Shop

SOCKET_KEY = "sandbox.socket"
BODY_KEY = "sandbox.body"

Answer = tuple[str, list[tuple[str, str]], bytes]


class Disconnected(ConnectionError):
    """The edge closed the connection without an answer."""


class Edge:
    """WSGI app around ``shop.api``."""

    def __init__(self, core: Core, shop: Shop) -> None:
        self._core = core
        self._shop = shop

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(self._shop.api_prefixes):
            return self._shop.api(environ, start_response)
        with self._core.store.transaction():
            call = self._new_call(environ)
            fault = self._core.faults.next_call()
            half_latency_s = self._core.faults.latency_s / 2
        # Half of the latency on the way in, half on the way out, so that the effect is in the middle.
        time.sleep(half_latency_s)
        answer = self._run(environ, call, fault)
        time.sleep(half_latency_s)
        self._log(call, fault, answer)
        if answer is None:
            self._hang_up(environ, hang=fault is not None and fault.kind == "timeout")
            raise Disconnected(f"{call.endpoint}: closed by the fault script")
        status, headers, body = answer
        start_response(status, headers)
        return [body]

    def _new_call(self, environ: WSGIEnvironment) -> Call:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        call = Call(
            call_id=self._core.store.next_id("calls"),
            method=method,
            path=path,
            started_at=time.time(),
            endpoint=path,
        )
        environ[CALL_KEY] = call
        return call

    def _run(self, environ: WSGIEnvironment, call: Call, fault: CallFault | None) -> Answer | None:
        """The answer to send; None: close the connection instead."""
        answer = None
        if fault is None or fault.after_effect:
            answer = _collect(self._shop, environ)
        else:
            self._shop.describe_call(call, environ[BODY_KEY])
        if fault is None:
            return answer
        if fault.kind in ("timeout", "disconnect"):
            return None
        status, headers, body = self._shop.fault_response(fault.kind)
        return f"{status} Fault", headers, body

    def _log(self, call: Call, fault: CallFault | None, answer: Answer | None) -> None:
        with self._core.store.transaction():
            self._core.events.add(
                "call",
                call_id=call.call_id,
                method=call.method,
                endpoint=call.endpoint,
                status=int(answer[0].split()[0]) if answer else None,
                fault=fault.kind if fault else None,
                effect=fault is None or fault.after_effect,
                started_at=call.started_at,
                write=call.write,
                items=call.items,
                throttled=call.throttled,
            )

    def _hang_up(self, environ: WSGIEnvironment, *, hang: bool) -> None:
        connection: socket.socket = environ[SOCKET_KEY]
        if hang:
            # Wait until the caller gives up or the hang is over, whichever comes first.
            select.select([connection], [], [], self._core.faults.hang_s)
        with contextlib.suppress(OSError):  # the caller was faster
            connection.shutdown(socket.SHUT_RDWR)


def _collect(shop: Shop, environ: WSGIEnvironment) -> Answer:
    """Run the shop's app and hold its answer back, so that it can still get lost."""
    head: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
        head.append((status, headers))
        return lambda data: None

    chunks = shop.api(environ, start)  # type: ignore[arg-type]  # WSGI's own type names the write callable
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = head[-1]
    return status, headers, body
