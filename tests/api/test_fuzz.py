"""Every operation of the document, asked with what fits it and with what does not, by schemathesis: no fault
of ours, no answer that the document does not know. `make fuzz` asks more often."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from app import create_app
from app.extensions import api
from app.models import Connection
from app.settings import Settings
from tests.api.conftest import Caller, begin_anew
from tests.api.foreign import Foreign, another_merchant

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "30"))
"""Of each operation."""
NEVER_ENDS = "/api/v1/live"
BY_RULE = ["402", "412", "422", "502", "503"]
"""How requests that fit the document may be refused by rules that a schema cannot tell: two dates in the
wrong order, a widget on another, a shop that is not there."""


def _document() -> dict[str, Any]:
    """Of the application, which needs no database to say what it takes."""
    create_app(
        Settings(
            database_url="postgresql://nobody@127.0.0.1:1/none",
            redis_url="redis://127.0.0.1:1/0",
            secret_key="only-for-tests-" * 3,
            credential_keys=("b25seS1mb3ItdGVzdHMtLS0tLS0tLS0tLS0tLS0tLS0=",),
            public_url="http://127.0.0.1:8000",
        )
    )
    document: dict[str, Any] = api.spec.to_dict()
    return document


schema = schemathesis.openapi.from_dict(_document())
schema.config.checks.positive_data_acceptance.expected_statuses = [
    *schema.config.checks.positive_data_acceptance.expected_statuses,
    *BY_RULE,
]


@pytest.fixture
def owner(merchant: Caller, make_connection: Callable[..., Connection]) -> Foreign:
    """Of an account with one of everything, so that half of the ids asked for are there."""
    return another_merchant(merchant, make_connection(merchant.account_id))


@schema.exclude(path=NEVER_ENDS).parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_an_operation_keeps_to_the_document(case: schemathesis.Case, owner: Foreign) -> None:
    if case.meta is not None and case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE:
        for name, value in (case.path_parameters or {}).items():
            if isinstance(value, int) and value % 2 and name in owner.ids:
                case.path_parameters[name] = owner.ids[name]
        for name in ("Idempotency-Key", "If-Match"):  # one of another call would hide what this one does
            (case.headers or {}).pop(name, None)
    begin_anew(owner.caller)  # the example before may have ended the session
    case.call_and_validate(
        base_url=owner.caller.base_url,
        headers={"Authorization": f"Bearer {owner.caller.token}"},
        timeout=20,
    )
