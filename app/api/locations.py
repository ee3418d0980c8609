"""Where stock is kept, and which of a shop's locations is which of the account's."""

from __future__ import annotations

from functools import partial
from typing import Any

from app.api.errors import ACCEPTED, CREATED, OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.locations import LocationSchema, MappingSchema, NewLocationSchema, ShopLocationsSchema
from app.api.versions import seen
from app.services import locations
from app.services.locations import Mapped
from app.services.queries import locations as queries
from app.services.queries.paging import Page, Row
from app.services.versions import version_of

blp = Resource("locations", __name__, description="Where stock is kept.")
_version = partial(version_of, names=locations.CHANGEABLE)


def _mapped_version(shown: dict[str, list[Row]]) -> str:
    """Of which are ours, in their order."""
    mapped = [row for row in shown["items"] if row["location_id"] is not None]
    return locations.version_of([Mapped(row["external_location_id"], row["location_id"]) for row in mapped])


@blp.route("/locations")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(LocationSchema))
def list_locations(args: dict[str, Any]) -> Page:
    """Where stock is kept."""
    return queries.locations(principal().account_id, **args)


@blp.route("/locations", methods=("POST",))
@blp.arguments(NewLocationSchema)
@blp.response(CREATED, LocationSchema)
def create_location(given: dict[str, Any]) -> Row:
    """A new place where stock is kept."""
    caller = principal()
    location_id = locations.create_location(caller.account_id, given["name"], actor=caller.actor)
    return queries.location(caller.account_id, location_id)


@blp.route("/locations/<int:location_id>")
@blp.response(OK, LocationSchema)
@blp.versioned(_version)
def get_location(location_id: int) -> Row:
    """One place."""
    return queries.location(principal().account_id, location_id)


@blp.route("/locations/<int:location_id>", methods=("PATCH",))
@blp.arguments(NewLocationSchema)
@blp.response(OK, LocationSchema)
@blp.versioned(_version)
def rename_location(given: dict[str, Any], location_id: int) -> Row:
    """Call it otherwise."""
    caller = principal()
    locations.rename_location(caller.account_id, location_id, given["name"], actor=caller.actor, seen=seen())
    return queries.location(caller.account_id, location_id)


@blp.route("/connections/<int:connection_id>/locations")
@blp.response(OK, ShopLocationsSchema)
@blp.versioned(_mapped_version)
def list_shop_locations(connection_id: int) -> dict[str, list[Row]]:
    """The shop's locations, and which of the account's each of them is."""
    return {"items": queries.shop_locations(principal().account_id, connection_id)}


@blp.route("/connections/<int:connection_id>/locations", methods=("PUT",))
@blp.arguments(MappingSchema)
@blp.response(ACCEPTED, ShopLocationsSchema)
@blp.versioned(_mapped_version)
def map_locations(given: dict[str, Any], connection_id: int) -> dict[str, list[Row]]:
    """Say which of the shop's locations are which of the account's, all at once. The shop is read again, and
    what that would change is shown before anything is written."""
    caller = principal()
    mapped = [Mapped(**each) for each in given["locations"]]
    locations.map_locations(caller.account_id, connection_id, mapped, actor=caller.actor, seen=seen())
    return {"items": queries.shop_locations(caller.account_id, connection_id)}
