"""Stands in for what traces and faults are sent to: keeps every request's path and body."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Collector:
    url: str = ""
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)
    """Set, unless it shall hang."""

    def spans(self) -> list[Any]:
        """All that came by OTLP, in protobuf's own type."""
        return [
            span
            for path, body in list(self.requests)
            if path == "/v1/traces"
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def faults(self) -> list[dict[str, Any]]:
        """The events that came in Sentry's envelopes."""
        found = []
        for path, body in list(self.requests):
            if path.endswith("/envelope/"):
                lines = body.split(b"\n")
                found += [
                    json.loads(content)
                    for head, content in pairwise(lines)
                    if b'"type":"event"' in head.replace(b" ", b"")
                ]
        return found


@contextmanager
def collector() -> Iterator[Collector]:
    made = Collector()
    made.answers.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.answers.wait()
            packed = self.headers.get("Content-Encoding") == "gzip"
            made.requests.append((self.path, gzip.decompress(body) if packed else body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        made.answers.set()
        server.shutdown()
        thread.join()
        server.server_close()
