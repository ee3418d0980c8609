"""The REST API and the webhook routes."""

from __future__ import annotations

from flask import Flask
from flask_smorest import Api


def register_api(app: Flask, api: Api) -> None:
    """Bind every blueprint."""
