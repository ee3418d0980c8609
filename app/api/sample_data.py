"""A filled shop to look at before one is connected."""

from __future__ import annotations

from app.api.errors import NO_CONTENT, OK
from app.api.policy import signed_in
from app.api.resource import Resource
from app.api.schemas.sample_data import SampleDataSchema
from app.services.queries import sample_data as queries
from app.services.queries.paging import Row
from app.services.sample_data import accounts

blp = Resource("sample_data", __name__, description="A filled shop to look at before one is connected.")


@blp.route("/sample-data")
@blp.response(OK, SampleDataSchema)
def get_sample_data() -> Row:
    """The account's sample account, if there is one."""
    return queries.sample_data(signed_in().account_id)


@blp.route("/sample-data", methods=("POST",))
@blp.response(OK, SampleDataSchema)
def make_sample_data() -> Row:
    """Make an account with the last 90 days of an invented shop, if there is none yet.

    You are a member of it then: switch to it with `POST /auth/switch-account`. Nothing of it is in your own
    account, and no shop stands behind it: what would reach one, or the outside, is refused with the code
    `sample_account`.
    """
    caller = signed_in()
    accounts.make(caller.account_id, caller.user_id)
    return queries.sample_data(caller.account_id)


@blp.route("/sample-data", methods=("DELETE",))
@blp.response(NO_CONTENT)
def remove_sample_data() -> None:
    """Remove the sample account, at once for everybody who looks at it, and every row of it within minutes.

    From within it, too: then the next refresh acts for your own account again.
    """
    caller = signed_in()
    accounts.remove(caller.account_id, caller.user_id)
