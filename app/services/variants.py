"""The account's variants, made, changed, archived and deleted by hand or by a file.

A variant that moved stock or was sold stays for good, since the ledger names it: it is archived instead.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.variants import FIELDS, NEW, Fields, differences, what_is_wrong
from app.errors import Conflict, InvalidInput, NotFound
from app.services import ledger, versions
from app.services.audit import audit_subject
from app.services.matching import take_turns
from app.services.prices.wants import want
from app.services.uow import UnitOfWork, unit_of_work


class SkuTaken(Conflict):
    """Another variant has this SKU."""

    code = "sku_taken"


class VariantInUse(Conflict):
    """Something still needs the variant; the words say what."""

    code = "variant_in_use"


def create(account_id: int, fields: Fields, *, product_id: int | None = None, actor: str) -> int:
    """A new variant, of a product or of one of its own that has its title. Returns its id.

    Raises InvalidInput, SkuTaken, and NotFound for a product that the account does not have.
    """
    if fault := what_is_wrong(NEW, fields, given=fields):
        raise InvalidInput(fault)
    with unit_of_work() as uow:
        session = uow.session
        take_turns(session, account_id)
        _require_free(session, account_id, fields.get("sku"))
        if product_id is not None:
            _require(session, _PRODUCT, account_id, product_id, "There is no such product.")
        [variant_id] = insert(session, account_id, [fields], product_id=product_id)
        audit_subject(session, account_id, actor, "variant.created", f"variant:{variant_id}", fields)
        uow.commit()
    return variant_id


def change(
    account_id: int, variant_id: int, fields: Fields, *, actor: str, seen: Collection[str] | None = None
) -> None:
    """Change what is given. Safe to repeat. Shops whose price sync is on follow a price, and what is low or
    not by another threshold is told at once. Raises NotFound, InvalidInput, SkuTaken, Outdated."""
    with unit_of_work() as uow:
        session = uow.session
        take_turns(session, account_id)
        now = _seen(session, account_id, variant_id, seen)
        new = differences(now, fields)
        if not new:
            return
        if fault := what_is_wrong(now, new, given=fields):
            raise InvalidInput(fault)
        _require_free(session, account_id, new.get("sku"))
        update(uow, account_id, {variant_id: new})
        detail = {
            "changes": {name: [now[name], value] for name, value in new.items()},
            "currency": new.get("currency", now["currency"]),
        }
        audit_subject(session, account_id, actor, "variant.changed", f"variant:{variant_id}", detail)
        uow.commit()


def archive(account_id: int, variant_id: int, *, actor: str) -> None:
    """Leave it out of lists. Safe to repeat. Raises NotFound, and VariantInUse while listings are linked to
    it, a bundle needs it, or it has stock or open orders."""
    with unit_of_work() as uow:
        session = uow.session
        take_turns(session, account_id)
        _require(session, _LOCK, account_id, variant_id, "There is no such variant.")
        _refuse(_uses(session, variant_id), "linked", "component", "stock")
        _set_archived(session, account_id, variant_id, True, actor)
        uow.commit()


def restore(account_id: int, variant_id: int, *, actor: str) -> None:
    """Undo `archive`. Safe to repeat. Raises NotFound."""
    with unit_of_work() as uow:
        _require(uow.session, _LOCK, account_id, variant_id, "There is no such variant.")
        _set_archived(uow.session, account_id, variant_id, False, actor)
        uow.commit()


def delete(account_id: int, variant_id: int, *, actor: str, seen: Collection[str] | None = None) -> None:
    """Remove a variant that nothing knows of, and its product if that was all of it.

    Raises NotFound, Outdated, and VariantInUse for one that is linked, part of a bundle, was counted or sold.
    """
    with unit_of_work() as uow:
        session = uow.session
        take_turns(session, account_id)
        _require(session, _LOCK, account_id, variant_id, "There is no such variant.")
        now = _seen(session, account_id, variant_id, seen)
        _refuse(_uses(session, variant_id), "linked", "component", "bundle", "history")
        session.execute(_DELETE, {"account_id": account_id, "id": variant_id})
        detail = {name: now[name] for name in ("sku", "title")}
        audit_subject(session, account_id, actor, "variant.deleted", f"variant:{variant_id}", detail)
        uow.commit()


def known(
    session: Session, account_id: int, *, ids: Sequence[int] = (), skus: Sequence[str] = ()
) -> dict[int, dict[str, Any]]:
    """The variants with these ids or SKUs, locked in id order: id -> its fields."""
    params = {"account_id": account_id, "ids": list(ids), "skus": list(skus)}
    rows = session.execute(_KNOWN, params).mappings()
    return {row["id"]: {name: row[name] for name in NEW} for row in rows}


def insert(
    session: Session, account_id: int, rows: Sequence[Fields], *, product_id: int | None = None
) -> list[int]:
    """New variants, each of a product of its own unless one is named; their ids as the rows are ordered.

    No variant of the account may have their SKUs: the caller has looked, and it is his turn.
    """
    params = {"account_id": account_id, "product_id": product_id}
    given = [{**NEW, **row, "position": position} for position, row in enumerate(rows)]
    made = session.execute(_INSERT, {**params, "rows": json.dumps(given)})
    return [row.id for row in sorted(made, key=lambda row: row.position)]


def update(uow: UnitOfWork, account_id: int, changes: Mapping[int, Fields]) -> None:
    """Write what `differences` found of locked variants, and have prices and low stock follow."""
    rows = [{"id": variant_id, "new": dict(new)} for variant_id, new in changes.items()]
    uow.session.execute(_UPDATE, {"account_id": account_id, "rows": json.dumps(rows)})
    if limits := [i for i, new in changes.items() if "low_stock_threshold" in new]:
        places = uow.session.execute(_PLACES, {"ids": limits}).all()
        ledger.tell_anew(uow.session, account_id, {(row.variant_id, row.location_id) for row in places})
    if priced := [i for i, new in changes.items() if {"price_minor", "currency"} & new.keys()]:
        want(uow, variant_ids=priced)


def _seen(session: Session, account_id: int, variant_id: int, seen: Collection[str] | None) -> dict[str, Any]:
    """Its fields, locked, if they are as the caller has seen them. Raises NotFound, Outdated."""
    now = known(session, account_id, ids=[variant_id]).get(variant_id)
    if now is None:
        raise NotFound("There is no such variant.")
    versions.require(seen, versions.version_of(now, FIELDS))
    return now


def _require(session: Session, query: Any, account_id: int, row_id: int, said: str) -> None:
    if session.execute(query, {"account_id": account_id, "id": row_id}).first() is None:
        raise NotFound(said)


def _require_free(session: Session, account_id: int, sku: str | None) -> None:
    """It is the caller's turn, so that it stays free. Locks nothing: who holds its owner may wait for us."""
    if sku is not None and session.execute(_OWNER, {"account_id": account_id, "sku": sku}).first():
        raise SkuTaken()


def _uses(session: Session, variant_id: int) -> Row[Any]:
    return session.execute(_USES, {"id": variant_id}).one()


_SAID = {
    "linked": "Listings are linked to it: unlink them first.",
    "component": "A bundle is made of it: change the bundle first.",
    "bundle": "It is a bundle: take its components away first.",
    "stock": "It has stock or open orders.",
    "history": "Its stock was counted or it was sold: it can be archived, not deleted.",
}


def _refuse(uses: Row[Any], *reasons: str) -> None:
    """For the first of the reasons that there is."""
    for reason in reasons:
        if getattr(uses, reason):
            raise VariantInUse(_SAID[reason])


def _set_archived(session: Session, account_id: int, variant_id: int, archived: bool, actor: str) -> None:
    params = {"id": variant_id, "archived": archived}
    if session.execute(_SET_ARCHIVED, params).first() is not None:
        action: AuditAction = "variant.archived" if archived else "variant.restored"
        audit_subject(session, account_id, actor, action, f"variant:{variant_id}")


_PRODUCT = text("SELECT id FROM products WHERE account_id = :account_id AND id = :id FOR KEY SHARE")
_OWNER = text("SELECT 1 FROM variants WHERE account_id = :account_id AND sku = :sku")
_LOCK = text("SELECT id FROM variants WHERE account_id = :account_id AND id = :id FOR UPDATE")
_KNOWN = text(
    """
    WITH found AS (
        SELECT id FROM variants WHERE account_id = :account_id AND id = ANY(CAST(:ids AS bigint[]))
        UNION
        SELECT id FROM variants WHERE account_id = :account_id AND sku = ANY(CAST(:skus AS text[]))
    )
    SELECT id, sku, title, barcode, currency, price_minor, unit_cost_minor, low_stock_threshold
    FROM variants WHERE id IN (SELECT id FROM found) ORDER BY id FOR NO KEY UPDATE
    """
)
_INSERT = text(
    """
    WITH given AS (
        SELECT coalesce(:product_id, nextval(pg_get_serial_sequence('products', 'id'))) AS product_id,
            nextval(pg_get_serial_sequence('variants', 'id')) AS id, r.*
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (position int, sku text, title text, barcode text,
            currency text, price_minor bigint, unit_cost_minor bigint, low_stock_threshold int)
    ), made_products AS (
        INSERT INTO products (id, account_id, title)
        SELECT product_id, :account_id, title FROM given WHERE CAST(:product_id AS bigint) IS NULL
    ), made AS (
        INSERT INTO variants (id, account_id, product_id, sku, title, barcode, currency, price_minor,
            unit_cost_minor, low_stock_threshold)
        SELECT id, :account_id, product_id, sku, title, barcode, currency, price_minor, unit_cost_minor,
            low_stock_threshold
        FROM given
    )
    SELECT id, position FROM given
    """
)
_UPDATE = text(
    """
    UPDATE variants v SET (sku, title, barcode, currency, price_minor, unit_cost_minor,
        low_stock_threshold) = (
        SELECT n.sku, n.title, n.barcode, n.currency, n.price_minor, n.unit_cost_minor,
            n.low_stock_threshold
        FROM jsonb_populate_record(v, r.new) AS n
    )
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id bigint, new jsonb)
    WHERE v.id = r.id AND v.account_id = :account_id
    """
)
_PLACES = text(
    "SELECT variant_id, location_id FROM stock_levels WHERE variant_id = ANY(CAST(:ids AS bigint[]))"
)
_USES = text(
    """
    SELECT EXISTS (SELECT 1 FROM listings WHERE variant_id = :id) AS linked,
        EXISTS (SELECT 1 FROM bundle_components WHERE component_id = :id) AS component,
        EXISTS (SELECT 1 FROM bundle_components WHERE bundle_id = :id) AS bundle,
        EXISTS (
            SELECT 1 FROM stock_levels WHERE variant_id = :id AND (on_hand <> 0 OR committed <> 0)
        ) AS stock,
        EXISTS (SELECT 1 FROM stock_levels WHERE variant_id = :id)
            OR EXISTS (SELECT 1 FROM stock_cells WHERE variant_id = :id)
            OR EXISTS (SELECT 1 FROM stock_count_lines WHERE variant_id = :id)
            OR EXISTS (SELECT 1 FROM order_lines WHERE applied_variant_id = :id)
            OR EXISTS (SELECT 1 FROM order_holds WHERE variant_id = :id) AS history
    """
)
_SET_ARCHIVED = text(
    """
    UPDATE variants SET archived_at = CASE WHEN :archived THEN clock_timestamp() END
    WHERE id = :id AND (archived_at IS NOT NULL) <> :archived RETURNING id
    """
)
_DELETE = text(
    """
    WITH gone AS (
        DELETE FROM variants WHERE account_id = :account_id AND id = :id RETURNING product_id
    )
    DELETE FROM products p USING gone
    WHERE p.id = gone.product_id
        AND NOT EXISTS (SELECT 1 FROM variants o WHERE o.product_id = p.id AND o.id <> :id)
    """
)
