"""What every answer tells the browser: to take it for nothing but what it is, and not to keep it."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_cors import CORS

from app.api.requests import REQUEST_ID
from app.api.tokens import CSRF_HEADER
from app.settings import Settings

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
HSTS = "max-age=63072000; includeSubDomains"
ASKED_FOR = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "Last-Event-ID",
    REQUEST_ID,
    CSRF_HEADER,
)
SHOWN = ("ETag", "Link", "Retry-After", "Idempotent-Replayed", REQUEST_ID)


def guard_answers(app: Flask) -> None:
    """Set the headers that a view has not set itself, and let in the configured origins' pages."""
    settings: Settings = app.extensions["settings"]
    if settings.cors_origins:
        CORS(
            app,
            resources=r"/api/v1/*",
            origins=list(settings.cors_origins),
            supports_credentials=True,
            allow_headers=list(ASKED_FOR),
            expose_headers=list(SHOWN),
            max_age=600,
        )

    def seal(response: Response) -> Response:
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        if settings.public_url.startswith("https:"):
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        if request.path.startswith("/api/v1/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.after_request(seal)
