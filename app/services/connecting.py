"""Connecting shops: from a merchant's wish to sealed credentials.

HTTP never happens inside a transaction: the state of an authorisation is used up first, then the
platform is called, then the outcome is stored.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from flask import current_app
from marshmallow import Schema, ValidationError
from sqlalchemy import Delete, delete, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidInput
from app.models import Connection
from app.platforms.base import CallbackRequest, Connected, Platform
from app.platforms.errors import PlatformError
from app.platforms.registry import platform as platform_by_slug
from app.services import breaker, shops
from app.services.account_deletion import require_staying
from app.services.audit import audit
from app.services.connections import tell_state
from app.services.credentials import vault
from app.services.nudge import Drain, nudge
from app.services.plans import PlanLimit, require_channel
from app.services.queries.audit import ACTORS
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)

STATE_MINUTES = 15
"""How long a merchant has to say yes at the platform."""
LIVE = ("importing", "review", "active", "paused", "needs_auth")
"""States that hold a shop: no second connection to it may be in one of them."""


@dataclass(frozen=True, slots=True)
class Started:
    """`authorize_url` is where the merchant's browser goes next; None if the shop is connected."""

    connection_id: int
    authorize_url: str | None


@dataclass(frozen=True, slots=True)
class Begun:
    """An authorisation that waits for its answer. `begun_by` is an e-mail address, the name of an API key,
    or empty; `config` is what was filled in, without secrets."""

    account_name: str
    begun_by: str
    config: Mapping[str, Any]


def start_connecting(account_id: int, slug: str, config: Mapping[str, Any], *, actor: str) -> Started:
    """Begin to connect a shop, or connect it at once where `config` holds working keys.

    Raises NotFound (platform), InvalidInput (config), Conflict (platform not set up here, the shop belongs
    to another account, or this one is to be deleted), and what the platform's connector raises.
    """
    platform = platform_by_slug(slug)
    shops.require_settings(platform, current_app.extensions["settings"])
    settings = shops.platform_settings(platform)
    schema = platform.config_schema()
    clean = _validated(schema, config)
    state = secrets.token_urlsafe(32)
    url = platform.connector(shops.http_of_nobody(), settings).authorize_url(
        clean,
        state=state,
        callback_url=shops.public_url(f"/connect/{slug}/callback"),
        return_url=shops.public_url(f"/connect/{slug}/done"),
        on_behalf_of=_in_whose_name(account_id, actor),
    )
    with unit_of_work() as uow:
        require_staying(uow.session, account_id)
        uow.session.execute(_forget_abandoned(account_id))
        connection = Connection(
            account_id=account_id,
            platform=slug,
            external_shop_id="",
            name=platform.name,
            config=without_secrets(schema, clean),
            credentials=vault().seal(clean),
            connect_state_hash=_hash(state),
            connect_expires_at=func.now() + func.make_interval(0, 0, 0, 0, 0, STATE_MINUTES),
        )
        uow.session.add(connection)
        uow.session.flush()
        audit(uow.session, account_id, actor, "connection.started", connection.id, {"platform": slug})
        uow.commit()
    if url is None:
        return Started(finish_connecting(slug, state, None, actor=actor), None)
    return Started(connection.id, url)


def begun(slug: str, state: str) -> Begun:
    """Whose authorisation this is, for its shop's owner to read before it goes on: whoever began it may have
    sent him its link. Raises InvalidInput for a state that is unknown, used up or too old."""
    with unit_of_work() as uow:
        row = uow.session.execute(_BEGUN, {"slug": slug, "hash": _hash(state)}).one_or_none()
    if row is None:
        raise InvalidInput(_UNKNOWN_STATE)
    return Begun(row.account_name, row.begun_by, row.config)


def decline(slug: str, state: str) -> None:
    """The shop's owner does not want it after all. Raises InvalidInput as `begun` does."""
    _give_up(_use_up_state(slug, state), "The shop's owner said no.", "system")


def finish_connecting(
    slug: str, state: str, callback: CallbackRequest | None, *, actor: str = "system"
) -> int:
    """Take the platform's answer; returns the id of the connection, which is importing from now on.

    `state` works once and for 15 minutes. A shop that this account had connected before keeps its row.
    Raises InvalidInput for an answer that cannot be used, Conflict if another account has the shop,
    PlanLimit, and what the platform's connector raises.
    """
    platform = platform_by_slug(slug)
    pending = _use_up_state(slug, state)
    connector = platform.connector(shops.http_of_nobody(), shops.platform_settings(platform))
    try:
        connected = connector.finish(pending.config, state=state, callback=callback)
        return _store(platform, pending, connected, actor)
    except (PlatformError, InvalidInput, Conflict, PlanLimit) as err:
        _give_up(pending, str(err), actor)
        raise


def _forget_abandoned(account_id: int) -> Delete:
    """Authorisations that came to nothing leave no rows behind for long."""
    return delete(Connection).where(
        Connection.account_id == account_id,
        Connection.state.in_(("connecting", "disconnected")),
        Connection.external_shop_id == "",
        Connection.created_at < func.now() - func.make_interval(0, 0, 0, 0, 1),
    )


@dataclass(frozen=True, slots=True)
class _Pending:
    connection_id: int
    account_id: int
    config: Mapping[str, Any]


def _use_up_state(slug: str, state: str) -> _Pending:
    with unit_of_work() as uow:
        row = uow.session.execute(
            update(Connection)
            .where(
                Connection.platform == slug,
                Connection.connect_state_hash == _hash(state),
                Connection.connect_expires_at > func.now(),
                Connection.state == "connecting",
            )
            .values(connect_state_hash=None, connect_expires_at=None)
            .returning(Connection.id, Connection.account_id, Connection.credentials)
        ).one_or_none()
        if row is None or row.credentials is None:
            raise InvalidInput(_UNKNOWN_STATE)
        config = vault().open(row.credentials)
        uow.commit()
    return _Pending(row.id, row.account_id, config)


def _store(platform: Platform, pending: _Pending, connected: Connected, actor: str) -> int:
    """Keep the credentials in the shop's row, and drop the row of the authorisation if that is another."""
    try:
        with unit_of_work() as uow:
            require_staying(uow.session, pending.account_id)
            row = _row_of_shop(uow.session, platform, pending, connected)
            if row.state not in LIVE:
                require_channel(uow.session, pending.account_id)
            started = uow.session.get_one(Connection, pending.connection_id)
            row.external_shop_id = connected.external_shop_id
            row.name, row.currency = connected.name, connected.currency
            row.config, row.state, row.state_reason = started.config, "importing", ""
            row.credentials = vault().seal(connected.credentials)
            row.token_version += 1
            row.token_lease_until = row.backoff_until = row.webhooks_checked_at = None
            row.failures, row.last_error = 0, ""
            breaker.no_longer(uow.session, row.account_id, row.id)
            row.webhook_secret = row.webhook_secret or vault().seal_text(secrets.token_urlsafe(32))
            connection_id = row.id
            if row is not started:
                uow.session.execute(delete(Connection).where(Connection.id == started.id))
            audit(
                uow.session,
                pending.account_id,
                actor,
                "connection.connected",
                connection_id,
                {"platform": platform.slug, "shop": connected.external_shop_id},
            )
            tell_state(uow.session, pending.account_id, connection_id, "importing")
            uow.after_commit(lambda: nudge(Drain.IMPORT, connection_id))
            uow.commit()
    except IntegrityError as err:  # uq_connections_active_shop: another account was faster
        raise Conflict("This shop is connected in another account.") from err
    log.info("shop_connected", connection_id=connection_id, platform=platform.slug)
    return connection_id


def _row_of_shop(session: Session, platform: Platform, pending: _Pending, connected: Connected) -> Connection:
    """The row to use: that of the same shop in this account if there is one. Raises Conflict."""
    of_shop = (
        Connection.platform == platform.slug,
        Connection.external_shop_id == connected.external_shop_id,
        Connection.state != "connecting",
    )
    elsewhere = select(Connection.id).where(
        *of_shop, Connection.account_id != pending.account_id, Connection.state.in_(LIVE)
    )
    if session.scalar(elsewhere.limit(1)) is not None:
        raise Conflict("This shop is connected in another account.")
    mine = select(Connection).where(*of_shop, Connection.account_id == pending.account_id)
    earlier = session.scalar(mine.order_by(Connection.id.desc()).limit(1).with_for_update(key_share=True))
    return earlier or session.get_one(Connection, pending.connection_id)


def _give_up(pending: _Pending, reason: str, actor: str) -> None:
    with unit_of_work() as uow:
        uow.session.execute(
            update(Connection)
            .where(Connection.id == pending.connection_id, Connection.state == "connecting")
            .values(state="disconnected", state_reason=reason, credentials=None)
        )
        audit(
            uow.session,
            pending.account_id,
            actor,
            "connection.refused",
            pending.connection_id,
            {"reason": reason},
        )
        uow.commit()


def _validated(schema: Schema, config: Mapping[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(config)
    except ValidationError as err:
        raise InvalidInput(_in_words(err)) from err
    return loaded


def _in_words(err: ValidationError) -> str:
    """Platform schemas are flat: a field, or the whole, and what is wrong with it."""
    messages = err.messages_dict
    return " ".join(f"{field}: {' '.join(map(str, said))}" for field, said in messages.items())


def without_secrets(schema: Schema, config: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept in the open of what a merchant filled in."""
    return {name: value for name, value in config.items() if not schema.fields[name].metadata.get("secret")}


def _in_whose_name(account_id: int, actor: str) -> str:
    """Such as "Blue Shops (ann@blue.example)"."""
    with unit_of_work() as uow:
        row = uow.session.execute(_IN_WHOSE_NAME, {"id": account_id, "actor": actor}).one()
    return f"{row.account_name} ({row.begun_by})" if row.begun_by else str(row.account_name)


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


_UNKNOWN_STATE = "This authorisation is unknown, used up or too old. Please connect again."
_IN_WHOSE_NAME = text(
    f"""
    SELECT t.name AS account_name, coalesce(u.email, k.name, '') AS begun_by
    FROM accounts t CROSS JOIN (SELECT :id AS account_id, CAST(:actor AS text) AS actor) a {ACTORS}
    WHERE t.id = :id
    """  # noqa: S608  (a constant)
)
_BEGUN = text(
    f"""
    SELECT t.name AS account_name, coalesce(u.email, k.name, '') AS begun_by, c.config
    FROM connections c JOIN accounts t ON t.id = c.account_id
    LEFT JOIN audit_log a ON a.account_id = c.account_id AND a.subject = 'connection:' || c.id
        AND a.action = 'connection.started'
    {ACTORS}
    WHERE c.platform = :slug AND c.connect_state_hash = :hash AND c.connect_expires_at > now()
        AND c.state = 'connecting'
    LIMIT 1
    """  # noqa: S608  (a constant)
)
