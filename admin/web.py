"""What the web process serves: the application, and the console beside it.

`app.create_app` stays what wires the application, for workers and commands too. The console is added here,
since the application knows nothing of what is built on it, and workers are to load nothing of it.
"""

from __future__ import annotations

from flask import Flask

from admin.console import mount
from app import create_app
from app.settings import Settings


def create_web_app(settings: Settings | None = None) -> Flask:
    """`create_app` with the console at /admin."""
    app = create_app(settings)
    mount(app)
    return app
