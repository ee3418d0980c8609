"""What can be had."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.api.errors import OK
from app.api.resource import Resource
from app.api.schemas.plans import PlansSchema
from app.services.plans import OFFERED

blp = Resource("plans", __name__, description="What can be had.")


@blp.route("/plans")
@blp.response(OK, PlansSchema)
def list_plans() -> dict[str, Any]:
    """What each plan includes. As long as there is no billing there is one, and nothing is charged."""
    return {"items": [asdict(plan) for plan in OFFERED]}
