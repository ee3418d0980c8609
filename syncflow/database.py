"""Bringing the database's tables to what this release needs."""

from __future__ import annotations

import flask_migrate
from flask import Flask

from app import MIGRATIONS
from app.extensions import db
from app.settings import Settings


def migrate(settings: Settings) -> None:
    """Apply the migrations that are missing. Safe to repeat. Needs a database and nothing else."""
    application = Flask(__name__)
    application.config["SQLALCHEMY_DATABASE_URI"] = settings.sqlalchemy_url
    db.init_app(application)
    flask_migrate.Migrate(application, db, directory=str(MIGRATIONS))
    with application.app_context():
        try:
            flask_migrate.upgrade()
        finally:
            db.engine.dispose()
