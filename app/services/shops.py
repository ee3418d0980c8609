"""From a connection's row to a shop that can be talked to."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import requests
from flask import current_app
from sqlalchemy import text

from app.errors import Conflict, NotFound
from app.measures.catalogue import PLATFORM_CALL_SECONDS, PLATFORM_CALLS
from app.measures.current import meter
from app.measures.meter import Meter
from app.platforms.base import Channel, Platform, Shop
from app.platforms.errors import AuthExpired
from app.platforms.http import CallRecord, Http
from app.platforms.rate_budget import RateBudget
from app.platforms.registry import platform as platform_by_slug
from app.platforms.sessions import new_session
from app.services.call_meter import CallMeter, outcome_of
from app.services.credentials import ConnectionCredentials, vault
from app.services.uow import unit_of_work
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class OpenShop:
    """A connected shop, ready for calls. Made anew for every piece of work: it remembers credentials."""

    channel: Channel
    platform: Platform
    webhook_url: str
    """Where the shop sends its webhooks."""
    webhook_secret: str
    """What it signs them with, where the platform lets us choose."""
    answers: Callable[[], int] = lambda: 1
    """How many calls it has answered so far."""


class _Ear:
    """Counts a shop's answers, and passes on what it hears."""

    def __init__(self, pass_on: Callable[[CallRecord], None]) -> None:
        self._pass_on = pass_on
        self._answers = 0

    def note(self, record: CallRecord) -> None:
        self._pass_on(record)
        self._answers += outcome_of(record) in ("succeeded", "refused")

    def answers(self) -> int:
        return self._answers


def open_channel(connection_id: int, *, read_credentials: bool = False) -> OpenShop:
    """Open a connected shop. No call is made yet. With `read_credentials` it can be talked to also after its
    credentials were forgotten.

    Raises NotFound, AuthExpired (no credentials, or the merchant must reconnect), Conflict (not
    connected yet, or its platform's settings are missing), CredentialsUnreadable.
    """
    with unit_of_work() as uow:
        row = uow.session.execute(_CONNECTION, {"id": connection_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no connection {connection_id}.")
    if row.state == "connecting":
        raise Conflict("This shop is not connected yet.")
    if row.state in ("disconnected", "needs_auth") or row.webhook_secret is None:
        raise AuthExpired("The merchant must connect this shop again.")
    platform = platform_by_slug(row.platform)
    require_settings(platform, _settings())
    credentials = ConnectionCredentials(connection_id)
    if read_credentials:
        credentials.current()
    own_secret = vault().open_text(bytes(row.webhook_secret))
    settings = platform_settings(platform)
    ear = _Ear(partial(_note_call, current_app.extensions["calls"], meter(), platform.slug))
    shop = Shop(
        connection_id=connection_id,
        external_shop_id=row.external_shop_id,
        currency=row.currency,
        credentials=credentials,
        http=Http(
            _session(),
            budget=RateBudget(current_app.extensions["redis"], f"connection:{connection_id}"),
            connection_id=connection_id,
            on_call=ear.note,
        ),
        settings=settings,
    )
    return OpenShop(
        channel=platform.open_channel(shop),
        platform=platform,
        webhook_url=public_url(f"/webhooks/{row.platform}/{row.public_id}"),
        webhook_secret=platform.webhook_secret(settings, own_secret),
        answers=ear.answers,
    )


def _note_call(calls: CallMeter, measures: Meter, slug: str, record: CallRecord) -> None:
    calls.note(record)
    outcome = outcome_of(record)
    if outcome is not None:
        measures.count(PLATFORM_CALLS, slug, outcome)
        measures.observe(PLATFORM_CALL_SECONDS, record.seconds, slug)


def http_of_nobody() -> Http:
    """For calls that belong to no connection yet."""
    return Http(_session())


def platform_settings(platform: Platform) -> Mapping[str, str]:
    """The platform's own settings, and whether shops may have private addresses."""
    settings = _settings()
    return {
        **settings.platform(platform.slug),
        "allow_private": "true" if settings.allow_private_shops else "false",
    }


def require_settings(platform: Platform, settings: Settings) -> None:
    """Raises Conflict where the platform is not set up on this server."""
    if missing := missing_settings(platform, settings):
        raise Conflict(f"{platform.name} is not set up on this server: {', '.join(missing)} not set.")


def missing_settings(platform: Platform, settings: Settings) -> list[str]:
    """The variables without which the platform cannot be connected."""
    present = settings.platform(platform.slug)
    return [
        f"SYNCFLOW_{platform.slug.upper()}_{name.upper()}"
        for name in platform.required_settings
        if name not in present
    ]


def public_url(path: str) -> str:
    """A path of this installation as the outside reaches it."""
    return _settings().public_url + path


_sessions: dict[tuple[int, bool], requests.Session] = {}
_sessions_lock = threading.Lock()


def _session() -> requests.Session:
    """This process's session; a forked child gets one of its own, since sockets must not be shared."""
    key = (os.getpid(), _settings().allow_private_shops)
    with _sessions_lock:
        if key not in _sessions:
            _sessions[key] = new_session(allow_private=key[1])
        return _sessions[key]


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


_CONNECTION = text(
    """
    SELECT public_id, platform, external_shop_id, currency, state, webhook_secret
    FROM connections WHERE id = :id
    """
)
