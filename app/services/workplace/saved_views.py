"""Filters of a list, kept under a name, for oneself or for all members."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.errors import Conflict, InvalidInput, NotFound
from app.services.audit import audit_subject
from app.services.uow import unit_of_work
from app.services.workplace.members import Member, lock, require_fresh

MOST_VIEWS = 100
"""Of a member."""
MOST_FILTERS = 30
MOST_BYTES = 4000
NAME_TAKEN = "You have a view of this name."


def create(member: Member, given: Mapping[str, Any]) -> int:
    """`given`: resource, name, filters, sort, shared. Returns its id. Raises InvalidInput, Conflict."""
    values = {**member.key, **given, "filters": _filters(given["filters"])}
    try:
        with unit_of_work() as uow:
            lock(uow.session, member)
            if uow.session.execute(_COUNT, member.key).scalar_one() >= MOST_VIEWS:
                raise Conflict(f"{MOST_VIEWS} views are the most.")
            view_id = int(uow.session.execute(_INSERT, values).scalar_one())
            if given["shared"]:
                _write_down(uow.session, member, "saved_view.shared", view_id, given["name"])
            uow.commit()
    except IntegrityError as err:
        raise Conflict(NAME_TAKEN) from err
    return view_id


def change(member: Member, view_id: int, version: int, given: Mapping[str, Any]) -> None:
    """Replace one's own view, if it still is the version that was seen. `given`: name, filters, sort, shared.
    Raises NotFound (also for one that another member shares), Conflict, InvalidInput."""
    values = {**member.key, **given, "id": view_id, "filters": _filters(given["filters"])}
    try:
        with unit_of_work() as uow:
            row = uow.session.execute(_MINE, {**member.key, "id": view_id}).one_or_none()
            require_fresh(row.version if row else None, version, "view of yours")
            uow.session.execute(_CHANGE, values)
            if given["shared"] or (row is not None and row.shared):
                _write_down(uow.session, member, "saved_view.changed", view_id, given["name"])
            uow.commit()
    except IntegrityError as err:
        raise Conflict(NAME_TAKEN) from err


def delete(member: Member, view_id: int) -> None:
    """Raises NotFound, also for one that another member shares."""
    with unit_of_work() as uow:
        row = uow.session.execute(_DELETE, {**member.key, "id": view_id}).one_or_none()
        if row is None:
            raise NotFound("There is no such view of yours.")
        if row.shared:
            _write_down(uow.session, member, "saved_view.deleted", view_id, row.name)
        uow.commit()


def _filters(filters: Mapping[str, Any]) -> str:
    """As JSON. Raises InvalidInput for what is too much."""
    document = json.dumps(filters)
    if len(filters) > MOST_FILTERS or len(document.encode()) > MOST_BYTES:
        raise InvalidInput(f"A view has {MOST_FILTERS} filters and {MOST_BYTES} bytes at most.")
    return document


def _write_down(session: Session, member: Member, action: AuditAction, view_id: int, name: str) -> None:
    audit_subject(session, member.account_id, member.actor, action, f"saved_view:{view_id}", {"name": name})


_COUNT = text("SELECT count(*) FROM saved_views WHERE account_id = :account_id AND user_id = :user_id")
_INSERT = text(
    """
    INSERT INTO saved_views (account_id, user_id, resource, name, filters, sort, shared)
    VALUES (:account_id, :user_id, :resource, :name, CAST(:filters AS jsonb), :sort, :shared) RETURNING id
    """
)
_OWN = "account_id = :account_id AND user_id = :user_id AND id = :id"
_MINE = text(f"SELECT version, shared FROM saved_views WHERE {_OWN} FOR NO KEY UPDATE")  # noqa: S608
_CHANGE = text(
    f"""
    UPDATE saved_views SET name = :name, filters = CAST(:filters AS jsonb), sort = :sort, shared = :shared,
        version = version + 1
    WHERE {_OWN}
    """  # noqa: S608  (a constant)
)
_DELETE = text(f"DELETE FROM saved_views WHERE {_OWN} RETURNING shared, name")  # noqa: S608
