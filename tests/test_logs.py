"""What may be in a log line, whoever wrote it."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import structlog
import werkzeug.serving

from app.errors import InvalidInput
from app.logs import HIDDEN, cleaner, configure_logging
from app.settings import Settings

SECRETS = {
    "secret_key": "the-secret-key-of-this-installation",
    "credential_keys": ("Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm8=",),
    "database_url": "postgresql://syncflow:pass%40word@127.0.0.1/x",
    "redis_url": "redis://:hush-redis@127.0.0.1/0",
    "mail_url": "smtps://user:hush-mail@mail.example.com",
    "platform_variables": {"SYNCFLOW_SHOPIFY_CLIENT_SECRET": "shop-app-hush"},
}


@pytest.fixture
def secretive(settings: Settings) -> Settings:
    return replace(settings, log_format="json", log_level="INFO", **SECRETS)  # type: ignore[arg-type]


@pytest.fixture
def lines(secretive: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The lines that were logged, read as JSON."""
    before, root, said = structlog.get_config(), logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(sys, "stderr", said)
    configure_logging(secretive)
    yield lambda: [json.loads(line) for line in said.getvalue().splitlines()]
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    ("words", "cleaned"),
    [
        ("the-secret-key-of-this-installation", HIDDEN),
        ("refused: pass%40word and pass@word", f"refused: {HIDDEN} and {HIDDEN}"),
        ("redis said hush-redis, mail hush-mail, Shopify shop-app-hush", None),
        ("ann.buyer+1@shop.example.com wrote", f"{HIDDEN} wrote"),
        ("/x?email=ann%40example.com&hmac=12 failed", f"/x?{HIDDEN} failed"),
        ("Authorization: Bearer abc.def.ghi12345", f"Authorization: {HIDDEN}"),
        ("key sf_live_0123456789abcdef", f"key {HIDDEN}"),
        ("a visit by sf_visit_0123-56789abcdef", f"a visit by {HIDDEN}"),
        ("token shpat_0123456789abcdef and whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None),
        ("ck_0123456789abcdef0123456789abcdef01234567 refused", f"{HIDDEN} refused"),
        (
            "duplicate key\nDETAIL:  Key (name, address)=(Ann Buyer, 5 High St) already exists.\nCONTEXT: x",
            f"duplicate key\nDETAIL: {HIDDEN}\nCONTEXT: x",
        ),
        ("GET /orders/17, 12 ms, 2026-11-28T19:00:00Z", "GET /orders/17, 12 ms, 2026-11-28T19:00:00Z"),
        ("really? yes", "really? yes"),
    ],
)
def test_what_must_not_leave_is_hidden(secretive: Settings, words: str, cleaned: str | None) -> None:
    found = cleaner(secretive)(words)
    if cleaned is None:
        assert "hush" not in found
        assert "0123456789abcdef" not in found
        assert "MfKQ9r8GK" not in found
    else:
        assert found == cleaned


def test_a_field_is_cleaned_however_deep_it_lies_and_a_secrets_name_hides_its_value(lines: Any) -> None:
    structlog.get_logger().info(
        "told",
        detail={"who": ["ann@example.com", 3]},
        error=ValueError("ann@example.com is taken"),
        access_token="opaque",
        password="hunter2",
        connection_id=5,
    )
    [line] = lines()
    assert line["detail"] == {"who": [HIDDEN, 3]}
    assert line["error"] == f"ValueError('{HIDDEN} is taken')"
    assert (line["access_token"], line["password"], line["connection_id"]) == (HIDDEN, HIDDEN, 5)


def test_of_a_fault_its_place_is_told_and_only_our_own_words(lines: Any) -> None:
    def refuse(whispered: str, error: Exception) -> None:
        raise error

    street = "high street".upper()
    for error in (ValueError("no such buyer: Ann Buyer"), InvalidInput("That is no SKU. ann@example.com")):
        try:
            refuse(street, error)
        except Exception:
            structlog.get_logger().exception("failed")
    foreign, ours = lines()
    assert "Ann" not in str(foreign)
    assert "HIGH STREET" not in str(foreign)
    assert "test_logs.py" in foreign["exception"]
    assert foreign["exception"].endswith("ValueError: ValueError")
    assert ours["exception"].endswith(f"InvalidInput: That is no SKU. {HIDDEN}")


def test_a_databases_fault_is_told_by_its_name_without_the_row(lines: Any, settings: Settings) -> None:
    with psycopg.connect(settings.database_url) as connection:
        try:
            connection.execute("SELECT CAST('Ann Buyer' AS int)")
        except psycopg.Error:
            structlog.get_logger().exception("failed")
    [line] = lines()
    assert line["exception"].endswith("InvalidTextRepresentation 22P02")
    assert "Ann" not in line["exception"].replace("CAST('Ann Buyer' AS int)", "")


@pytest.mark.parametrize("library", ["gunicorn.error", "rq.worker", "sqlalchemy.pool", "werkzeug"])
def test_what_libraries_log_goes_through_the_same_renderer(lines: Any, library: str) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1", connection_id=7):
        logging.getLogger(library).error("Worker %s: cannot reach %s", "w1", "ann@example.com")
    [line] = lines()
    assert line["event"] == f"Worker w1: cannot reach {HIDDEN}"
    assert (line["level"], line["logger"], line["request_id"], line["connection_id"]) == (
        "error",
        library,
        "r-1",
        7,
    )


def test_libraries_are_not_heard_below_warning(lines: Any) -> None:
    werkzeug.serving._log("info", "GET /?token=1")
    assert lines() == []


def test_a_second_application_does_not_double_the_lines(secretive: Settings, lines: Any) -> None:
    assert lines() == []
    before = len(logging.getLogger().handlers)
    configure_logging(secretive)
    assert len(logging.getLogger().handlers) == before
