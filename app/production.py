"""What production refuses: settings that work, and leave a door open.

`refusals` looks at what the environment says and at nothing else, so that every process refuses alike and at
once. What only a connection can tell (a database that lets anybody in) is `services/health.py`'s to see.
Each sentence says what is wrong and what to do, and never repeats a value: it may be a secret.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

NAME = "production"
GUESSED = frozenset(
    {
        *("postgres", "postgresql", "redis", "valkey", "syncflow", "password", "passwort", "secret", "admin"),
        *("root", "changeme", "change-me", "test", "example", "default", "user", "guest", "letmein"),
        *("123456", "12345678"),
    }
)
"""Passwords that are tried first."""
PLACEHOLDERS = (
    *("secret", "password", "changeme", "change-me", "change_me", "example", "default", "syncflow"),
    *("for-tests", "for tests", "insecure", "development", "your-", "12345678", "abcdefgh"),
)
"""Words that stand in keys which somebody meant to replace."""
SECRET_KEY_CHARACTERS = 10
"""Different ones; of 32 random hexadecimal digits fewer come once in a hundred thousand keys."""
CREDENTIAL_KEY_BYTES = 16
"""Different ones, of 32; random keys have about 30."""
SECRET_WORDS = ("secret", "key", "token", "password")
SHARED_SECRET_CHARACTERS = 8
ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
PRIVATE_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".svc", ".cluster.local")
SAMPLE_HOSTS = ("example.com", "example.org", "example.net")


def refusals(found: Mapping[str, Any], of_platforms: Mapping[str, str]) -> list[str]:
    """One sentence for each thing that production does without; `found` are the values that are set."""
    return [
        *_debugging(found),
        *_database(found),
        *_redis(found),
        *_keys(found),
        *_shared(found, of_platforms),
        *_address(found),
        *_doors(found, of_platforms),
    ]


def is_loopback(host: str) -> bool:
    """Whether an address leads to the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def leads_here(url: str) -> bool:
    """Whether an address leads to the machine itself; False for what is no address."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Whether only this machine or network can reach a host, going by its name or address."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(PRIVATE_SUFFIXES)


def _debugging(found: Mapping[str, Any]) -> Iterator[str]:
    if found.get("flask_debug"):
        yield "FLASK_DEBUG is on: unset it; errors would show their insides."
    if found.get("log_level") == "DEBUG":
        yield "LOG_LEVEL is DEBUG: set INFO; what is logged for debugging is not meant to be kept."
    if found.get("log_format") == "console":
        yield "LOG_FORMAT is console: set json; on a console the links in mails are printed."


def _database(found: Mapping[str, Any]) -> Iterator[str]:
    if not (url := found.get("database_url")):
        return
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    host = query.get("host") or parts.hostname or ""
    if not host or host.startswith(("/", "%2f", "%2F")):
        return  # A socket of this machine: who may use it is the system's and pg_hba.conf's to say.
    password = query.get("password") or parts.password
    if not password:
        if not {"sslcert", "passfile", "service"} & set(query):
            yield "DATABASE_URL has no password: give its role one, and scram-sha-256 in pg_hba.conf."
    elif _is_guessed(password, query.get("user") or parts.username, parts.path.strip("/")):
        yield "DATABASE_URL has a password that is tried first: give its role a random one."
    mode = query.get("sslmode") or found.get("pgsslmode", "")
    if is_loopback(host) or mode in ENCRYPTED or (mode == "disable" and is_private(host)):
        return
    yield (
        "DATABASE_URL may connect unencrypted to another machine: add ?sslmode=verify-full (or require; or"
        " disable, inside a private network), or set PGSSLMODE."
    )


def _redis(found: Mapping[str, Any]) -> Iterator[str]:
    if not (url := found.get("redis_url")):
        return
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return
    password = _redis_password(parts)
    if not password:
        yield "REDIS_URL has no password: set requirepass (or an ACL) there, and redis://:password@host here."
    elif _is_guessed(password, parts.username):
        yield "REDIS_URL has a password that is tried first: set a random one."
    if parts.scheme == "redis" and not is_private(parts.hostname or ""):
        yield "REDIS_URL connects unencrypted over a public network: use rediss://, or a private address."


def _keys(found: Mapping[str, Any]) -> Iterator[str]:
    if (secret := found.get("secret_key")) and _is_weak(secret):
        yield (
            "SECRET_KEY can be guessed: make a random one with"
            " python -c 'import secrets; print(secrets.token_urlsafe(48))'."
        )
    if (token := found.get("metrics_token")) and _is_weak(token):
        yield "METRICS_TOKEN can be guessed: set a random one, here and in Prometheus."
    for place, key in enumerate(found.get("credential_keys", ()), start=1):
        raw = base64.b64decode(key, altchars=b"-_")
        if len(set(raw)) < CREDENTIAL_KEY_BYTES or all(32 <= byte < 127 for byte in raw):
            yield (
                f"CREDENTIAL_KEYS can be guessed, its key number {place}: put a random one first (python -c"
                " 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'), restart,"
                " run syncflow db rotate-keys, and take this one out."
            )


def _shared(found: Mapping[str, Any], of_platforms: Mapping[str, str]) -> Iterator[str]:
    """A secret in two places is lost in both at once."""
    places: dict[str, list[str]] = {}
    for name, secret in _secrets(found, of_platforms):
        if len(secret) >= SHARED_SECRET_CHARACTERS and name not in places.setdefault(secret, []):
            places[secret].append(name)
    for names in places.values():
        if len(names) > 1:
            yield f"{' and '.join(names)} hold the same secret: give each one of its own."


def _secrets(found: Mapping[str, Any], of_platforms: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if secret := found.get("secret_key"):
        yield "SECRET_KEY", secret
    if token := found.get("metrics_token"):
        yield "METRICS_TOKEN", token
    for key in found.get("credential_keys", ()):
        yield "CREDENTIAL_KEYS", key
    for name in ("database_url", "redis_url", "mail_url"):
        if url := found.get(name):
            parts = urlsplit(url)
            password = _redis_password(parts) if name == "redis_url" else parts.password
            yield name.upper(), unquote(password or "")
    for name, value in of_platforms.items():
        if name.lower().endswith(SECRET_WORDS):
            yield name, value.strip()


def _address(found: Mapping[str, Any]) -> Iterator[str]:
    if not (url := found.get("public_url")):
        return
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host):
        yield (
            "PUBLIC_URL leads to this machine only: set the https address that shops and browsers use, or"
            " ENVIRONMENT=development on a machine of your own."
        )
    elif any(host == sample or host.endswith(f".{sample}") for sample in SAMPLE_HOSTS):
        yield "PUBLIC_URL is a sample's: set the https address that shops and browsers use."
    if parts.scheme != "https":
        yield "PUBLIC_URL is not https: set an https address; passwords and cookies would travel in the open."
    elif "trusted_proxies" not in found:
        yield (
            "TRUSTED_PROXIES is not set, though something in front of web ends https: set how many proxies"
            " stand there (mostly 1; 0 if web itself is given the certificate), or all callers count as one."
        )


def _doors(found: Mapping[str, Any], of_platforms: Mapping[str, str]) -> Iterator[str]:
    if found.get("allow_private_shops"):
        yield "ALLOW_PRIVATE_SHOPS is on: unset it; a shop's address could lead into your network."
    if found.get("sandbox_shops"):
        yield "SANDBOX_SHOPS is set: unset it; merchants would try with shops that are none."
    if any(origin.startswith("http://") for origin in found.get("cors_origins", ())):
        yield "CORS_ORIGINS has an origin that is not https: take it out; others could speak for that page."
    mail = urlsplit(found.get("mail_url", ""))
    if mail.scheme == "smtp+plain" and not is_private(mail.hostname or ""):
        yield "MAIL_URL sends unencrypted over a public network: use smtps:// or smtp://."
    for name in ("sentry_dsn", "otel_exporter_otlp_endpoint"):
        told = urlsplit(found.get(name, ""))
        if told.scheme == "http" and not is_private(told.hostname or ""):
            yield f"{name.upper()} sends unencrypted over a public network: use https, or a private address."
    for name, value in of_platforms.items():
        if value.strip().startswith("http://"):
            yield f"{name} is not https: set an https address, or unset it."


def _redis_password(parts: SplitResult) -> str:
    query = parse_qs(parts.query)
    return parts.password or query.get("password", [""])[-1]


def _is_guessed(password: str, *beside: str | None) -> bool:
    """`beside`: what stands next to it, which is tried as well."""
    plain = unquote(password).lower()
    return plain in GUESSED or plain in {unquote(word).lower() for word in beside if word}


def _is_weak(secret: str) -> bool:
    """Whether somebody typed it: few characters, one thing over and over, or a placeholder's words."""
    repeated = secret in (secret + secret)[1:-1]
    few = len(set(secret)) < SECRET_KEY_CHARACTERS
    return few or repeated or any(word in secret.lower() for word in PLACEHOLDERS)
