"""Everything that SyncFlow reads from its environment, in one place, once.

The variables carry the names of the fields of `Settings` in capitals. A variable that is set but empty
counts as unset. What stands below each field is what operators read: `syncflow settings` makes
docs/operators/settings.md of it. What production refuses is in `app/production.py`.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from app import production
from app.domain.backoff import RETRIES
from app.errors import SyncFlowError

PLATFORM_PREFIX = "SYNCFLOW_"
SECRET_KEY_MIN_CHARACTERS = 32
ENVIRONMENTS = (production.NAME, "development")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
METRICS_TOKEN_MIN_CHARACTERS = 16
METRICS_FORMATS = ("emf",)
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS = ("json", "console")


class SettingsError(SyncFlowError):
    """The environment lacks settings or has wrong ones; `problems` holds one sentence for each."""

    code = "settings"

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"SyncFlow cannot start with these settings:\n{listed}")


@dataclass(frozen=True, slots=True)
class SandboxShop:
    """A shop that anybody here may connect to try SyncFlow."""

    platform: str
    name: str
    config: Mapping[str, str] = field(repr=False)
    """What is filled in to connect it, with its own secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process. Secrets are left out of its repr."""

    database_url: str = field(repr=False)
    """`postgresql://user:password@host:5432/database`. With `?sslmode=verify-full` where it is on another
    machine; `sslmode=disable` only inside a private network."""
    redis_url: str = field(repr=False)
    """`redis://:password@host:6379/0`, or `rediss://` for an encrypted connection."""
    secret_key: str = field(repr=False)
    """Signs sessions and tokens; at least 32 random characters."""
    credential_keys: tuple[str, ...] = field(repr=False)
    """Fernet keys for shop credentials, webhooks' secrets, second factors, waiting mails and answers kept for
    a day, separated by commas. The first encrypts, all decrypt: to rotate, put a new one first."""
    public_url: str
    """Where shops and browsers reach SyncFlow, such as `https://sync.example.com`."""
    environment: str = production.NAME
    """`production`, or `development`: for one's own machine, where nothing unsafe is refused."""
    pgsslmode: str = ""
    """libpq's own: the `sslmode` of a `DATABASE_URL` that names none, for hosts that write it themselves."""
    redis_verify_certificate: bool = True
    """Whether the certificate of a `rediss://` server is checked; `false` only for hosts whose servers sign
    their own, such as Heroku's."""
    port: int = 8000
    """The port that the web process listens on."""
    bind_host: str = "127.0.0.1"
    """The address that the web process listens on; `0.0.0.0` in a container or behind a proxy elsewhere."""
    trusted_proxies: int = 0
    """How many proxies stand in front of `web` and add their caller to `X-Forwarded-For`. Without it behind
    one, limits by address count all callers as one."""
    log_level: str = "INFO"
    """`DEBUG`, `INFO`, `WARNING` or `ERROR`."""
    log_format: str = "json"
    """`json`, or `console` for reading along: it prints mails' links and is refused in production."""
    metrics_token: str = field(default="", repr=False)
    """What GET /metrics asks for as a bearer token; without one there is no such page."""
    metrics: str = ""
    """`emf`: the scheduler also writes all metrics as CloudWatch's embedded metric format once a minute."""
    otel_exporter_otlp_endpoint: str = ""
    """Where traces are sent by OTLP over HTTP (`http://collector:4318`). OpenTelemetry reads its other
    variables, such as `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_TRACES_SAMPLER`, itself."""
    sentry_dsn: str = field(default="", repr=False)
    """Where faults are reported, without anybody's data."""
    cors_origins: tuple[str, ...] = ()
    """Origins of pages on other hosts that may call the API from a browser, separated by commas."""
    allow_private_shops: bool = False
    """Whether a shop may have a loopback or private address; for demos and rehearsals."""
    sandbox_shops: tuple[SandboxShop, ...] = field(default=(), repr=False)
    """Sandbox shops that members may connect in one click, as a JSON list: `[{"platform": "woocommerce",
    "name": "Sandbox store", "config": {"store_url": "http://127.0.0.1:9000", ...}}]`, `config` as
    `POST /connections` takes it. `syncflow demo` sets it; refused in production."""
    mail_url: str = field(default="", repr=False)
    """The mail server: `smtps://user:password@host:465` (encrypted from the start), `smtp://user:password@host:587`
    (STARTTLS, which the server must offer) or `smtp+plain://host:25` (not encrypted, for a relay on this
    machine); percent-encode special characters in parts. Without one no mail leaves."""
    mail_from: str = ""
    """The sender of mails: `SyncFlow <no-reply@example.com>`; needed with `MAIL_URL`."""
    order_poll_seconds: int = 30
    """How often changed orders are asked for, beside webhooks."""
    level_sweep_seconds: int = 900
    """How often every stock level is read."""
    drift_settle_seconds: int = 5
    """How long a difference must last before it is booked."""
    push_window_ms: int = 200
    """How long changes are gathered into one call."""
    inbound_event_retention_days: int = 30
    """How long raw webhooks are kept."""
    retry_attempts: Mapping[str, int] = field(default_factory=dict)
    """How often work of a kind is tried before it waits for support, such as `event=8,mail=10`. Without it
    5 times; exports 3, mails 8, webhooks to merchants 15."""
    web_workers: int = 2
    """Web processes."""
    web_threads: int = 16
    """Threads of each web process."""
    worker_threads: int = 8
    """Jobs that a worker process does at a time (`reports`: a quarter of it), 1 to 64. It opens up to twice
    as many connections to the database and 10 more, usually far fewer."""
    live_clients: int = 5000
    """Live streams that each web process holds; each is an open file, and the process raises its own limit as
    far as it may (`ulimit -Hn`)."""
    flask_debug: bool = False
    """Flask's own: errors with their insides, for development."""
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
        of_platforms = {name: value for name, value in environ.items() if name.startswith(PLATFORM_PREFIX)}
        if found.get("environment", production.NAME) == production.NAME:
            problems += production.refusals(found, of_platforms)
        if problems:
            raise SettingsError(problems)
        if not found.get("redis_verify_certificate", True):
            found["redis_url"] = _without_verification(found["redis_url"])
        return cls(platform_variables=MappingProxyType(of_platforms), **found)

    @property
    def in_production(self) -> bool:
        """Whether what is unsafe is refused."""
        return self.environment == production.NAME

    @staticmethod
    def only_variables(environ: Mapping[str, str]) -> dict[str, str]:
        """The part of an environment that `from_env` reads."""
        known = {name.upper() for name in _PARSERS}
        return {k: v for k, v in environ.items() if k in known or k.startswith(PLATFORM_PREFIX)}

    @property
    def wants_metrics(self) -> bool:
        """Whether somebody looks at what processes count."""
        return bool(self.metrics_token or self.metrics)

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
    urlsplit(value)  # raises, in words without the value, where a host's brackets do not match
    return f"postgresql://{rest}"


def _redis_url(value: str) -> str:
    if urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must be a Redis or Valkey URL: redis://:password@host:port/0")
    return value


def _without_verification(redis_url: str) -> str:
    """The URL as redis-py takes a certificate that nobody vouches for."""
    parts = urlsplit(redis_url)
    if parts.scheme != "rediss" or "ssl_cert_reqs" in parts.query:
        return redis_url
    return parts._replace(query="&".join(filter(None, (parts.query, "ssl_cert_reqs=none")))).geturl()


def _long_enough(characters: int) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if len(value) < characters:
            raise ValueError(f"must have at least {characters} characters")
        return value

    return parse


def _dsn(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.username or not parts.hostname:
        raise ValueError("must be the DSN of a project at Sentry: https://key@host/number")
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


def _sandbox_shops(value: str) -> tuple[SandboxShop, ...]:
    try:
        shops = tuple(SandboxShop(**each) for each in json.loads(value))
    except (TypeError, ValueError):
        shops = ()
    if not shops or not all(_is_sandbox_shop(shop) for shop in shops):
        raise ValueError("must be a JSON list of shops, each with platform, name and config")
    return shops


def _is_sandbox_shop(shop: SandboxShop) -> bool:
    config = shop.config
    texts = [shop.platform, shop.name, *(config.values() if isinstance(config, dict) else [None])]
    return all(isinstance(text, str) and text for text in texts)


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


def _attempts(value: str) -> Mapping[str, int]:
    attempts = _whole(1, 100)
    found = {}
    for part in value.split(","):
        kind, _equals, number = part.strip().partition("=")
        if kind not in RETRIES:
            raise ValueError(f"must be like event=8,mail=10; the kinds are {', '.join(RETRIES)}")
        found[kind] = attempts(number)
    return MappingProxyType(found)


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
    "secret_key": _long_enough(SECRET_KEY_MIN_CHARACTERS),
    "credential_keys": _fernet_keys,
    "public_url": _http_url,
    "environment": _one_of(ENVIRONMENTS),
    "pgsslmode": _one_of(SSL_MODES),
    "redis_verify_certificate": _boolean,
    "port": _whole(1, 65535),
    "bind_host": str,
    "trusted_proxies": _whole(0, 10),
    "log_level": _one_of(LOG_LEVELS),
    "log_format": _one_of(LOG_FORMATS),
    "metrics_token": _long_enough(METRICS_TOKEN_MIN_CHARACTERS),
    "metrics": _one_of(METRICS_FORMATS),
    "otel_exporter_otlp_endpoint": _http_url,
    "sentry_dsn": _dsn,
    "cors_origins": _origins,
    "allow_private_shops": _boolean,
    "sandbox_shops": _sandbox_shops,
    "mail_url": _mail_url,
    "mail_from": _mail_from,
    "order_poll_seconds": _whole(1),
    "level_sweep_seconds": _whole(1),
    "drift_settle_seconds": _whole(0),
    "push_window_ms": _whole(0),
    "inbound_event_retention_days": _whole(1),
    "retry_attempts": _attempts,
    "web_workers": _whole(1),
    "web_threads": _whole(1),
    "worker_threads": _whole(1, 64),
    "live_clients": _whole(0),
    "flask_debug": _boolean,
}
