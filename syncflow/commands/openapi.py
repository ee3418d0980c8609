"""`syncflow openapi`: the API's OpenAPI document, from the code itself."""

from __future__ import annotations

import base64
import json

import click

PLACEHOLDERS = {
    "ENVIRONMENT": "development",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1/none",
    "REDIS_URL": "redis://127.0.0.1/0",
    "SECRET_KEY": "no secret is needed to describe the API",
    "CREDENTIAL_KEYS": base64.urlsafe_b64encode(bytes(32)).decode(),
    "PUBLIC_URL": "http://127.0.0.1:8000",
}
"""The application is only put together: nothing is connected to, sealed or served."""


@click.command()
def command() -> None:
    """Print the API's OpenAPI document as JSON. Needs no server, database or settings."""
    from app import create_app
    from app.extensions import api
    from app.settings import Settings

    create_app(Settings.from_env(PLACEHOLDERS))
    click.echo(json.dumps(api.spec.to_dict(), indent=2))
