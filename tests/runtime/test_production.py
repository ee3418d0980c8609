"""What production refuses, and that it says all of it at once, in words without secrets."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from app.services import health
from app.settings import Settings, SettingsError
from syncflow import embedded
from syncflow.product import product_environ

PROJECT = Path(__file__).parents[2]
SECRET = "Zu3-k0bQ4mTj_9rWfX7vLpEhYc2aNsGd8oRi5"
KEY = base64.urlsafe_b64encode(bytes(range(120, 152))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(200, 232))).decode()
SAFE = {
    "DATABASE_URL": "postgresql://u:Rk9tBvX2@db.shops.net:5432/books?sslmode=verify-full",
    "REDIS_URL": "rediss://:Qm4wZs8L@cache.shops.net:6379/0",
    "SECRET_KEY": SECRET,
    "CREDENTIAL_KEYS": KEY,
    "PUBLIC_URL": "https://sync.shops.net",
    "TRUSTED_PROXIES": "1",
}
UNSAFE = {
    "DATABASE_URL": "postgresql://u@db.shops.net/books",
    "REDIS_URL": "redis://cache.shops.net/0",
    "SECRET_KEY": "only-for-tests-" * 3,
    "CREDENTIAL_KEYS": base64.urlsafe_b64encode(b"only-for-tests-".ljust(32, b"-")).decode(),
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "LOG_FORMAT": "console",
    "LOG_LEVEL": "debug",
    "FLASK_DEBUG": "1",
    "ALLOW_PRIVATE_SHOPS": "true",
    "SANDBOX_SHOPS": '[{"platform": "woocommerce", "name": "Sandbox", "config": {"store_url": "http://s"}}]',
    "CORS_ORIGINS": "https://a.shops.net,http://b.shops.net",
    "MAIL_URL": "smtp+plain://mail.shops.net",
    "MAIL_FROM": "sync@shops.net",
    "SYNCFLOW_SHOPIFY_URL_TEMPLATE": "http://127.0.0.1:9999",
}


def refused(**changed: str) -> list[str]:
    """The names of the settings that production refuses when these are changed."""
    try:
        Settings.from_env({**SAFE, **changed})
    except SettingsError as err:
        return [problem.split()[0] for problem in err.problems]
    return []


def test_what_is_safe_starts_and_production_is_what_nothing_was_said_of() -> None:
    settings = Settings.from_env(SAFE)
    assert settings.in_production
    assert not Settings.from_env({**UNSAFE, "ENVIRONMENT": "development"}).in_production


def test_everything_unsafe_is_said_at_once_with_what_is_missing_and_wrong() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**UNSAFE, "PORT": "x", "SYNCFLOW_SHOPIFY_URL_TEMPLATE": "http://127.0.0.1:9999"})
    said = [problem.split()[0] for problem in caught.value.problems]
    assert all(": " in problem for problem in caught.value.problems[1:]), "each says what to do"
    assert said == [
        *("PORT", "FLASK_DEBUG", "LOG_LEVEL", "LOG_FORMAT", "DATABASE_URL", "DATABASE_URL", "REDIS_URL"),
        *("REDIS_URL", "SECRET_KEY", "CREDENTIAL_KEYS", "PUBLIC_URL", "PUBLIC_URL", "ALLOW_PRIVATE_SHOPS"),
        *("SANDBOX_SHOPS", "CORS_ORIGINS", "MAIL_URL", "SYNCFLOW_SHOPIFY_URL_TEMPLATE"),
    ]
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"LOG_FORMAT": "console"})
    assert [problem.split()[0] for problem in caught.value.problems][-2:] == ["PUBLIC_URL", "LOG_FORMAT"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://u@127.0.0.1/books"),
        ("DATABASE_URL", "postgresql://u:@127.0.0.1/books"),
        ("DATABASE_URL", "postgresql://u:Postgres@127.0.0.1/books"),
        ("DATABASE_URL", "postgresql://merchant:merchant@127.0.0.1/books"),
        ("DATABASE_URL", "postgresql://u:books@127.0.0.1/books"),
        ("DATABASE_URL", "postgresql://u:Rk9tBvX2@db.shops.net/books"),
        ("DATABASE_URL", "postgresql://u:Rk9tBvX2@db.shops.net/books?sslmode=prefer"),
        ("DATABASE_URL", "postgresql://u:Rk9tBvX2@db.shops.net/books?sslmode=disable"),
        ("DATABASE_URL", "postgresql://u:Rk9tBvX2@db/books"),
        ("DATABASE_URL", "postgresql:///books?host=db.shops.net&user=u&password=Rk9tBvX2"),
        ("REDIS_URL", "redis://127.0.0.1/0"),
        ("REDIS_URL", "redis://:redis@127.0.0.1/0"),
        ("REDIS_URL", "redis://:Qm4wZs8L@cache.shops.net/0"),
        ("REDIS_URL", "rediss://cache.shops.net/0"),
        ("SECRET_KEY", "s" * 40),
        ("SECRET_KEY", "0123456789abcdefghij" * 2),
        ("SECRET_KEY", "this-one-is-my-Secret-of-the-month-of-may"),
        ("CREDENTIAL_KEYS", base64.urlsafe_b64encode(bytes(32)).decode()),
        (
            "CREDENTIAL_KEYS",
            f"{KEY},{base64.urlsafe_b64encode(b'0123456789abcdefghijklmnopqrstuv').decode()}",
        ),
        ("PUBLIC_URL", "http://sync.shops.net"),
        ("PUBLIC_URL", "https://localhost"),
        ("PUBLIC_URL", "https://sync.example.com"),
        ("TRUSTED_PROXIES", ""),
        ("METRICS_TOKEN", "let-prometheus-in-by-this-secret"),
        ("METRICS_TOKEN", SECRET),
        ("SENTRY_DSN", "http://key@sentry.shops.net/1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel.shops.net:4318"),
    ],
)
def test_each_unsafe_setting_is_named_alone(name: str, value: str) -> None:
    assert refused(**{name: value}) == (["SECRET_KEY"] if value == SECRET else [name])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://u:Rk9tBvX2@127.0.0.1/books"),
        ("DATABASE_URL", "postgresql:///books?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql://u:Rk9tBvX2@db/books?sslmode=disable"),
        ("DATABASE_URL", "postgresql://u@db.shops.net/books?sslmode=verify-full&sslcert=/srv/u.pem"),
        ("REDIS_URL", "redis://:Qm4wZs8L@cache/0"),
        ("REDIS_URL", "redis://:Qm4wZs8L@10.0.0.7/0"),
        ("REDIS_URL", "unix:///run/valkey.sock"),
        ("SECRET_KEY", "d41d8cd98f00b204e9800998ecf8427e"),
        ("CREDENTIAL_KEYS", f"{KEY},{OTHER_KEY}"),
        ("TRUSTED_PROXIES", "0"),
        ("MAIL_URL", "smtp+plain://127.0.0.1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
    ],
)
def test_what_is_safe_is_let_pass(name: str, value: str) -> None:
    assert refused(**{name: value, "MAIL_FROM": "sync@shops.net"}) == []


def test_a_host_that_writes_the_database_url_says_the_mode_apart() -> None:
    """Heroku and others write DATABASE_URL themselves; libpq reads PGSSLMODE where it names no mode."""
    url = "postgres://u:Rk9tBvX2@ec2-1.compute-1.amazonaws.com:5432/d1"
    assert refused(DATABASE_URL=url) == ["DATABASE_URL"]
    assert refused(DATABASE_URL=url, PGSSLMODE="require") == []


@pytest.mark.parametrize(
    "changed",
    [
        {"CREDENTIAL_KEYS": KEY, "SECRET_KEY": KEY},
        {"SYNCFLOW_SHOPIFY_CLIENT_SECRET": SECRET},
        {"REDIS_URL": "rediss://:Rk9tBvX2@cache.shops.net:6379/0"},
    ],
)
def test_one_secret_in_two_places_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="hold the same secret: give each one of its own") as caught:
        Settings.from_env(SAFE | changed)
    assert len(caught.value.problems) == 1


def test_no_refusal_repeats_a_secret() -> None:
    unsafe = UNSAFE | {
        "DATABASE_URL": "postgresql://hugo:letmein@db.shops.net/books",
        "REDIS_URL": "redis://:valkey@cache.shops.net/0",
        "SYNCFLOW_WOOCOMMERCE_TOKEN": UNSAFE["SECRET_KEY"],
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(unsafe)
    for secret in ("letmein", "hugo", ":valkey", UNSAFE["SECRET_KEY"], UNSAFE["CREDENTIAL_KEYS"], "9999"):
        assert secret not in str(caught.value)


def test_a_server_that_signs_its_own_certificate_is_taken_when_that_is_said() -> None:
    assert Settings.from_env(SAFE).redis_url == SAFE["REDIS_URL"]
    settings = Settings.from_env({**SAFE, "REDIS_VERIFY_CERTIFICATE": "false"})
    assert settings.redis_url == f"{SAFE['REDIS_URL']}?ssl_cert_reqs=none"


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "gunicorn", "-c", "syncflow/gunicorn.py", "admin.web:create_web_app()"],
        [sys.executable, "-m", "workers.run", "push"],
        [sys.executable, "-m", "workers.schedule"],
        [sys.executable, "-m", "flask", "--app", "app:create_app()", "db", "upgrade"],
    ],
    ids=["web", "worker", "scheduler", "release"],
)
def test_every_kind_of_process_refuses_in_plain_words(command: list[str]) -> None:
    process = subprocess.run(
        command,
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", **UNSAFE},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert process.returncode != 0
    assert process.stderr.startswith("SyncFlow cannot start with these settings:\n  - FLASK_DEBUG is on")
    assert "Traceback" not in process.stderr


def test_what_only_this_machine_reaches_is_not_production(
    services: embedded.Services, tmp_path: Path
) -> None:
    """`syncflow up` is one's own machine until it is given an address for others."""
    own = product_environ({}, home=tmp_path, services=services)
    assert not Settings.from_env(own).in_production
    public = {"PUBLIC_URL": "https://sync.shops.net", "TRUSTED_PROXIES": "1"}
    settings = Settings.from_env(product_environ(public, home=tmp_path, services=services))
    assert settings.in_production
    assert (settings.log_format, settings.allow_private_shops) == ("json", False)


def test_a_database_that_lets_anybody_in_is_noticed(settings: Settings) -> None:
    assert not health.admits_anybody(settings)
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        [(path,)] = connection.execute("SHOW hba_file").fetchall()
        before = Path(path).read_text()
        try:
            Path(path).write_text(f"host all open 127.0.0.1/32 trust\n{before}")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE ROLE open LOGIN PASSWORD 'x'")
            parts = urlsplit(settings.database_url)
            url = parts._replace(netloc=f"open:x@{parts.hostname}:{parts.port}").geturl()
            environ = {**SAFE, "DATABASE_URL": url, "ENVIRONMENT": "development"}
            assert health.admits_anybody(Settings.from_env(environ))
        finally:
            Path(path).write_text(before)
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("DROP ROLE IF EXISTS open")
