"""Keys by which programs use this API."""

from __future__ import annotations

from typing import Any

from app.api.errors import CREATED, NO_CONTENT, OK
from app.api.policy import principal, require_scopes, scopes, signed_in
from app.api.resource import Resource
from app.api.schemas.api_keys import ApiKeySchema, NewApiKeySchema, ScopesSchema, ShownApiKeySchema
from app.api.schemas.base import PageArgs, page_of
from app.services import api_keys
from app.services.queries import api_keys as queries
from app.services.queries.paging import Page, Row

blp = Resource("api_keys", __name__, description="Keys by which programs use this API.")


@blp.route("/api-keys")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(ApiKeySchema))
def list_api_keys(args: dict[str, Any]) -> Page:
    """The newest first, with who made them and when they were last used."""
    return queries.api_keys(principal().account_id, **args)


@blp.route("/api-keys/scopes")
@blp.response(OK, ScopesSchema)
def list_scopes() -> Row:
    """What a key can be allowed: `:read` what is asked with GET, `:write` the rest."""
    return {"items": sorted(scopes())}


@blp.route("/api-keys", methods=("POST",))
@blp.arguments(NewApiKeySchema)
@blp.response(CREATED, ShownApiKeySchema)
def create_api_key(given: dict[str, Any]) -> Row:
    """Make a key. Its secret is in this answer and nowhere else."""
    require_scopes(given["scopes"])
    caller = signed_in()
    made = api_keys.create(caller.account_id, caller.user_id, **given)
    return {**queries.api_key(caller.account_id, made.id), "secret": made.secret}


@blp.route("/api-keys/<int:key_id>", methods=("DELETE",))
@blp.response(NO_CONTENT)
def revoke_api_key(key_id: int) -> None:
    """End a key at once."""
    api_keys.revoke(principal().account_id, key_id, actor=principal().actor)
