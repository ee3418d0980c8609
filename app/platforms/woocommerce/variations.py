"""Finding variations: in one list where the shop has it (WooCommerce 10.3), else parent by parent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from app.platforms.woocommerce.client import PAGE_SIZE, Client, Refused
from app.platforms.woocommerce.mapper import Doc, is_variable, variation_ids

T = TypeVar("T")
Owned = tuple[str, Doc]
"""A variation with its parent's id, which older shops do not write into it."""


def chunks(found: Sequence[T], size: int = PAGE_SIZE) -> Iterator[Sequence[T]]:
    return (found[start : start + size] for start in range(0, len(found), size))


class Variations:
    """Variations of one shop; notices once whether the shop lists them all."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._unlisted = False

    def everything(self, parent_ids: Iterable[str], fields: str) -> Iterator[Sequence[Owned]]:
        """All variations, a page at a time; `parent_ids` are all variable products."""
        pages = self._client.pages("variations", _fields=fields)
        first = self._if_listed(lambda: next(pages, ()))
        if first is None:
            for parent_id in parent_ids:
                yield from self._pages_of(parent_id, fields)
            return
        yield _owned(first)
        yield from map(_owned, pages)

    def changed(
        self, since: datetime, changed_parent_ids: Iterable[str], fields: str
    ) -> Iterator[Sequence[Owned]]:
        """Variations touched since; on an older shop those of the parents that were."""
        pages = self._client.changed("variations", since, _fields=f"{fields},date_modified_gmt")
        first = self._if_listed(lambda: next(pages, ()))
        if first is None:
            for parent_id in changed_parent_ids:
                yield from self._pages_of(parent_id, fields)
            return
        yield _owned(first)
        yield from map(_owned, pages)

    def of(self, products: Sequence[Doc], fields: str) -> Mapping[str, Sequence[Doc]]:
        """By parent, all variations of the variable ones among `products`."""
        wanted = [(str(parent["id"]), found) for parent in products for found in variation_ids(parent)]
        found = self._if_listed(lambda: self._by_list([each for _, each in wanted], fields))
        by_parent: dict[str, list[Doc]] = defaultdict(list)
        if found is not None:
            for parent_id, variation_id in wanted:
                if variation_id in found:
                    by_parent[parent_id].append(found[variation_id])
            return by_parent
        for parent_id in (str(product["id"]) for product in products if is_variable(product)):
            for page in self._pages_of(parent_id, fields):
                by_parent[parent_id].extend(variation for _, variation in page)
        return by_parent

    def by_id(self, wanted: Sequence[tuple[str, str]], fields: str) -> Mapping[tuple[str, str], Doc]:
        """Those of the (parent id, variation id) that exist."""
        found = self._if_listed(lambda: self._by_list([each for _, each in wanted], fields))
        if found is not None:
            return {
                (parent_id, each): found[each]
                for parent_id, each in wanted
                if each in found and str(found[each].get("parent_id")) == parent_id
            }
        by_parent: dict[str, list[str]] = defaultdict(list)
        for parent_id, each in wanted:
            by_parent[parent_id].append(each)
        return {
            (parent_id, str(variation["id"])): variation
            for parent_id, ids in by_parent.items()
            for variation in self._of_parent(parent_id, ids, fields)
        }

    def _by_list(self, ids: Sequence[str], fields: str) -> Mapping[str, Doc]:
        return {
            str(variation["id"]): variation
            for chunk in chunks(ids)
            for variation in self._client.rows(
                "variations", include=",".join(chunk), per_page=PAGE_SIZE, _fields=fields
            )
        }

    def _of_parent(self, parent_id: str, ids: Sequence[str], fields: str) -> Iterator[Doc]:
        for chunk in chunks(ids):
            try:
                yield from self._client.rows(
                    f"products/{parent_id}/variations",
                    include=",".join(chunk),
                    per_page=PAGE_SIZE,
                    _fields=fields,
                )
            except Refused as err:
                if err.status != 404:
                    raise

    def _pages_of(self, parent_id: str, fields: str) -> Iterator[Sequence[Owned]]:
        try:
            for page in self._client.pages(f"products/{parent_id}/variations", _fields=fields):
                yield [(parent_id, variation) for variation in page]
        except Refused as err:
            if err.status != 404:
                raise

    def _if_listed(self, fetch: Callable[[], T]) -> T | None:
        """What `fetch` finds in the list of all variations; None where the shop has no such list."""
        if self._unlisted:
            return None
        try:
            return fetch()
        except Refused as err:
            if err.status != 404:
                raise
            self._unlisted = True
            return None


def _owned(page: Sequence[Doc]) -> Sequence[Owned]:
    return [(str(variation["parent_id"]), variation) for variation in page]
