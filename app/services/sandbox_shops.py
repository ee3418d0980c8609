"""Sandbox shops that this installation offers for trying SyncFlow. What connects them stays here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from flask import current_app
from sqlalchemy import text

from app.errors import NotFound
from app.platforms.registry import platform
from app.services.connecting import LIVE, Started, start_connecting, without_secrets
from app.services.uow import unit_of_work
from app.settings import SandboxShop, Settings


class Use(StrEnum):
    FREE = "free"
    YOURS = "yours"
    TAKEN = "taken"
    """Connected in another account: a shop is in one at a time."""


@dataclass(frozen=True, slots=True)
class Offer:
    number: int
    platform: str
    name: str
    use: Use


def offers(account_id: int) -> list[Offer]:
    """All of them, by number."""
    offered = _offered()
    with unit_of_work() as uow:
        rows = uow.session.execute(
            _OWNERS,
            {
                "account_id": account_id,
                "platforms": [shop.platform for shop in offered],
                "configs": [json.dumps(_shown(shop)) for shop in offered],
                "live": list(LIVE),
            },
        ).all()
    return [
        Offer(row.number, shop.platform, shop.name, _use(row.is_connected, row.is_mine))
        for shop, row in zip(offered, rows, strict=True)
    ]


def connect(account_id: int, number: int, *, actor: str) -> Started:
    """Raises NotFound, and what `start_connecting` raises."""
    offered = _offered()
    if not 1 <= number <= len(offered):
        raise NotFound("There is no such sandbox shop.")
    shop = offered[number - 1]
    return start_connecting(account_id, shop.platform, shop.config, actor=actor)


def _offered() -> tuple[SandboxShop, ...]:
    settings: Settings = current_app.extensions["settings"]
    return settings.sandbox_shops


def _shown(shop: SandboxShop) -> dict[str, object]:
    """As a connection of it keeps it."""
    return without_secrets(platform(shop.platform).config_schema(), shop.config)


def _use(is_connected: bool, is_mine: bool) -> Use:
    if is_mine:
        return Use.YOURS
    return Use.TAKEN if is_connected else Use.FREE


_OWNERS = text(
    """
    SELECT o.number, count(c.id) > 0 AS is_connected,
        coalesce(bool_or(c.account_id = :account_id), false) AS is_mine
    FROM unnest(CAST(:platforms AS text[]), CAST(:configs AS text[]))
        WITH ORDINALITY AS o (platform, config, number)
    LEFT JOIN connections c ON c.platform = o.platform AND c.config = CAST(o.config AS jsonb)
        AND c.state = ANY(:live)
    GROUP BY o.number ORDER BY o.number
    """
)
