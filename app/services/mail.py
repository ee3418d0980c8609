"""The outbox: a mail is a row of the transaction that causes it, and leaves after the commit.

A mail is sent at least once. Workers claim it, so that two do not send the same one; only a worker that dies
between the server's yes and its own commit has it sent again, under the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import current_app
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.integrations import mail as port
from app.models import Mail
from app.models.accounts import LANGUAGES
from app.services.credentials import CredentialsUnreadable, vault
from app.services.dead_letters.notes import Failure, note_failures
from app.services.faults import Fault, fault_of, told
from app.services.nudge import try_enqueue
from app.services.retries import delay, retries
from app.services.uow import unit_of_work
from app.settings import Settings

log = structlog.get_logger(__name__)

QUEUE = "notify"
JOB_SECONDS = 180
CLAIM_SECONDS = 240
"""Longer than a job may take."""
NUDGED_SECONDS = 5
"""How long the nudge of a new mail is waited for before the sweeper looks after it."""
WOKEN_AT_ONCE = 200


def queue_mail(
    session: Session,
    *,
    to: str,
    language: str | None,
    template: str,
    context: Mapping[str, Any],
    account_id: int | None,
) -> None:
    """Write a mail in the caller's transaction; it is sent once that is durable, and never if it is not.

    `language`: one of LANGUAGES, English where that is not known. `template` is one of
    `app/integrations/mail/templates`, `context` what it needs; `account_id` the account that the mail speaks
    of. Takes as long whoever it is for.
    """
    wording = port.worded(template, language or LANGUAGES[0], context)
    mail = Mail(
        about_account_id=account_id,
        recipient=to,
        template=template,
        subject=wording.subject,
        body=vault().seal({"text": wording.text, "html": wording.html}),
        due_at=datetime.now(UTC) + timedelta(seconds=NUDGED_SECONDS),
    )
    session.add(mail)
    session.flush()
    mail_id = mail.id
    event.listen(session, "after_commit", lambda _session: _wake(mail_id, attempt=0), once=True)


def link(path: str) -> str:
    """The address of a page of this installation, for use in a mail."""
    settings: Settings = current_app.extensions["settings"]
    return f"{settings.public_url}{path}"


def deliver(mail_id: int) -> None:
    """Send one mail. Safe to run at any time and twice; a mail that is sent or claimed is left alone."""
    claim = _claim(mail_id)
    if claim is None:
        return
    if claim.number > retries("mail").attempts:
        _fail(claim, told("", "job_lost", "Every worker that tried to send it died."))
        return
    try:
        _sender().send(claim.mail())
    except (port.MailRefused, CredentialsUnreadable) as err:
        _fail(claim, fault_of(err))
    except port.MailUndelivered as err:
        _put_off(claim, fault_of(err))
    except Exception as err:  # a fault of our own, which another release may mend
        log.exception("mail_not_sent", mail_id=claim.id)
        _put_off(claim, fault_of(err))
    else:
        _record(_SENT, claim)


def wake_due() -> None:
    """Have those sent whose nudge was lost, whose worker died, or whose time to try again has come."""
    with unit_of_work() as uow:
        due = uow.session.execute(_WAKE, {"limit": WOKEN_AT_ONCE}).all()
        uow.commit()
    for row in due:
        _wake(row.id, attempt=row.attempts)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A mail that this worker has for CLAIM_SECONDS."""

    id: int
    number: int
    recipient: str
    subject: str
    body: bytes = field(repr=False)

    def mail(self) -> port.Mail:
        """Raises CredentialsUnreadable."""
        document = vault().open(self.body)
        settings: Settings = current_app.extensions["settings"]
        return port.Mail(
            message_id=f"mail-{self.id}@{urlsplit(settings.public_url).hostname}",
            to=self.recipient,
            subject=self.subject,
            **document,
        )


def _sender() -> port.Sender:
    settings: Settings = current_app.extensions["settings"]
    if settings.mail_url:
        return port.SmtpSender(settings.mail_url, settings.mail_from)
    return port.ConsoleSender(to_terminal=settings.log_format == "console")


def _claim(mail_id: int) -> _Claim | None:
    with unit_of_work() as uow:
        row = uow.session.execute(_CLAIM, {"id": mail_id, "seconds": CLAIM_SECONDS}).one_or_none()
        uow.commit()
    if row is None:
        return None
    return _Claim(row.id, row.attempts, row.recipient, row.subject, bytes(row.body))


def _put_off(claim: _Claim, fault: Fault) -> None:
    """Until another try, if there is one."""
    if claim.number >= retries("mail").attempts:
        _fail(claim, fault)
        return
    log.warning("mail_put_off", mail_id=claim.id, attempts=claim.number, error=str(fault))
    _record(_PUT_OFF, claim, fault, error=str(fault), seconds=delay("mail", claim.number))


def _fail(claim: _Claim, fault: Fault) -> None:
    log.error("mail_failed", mail_id=claim.id, attempts=claim.number, error=str(fault))
    _record(_FAILED, claim, fault, error=str(fault))


def _record(statement: Any, claim: _Claim, fault: Fault | None = None, **parameters: Any) -> None:
    with unit_of_work() as uow:
        params = {"id": claim.id, "number": claim.number, **parameters}
        noted = uow.session.execute(statement, params).one_or_none()
        if noted is not None and fault is not None:
            failure = Failure(
                "mail", claim.id, fault, is_last=statement is _FAILED, account_id=noted.about_account_id
            )
            note_failures(uow.session, [failure])
        uow.commit()


def _wake(mail_id: int, *, attempt: int) -> None:
    job_id = f"mail-{mail_id}-{attempt}"
    try_enqueue(QUEUE, "deliver_mail", mail_id, timeout_seconds=JOB_SECONDS, job_id=job_id)


_CLAIM = text(
    """
    UPDATE mails SET attempts = attempts + 1, claimed_until = now() + make_interval(secs => :seconds),
        due_at = now() + make_interval(secs => :seconds)
    WHERE id = :id AND state = 'pending' AND coalesce(claimed_until <= now(), true)
    RETURNING id, attempts, recipient, subject, body
    """
)
_MINE = "WHERE id = :id AND state = 'pending' AND attempts = :number RETURNING about_account_id"
_SENT = text(
    f"UPDATE mails SET state = 'sent', body = NULL, last_error = '', sent_at = now() {_MINE}"  # noqa: S608
)
_FAILED = text(f"UPDATE mails SET state = 'failed', body = NULL, last_error = :error {_MINE}")  # noqa: S608
_PUT_OFF = text(
    f"""
    UPDATE mails SET claimed_until = NULL, last_error = :error,
        due_at = now() + make_interval(secs => :seconds) {_MINE}
    """  # noqa: S608  (constants)
)
_WAKE = text(
    """
    WITH due AS (
        SELECT id FROM mails WHERE state = 'pending' AND due_at <= now()
        ORDER BY due_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE mails m SET due_at = now() + interval '1 minute' FROM due WHERE m.id = due.id
    RETURNING m.id, m.attempts
    """
)
