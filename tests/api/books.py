"""A merchant's books for tests: variants, levels, movements, cells, orders, events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.stock import Movement
from app.models import (
    Connection,
    Drift,
    InboundEvent,
    Listing,
    Location,
    Order,
    OrderLine,
    Product,
    StockCell,
    Variant,
)
from app.services import ledger
from app.services.uow import unit_of_work

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Books:
    """The ids of what `keep_books` wrote."""

    variant_ids: list[int]
    order_ids: list[int]
    location_id: int


def keep_books(connection: Connection, *, variants: int = 1, orders: int = 1) -> Books:
    """Each variant opens with 10 units in the shop; each order reserves 2 of the first one."""
    account_id = connection.account_id
    with unit_of_work() as uow:
        session = uow.session
        location = Location(account_id=account_id, name="Main")
        product = Product(account_id=account_id, title="Cups")
        session.add_all([location, product])
        session.flush()
        made = [
            Variant(
                account_id=account_id,
                product_id=product.id,
                sku=f"CUP-{n}",
                title=f"Cup 100% no. {n}",
                currency="EUR",
            )
            for n in range(variants)
        ]
        session.add_all(made)
        session.flush()
        cells = [
            StockCell(
                account_id=account_id,
                connection_id=connection.id,
                external_stock_id=f"s{variant.id}",
                location_id=location.id,
                variant_id=variant.id,
                state="active",
                account=10,
            )
            for variant in made
        ]
        session.add_all(cells)
        session.flush()
        listings = [
            Listing(
                account_id=account_id,
                connection_id=connection.id,
                external_id=f"l{variant.id}",
                external_product_id="p1",
                sku=variant.sku,
                title=variant.title,
                variant_id=variant.id,
                external_stock_id=cell.external_stock_id,
            )
            for variant, cell in zip(made, cells, strict=True)
        ]
        session.add_all(listings)
        entries = [
            ledger.Entry(
                cell.variant_id or 0, location.id, Movement(10), "import", f"baseline:{cell.id}", NOON
            )
            for cell in cells
        ]
        placed = [_order(connection, number) for number in range(orders)]
        session.add_all(placed)
        session.flush()
        lines = [_line(order, listings[0], cells[0]) for order in placed]
        session.add_all(lines)
        session.flush()
        entries += [
            ledger.Entry(made[0].id, location.id, Movement(committed=2), "order", f"line:{line.id}:1", NOON)
            for line in lines
        ]
        ledger.book(session, account_id, entries)
        uow.commit()
        return Books([v.id for v in made], [o.id for o in placed], location.id)


def _order(connection: Connection, number: int) -> Order:
    return Order(
        account_id=connection.account_id,
        connection_id=connection.id,
        external_id=f"o{number}",
        number=f"#100{number}",
        payment="paid",
        currency="EUR",
        total_minor=2400,
        placed_at=NOON + timedelta(minutes=number // 2),
    )


def _line(order: Order, listing: Listing, cell: StockCell) -> OrderLine:
    return OrderLine(
        account_id=order.account_id,
        order_id=order.id,
        external_id="1",
        listing_external_id=listing.external_id,
        listing_id=listing.id,
        sku=listing.sku,
        title=listing.title,
        quantity=2,
        unit_price_minor=1200,
        effect_seq=1,
        applied_committed=2,
        applied_variant_id=cell.variant_id,
        applied_location_id=cell.location_id,
        applied_cell_id=cell.id,
    )


def hear(connection: Connection, *topics: str) -> None:
    """Store a pending event for each topic."""
    with unit_of_work() as uow:
        uow.session.add_all(
            InboundEvent(
                account_id=connection.account_id,
                connection_id=connection.id,
                topic=topic,
                dedupe_key=topic,
                body=b"personal data",
            )
            for topic in topics
        )
        uow.commit()


def drift(connection: Connection, variant_id: int, quantity: int) -> None:
    """The shop's number of a variant was found changed by `quantity`."""
    with unit_of_work() as uow:
        cell = (
            uow.session.query(StockCell).filter_by(connection_id=connection.id, variant_id=variant_id).one()
        )
        cell.drift = quantity
        uow.session.add(Drift(account_id=cell.account_id, cell_id=cell.id, quantity=quantity, seen_at=NOON))
        uow.commit()
