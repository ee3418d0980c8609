"""Reading the outbox, and a mail server that takes or refuses what it is sent."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from app.services.credentials import vault
from app.services.uow import unit_of_work


def mails(to: str) -> list[dict[str, Any]]:
    """Those that wait for an address, the oldest first."""
    with unit_of_work() as uow:
        found = uow.session.execute(
            text("SELECT template, subject, body FROM mails WHERE recipient = :to ORDER BY id"), {"to": to}
        ).all()
    return [
        {
            "template": row.template,
            "subject": row.subject,
            **(vault().open(bytes(row.body)) if row.body else {}),
        }
        for row in found
    ]


def token_in(mail: dict[str, Any]) -> str:
    """The one-time token of its link."""
    [found] = re.findall(r"#token=([\w-]+)", mail["text"])
    return str(found)


@dataclass
class MailServer:
    """Speaks as much SMTP as a sender needs. `answers` holds what to say to a command instead of yes."""

    port: int = 0
    extensions: tuple[str, ...] = ()
    answers: dict[str, bytes] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    """Set when a mail is about to be taken."""
    go_on: threading.Event | None = None
    """Waited for before it is."""


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    state = MailServer(**options)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                words = line.decode().strip()
                state.commands.append(words)
                verb = words.partition(" ")[0].upper()
                self.wfile.write(self.answer(verb))
                if verb == "QUIT":
                    return

        def answer(self, verb: str) -> bytes:
            if verb in state.answers:
                return state.answers[verb]
            if verb == "EHLO":
                lines = ["here", *state.extensions]
                return b"".join(
                    f"250{'-' if line is not lines[-1] else ' '}{line}\r\n".encode() for line in lines
                )
            if verb == "DATA":
                return self.take()
            return b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n"

        def take(self) -> bytes:
            self.wfile.write(b"354 go on\r\n")
            lines = []
            for line in self.rfile:
                if line == b".\r\n":
                    break
                lines.append(line.decode())
            state.reached.set()
            if state.go_on is not None:
                state.go_on.wait(10)
            state.received.append("".join(lines))
            return b"250 taken\r\n"

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
