"""This process's meter."""

from __future__ import annotations

from flask import current_app

from app.measures.meter import Meter


def meter() -> Meter:
    found: Meter = current_app.extensions["meter"]
    return found
