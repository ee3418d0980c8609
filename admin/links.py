"""What leads from one view to another: accounts and shops, wherever they are named."""

from __future__ import annotations

from flask import url_for

from admin.base import Column
from admin.pages import Link
from app.services.queries.paging import Row


def account_name(row: Row) -> str | None:
    """Its name and number, or its number where it is gone."""
    return _name(row, "account")


def account_address(row: Row) -> str | None:
    return _address(row, "account", "accountsview")


def account(row: Row) -> Link:
    """For a page's facts."""
    return Link(account_name(row), account_address(row))


def shop_name(row: Row) -> str | None:
    """Its name and number, or its number where it is gone."""
    return _name(row, "connection")


def shop_address(row: Row) -> str | None:
    return _address(row, "connection", "connectionsview")


def shop(row: Row) -> Link:
    """For a page's facts."""
    return Link(shop_name(row), shop_address(row))


ACCOUNT = Column("account", "account", text=account_name, link=account_address)
SHOP = Column("connection", "shop", text=shop_name, link=shop_address)


def _name(row: Row, what: str) -> str | None:
    number = row[f"{what}_id"]
    return None if number is None else f"{row[what] or 'removed'} ({number})"


def _address(row: Row, what: str, view: str) -> str | None:
    return url_for(f"{view}.detail", id=row[f"{what}_id"]) if row[what] else None
