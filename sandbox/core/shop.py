"""The seam between the shared core and a platform's stand-in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

from sandbox.core.events import EventLog
from sandbox.core.store import Document, Store

if TYPE_CHECKING:
    from sandbox.core.faults import Faults
    from sandbox.core.webhooks import Dispatcher

CALL_KEY = "sandbox.call"


class Invalid(Exception):
    """The control request makes no sense in the shop's present state (answered 400)."""


class Unknown(Exception):
    """No such order, SKU or action (answered 404)."""


class OutOfStock(Exception):
    """The shop refuses a checkout or a raised line (answered 409); nothing has changed."""

    def __init__(self, skus: Sequence[str]) -> None:
        super().__init__(f"out of stock: {', '.join(skus)}")
        self.skus = list(skus)


@dataclass
class Call:
    """One platform API request on its way through the fault edge; the handler fills in the lower part."""

    call_id: int
    method: str
    path: str
    started_at: float
    endpoint: str
    write: bool = False
    """True for a stock write."""
    items: int = 0
    """How many numbers the stock write named."""
    throttled: bool = False
    """Refused because the caller had used up its rate budget."""


def current_call(environ: WSGIEnvironment) -> Call | None:
    """The call of this request, None outside ``shop.api_prefixes``."""
    call = environ.get(CALL_KEY)
    return call if isinstance(call, Call) else None


@dataclass
class Delivery:
    """A webhook on its way; ``delivery_id`` and the scheduling fields are set by the dispatcher.

    ``payload``: the body as text when it is fixed at queueing time (Shopify), None when the shop builds it
    at delivery time (WooCommerce). ``context`` is for the platform (event id, triggered-at, ...): JSON only.
    """

    subscription_id: int
    topic: str
    resource_id: int | str
    payload: str | None = None
    context: Document = field(default_factory=dict)
    delivery_id: int = 0
    attempt: int = 0
    """How many attempts were made before this one."""
    due_at: float = 0.0

    def as_document(self) -> Document:
        return dict(vars(self))


@dataclass(frozen=True)
class Outgoing:
    """One HTTP POST of a delivery."""

    url: str
    headers: Mapping[str, str]
    body: bytes


OrderAction = Callable[[int, Document], Document | None]
MerchantAction = Callable[[Document], Document]


class Shop(Protocol):
    """A platform's stand-in. The core calls every method but ``api`` under the state lock, inside a
    transaction; ``api`` opens its own transactions."""

    platform: str
    name: str
    """The shop as its platform knows it (``syncflow-demo.myshopify.com``, a store's title)."""
    api_prefixes: tuple[str, ...]
    """Paths that are platform API calls: these get latency, faults and ``call`` events."""
    webhook_workers: int
    """Deliveries at once: 1 is strictly sequential."""
    webhook_timeout_s: float
    webhook_retry_delays_s: tuple[float, ...]
    """Delay before each retry; empty: one attempt only."""
    order_actions: Mapping[str, OrderAction]
    """``POST /_sandbox/orders/<id>/<name>``: pay, cancel, refund, edit, fulfill and the platform's own."""
    merchant_actions: Mapping[str, MerchantAction]
    """``POST /_sandbox/<name>``: the platform's own, such as ``keys``."""

    def api(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The platform's own HTTP surface (WSGI)."""

    def add_products(self, products: list[Document]) -> list[Document]:
        """Take in ``POST /_sandbox/catalog``; return its items."""

    def place_order(self, request: Document) -> Document:
        """A buyer's checkout: ``{"id", "number", "placed_at"}``. Raises OutOfStock (after it logged the
        ``refused`` event itself) and Unknown for a SKU that is not sold here."""

    def set_stock(
        self, *, sku: str, quantity: int | None, delta: int | None, location_id: str | None
    ) -> Document:
        """A merchant's edit in the shop's own admin, at its first location if none is named:
        ``{"from", "to", "at"}``."""

    def items(self) -> list[Document]:
        """``{"sku", "listing_id", "stock_id", "location_id", "quantity", "tracked", "title", "price"}``
        of every listing."""

    def order_count(self) -> int: ...

    def orders(self, *, after: int, limit: int) -> list[Document]:
        """Orders with id > after, ascending, in the shape of ``GET /_sandbox/orders``."""

    def latest_orders(self, limit: int) -> list[Document]:
        """The newest orders first, in the same shape."""

    def get_plan(self) -> Document: ...

    def set_plan(self, plan: Document) -> None:
        """Raises Invalid for a plan that the platform does not have."""

    def describe_call(self, call: Call, body: bytes) -> None:
        """Fill ``endpoint``, ``write`` and ``items`` of a call whose handler does not run."""

    def fault_response(self, fault: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the platform's edge answers for fault ``429`` or ``5xx``: status, headers, body."""

    def build_delivery(self, delivery: Delivery) -> Outgoing | None:
        """The request to send now; None when the subscription is gone or disabled (then it is dropped
        without a trace, as the platform does)."""

    def delivery_done(self, delivery: Delivery, *, status: int | None, will_retry: bool) -> None:
        """After every attempt; status None: no answer. Counts failures, disables or deletes."""


@dataclass
class Core:
    """What ``make_shop`` builds on; ``base_url`` is known from the moment the server has bound its port."""

    shop: str | None
    store: Store
    events: EventLog
    faults: "Faults"
    webhooks: "Dispatcher"
    base_url: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The command line's values by name, the platform's own options among them."""
