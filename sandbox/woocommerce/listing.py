"""Collections: filters, order, pages and their headers (spec: _introduction.md; WP_REST_Server)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox.core.store import Document
from sandbox.woocommerce.dates import query_second
from sandbox.woocommerce.errors import RestError, invalid_param
from sandbox.woocommerce.php import as_list, intval, is_true

ORDERBY = ("date", "id", "include", "title", "slug", "modified")
MAX_PER_PAGE = 100

DATE_FILTERS: dict[str, tuple[str, Callable[[int, int], bool]]] = {
    # Strictly after and strictly before, at one second's grain.
    "after": ("created", lambda own, limit: own > limit),
    "before": ("created", lambda own, limit: own < limit),
    "modified_after": ("modified", lambda own, limit: own > limit),
    "modified_before": ("modified", lambda own, limit: own < limit),
}


@dataclass(frozen=True)
class Page:
    rows: list[Document]
    headers: dict[str, str]


def id_list(value: Any) -> list[int]:
    """``wp_parse_id_list``."""
    return [abs(intval(part)) for part in as_list(value)]


def list_rows(rows: Iterable[Document], args: dict[str, Any], *, url: str) -> Page:
    """Filter, sort and cut ``rows`` by the common arguments; ``url`` is the collection's address.
    Past the end the page is empty, not an error. Raises RestError for an argument out of bounds."""
    kept = _in_date_range(rows, args)
    if "include" in args:
        wanted = set(id_list(args["include"]))
        kept = [row for row in kept if row["id"] in wanted]
    if "exclude" in args:
        unwanted = set(id_list(args["exclude"]))
        kept = [row for row in kept if row["id"] not in unwanted]
    return _cut(_sorted(kept, args), args, url)


def pick_fields(body: Any, fields: Any) -> Any:
    """``_fields``: top-level names, or ``parent.child`` into an object. A child of a list selects nothing
    and leaves an empty list, as in WordPress."""
    tree: dict[str, Any] = {}
    for name in as_list(fields):
        node = tree
        for part in name.split("."):
            node = node.setdefault(part, {})
    if isinstance(body, list):
        return [_pick(item, tree) for item in body]
    return _pick(body, tree)


def _pick(body: Document, tree: dict[str, Any]) -> Document:
    picked = {}
    for name, children in tree.items():
        if name not in body:
            continue
        value = body[name]
        if children and isinstance(value, dict):
            value = _pick(value, children)
        elif children and isinstance(value, list):
            value = []
        picked[name] = value
    return picked


def _in_date_range(rows: Iterable[Document], args: dict[str, Any]) -> list[Document]:
    kept = list(rows)
    is_gmt = is_true(args.get("dates_are_gmt", False))
    for name, (field, test) in DATE_FILTERS.items():
        if not args.get(name):
            continue
        try:
            limit = query_second(str(args[name]), is_gmt=is_gmt)
        except ValueError:
            raise invalid_param(name, "Invalid date.", "rest_invalid_date") from None
        kept = [row for row in kept if test(int(row[field]), limit)]
    return kept


def _sorted(rows: list[Document], args: dict[str, Any]) -> list[Document]:
    orderby = args.get("orderby", "date")
    if orderby not in ORDERBY:
        message = f"orderby is not one of {', '.join(ORDERBY[:-1])}, and {ORDERBY[-1]}."
        raise invalid_param("orderby", message, "rest_not_in_enum")
    order = str(args.get("order", "desc")).lower()
    if order not in ("asc", "desc"):
        raise invalid_param("order", "order is not one of asc and desc.", "rest_not_in_enum")
    if orderby == "include" and "include" in args:
        position = {row_id: index for index, row_id in enumerate(id_list(args["include"]))}
        return sorted(rows, key=lambda row: position[row["id"]])
    keys: dict[str, Callable[[Document], Any]] = {
        "id": lambda row: row["id"],
        "modified": lambda row: (int(row["modified"]), row["id"]),
        "title": lambda row: (str(row.get("name", "")).lower(), row["id"]),
    }
    by_date: Callable[[Document], Any] = lambda row: (int(row["created"]), row["id"])  # noqa: E731
    return sorted(rows, key=keys.get(orderby, by_date), reverse=order == "desc")


def _cut(rows: Sequence[Document], args: dict[str, Any], url: str) -> Page:
    per_page = _bounded(args, "per_page", 10, MAX_PER_PAGE)
    page = _bounded(args, "page", 1, None)
    offset = intval(args["offset"]) if args.get("offset") else (page - 1) * per_page
    pages = -(-len(rows) // per_page)
    headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
    links = []
    if page > 1:
        links.append(_link(url, args, min(page - 1, pages), "prev"))
    if page < pages:
        links.append(_link(url, args, page + 1, "next"))
    if links:
        headers["Link"] = ", ".join(links)
    return Page(list(rows[offset : offset + per_page]), headers)


def _bounded(args: dict[str, Any], name: str, default: int, most: int | None) -> int:
    if name not in args:
        return default
    text = str(args[name])
    if not text.lstrip("-").isdigit():
        raise invalid_param(name, f"{name} is not of type integer.")
    value = int(text)
    if value < 1 or (most is not None and value > most):
        span = f"between 1 (inclusive) and {most} (inclusive)" if most else "greater than or equal to 1"
        raise invalid_param(name, f"{name} must be {span}", "rest_out_of_bounds")
    return value


def _link(url: str, args: dict[str, Any], page: int, rel: str) -> str:
    flat = {name: value for name, value in args.items() if not isinstance(value, dict)}
    return f'<{url}?{urlencode(flat | {"page": page})}>; rel="{rel}"'


def split_batch(body: Document) -> tuple[list[Any], list[Any], list[Any]]:
    """The three parts of a batch. Raises RestError above 100 items in all."""
    parts = tuple(list(body.get(name) or []) for name in ("create", "update", "delete"))
    if sum(len(part) for part in parts) > MAX_PER_PAGE:
        raise RestError(
            "woocommerce_rest_request_entity_too_large",
            f"Unable to accept more than {MAX_PER_PAGE} items for this request.",
            413,
        )
    return parts[0], parts[1], parts[2]
