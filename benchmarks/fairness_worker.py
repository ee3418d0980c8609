"""`python -m benchmarks.fairness_worker QUEUE`: a worker as it is, whose shops answer from memory, in time.

SHOPS in the environment says how long each connection's shop takes for a call. What is written to a shop is
told in Redis, under `written:<connection>`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import redis
from flask import current_app

from app.domain.orders import ChannelEffect, LinePart, PartKind
from app.platforms.base import (
    Channel,
    ExternalOrder,
    ExternalOrderLine,
    OrderBatch,
    OrderState,
    PaymentState,
    StockWrite,
    WriteKind,
    WriteOutcome,
    WriteResult,
)
from app.platforms.registry import platform
from app.services import work
from app.services.shops import OpenShop
from workers.run import main

PLATFORM = "shopify"
VARIANTS_OF_ORDERS = 1000
"""An order's id tells its one line's variant: the id modulo this, plus one."""


class SlowShop:
    """As much of a shop as intake and pushing need."""

    def __init__(self, connection_id: int, seconds: float, told: redis.Redis) -> None:
        self._connection_id = connection_id
        self._seconds = seconds
        self._told = told

    def await_turn(self) -> None: ...

    def probe(self) -> None: ...

    def fetch_orders(self, order_ids: Sequence[str]) -> OrderBatch:
        time.sleep(self._seconds)
        return OrderBatch(tuple(_order(order_id) for order_id in order_ids), ())

    def write_levels(
        self, writes: Sequence[StockWrite], *, kind: WriteKind, key: str, deadline: float
    ) -> Sequence[WriteResult]:
        time.sleep(self._seconds)
        self._told.rpush(f"written:{self._connection_id}", *(write.ref.stock_id for write in writes))
        return [WriteResult(write.ref, WriteOutcome.APPLIED, "") for write in writes]


def opened(seconds_of: Mapping[str, float]) -> Any:
    """Stands in for `app.services.work.open_channel`."""

    def open_channel(connection_id: int) -> OpenShop:
        seconds = seconds_of.get(str(connection_id), 0.02)
        shop = SlowShop(connection_id, seconds, current_app.extensions["redis"])
        return OpenShop(cast(Channel, shop), platform(PLATFORM), "", "")

    return open_channel


def _order(order_id: str) -> ExternalOrder:
    at = datetime.now(UTC).replace(microsecond=0)
    variant = int(order_id) % VARIANTS_OF_ORDERS + 1
    line = ExternalOrderLine(
        external_id="1",
        listing_external_id=str(variant),
        sku=f"SKU-{variant}",
        title="A thing",
        quantity=1,
        unit_price_minor=999,
        parts=(LinePart(PartKind.ORDERED, 1, at),),
        channel_effects=(ChannelEffect(-1, at),),
    )
    return ExternalOrder(
        external_id=order_id,
        number=order_id,
        state=OrderState.OPEN,
        payment=PaymentState.PAID,
        created_at=at,
        updated_at=at,
        currency="EUR",
        total_minor=999,
        subtotal_minor=999,
        tax_minor=0,
        shipping_minor=0,
        discount_minor=0,
        refunded_minor=0,
        customer_key=None,
        lines=(line,),
    )


if __name__ == "__main__":
    setattr(work, "open_channel", opened(json.loads(os.environ["SHOPS"])))  # noqa: B010  (it exports none)
    sys.exit(main(sys.argv[1:]))
