"""Where no mail server is set: say that a mail would have been sent."""

from __future__ import annotations

import re
import sys
from typing import TextIO

import structlog

from app.integrations.mail.base import Mail

log = structlog.get_logger(__name__)

MARK = "mail to "
"""What each line begins with; the demo looks for it."""
_LINK = re.compile(r"https?://\S+")


class ConsoleSender:
    """Prints a line with address, subject and link, for a person at a terminal.

    Logs that are kept (`to_terminal` false) are told no more than that there was a mail: a link signs in.
    """

    def __init__(self, *, to_terminal: bool, stream: TextIO | None = None) -> None:
        self._to_terminal = to_terminal
        self._stream = stream or sys.stderr

    def send(self, mail: Mail) -> None:
        if not self._to_terminal:
            log.warning("mail_not_sent", reason="MAIL_URL is not set", message_id=mail.message_id)
            return
        link = _LINK.search(mail.text)
        self._stream.write(f"{MARK}{mail.to}: {mail.subject}  {link.group() if link else ''}".rstrip() + "\n")
        self._stream.flush()
