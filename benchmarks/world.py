"""A merchant with connections, variants, levels and cells, made set-based for measuring."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from sqlalchemy import text

from app.services.credentials import vault
from app.services.uow import unit_of_work

SECRET = "benchmark-webhook-secret"


@dataclass(frozen=True, slots=True)
class Made:
    account_id: int
    connection_ids: tuple[int, ...]
    public_ids: tuple[str, ...]


def make_account(app: Flask, *, platforms: tuple[str, ...], variants: int, stock: int) -> Made:
    """One account; per platform an active connection with a listing and a cell of every variant.

    Variants have SKUs `SKU-1` .. `SKU-<n>`; listings and stock ids are numbered alike.
    """
    with app.app_context(), unit_of_work() as uow:
        run = uow.session.execute
        account_id = run(text("INSERT INTO accounts (name) VALUES ('bench') RETURNING id")).scalar_one()
        location_id = run(
            text("INSERT INTO locations (account_id, name) VALUES (:a, 'Main') RETURNING id"),
            {"a": account_id},
        ).scalar_one()
        params = {"a": account_id, "l": location_id, "n": variants, "stock": stock}
        run(_PRODUCTS, params)
        run(_LEVELS, params)
        connections, publics = [], []
        for number, platform in enumerate(platforms):
            secret, shop = vault().seal_text(SECRET), f"{platform}-{account_id}-{number}.test"
            row = run(_CONNECTION, {**params, "platform": platform, "secret": secret, "shop": shop}).one()
            connections.append(row.id)
            publics.append(str(row.public_id))
            run(_PLACE, {**params, "c": row.id})
            run(_CELLS, {**params, "c": row.id})
            run(_LISTINGS, {**params, "c": row.id})
        uow.commit()
        run(text("ANALYZE"))
        uow.commit()
    return Made(account_id, tuple(connections), tuple(publics))


_PRODUCTS = text(
    """
    WITH p AS (INSERT INTO products (account_id, title) VALUES (:a, 'bench') RETURNING id)
    INSERT INTO variants (account_id, product_id, sku, title, currency)
    SELECT :a, p.id, 'SKU-' || i, 'bench', 'EUR' FROM p, generate_series(1, :n) i
    """
)
_LEVELS = text(
    """
    INSERT INTO stock_levels (account_id, variant_id, location_id, on_hand)
    SELECT :a, id, :l, :stock FROM variants WHERE account_id = :a
    """
)
_CONNECTION = text(
    """
    INSERT INTO connections (account_id, platform, external_shop_id, name, currency, state, webhook_secret,
        orders_polled_at, levels_swept_at)
    VALUES (:a, :platform, :shop, 'bench', 'EUR', 'active', :secret, now(), now()) RETURNING id, public_id
    """
)
_PLACE = text("INSERT INTO connection_locations (account_id, connection_id, location_id) VALUES (:a, :c, :l)")
_CELLS = text(
    """
    INSERT INTO stock_cells (account_id, connection_id, external_stock_id, location_id, variant_id, state,
        account, baseline_at, opened_level)
    SELECT :a, :c, substr(sku, 5), :l, id, 'active', :stock, now() - interval '1 day', true
    FROM variants WHERE account_id = :a
    """
)
_LISTINGS = text(
    """
    INSERT INTO listings (account_id, connection_id, external_id, external_product_id, sku, title,
        variant_id, external_stock_id)
    SELECT :a, :c, c.external_stock_id, c.external_stock_id, v.sku, 'bench', v.id, c.external_stock_id
    FROM stock_cells c JOIN variants v ON v.id = c.variant_id WHERE c.connection_id = :c
    """
)
