"""Bringing the database's tables to what this release needs."""

from __future__ import annotations

import flask_migrate

from app import create_app
from app.extensions import db
from app.settings import Settings


def migrate(settings: Settings) -> None:
    """Apply the migrations that are missing. Safe to repeat."""
    application = create_app(settings)
    with application.app_context():
        try:
            flask_migrate.upgrade()
        finally:
            db.engine.dispose()
