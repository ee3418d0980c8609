"""How much a shop's host takes, and which WooCommerce it runs."""

from sandbox.core import Core, Invalid
from sandbox.core.store import Document
from sandbox.woocommerce.hooks import VERSION

DEFAULTS: Document = {
    "requests_per_second": None,
    "version": VERSION,
    "stock_moves_date_modified": True,
}


class Plan:
    """Settings of ``PUT /_sandbox/plan`` and the request limit's bucket (one second's worth)."""

    def __init__(self, core: Core) -> None:
        self._table = core.store.table("plan")
        self.settings: Document = {**DEFAULTS, **self._table.get("settings", {})}
        self._tokens = 0.0
        self._filled_at = 0.0

    def change(self, changes: Document) -> None:
        """Raises Invalid for a setting that does not exist or makes no sense."""
        for name, value in changes.items():
            if name not in DEFAULTS:
                raise Invalid(f"a WooCommerce plan has no {name}")
            if name == "requests_per_second" and value is not None and not (_is_number(value) and value > 0):
                raise Invalid("requests_per_second is a number above 0, or null")
            if name == "version":
                _version(value)
        self.settings.update(changes)
        self._table.put("settings", self.settings)

    def take(self, now: float) -> int | None:
        """Count one request; when there are too many, the seconds to wait."""
        limit = self.settings["requests_per_second"]
        if limit is None:
            return None
        self._tokens = min(max(limit, 1.0), self._tokens + (now - self._filled_at) * limit)
        self._filled_at = now
        if self._tokens < 1:
            return 1
        self._tokens -= 1
        return None

    @property
    def lists_all_variations(self) -> bool:
        """``/variations`` over all parents came with WooCommerce 10.3."""
        return _version(self.settings["version"]) >= (10, 3)

    @property
    def stock_moves_date_modified(self) -> bool:
        """Some versions leave ``date_modified`` alone when an order moves stock."""
        return bool(self.settings["stock_moves_date_modified"])


def _version(text: object) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in str(text).split("."))
    except ValueError:
        raise Invalid("version is dotted numbers") from None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
