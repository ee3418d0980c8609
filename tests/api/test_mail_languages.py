"""In which language mails are: that of the request that causes them, else that of their reader."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from jinja2 import Environment, FileSystemLoader, meta

from app.integrations.mail import SmtpSender
from app.models.accounts import LANGUAGES, ROLES
from app.services.mail import deliver
from app.services.password_changes import Change
from tests.api.conftest import PASSWORD, Caller, execute, rows
from tests.api.documented import Document
from tests.api.mails import mail_server, mails, token_in

NEW = "anna@example.com"
NEW_PASSWORD = "another horse battery"
BROWSER = "de-AT,de;q=0.9,en;q=0.8"
TEMPLATES = Path("app/integrations/mail/templates")
FORMS = ("txt", "html")


@pytest.fixture
def visitor(base_url: str, openapi: Document) -> Caller:
    """Somebody without an account, whose browser is set to German."""
    return Caller(base_url, openapi, 0, 0, NEW, languages=BROWSER)


@pytest.fixture
def german(merchant: Caller) -> Caller:
    return replace(merchant, languages=BROWSER)


def register(visitor: Caller, address: str = NEW) -> dict[str, Any]:
    """The mail that comes of it."""
    document = {"email": address, "password": PASSWORD, "account_name": "Blau"}
    assert visitor.post("/auth/register", document).status_code == 204
    return mails(address)[-1]


def kept(user: Caller) -> str | None:
    found: str | None = rows("SELECT language FROM users WHERE email = :email", email=user.email)[0].language
    return found


def test_who_registers_in_german_gets_a_german_mail(visitor: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    register(visitor)
    with mail_server() as server:
        sender = SmtpSender(f"smtp+plain://127.0.0.1:{server.port}", "sync@example.com")
        monkeypatch.setattr("app.services.mail._sender", lambda: sender)
        deliver(rows("SELECT id FROM mails")[0].id)
    [raw] = server.received
    sent = email.message_from_string(raw, policy=email.policy.default)
    assert sent["Subject"] == "Bestätigen Sie Ihre E-Mail-Adresse"
    text, html = (part.get_content() for part in sent.iter_parts())
    assert text.startswith("Willkommen bei SyncFlow. Öffnen Sie")
    assert '<html lang="de">' in html
    assert f"{NEW} bestätigen</a>" in html
    assert "hat das gesendet, weil" in html


@pytest.mark.parametrize(
    ("asked", "subject"),
    [
        ("", "Confirm your e-mail address"),
        ("fr", "Confirm your e-mail address"),
        ("fr-CH, it;q=0.9, de;q=0.5, en;q=0.4", "Bestätigen Sie Ihre E-Mail-Adresse"),
        ("DE-at", "Bestätigen Sie Ihre E-Mail-Adresse"),
        ("de, en-GB;q=0.7", "Bestätigen Sie Ihre E-Mail-Adresse"),
        ("en-GB, de;q=0.7", "Confirm your e-mail address"),
        ("de;q=0, *", "Confirm your e-mail address"),
        ("den", "Confirm your e-mail address"),
        (";;q=x,,\xe4", "Confirm your e-mail address"),
    ],
)
def test_of_many_languages_the_first_counts_that_there_is(visitor: Caller, asked: str, subject: str) -> None:
    assert register(replace(visitor, languages=asked))["subject"] == subject


def test_what_one_asks_for_oneself_comes_in_the_language_of_the_request(
    visitor: Caller, german: Caller
) -> None:
    resend, reset = "/auth/verify-email/resend", "/auth/password/reset"
    assert register(visitor, german.email)["subject"] == "Sie haben schon ein Konto bei SyncFlow"
    register(visitor)
    for path, address in [(resend, NEW), (resend, "bob@example.com"), (reset, german.email), (reset, NEW)]:
        assert visitor.post(path, {"email": address}).status_code == 204
    assert [mail["subject"] for mail in mails(NEW)[1:] + mails("bob@example.com")] == [
        "Bestätigen Sie Ihre E-Mail-Adresse",
        "Zu dieser Adresse gibt es kein Konto bei SyncFlow",
        "Keine Registrierung wartet auf eine Bestätigung",
    ]
    assert mails(german.email)[-1]["subject"] == "Neues Passwort setzen"
    done = {"token": token_in(mails(german.email)[-1]), "password": NEW_PASSWORD}
    assert visitor.post("/auth/password/reset/confirm", done).status_code == 204
    assert "Ihr Passwort wurde geändert" in mails(german.email)[-1]["text"]
    visitor.languages = "en"
    assert visitor.post(reset, {"email": german.email}).status_code == 204
    assert mails(german.email)[-1]["subject"] == "Set a new password"


def test_changes_of_how_one_signs_in_are_told_in_the_language_of_the_request(german: Caller) -> None:
    enrolled = german.post("/auth/second-factor", {"password": PASSWORD}).json()
    code = pyotp.TOTP(enrolled["secret"]).now()
    assert german.post("/auth/second-factor/confirm", {"code": code}).status_code == 200
    for path in ("recovery-codes", "disable"):
        assert german.post(f"/auth/second-factor/{path}", {"password": PASSWORD}).ok
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert german.post("/auth/password", change).status_code == 204
    told = mails(german.email)
    assert {mail["subject"] for mail in told} == {"Ihre Anmeldung bei SyncFlow wurde geändert"}
    assert [mail["text"].split("\n")[0] for mail in told] == [
        "Für die Anmeldung wurde ein zweiter Faktor eingerichtet.",
        "Für die Anmeldung wurden neue Wiederherstellungscodes erstellt.",
        "Der zweite Faktor für die Anmeldung wurde ausgeschaltet.",
        "Ihr Passwort wurde geändert, und Ihre anderen Sitzungen wurden beendet.",
    ]


def test_an_invitation_is_in_the_language_of_who_invites(german: Caller) -> None:
    made = german.post("/invitations", {"email": NEW, "role": "admin"}).json()
    assert "als Verwalter" in mails(NEW)[-1]["text"]
    in_english = replace(german, languages="en-GB")
    assert in_english.post(f"/invitations/{made['id']}/resend").status_code == 200
    assert ", as admin." in mails(NEW)[-1]["text"]


def test_each_owner_is_told_of_a_deletion_in_the_language_they_signed_in_with(
    german: Caller, make_member: Callable[[int, str], Caller]
) -> None:
    other, program = (make_member(german.account_id, "owner") for _ in range(2))
    german.sign_in()
    replace(other, languages="en").sign_in()
    assert other.post("/account/deletion", {"password": PASSWORD}).ok
    assert mails(german.email)[-1]["subject"] == "A shop wird gelöscht"
    assert " Uhr (UTC) wird alles entfernt" in mails(german.email)[-1]["text"].replace("\n", " ")
    assert mails(other.email)[-1]["subject"] == "A shop will be deleted"
    assert mails(program.email)[-1]["subject"] == "A shop will be deleted"


def test_a_users_language_is_kept_from_the_beginning_and_only_by_who_names_one(
    visitor: Caller, german: Caller
) -> None:
    assert kept(german) is None
    token = token_in(register(visitor))
    assert visitor.post("/auth/verify-email", {"token": token, "password": PASSWORD}).status_code == 204
    assert kept(visitor) == "de"
    assert replace(visitor, languages="").sign_in().status_code == 200
    assert replace(visitor, languages="fr").sign_in().status_code == 200
    assert kept(visitor) == "de"
    assert replace(visitor, languages="en").sign_in("wrong").status_code == 401
    assert kept(visitor) == "de"
    assert replace(visitor, languages="en").sign_in().status_code == 200
    assert kept(visitor) == "en"


def test_who_joins_or_comes_back_is_known_by_their_language(visitor: Caller, merchant: Caller) -> None:
    merchant.post("/invitations", {"email": NEW, "role": "staff"})
    accept = {"token": token_in(mails(NEW)[-1]), "password": PASSWORD}
    assert visitor.post("/invitations/accept", accept).status_code == 200
    assert kept(visitor) == "de"
    execute("DELETE FROM memberships m USING users u WHERE u.id = m.user_id AND u.email = :e", e=NEW)
    visitor.languages = "en"
    token = token_in(register(visitor))
    assert visitor.post("/auth/verify-email", {"token": token, "password": PASSWORD}).status_code == 204
    assert kept(visitor) == "en"


# --------------------------------------------------------------------------------------------- templates

NAMES = sorted(path.stem for path in (TEMPLATES / "en").glob("*.txt"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_template_and_nothing_else(language: str) -> None:
    found = {path.name for path in (TEMPLATES / language).iterdir()}
    assert found == {"words.html", *(f"{name}.{form}" for name in NAMES for form in FORMS)}
    assert len(NAMES) == 8


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_mail_has_a_subject_and_both_forms(language: str, name: str) -> None:
    subject, text = (TEMPLATES / language / f"{name}.txt").read_text().split("\n", 1)
    assert 5 < len(subject) < 80
    assert text.strip()
    assert '{% extends "layout.html" %}' in (TEMPLATES / language / f"{name}.html").read_text()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_a_mail_says_the_same_in_every_language(name: str, form: str) -> None:
    def needed(language: str) -> set[str]:
        parsed = Environment().parse((TEMPLATES / language / f"{name}.{form}").read_text())
        return meta.find_undeclared_variables(parsed)

    assert [needed(language) for language in LANGUAGES] == [needed("en")] * len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_mails_name_has_words(language: str) -> None:
    words = Environment(loader=FileSystemLoader(TEMPLATES)).get_template(f"{language}/words.html").module
    assert list(words.ROLES) == list(ROLES)  # type: ignore[attr-defined]  # what the template sets
    assert list(words.CHANGES) == list(Change)  # type: ignore[attr-defined]  # the same
    assert words.WHY  # type: ignore[attr-defined]  # the same
