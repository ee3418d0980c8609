"""Mails: written with what causes them, sent once, and then forgotten."""

from __future__ import annotations

import email
import email.policy
import io
import threading
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import UndefinedError
from rq import Queue

from app.domain.backoff import RETRIES
from app.integrations.mail import ConsoleSender, Mail, MailRefused, MailUndelivered, SmtpSender, worded
from app.services import mail, sweeper
from app.services.mail import queue_mail
from app.services.uow import unit_of_work
from app.settings import Settings
from syncflow.demo_mail import MailWatcher
from tests.api.conftest import execute, rows
from tests.api.mails import MailServer, mail_server, mails

TO = "anna@example.com"
LINK = "https://sync.example.com/verify-email#token=secret-token"
CONTEXT = {"link": LINK, "hours": 24, "email": TO}
READY = Mail(message_id="mail-1@here", to=TO, subject="Hello", text="Text\n", html="<p>Text</p>")


@pytest.fixture
def use_server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[MailServer], None]:
    """Has mails sent to a server."""

    def use(server: MailServer) -> None:
        settings: Settings = app.extensions["settings"]
        url = f"smtp+plain://127.0.0.1:{server.port}"
        changed = replace(settings, mail_url=url, mail_from="SyncFlow <sync@example.com>")
        monkeypatch.setitem(app.extensions, "settings", changed)

    return use


def queued(*, commit: bool = True) -> int:
    with unit_of_work() as uow:
        queue_mail(
            uow.session, to=TO, language=None, template="verify_email", context=CONTEXT, account_id=None
        )
        if commit:
            uow.commit()
    found = rows("SELECT id FROM mails")
    return int(found[0].id) if found else 0


def state(mail_id: int) -> str:
    return str(rows("SELECT state FROM mails WHERE id = :id", id=mail_id)[0].state)


def jobs(app: Flask) -> list[str]:
    return Queue("notify", connection=app.extensions["redis"]).job_ids


def test_a_mail_is_of_the_transaction_that_causes_it(app: Flask) -> None:
    assert queued(commit=False) == 0
    assert jobs(app) == []
    mail_id = queued()
    assert jobs(app) == [f"mail-{mail_id}-0"]
    [waiting] = mails(TO)
    assert waiting["subject"] == "Confirm your e-mail address"
    assert LINK in waiting["text"]
    assert LINK in waiting["html"]


def test_what_a_mail_says_lies_sealed_and_goes_with_it(use_server: Callable[[MailServer], None]) -> None:
    mail_id = queued()
    assert b"secret-token" not in bytes(rows("SELECT body FROM mails")[0].body)
    with mail_server() as server:
        use_server(server)
        mail.deliver(mail_id)
    [row] = rows("SELECT * FROM mails")
    assert (row.state, row.body, row.attempts) == ("sent", None, 1)
    assert row.sent_at is not None
    [raw] = server.received
    sent = email.message_from_string(raw, policy=email.policy.default)
    assert (sent["To"], sent["From"]) == (TO, "SyncFlow <sync@example.com>")
    assert sent["Message-ID"] == f"<mail-{mail_id}@127.0.0.1>"
    assert [part.get_content_type() for part in sent.iter_parts()] == ["text/plain", "text/html"]
    assert all(LINK in part.get_content() for part in sent.iter_parts())


def test_a_mail_is_sent_once(use_server: Callable[[MailServer], None], app: Flask) -> None:
    mail_id = queued()
    taking = threading.Event()

    def deliver() -> None:
        with app.app_context():
            mail.deliver(mail_id)

    with mail_server(go_on=taking) as server, ThreadPoolExecutor() as pool:
        use_server(server)
        workers = [pool.submit(deliver) for _ in range(4)]
        leaving = as_completed(workers, timeout=20)
        for _ in range(3):
            next(leaving).result()  # they find it claimed
        taking.set()
        next(leaving).result()
        mail.deliver(mail_id)
    assert len(server.received) == 1
    assert state(mail_id) == "sent"


def test_a_server_that_does_not_answer_is_tried_again(use_server: Callable[[MailServer], None]) -> None:
    mail_id = queued()
    with mail_server(answers={"RCPT": b"451 later\r\n"}) as server:
        use_server(server)
        mail.deliver(mail_id)
        [row] = rows("SELECT state, last_error, claimed_until, due_at > now() AS later FROM mails")
        assert (row.state, row.claimed_until, row.later) == ("pending", None, True)
        assert "451: later" in row.last_error
        server.answers.clear()
        mail.deliver(mail_id)
    assert state(mail_id) == "sent"


def test_a_mail_is_given_up_after_the_last_try(use_server: Callable[[MailServer], None]) -> None:
    mail_id = queued()
    execute("UPDATE mails SET attempts = :tried", tried=RETRIES["mail"].attempts - 1)
    with mail_server(answers={"DATA": b"451 later\r\n"}) as server:
        use_server(server)
        mail.deliver(mail_id)
    assert rows("SELECT state, body FROM mails") == [("failed", None)]


def test_an_address_that_is_refused_is_not_tried_again(use_server: Callable[[MailServer], None]) -> None:
    mail_id = queued()
    with mail_server(answers={"RCPT": b"550 nobody here\r\n"}) as server:
        use_server(server)
        mail.deliver(mail_id)
    assert rows("SELECT state, attempts, body FROM mails") == [("failed", 1, None)]
    assert "550: nobody here" in rows("SELECT last_error FROM mails")[0].last_error


def test_a_mail_whose_worker_died_is_sent_by_another(use_server: Callable[[MailServer], None]) -> None:
    mail_id = queued()
    execute("UPDATE mails SET attempts = 1, claimed_until = now() + interval '1 minute'")
    with mail_server() as server:
        use_server(server)
        mail.deliver(mail_id)
        assert server.received == []
        execute("UPDATE mails SET claimed_until = now() - interval '1 second'")
        mail.deliver(mail_id)
    assert len(server.received) == 1


def test_what_a_worker_says_whose_time_ran_out_is_not_heard(
    use_server: Callable[[MailServer], None], app: Flask
) -> None:
    mail_id = queued()
    taking = threading.Event()
    with mail_server(go_on=taking) as server, ThreadPoolExecutor() as pool:
        use_server(server)

        def deliver() -> None:
            with app.app_context():
                mail.deliver(mail_id)

        slow = pool.submit(deliver)
        assert server.reached.wait(10)
        execute("UPDATE mails SET attempts = 2, claimed_until = now() + interval '1 minute'")
        taking.set()
        slow.result()
    assert state(mail_id) == "pending"


def test_the_sweeper_finds_a_mail_whose_nudge_was_lost(app: Flask) -> None:
    mail_id = queued()
    app.extensions["redis"].flushall()
    sweeper.sweep()
    assert jobs(app) == []  # its nudge may still be on its way
    execute("UPDATE mails SET due_at = now()")
    sweeper.sweep()
    sweeper.sweep()
    assert jobs(app) == [f"mail-{mail_id}-0"]


def test_house_keeping_forgets_old_mails_but_none_that_waits() -> None:
    queued()
    execute("UPDATE mails SET created_at = now() - interval '40 days'")
    sweeper.house_keeping(30)
    assert len(rows("SELECT 1 FROM mails")) == 1
    execute("UPDATE mails SET state = 'sent', body = NULL")
    sweeper.house_keeping(30)
    assert rows("SELECT 1 FROM mails") == []


def test_without_a_server_a_terminal_is_shown_the_link_and_kept_logs_are_not(
    logged: list[MutableMapping[str, Any]],
) -> None:
    stream = io.StringIO()
    with_link = replace(READY, text=f"Open {LINK} now")
    ConsoleSender(to_terminal=True, stream=stream).send(with_link)
    assert stream.getvalue() == f"mail to {TO}: Hello  {LINK}\n"

    silent = io.StringIO()
    ConsoleSender(to_terminal=False, stream=silent).send(with_link)
    assert silent.getvalue() == ""
    assert [entry["event"] for entry in logged] == ["mail_not_sent"]
    assert "secret" not in str(logged)
    assert TO not in str(logged)


def test_the_demo_shows_each_mail_once(tmp_path: Path) -> None:
    watcher = MailWatcher(tmp_path)
    assert list(watcher.lines()) == []
    log = tmp_path / "notify.1.log"
    (tmp_path / "notify.1.old.log").write_text("mail to old@example.com: Old\n")
    log.write_text("2026 [info] something\nmail to a@example.com: One  http://x/\nmail to b@exa")
    assert list(watcher.lines()) == ["mail to a@example.com: One  http://x/"]
    with log.open("a") as more:
        more.write("mple.com: Two\n")
    assert list(watcher.lines()) == ["mail to b@example.com: Two"]
    assert list(watcher.lines()) == []


def test_a_server_without_encryption_gets_nothing_unless_that_is_wanted() -> None:
    with mail_server() as server:
        with pytest.raises(MailUndelivered):
            SmtpSender(f"smtp://user:pw@127.0.0.1:{server.port}", "a@example.com").send(READY)
        assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)
        SmtpSender(f"smtp+plain://127.0.0.1:{server.port}", "a@example.com").send(READY)
        assert len(server.received) == 1


def test_a_server_that_is_down_or_refuses_the_mail_is_told_apart() -> None:
    with (
        mail_server(answers={"DATA": b"554 spam\r\n"}) as server,
        pytest.raises(MailRefused, match="554: spam"),
    ):
        SmtpSender(f"smtp+plain://127.0.0.1:{server.port}", "a@example.com").send(READY)
    with pytest.raises(MailUndelivered):
        SmtpSender(f"smtp+plain://127.0.0.1:{server.port}", "a@example.com").send(READY)


def test_wordings_escape_what_others_wrote_and_need_all_they_name() -> None:
    made = worded("verify_email", "en", CONTEXT | {"email": "<script>@example.com"})
    assert "<script>" not in made.html
    assert "&lt;script&gt;" in made.html
    with pytest.raises(UndefinedError):
        worded("verify_email", "en", {})
