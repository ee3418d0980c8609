"""Everything that SyncFlow reads from its environment, in one place, once.

The variables carry the names of the fields of `Settings` in capitals. A variable that is set but empty
counts as unset. `docs/operators/running.md` lists them for operators.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from app.errors import SyncFlowError

PLATFORM_PREFIX = "SYNCFLOW_"
SECRET_KEY_MIN_CHARACTERS = 32
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS = ("json", "console")


class SettingsError(SyncFlowError):
    """The environment lacks settings or has wrong ones; `problems` holds one sentence for each."""

    code = "settings"

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"SyncFlow cannot start with these settings:\n{listed}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process. Secrets are left out of its repr."""

    database_url: str = field(repr=False)
    """libpq URL, `postgresql://...`; see `sqlalchemy_url` for SQLAlchemy's spelling."""
    redis_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    """Signs sessions and access tokens."""
    credential_keys: tuple[str, ...] = field(repr=False)
    """Fernet keys for stored credentials: the first encrypts, all of them decrypt."""
    public_url: str
    """Where platforms and browsers reach this installation, without a slash at its end."""
    port: int = 8000
    bind_host: str = "127.0.0.1"
    """The address to listen on; 0.0.0.0 in a container or behind a proxy on another machine."""
    trusted_proxies: int = 0
    """How many proxies in front of the web processes name their caller in X-Forwarded-For."""
    log_level: str = "INFO"
    log_format: str = "json"
    cors_origins: tuple[str, ...] = ()
    """Origins of pages on other hosts that may call the API from a browser."""
    allow_private_shops: bool = False
    """Whether a shop's address may be loopback or private: for demos and rehearsals only."""
    mail_url: str = field(default="", repr=False)
    """The mail server, see `app/integrations/mail/smtp.py`; without one mails are only spoken of."""
    mail_from: str = ""
    """The sender of mails: an address, or `Name <address>`."""
    order_poll_seconds: int = 30
    level_sweep_seconds: int = 900
    drift_settle_seconds: int = 5
    push_window_ms: int = 200
    inbound_event_retention_days: int = 30
    web_workers: int = 2
    """Web processes."""
    web_threads: int = 16
    """Threads of each web process."""
    live_clients: int = 5000
    """Live streams that each web process holds, as far as its open files allow."""
    platform_variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The `SYNCFLOW_<SLUG>_<NAME>` variables as they stand; read them through `platform`."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read `environ`. Raises SettingsError naming every missing or wrong variable at once."""
        required = {f.name for f in dataclasses.fields(cls) if _has_no_default(f)}
        found: dict[str, Any] = {}
        problems: list[str] = []
        for name, parse in _PARSERS.items():
            value = environ.get(name.upper(), "").strip()
            if value:
                try:
                    found[name] = parse(value)
                except ValueError as err:
                    problems.append(f"{name.upper()} {err}.")
            elif name in required:
                problems.append(f"{name.upper()} is not set.")
        if "mail_url" in found and "mail_from" not in found:
            problems.append("MAIL_FROM is not set, but MAIL_URL is.")
        if problems:
            raise SettingsError(problems)
        of_platforms = {name: value for name, value in environ.items() if name.startswith(PLATFORM_PREFIX)}
        return cls(platform_variables=MappingProxyType(of_platforms), **found)

    @staticmethod
    def only_variables(environ: Mapping[str, str]) -> dict[str, str]:
        """The part of an environment that `from_env` reads."""
        known = {name.upper() for name in _PARSERS}
        return {k: v for k, v in environ.items() if k in known or k.startswith(PLATFORM_PREFIX)}

    @property
    def sqlalchemy_url(self) -> str:
        """The database's URL as SQLAlchemy spells it for psycopg 3."""
        return "postgresql+psycopg://" + self.database_url.partition("://")[2]

    def platform(self, slug: str) -> Mapping[str, str]:
        """The settings of one platform: SYNCFLOW_SHOPIFY_API_KEY is `platform("shopify")["api_key"]`."""
        prefix = f"{PLATFORM_PREFIX}{slug.upper().replace('-', '_')}_"
        return {
            name.removeprefix(prefix).lower(): value.strip()
            for name, value in self.platform_variables.items()
            if name.startswith(prefix) and value.strip()
        }


def _has_no_default(of: dataclasses.Field[Any]) -> bool:
    return of.default is dataclasses.MISSING and of.default_factory is dataclasses.MISSING


# Each parser raises ValueError with words that follow the variable's name. None repeats the value: it
# may be a secret.


def _postgres_url(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise ValueError("must be a PostgreSQL URL: postgresql://user:password@host:port/database")
    return f"postgresql://{rest}"


def _redis_url(value: str) -> str:
    if urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must be a Redis or Valkey URL: redis://:password@host:port/0")
    return value


def _secret_key(value: str) -> str:
    if len(value) < SECRET_KEY_MIN_CHARACTERS:
        raise ValueError(f"must have at least {SECRET_KEY_MIN_CHARACTERS} characters")
    return value


def _fernet_keys(value: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in value.split(",") if key.strip())
    if not keys or not all(_is_fernet_key(key) for key in keys):
        raise ValueError(
            "must be Fernet keys (32 bytes in URL-safe base64) separated by commas, the current one first"
        )
    return keys


def _is_fernet_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, altchars=b"-_", validate=True)) == 32
    except binascii.Error:
        return False


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http or https address such as https://sync.example.com")
    return value.rstrip("/")


def _origins(value: str) -> tuple[str, ...]:
    origins = tuple(origin.strip() for origin in value.split(",") if origin.strip())
    for origin in origins:
        parts = urlsplit(origin)
        if (
            parts.scheme not in ("http", "https")
            or origin != f"{parts.scheme}://{parts.netloc}"
            or "*" in origin
        ):
            raise ValueError("must be origins such as https://app.example.com, separated by commas")
    return origins


def _mail_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("smtp", "smtps", "smtp+plain") or not parts.hostname:
        raise ValueError("must be smtps://, smtp:// or smtp+plain:// with user:password@host:port")
    return value


def _mail_from(value: str) -> str:
    _name, address = parseaddr(value)
    if "@" not in address or not value.isprintable():
        raise ValueError("must be an e-mail address, or a name and an address in angle brackets")
    return value


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
    words = f"of at least {least}" if most is None else f"from {least} to {most}"

    def parse(value: str) -> int:
        if value.isascii() and value.isdigit() and least <= int(value) <= (most or int(value)):
            return int(value)
        raise ValueError(f"must be a whole number {words}")

    return parse


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        for choice in choices:
            if choice.lower() == value.lower():
                return choice
        raise ValueError(f"must be one of {', '.join(choices)}")

    return parse


def _boolean(value: str) -> bool:
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("must be true or false")


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "database_url": _postgres_url,
    "redis_url": _redis_url,
    "secret_key": _secret_key,
    "credential_keys": _fernet_keys,
    "public_url": _http_url,
    "port": _whole(1, 65535),
    "bind_host": str,
    "trusted_proxies": _whole(0, 10),
    "log_level": _one_of(LOG_LEVELS),
    "log_format": _one_of(LOG_FORMATS),
    "cors_origins": _origins,
    "allow_private_shops": _boolean,
    "mail_url": _mail_url,
    "mail_from": _mail_from,
    "order_poll_seconds": _whole(1),
    "level_sweep_seconds": _whole(1),
    "drift_settle_seconds": _whole(0),
    "push_window_ms": _whole(0),
    "inbound_event_retention_days": _whole(1),
    "web_workers": _whole(1),
    "web_threads": _whole(1),
    "live_clients": _whole(0),
}
