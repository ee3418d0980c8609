"""A member's dashboards: which widgets, where and how big."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, InvalidInput, NotFound
from app.services.uow import unit_of_work
from app.services.workplace.members import Member, lock, require_fresh

MOST_DASHBOARDS = 20
MOST_WIDGETS = 40
COLUMNS, MOST_ROWS = 12, 200
KINDS = (
    "api_errors",
    "api_latency",
    "attention",
    "average_order",
    "connections",
    "low_stock",
    "orders",
    "orders_by_platform",
    "revenue",
    "stock_movements",
    "stock_value",
    "sync_success",
    "today",
)
DEFAULT_WIDGETS: tuple[Mapping[str, Any], ...] = (
    {"kind": "today", "x": 0, "y": 0, "width": 6, "height": 2, "options": {}},
    {"kind": "attention", "x": 6, "y": 0, "width": 6, "height": 4, "options": {}},
    {"kind": "connections", "x": 0, "y": 2, "width": 6, "height": 4, "options": {}},
    {"kind": "low_stock", "x": 6, "y": 4, "width": 6, "height": 4, "options": {}},
    {"kind": "revenue", "x": 0, "y": 6, "width": 6, "height": 4, "options": {"days": 30, "grain": "day"}},
    {"kind": "sync_success", "x": 6, "y": 8, "width": 6, "height": 4, "options": {"days": 7, "grain": "day"}},
)
"""What a member who has arranged nothing sees."""
NAME_TAKEN = "You have a dashboard of this name."


def create(member: Member, name: str, widgets: Sequence[Mapping[str, Any]] | None) -> int:
    """Returns its id; the default arrangement where none is given. Raises InvalidInput, Conflict."""
    arranged = _arranged(DEFAULT_WIDGETS if widgets is None else widgets)
    try:
        with unit_of_work() as uow:
            lock(uow.session, member)
            if uow.session.execute(_COUNT, member.key).scalar_one() >= MOST_DASHBOARDS:
                raise Conflict(f"{MOST_DASHBOARDS} dashboards are the most.")
            values = {**member.key, "name": name, "widgets": arranged}
            dashboard_id = uow.session.execute(_INSERT, values).scalar_one()
            uow.commit()
    except IntegrityError as err:
        raise Conflict(NAME_TAKEN) from err
    return int(dashboard_id)


def change(
    member: Member, dashboard_id: int, version: int, name: str, widgets: Sequence[Mapping[str, Any]]
) -> None:
    """Replace it, if it still is the version that was seen. Raises NotFound, Conflict, InvalidInput."""
    arranged = _arranged(widgets)
    try:
        with unit_of_work() as uow:
            key = {**member.key, "id": dashboard_id}
            require_fresh(uow.session.execute(_VERSION, key).scalar(), version, "dashboard")
            uow.session.execute(_CHANGE, {**key, "name": name, "widgets": arranged})
            uow.commit()
    except IntegrityError as err:
        raise Conflict(NAME_TAKEN) from err


def reset(member: Member, dashboard_id: int, version: int) -> None:
    """Arrange it as the default, under its name. Raises NotFound, Conflict."""
    with unit_of_work() as uow:
        key = {**member.key, "id": dashboard_id}
        require_fresh(uow.session.execute(_VERSION, key).scalar(), version, "dashboard")
        uow.session.execute(_CHANGE, {**key, "name": None, "widgets": _arranged(DEFAULT_WIDGETS)})
        uow.commit()


def delete(member: Member, dashboard_id: int) -> None:
    """Raises NotFound."""
    with unit_of_work() as uow:
        if uow.session.execute(_DELETE, {**member.key, "id": dashboard_id}).scalar() is None:
            raise NotFound("There is no such dashboard.")
        uow.commit()


def _arranged(widgets: Sequence[Mapping[str, Any]]) -> str:
    """As JSON. Raises InvalidInput where one is not within the grid or lies on another."""
    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        if widget["x"] + widget["width"] > COLUMNS or widget["y"] + widget["height"] > MOST_ROWS:
            raise InvalidInput(f"A widget lies within {COLUMNS} columns and {MOST_ROWS} rows.")
        fields = {
            (widget["x"] + right, widget["y"] + down)
            for right in range(widget["width"])
            for down in range(widget["height"])
        }
        if fields & taken:
            raise InvalidInput("Two widgets lie on each other.")
        taken |= fields
    return json.dumps(list(widgets))


_COUNT = text("SELECT count(*) FROM dashboards WHERE account_id = :account_id AND user_id = :user_id")
_INSERT = text(
    """
    INSERT INTO dashboards (account_id, user_id, name, widgets)
    VALUES (:account_id, :user_id, :name, CAST(:widgets AS jsonb)) RETURNING id
    """
)
_MINE = "account_id = :account_id AND user_id = :user_id AND id = :id"
_VERSION = text(f"SELECT version FROM dashboards WHERE {_MINE} FOR NO KEY UPDATE")  # noqa: S608  (a constant)
_CHANGE = text(
    f"""
    UPDATE dashboards SET name = coalesce(:name, name), widgets = CAST(:widgets AS jsonb),
        version = version + 1
    WHERE {_MINE}
    """  # noqa: S608  (a constant)
)
_DELETE = text(f"DELETE FROM dashboards WHERE {_MINE} RETURNING id")  # noqa: S608  (a constant)
