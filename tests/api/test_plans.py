"""What the landing page says of plans is what the product enforces."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.api import plans as api
from app.services import plans
from app.services.plans import Limits
from tests.api.conftest import Caller


def test_strangers_read_what_every_account_has(merchant: Caller) -> None:
    stranger = replace(merchant, token="")
    limits = plans.limits(merchant.account_id)
    [plan] = stranger.get("/plans")["items"]
    assert plan == {"channels": limits.channels, "orders_per_month": limits.orders_per_month}


def test_another_limit_is_told_at_once(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = (Limits(channels=3),)
    monkeypatch.setattr(api, "OFFERED", offered)
    monkeypatch.setattr(plans, "OFFERED", offered)
    assert merchant.get("/plans")["items"][0]["channels"] == plans.limits(merchant.account_id).channels == 3
