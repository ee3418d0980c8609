"""Structured logs: a constant event name and fields; never a secret, never customer data.

One renderer for all: what gunicorn, RQ, SQLAlchemy and werkzeug log by the standard library goes through the
same steps. Whatever the code hands over, the last step before the renderer takes out what must not leave:
settings that are secrets, e-mail addresses, tokens and query strings. Of an exception that is not ours only
its type and its place are told.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.errors import SyncFlowError
from app.services.faults import fault_of
from app.settings import Settings

HIDDEN = "[hidden]"
OURS = frozenset({"level", "timestamp", "request_id", "woken_by"})
"""Fields that the steps before have made, and ids that were looked at when they came."""
SHORTEST_SECRET = 6
"""Shorter ones would be found in harmless words."""

Clean = Callable[[str], str]


def configure_logging(settings: Settings) -> None:
    """JSON lines (or coloured lines for a person) on stderr, at the settings' level."""
    level = logging.getLevelName(settings.log_level)
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    scrubber = Scrubber(settings)
    last: list[Processor] = [
        *_reports(settings),
        structlog.processors.ExceptionRenderer(lambda told: fault_in_words(told[1])),
        scrubber,
        structlog.processors.JSONRenderer(lambda event, **_options: _encode(event))
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    ]
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # One write for a line and its end: several processes write to the same file.
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    _take_in_standard_library(first, last, level)


def _reports(settings: Settings) -> list[Processor]:
    if not settings.sentry_dsn:
        return []
    from app.fault_reports import FaultReports  # only then: it brings Sentry's SDK

    return [FaultReports(settings)]


def fault_in_words(err: BaseException) -> str:
    """Where in the code it happened, and what; not the words of an exception of others, which may quote
    anything."""
    fault = fault_of(err)
    return f"{fault.traceback}: {words_of(err)}"


def words_of(err: BaseException) -> str:
    """What may be said of it beside its type: our own words, and what a database calls its error."""
    if isinstance(err, SyncFlowError):
        return str(err)
    cause = getattr(err, "orig", None) or err
    state = getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {state}" if state else type(cause).__name__


_encode = json.JSONEncoder(default=repr).encode
"""Made once: json.dumps makes one for each line."""


class _Handler(logging.StreamHandler[Any]):
    """Of the root logger; a type of its own, so that a second application replaces the first one's."""


def _take_in_standard_library(first: list[Processor], last: list[Processor], level: int) -> None:
    """Libraries are heard from WARNING on: at INFO some log addresses with their query strings."""
    handler = _Handler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*first, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("werkzeug").setLevel(root.level)  # else it gives itself INFO


class Scrubber:
    """A step of the chain that takes out of every field what must not leave."""

    def __init__(self, settings: Settings) -> None:
        self.clean = lru_cache(maxsize=4096)(cleaner(settings))  # most of what is logged was logged before

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        for name, value in event.items():
            if name not in OURS:
                event[name] = HIDDEN if _is_secret(name) and value else self._cleaned(value)
        return event

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, dict):
            return {name: self._cleaned(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._cleaned(inner) for inner in value]
        if value is None or isinstance(value, int | float):
            return value
        return self.clean(repr(value))


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def cleaner(settings: Settings) -> Clean:
    """A function that hides in a text what must not leave this process."""
    known = sorted(
        {each for each in _secrets(settings) if len(each) >= SHORTEST_SECRET}, key=len, reverse=True
    )
    own = re.compile("|".join(map(re.escape, known))) if known else None

    def clean(words: str) -> str:
        if own is not None:
            words = own.sub(HIDDEN, words)
        if "@" in words or "%40" in words:
            words = _E_MAIL.sub(HIDDEN, words)
        if "=" in words:
            words = _QUERY.sub("?" + HIDDEN, words)
        if "DETAIL" in words:  # as libraries hand on what PostgreSQL says
            words = _DETAIL.sub("DETAIL: " + HIDDEN, words)
        return _TOKEN.sub(HIDDEN, words)

    return clean


def _secrets(settings: Settings) -> Iterator[str]:
    yield settings.secret_key
    yield from settings.credential_keys
    yield settings.metrics_token
    yield urlsplit(settings.sentry_dsn).username or ""
    for url in (settings.database_url, settings.redis_url, settings.mail_url):
        password = urlsplit(url).password
        if password:
            yield password
            yield unquote(password)
    for name, value in settings.platform_variables.items():
        if _SECRET_NAME.search(name.lower()):
            yield value.strip()


_SECRET_NAME = re.compile(
    r"secret|password|passphrase|authorization|cookie|credential|(?:^|_)(?:token|key)s?$"
)
"""Of fields and settings."""
_E_MAIL = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_QUERY = re.compile(r"\?[\w.%~\[\]+-]+=[^\s\"'<>)]*")
_DETAIL = re.compile(r"DETAIL:.*")
"""PostgreSQL quotes the values of the row that it refuses."""
_TOKEN = re.compile(
    r"(?i:\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"
    r"|\bsf_(?:live|visit)_[\w-]+|\bwhsec_[\w+/=-]+|\bshp[a-z]{2}_\w+|\bc[ks]_[0-9a-f]{16,}"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*|\bgAAAAA[\w-]{20,}=*"
)
"""API keys, access tokens of Shopify, keys of WooCommerce, JWTs, and what Fernet sealed."""
