"""What happens, as it happens: server-sent events (docs/users/live.md).

A stream holds no thread. The server sends the head and the first event of an answer on the client's
connection; then that connection is taken over by the hub, and the server goes on with a socket that leads
nowhere, which it closes as it would have closed the client's.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import redis
from flask import Flask, Response, current_app, request
from flask_jwt_extended import get_jwt

from app.api.errors import OK
from app.api.live_hub import Client, Hub
from app.api.policy import person
from app.api.resource import Resource
from app.api.schemas.live import LiveArgs, LiveHeaders
from app.errors import SyncFlowError
from app.services import live
from app.services.live import Start, text_of

blp = Resource("live", __name__, description="What happens, as it happens.")

MIMETYPE = "text/event-stream"
RETRY_MS = (2000, 6000)
"""Clients come back after some time between these, so that not all do at once after a restart."""


class LiveUnavailable(SyncFlowError):
    """What happens cannot be told at the moment. Please try again in a while."""

    code = "live_unavailable"
    retry_after = 10


def register_live(app: Flask) -> None:
    """Make the process's hub."""
    most = app.extensions["settings"].live_clients
    app.extensions["live"] = Hub(app, app.extensions["redis"], most=most)


@blp.route("/live")
@blp.arguments(LiveArgs, location="query")
@blp.arguments(LiveHeaders, location="headers")
@blp.response(OK, content_type=MIMETYPE)
def stream(args: dict[str, Any], headers: dict[str, Any]) -> Response:
    """Server-sent events of the account, until the token or the session ends.

    The first event is `ready`, or `reset` where what happened since Last-Event-ID is not all known any
    more: fetch again what you show. Events are hints: what counts is what the API answers.
    """
    caller = person()
    hub: Hub = current_app.extensions["live"]
    if request.method == "HEAD":
        return Response(mimetype=MIMETYPE)
    try:
        start = live.start(current_app.extensions["redis"], caller.account_id, headers["last_event_id"])
    except redis.RedisError as err:
        raise LiveUnavailable() from err
    hub.admit(caller.account_id)
    seat = _Seat(
        hub,
        caller.account_id,
        caller.session_id,
        frozenset(args["types"]) if "types" in args else None,
        start,
        float(get_jwt()["exp"]),
    )
    servers_own = request.environ.get("gunicorn.socket")
    # Below TLS of the server's own, or another server, a thread carries what the hub writes.
    if type(servers_own) is socket.socket:
        chunked = request.environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        body = seat.taken_over(servers_own, chunked=chunked)
    else:
        body = seat.carried()
    answer = Response(body, mimetype=MIMETYPE)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(seat.close)
    return answer


@dataclass(slots=True, eq=False)
class _Seat:
    """A place in the hub, from when it was admitted until a stream sits there."""

    hub: Hub
    account_id: int
    session_id: int
    kinds: frozenset[str] | None
    start: Start
    ends_at: float
    joined: bool = False
    nowhere: socket.socket | None = None

    def taken_over(self, servers_own: socket.socket, *, chunked: bool) -> Iterator[bytes]:
        """What the server sends itself; then the hub has its connection. What the server says after that
        goes nowhere, and shutting it down does not reach the client."""
        yield self._first()
        stand_in, self.nowhere = socket.socketpair()
        self.nowhere.shutdown(socket.SHUT_WR)  # the server, reading on, finds that nothing more comes
        with stand_in:
            connection = servers_own.dup()
            os.dup2(stand_in.fileno(), servers_own.fileno(), inheritable=False)
        self._join(connection, chunked=chunked)

    def carried(self) -> Iterator[bytes]:
        """The same through a thread of the server."""
        ours, hubs = socket.socketpair()
        with ours:
            yield self._first()
            self._join(hubs, chunked=False)
            while data := ours.recv(65536):
                yield data

    def _first(self) -> bytes:
        retry = random.randint(*RETRY_MS)  # noqa: S311  (spreads load, guards nothing)
        name = "reset" if self.start.gap else "ready"
        position = text_of(self.start.position)
        return f"retry: {retry}\nid: {position}\nevent: {name}\ndata: {{}}\n\n".encode()

    def _join(self, sock: socket.socket, *, chunked: bool) -> None:
        self.joined = True
        self.hub.join(
            Client(
                sock,
                self.account_id,
                self.session_id,
                self.kinds,
                self.start.position,
                self.ends_at,
                chunked,
            )
        )

    def close(self) -> None:
        """The server is done with its part of the answer."""
        if self.nowhere is not None:
            self.nowhere.close()
        if not self.joined:
            self.hub.give_back(self.account_id)
