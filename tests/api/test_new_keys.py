"""Changing the installation's own secrets, as docs/operators/backups.md says, loses nothing on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from cryptography.fernet import Fernet
from flask import Flask
from psycopg import sql
from sqlalchemy import text

from app import close_app, create_app
from app.extensions import db
from app.models import Connection
from app.services import credentials
from app.services.credentials import ConnectionCredentials
from app.settings import Settings
from tests.api.conftest import Caller
from tests.api.test_sessions import in_body, works


@contextmanager
def restarted(settings: Settings, **changed: Any) -> Iterator[Flask]:
    """The application with other settings, as after a restart."""
    application = create_app(replace(settings, **changed))
    with application.app_context():
        try:
            yield application
        finally:
            close_app(application)


def test_a_new_secret_key_ends_access_tokens_and_no_session(merchant: Caller, settings: Settings) -> None:
    refresh_token = in_body(merchant)
    assert works(merchant, merchant.token)
    with restarted(settings, secret_key="another-one-of-the-same-length-or-so") as application:
        client = application.test_client()
        old = {"Authorization": f"Bearer {merchant.token}"}
        assert client.get("/api/v1/me", headers=old).status_code == 401
        answer = client.post("/api/v1/auth/refresh", json={"refresh_token": refresh_token})
        assert answer.status_code == 200
        new = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
        assert client.get("/api/v1/me", headers=new).status_code == 200


def test_a_new_credential_key_goes_in_front_and_the_old_one_out(
    make_connection: Callable[..., Connection], settings: Settings
) -> None:
    connection = make_connection()
    old, new = settings.credential_keys, Fernet.generate_key().decode()
    with restarted(settings, credential_keys=(new, *old)):
        assert ConnectionCredentials(connection.id).current()["token"] == "t0"
        assert credentials.rotate_keys() == 1
    with restarted(settings, credential_keys=(new,)):
        assert ConnectionCredentials(connection.id).current()["token"] == "t0"
        assert credentials.unreadable() == {}
    with restarted(settings, credential_keys=old):
        assert credentials.unreadable() == {"connections": 1}


def test_a_new_database_password_lets_those_work_on_who_are_in(settings: Settings) -> None:
    parts = urlsplit(settings.database_url)
    role = sql.Identifier("rotated")
    with psycopg.connect(settings.database_url, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'before'").format(role))
        try:
            before, after = (
                parts._replace(netloc=f"rotated:{password}@{parts.hostname}:{parts.port}").geturl()
                for password in ("before", "after")
            )
            with restarted(settings, database_url=before):
                db.session.execute(text("SELECT 1"))
                owner.execute(sql.SQL("ALTER ROLE {} PASSWORD 'after'").format(role))
                db.session.execute(text("SELECT 1"))
                db.session.rollback()
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(before)
            with restarted(settings, database_url=after):
                db.session.execute(text("SELECT 1"))
                db.session.rollback()
        finally:
            owner.execute(sql.SQL("DROP ROLE {}").format(role))
