"""SyncFlow: one ledger of stock for every shop a merchant sells in. `create_app` only wires."""

from __future__ import annotations

import os
from pathlib import Path

import redis
from flask import Flask, Request
from flask.sessions import SessionInterface
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import event
from werkzeug.middleware.proxy_fix import ProxyFix

from app.extensions import api as rest_api
from app.extensions import db, jwt, migrate
from app.logs import configure_logging
from app.measures.meter import Meter
from app.plans import look_up_by_key
from app.settings import Settings, SettingsError
from app.tracing import configure_tracing

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def _settings_of_this_process() -> Settings:
    try:
        return Settings.from_env(os.environ)
    except SettingsError as err:
        raise SystemExit(str(err)) from None


class NoSession(SessionInterface):
    """Nothing is kept in a cookie's session, so that none is looked for in every request."""

    def open_session(self, app: Flask, request: Request) -> None:
        return None


def create_app(settings: Settings | None = None, *, web: bool = True) -> Flask:
    """The WSGI application, and the context that workers and commands run in.

    Without `settings` they are read from the environment; where they are wrong the process says all that
    is, and ends. A worker is not `web`: it spares the memory of the API, and its pool of connections fits
    its threads.
    """
    settings = settings or _settings_of_this_process()
    configure_logging(settings)
    configure_tracing(settings)
    app = Flask("app", static_folder=None)
    app.session_interface = NoSession()
    app.config.update(
        SECRET_KEY=settings.secret_key,
        JWT_SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.sqlalchemy_url,
        # The connection used last is used next: it has its plans ready, and few are kept busy.
        SQLALCHEMY_ENGINE_OPTIONS={
            # A job's thread, the one that keeps its lease, and calls under way now and then need one each.
            "pool_size": 10 if web else settings.worker_threads + 2,
            "max_overflow": 10 if web else settings.worker_threads + 8,
            "pool_pre_ping": True,
            "pool_use_lifo": True,
            # A fault is logged with its statement: without customers' data and hashes of passwords.
            "hide_parameters": True,
        },
        MAX_CONTENT_LENGTH=256 * 1024,
    )
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as Flask's manual has it
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies
        )
    app.extensions["settings"] = settings
    app.extensions["redis"] = redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=5,
        socket_connect_timeout=2,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),  # what Redis does can wait for the sweeper; a caller cannot
    )
    meter = Meter(app.extensions["redis"], on=settings.wants_metrics)
    app.extensions["meter"] = meter
    db.init_app(app)
    with app.app_context():
        event.listen(db.engine, "connect", look_up_by_key)
        if meter.on:
            meter.watch(db.engine.pool)
    migrate.init_app(app, db, directory=str(MIGRATIONS))
    jwt.init_app(app)

    from app.services.call_meter import CallMeter
    from app.services.error_meter import ErrorMeter

    app.extensions["calls"] = CallMeter(app)
    app.extensions["errors"] = ErrorMeter(app)
    if web:
        from app.api import register_api

        register_api(app, rest_api)
    return app


def close_app(app: Flask) -> None:
    """End the application's threads, and its connections to Redis and the database."""
    if "intake" in app.extensions:
        app.extensions["intake"].close()
    app.extensions["redis"].close()
    with app.app_context():
        db.engine.dispose()
