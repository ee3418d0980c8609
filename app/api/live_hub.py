"""One thread per process that serves all live streams: no client holds a thread of its own.

The thread reads the streams of all accounts that anybody listens to by one blocking call, writes to sockets
that never block, and drops a client that does not read. Time is asked of `clock` (epoch seconds).
"""

from __future__ import annotations

import resource
import selectors
import socket
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import redis
import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.errors import SyncFlowError
from app.services import live
from app.services.auth import signed_in_among
from app.services.live import Hint, Position, text_of

log = structlog.get_logger(__name__)

PER_ACCOUNT = 100
"""Streams of one account in one process."""
SPARE_FILES = 512
"""Open files that are left to everything else."""
WAIT_MS = 250
"""The longest that the thread waits for events before it looks at its clients."""
HEARTBEAT_SECONDS = 15
RECHECK_SECONDS = 60
BUFFER_BYTES = 256 * 1024
"""What a client may leave unread before it is dropped."""
CLOSE_SECONDS = 5.0
HEARTBEAT = b": still here\n\n"
LOOK_AGAIN = b"event: reset\ndata: {}\n\n"


class TooManyStreams(SyncFlowError):
    """There are as many live streams as this server holds. Please try again in a while."""

    code = "too_many_streams"
    retry_after = 30


@dataclass(slots=True, eq=False)
class Client:
    """A stream. `chunked`: HTTP's framing is ours to write. It ends at `ends_at`, or sooner if its user is no
    member of the account any more."""

    sock: socket.socket
    account_id: int
    session_id: int
    kinds: frozenset[str] | None
    position: Position
    ends_at: float
    chunked: bool
    unsent: bytearray = field(default_factory=bytearray)

    def send(self, data: bytes) -> bool:
        """Send what the socket takes and keep the rest. False if the client is gone, or too far behind."""
        if self.unsent:
            self.unsent += data
            return len(self.unsent) <= BUFFER_BYTES
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return False
        self.unsent += data[sent:]
        return len(self.unsent) <= BUFFER_BYTES

    def flush(self) -> bool:
        """Send what was kept, as far as the socket takes it. False if the client is gone."""
        try:
            while self.unsent:
                del self.unsent[: self.sock.send(self.unsent)]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True


class Hub:
    """The streams of this process. Its thread runs from the first one on."""

    def __init__(
        self, app: Flask, redis_client: redis.Redis, *, most: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._app = app
        self._redis = redis_client
        soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.most = most if soft == resource.RLIM_INFINITY else min(most, max(soft - SPARE_FILES, 0))
        self._clock = clock
        self._lock = threading.Lock()
        self._seats: Counter[int] = Counter()
        self._thread: threading.Thread | None = None
        self._arrived: deque[Client] = deque()
        self._something = threading.Event()
        self._closing = False
        # what only the thread touches
        self._selector = selectors.DefaultSelector()
        self._clients: defaultdict[int, set[Client]] = defaultdict(set)
        self._positions: dict[int, Position] = {}
        self._interrupted = False
        self._beat_at = self._recheck_at = self._expire_at = 0.0

    # ------------------------------------------------------------------------------- any thread

    def admit(self, account_id: int) -> None:
        """Take a seat for a stream to come; `give_back` it if none comes. Raises TooManyStreams."""
        with self._lock:
            full = self._seats.total() >= self.most or self._seats[account_id] >= PER_ACCOUNT
            if full or self._closing:
                raise TooManyStreams()
            self._seats[account_id] += 1

    def give_back(self, account_id: int) -> None:
        with self._lock:
            self._seats[account_id] -= 1
            if not self._seats[account_id]:
                del self._seats[account_id]

    def taken(self) -> int:
        with self._lock:
            return self._seats.total()

    def join(self, client: Client) -> None:
        """Serve the client from now on; its seat and its socket are the hub's."""
        client.sock.setblocking(False)
        with self._lock:
            if self._closing:
                client.sock.close()
                return
            self._arrived.append(client)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
        self._something.set()

    def close(self) -> None:
        """End all streams in good order; no more are taken."""
        with self._lock:
            self._closing = True
        self._something.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    # ------------------------------------------------------------------------------- its thread

    def _run(self) -> None:
        with self._app.app_context():
            while not self._closing:
                try:
                    self._turn()
                except Exception:  # of one turn: the other clients are still there
                    log.exception("live_turn_failed")
                    time.sleep(1)
            self._welcome()
            for client in self._all():
                self._end(client)

    def _turn(self) -> None:
        self._something.clear()
        self._welcome()
        if not self._clients:
            self._something.wait()
            return
        self._hand_out(self._read())
        self._look_at_sockets()
        self._keep_time()

    def _all(self) -> list[Client]:
        return [client for clients in self._clients.values() for client in clients]

    def _welcome(self) -> None:
        while self._arrived:
            client = self._arrived.popleft()
            self._selector.register(client.sock, selectors.EVENT_READ, client)
            self._clients[client.account_id].add(client)
            read_until = self._positions.setdefault(client.account_id, client.position)
            if client.position < read_until:
                try:
                    missed = live.between(self._redis, client.account_id, client.position, read_until)
                except redis.RedisError:
                    self._send(client, LOOK_AGAIN)
                    continue
                self._hand_out(missed, only=client)

    def _read(self) -> Sequence[Hint]:
        """What came meanwhile. When Redis was away nobody knows what was missed: all are to look again."""
        try:
            hints = live.read(self._redis, self._positions, wait_ms=WAIT_MS)
            if self._interrupted:
                self._begin_anew()
                return ()
        except redis.RedisError as err:
            if not self._interrupted:
                log.warning("live_interrupted", error=type(err).__name__)
            self._interrupted = True
            time.sleep(WAIT_MS / 1000)
            return ()
        for hint in hints:
            self._positions[hint.account_id] = hint.position
        return hints

    def _begin_anew(self) -> None:
        for account_id in self._positions:
            end = live.start(self._redis, account_id, None).position
            self._positions[account_id] = end
            for client in list(self._clients[account_id]):
                client.position = end
                self._send(client, f"id: {text_of(end)}\n".encode() + LOOK_AGAIN)
        self._interrupted = False

    def _hand_out(self, hints: Sequence[Hint], *, only: Client | None = None) -> None:
        for hint in hints:
            if not hint.kind:
                continue
            data = as_event(hint)
            chunk = in_chunk(data)
            for client in (only,) if only else tuple(self._clients.get(hint.account_id, ())):
                if hint.position > client.position:
                    client.position = hint.position
                    wanted = client.kinds is None or hint.kind in client.kinds
                    if wanted and not client.send(chunk if client.chunked else data):
                        self._drop(client, "behind")
                    elif client.unsent:
                        self._watch(client)

    def _send(self, client: Client, data: bytes) -> None:
        if not client.send(in_chunk(data) if client.chunked else data):
            self._drop(client, "behind")
        elif client.unsent:
            self._watch(client)

    def _watch(self, client: Client) -> None:
        """Have the selector tell when it can take what was kept, and only as long as there is something."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
        with suppress(KeyError):  # it was dropped
            self._selector.modify(client.sock, events, client)

    def _look_at_sockets(self) -> None:
        for key, events in self._selector.select(0):
            client: Client = key.data
            gone = False
            if events & selectors.EVENT_READ:
                try:
                    gone = not client.sock.recv(4096)  # a stream's client has nothing to say
                except BlockingIOError:
                    pass
                except OSError:
                    gone = True
            if not gone and events & selectors.EVENT_WRITE:
                gone = not client.flush()
                self._watch(client)
            if gone:
                self._drop(client, "left")

    def _keep_time(self) -> None:
        now = self._clock()
        if now >= self._expire_at:
            self._expire_at = now + 1
            for client in self._all():
                if client.ends_at <= now:
                    self._end(client)
        if now >= self._beat_at:
            self._beat_at = now + HEARTBEAT_SECONDS
            for client in self._all():
                self._send(client, HEARTBEAT)
        if now >= self._recheck_at:
            self._recheck_at = now + RECHECK_SECONDS
            self._recheck(self._all())

    def _recheck(self, clients: Collection[Client]) -> None:
        try:
            signed_in = signed_in_among({(client.session_id, client.account_id) for client in clients})
        except SQLAlchemyError as err:  # they are asked for again in a minute; tokens end all the same
            log.warning("live_not_rechecked", error=type(err).__name__)
            return
        for client in clients:
            if (client.session_id, client.account_id) not in signed_in:
                self._end(client)

    def _end(self, client: Client) -> None:
        """The stream is over: say so where HTTP has a way."""
        if client.chunked and not client.unsent:
            client.send(b"0\r\n\r\n")
        self._drop(client, "ended")

    def _drop(self, client: Client, why: str) -> None:
        clients = self._clients.get(client.account_id, set())
        if client not in clients:
            return
        clients.remove(client)
        if not clients:
            del self._clients[client.account_id]
            del self._positions[client.account_id]
        self._selector.unregister(client.sock)
        client.sock.close()
        self.give_back(client.account_id)
        log.debug("live_stream_closed", account_id=client.account_id, why=why)


def as_event(hint: Hint) -> bytes:
    """As server-sent events have it."""
    head = f"id: {text_of(hint.position)}\nevent: {hint.kind}\ndata: "
    return head.encode() + hint.body + b"\n\n"


def in_chunk(data: bytes) -> bytes:
    """As HTTP/1.1 frames it."""
    return b"%x\r\n%b\r\n" % (len(data), data)
