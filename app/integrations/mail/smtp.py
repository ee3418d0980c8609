"""Mails by SMTP: one connection for each, encrypted unless the URL says otherwise.

| URL                | encryption                                                      |
| ------------------ | --------------------------------------------------------------- |
| `smtps://`         | from the first byte (port 465)                                  |
| `smtp://`          | STARTTLS (port 587); a server that does not offer it is refused |
| `smtp+plain://`    | none (port 25): for a relay on the same machine                 |
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from app.integrations.mail.base import Mail, MailRefused, MailUndelivered

PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
ANSWER_SECONDS = 20.0
"""The longest wait for each answer of the server."""
PERMANENT = 500
"""RFC 5321, 4.2.1: answers from here on will not change by asking again."""


@dataclass(frozen=True, slots=True)
class SmtpSender:
    """Sends as `sender`, by `scheme://user:password@host:port` with its parts percent-encoded."""

    url: str = field(repr=False)
    sender: str

    def send(self, mail: Mail) -> None:
        try:
            with self._connected() as server:
                server.send_message(self._message(mail))
        except smtplib.SMTPRecipientsRefused as err:
            [answer] = err.recipients.values()
            raise _fault(*answer) from err
        except smtplib.SMTPDataError as err:
            raise _fault(err.smtp_code, err.smtp_error) from err
        except (smtplib.SMTPException, OSError) as err:
            raise MailUndelivered(f"The mail server cannot be used: {type(err).__name__}.") from err

    def _connected(self) -> smtplib.SMTP:
        """Signed in where the URL has a user. The caller ends it."""
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=ANSWER_SECONDS, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, port, timeout=ANSWER_SECONDS)
        try:
            if parts.scheme == "smtp":
                server.starttls(context=ssl.create_default_context())
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, mail.to, mail.subject
        message["Date"], message["Message-ID"] = formatdate(), f"<{mail.message_id}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: answers by machines are not wanted
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message


def _fault(code: int, words: bytes | str) -> MailRefused | MailUndelivered:
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    kind = MailRefused if code >= PERMANENT else MailUndelivered
    return kind(f"The mail server answered {code}: {said[:200]}")
