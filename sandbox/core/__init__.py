"""What every sandbox shop shares; how a platform plugs in.

A platform package exposes ``make_shop(core: Core) -> Shop`` (see ``shop.py``); ``python -m sandbox NAME``
imports ``sandbox.NAME`` and serves the result. The shop gets everything from its ``Core``:

- ``core.store`` (``store.py``): tables of JSON documents, written through to SQLite. Change state only
  inside ``with core.store.transaction():``, which holds the one state lock and commits on leaving:
  ``orders = core.store.table("orders"); orders.put(7, doc); orders[7]["x"] = 1; orders.save(7)``.
  ``core.store.next_id("orders")`` never reuses a number, restarts included.
- ``core.events`` (``events.py``): ``core.events.stock(...)``, ``.order(...)``, inside the transaction.
- ``core.webhooks`` (``webhooks.py``): ``core.webhooks.enqueue(Delivery...)`` inside the transaction; the
  dispatcher calls back ``shop.build_delivery`` and ``shop.delivery_done`` under the lock.
- ``core.base_url``, ``core.shop`` (``--shop``), ``core.faults``, ``core.options`` (the command line; a
  package with options of its own has ``add_options(parser)``).

``shop.api`` is the platform's own HTTP surface as a WSGI app (Flask). Paths under ``shop.api_prefixes``
pass through the fault edge (``edge.py``): latency, 429, 5xx, timeouts, disconnects, and a ``call`` event per
request. A handler fills in its call with ``current_call(environ)``: ``endpoint``, ``write``, ``items``;
``call.call_id`` goes into the stock events that it causes. When a fault answers before the app has run,
``shop.describe_call(call, body)`` fills the same fields from the request alone.

The control API (``control.py``) and the human page (``page.py``) call the shop's methods under the lock;
they raise ``OutOfStock``, ``Invalid`` or ``Unknown`` from ``shop.py``. ``shop.order_actions`` and
``shop.merchant_actions`` add routes: ``POST /_sandbox/orders/<id>/<action>``, ``POST /_sandbox/<action>``.
"""

from sandbox.core.shop import (
    Call,
    Core,
    Delivery,
    Invalid,
    Outgoing,
    OutOfStock,
    Shop,
    Unknown,
    current_call,
)

__all__ = [
    "Call",
    "Core",
    "Delivery",
    "Invalid",
    "OutOfStock",
    "Outgoing",
    "Shop",
    "Unknown",
    "current_call",
]
