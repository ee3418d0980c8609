"""Mails: how they are worded, and the ways they leave by."""

from __future__ import annotations

from app.integrations.mail.base import Mail, MailRefused, MailUndelivered, Sender
from app.integrations.mail.console import ConsoleSender
from app.integrations.mail.smtp import SmtpSender
from app.integrations.mail.wording import Wording, worded

__all__ = [
    "ConsoleSender",
    "Mail",
    "MailRefused",
    "MailUndelivered",
    "Sender",
    "SmtpSender",
    "Wording",
    "worded",
]
