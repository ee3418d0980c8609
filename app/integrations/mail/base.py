"""What every way of sending mails agrees on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from app.errors import SyncFlowError


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one address. The bodies may hold one-time tokens, hence are left out of the repr."""

    message_id: str
    """Without the angle brackets; the same at every try, so that a receiver can tell a repeat."""
    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class MailUndelivered(SyncFlowError):
    """The mail did not leave, and another try may help."""

    code = "mail_undelivered"


class MailRefused(SyncFlowError):
    """The mail or its address was refused for good."""

    code = "mail_refused"


class Sender(Protocol):
    """A way out."""

    def send(self, mail: Mail) -> None:
        """Hand the mail over. Raises MailUndelivered, MailRefused; neither repeats what the mail says."""
