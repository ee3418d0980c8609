"""What can be connected."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import current_app

from app.api.config_schema import json_schema
from app.api.errors import OK
from app.api.resource import Resource
from app.api.schemas.platforms import PlatformsSchema
from app.platforms.registry import platforms
from app.services.shops import missing_settings

blp = Resource("platforms", __name__, description="The sales platforms that can be connected.")


@blp.route("/platforms")
@blp.response(OK, PlatformsSchema)
def list_platforms() -> dict[str, Any]:
    """Every platform, what it can do, and what to fill in to connect a shop of it."""
    settings = current_app.extensions["settings"]
    return {
        "items": [
            {
                "slug": platform.slug,
                "name": platform.name,
                "capabilities": {
                    **asdict(platform.capabilities),
                    "holding_payments": sorted(platform.capabilities.holding_payments),
                },
                "config_schema": json_schema(platform.config_schema()),
                "ready": not missing_settings(platform, settings),
                "missing_settings": missing_settings(platform, settings),
            }
            for _slug, platform in sorted(platforms().items())
        ]
    }
