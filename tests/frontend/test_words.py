"""The web app has words for whatever the API names. That both languages have the same words is seen to by
frontend/src/i18n/catalog.test.ts."""

from __future__ import annotations

import json
import re

import pytest

from app.api.errors import CODES, STATUSES
from app.api.policy import POLICY, scope_of
from app.domain import health
from app.domain.audit_actions import ACTIONS as AUDITED
from app.domain.audit_actions import TOPICS
from app.domain.event_log import EventKind
from app.domain.fault_texts import FAULTS
from app.domain.matching import UnlinkedReason
from app.domain.outward import SUBSCRIBABLE
from app.domain.remedies import REMEDIES
from app.domain.sentences import SENTENCES
from app.models.events import EVENT_STATES
from app.services.queries.dashboard.overview import ACTIONS
from app.services.queries.first_steps import DECIDED
from app.services.queries.sync_preview import OBSTACLES
from app.services.workplace.dashboards import KINDS
from syncflow.web_build import FRONTEND

WORDS = json.loads((FRONTEND / "src" / "i18n" / "en.json").read_text())
KEYS = {re.sub(r"_(one|other)$", "", key) for key in WORDS}
NOT_FOR_PEOPLE = {
    "invalid_signature",  # of webhooks
    "missing_scope",  # of API keys
}


def test_every_refusal_has_words_and_a_remedy() -> None:
    codes = ({*STATUSES, *CODES.values()} - NOT_FOR_PEOPLE) | {"unreachable", "http"}
    assert {f"problem.{code}" for code in codes} | {f"problem.{code}.remedy" for code in codes} <= KEYS
    assert _named("problem") == codes


def test_every_reason_of_a_light_has_words() -> None:
    source = FRONTEND.parent / "app" / "domain" / "health.py"
    codes = set(re.findall(r'Light\(\s*"(\w+)"', source.read_text()))
    assert {"needs_auth", "well", health.light(health.Facts(state="paused")).code} <= codes
    assert _named("reason") == codes


def test_everything_that_needs_attention_has_words_and_a_remedy() -> None:
    kinds = {str(kind) for kind in ACTIONS}
    assert {f"attention.{kind}.next" for kind in kinds} <= KEYS
    assert _named("attention") == kinds | {"title"}


def test_everything_that_needs_attention_leads_to_where_something_is_done() -> None:
    """A ledger that does not add up is support's; writes are allowed right there."""
    screen = (FRONTEND / "src" / "app" / "OverviewScreen.tsx").read_text()
    led = set(re.findall(r'case "(\w+)":', screen))
    assert {str(kind) for kind in ACTIONS} - led == {"ledger_mismatch", "writes_stopped"}


def test_everything_that_can_be_done_about_a_fault_has_words() -> None:
    assert _named("remedy") == {*REMEDIES, "of_a_shop"}


def test_every_sentence_and_every_fault_can_be_said() -> None:
    made_here = {"order", "anOrder", "onHand", "inOrders", "progress"}
    assert _named("said") == {*SENTENCES, *FAULTS, *made_here}
    assert {f"said.progress.{state}" for state in EVENT_STATES} <= KEYS
    for code, english in {**SENTENCES, **FAULTS}.items():
        ours = WORDS.get(f"said.{code}") or WORDS[f"said.{code}_other"]
        assert _gaps(ours) == {"count" if gap == "units" else gap for gap in _gaps(english)}, code


def test_every_reason_for_no_link_and_every_obstacle_has_words() -> None:
    assert _named("unlinked") == {str(reason) for reason in UnlinkedReason}
    assert _named("obstacle") == set(OBSTACLES)


def test_every_kind_of_widget_has_a_name() -> None:
    assert _named("widget") == {*KINDS, "days"}


def test_every_event_that_one_can_be_told_of_has_words() -> None:
    assert _named("notice") == {str(kind) for kind in EventKind}
    assert {f"notice.{kind}.means" for kind in EventKind} <= KEYS


def test_everything_that_a_key_may_read_or_change_has_a_name() -> None:
    scopes = (scope_of(endpoint, "GET") for endpoint in POLICY)
    assert _named("scope") == {scope.partition(":")[0] for scope in scopes if scope is not None}


def test_everything_that_is_in_the_audit_log_is_a_sentence() -> None:
    does = {key.removeprefix("audit.does."): WORDS[key] for key in WORDS if key.startswith("audit.does.")}
    assert set(does) == set(AUDITED)
    gaps = {action: _gaps(words) for action, words in does.items()}
    assert {action for action in gaps if "who" not in gaps[action]} == {"privacy.data_request"}
    assert set().union(*gaps.values()) == {"who", "subject", "from", "to"}
    source = (FRONTEND / "src" / "features" / "audit" / "filters.ts").read_text()
    assert set(re.findall(r'^  "(\w+)",$', source, re.MULTILINE)) == set(TOPICS)


def test_a_webhook_can_be_told_of_all_that_the_api_tells() -> None:
    source = FRONTEND / "src" / "features" / "webhook_subscriptions" / "kinds.ts"
    assert set(re.findall(r'^  "([a-z.]+)",$', source.read_text(), re.MULTILINE)) == set(SUBSCRIBABLE)
    assert {key for key in KEYS if key.startswith("hooks.kind.")} == {
        f"hooks.kind.{kind.replace('.', '_')}" for kind in SUBSCRIBABLE
    }


@pytest.mark.parametrize("language", ["en", "de"])
def test_files_of_words_are_sorted(language: str) -> None:
    """So that two branches that add words do not meet at the end."""
    words = json.loads((FRONTEND / "src" / "i18n" / f"{language}.json").read_text())
    assert list(words) == sorted(words)


def _gaps(words: str) -> set[str]:
    return set(re.findall(r"{(\w+)", words))


def _named(family: str) -> set[str]:
    return {key.split(".")[1] for key in KEYS if key.startswith(f"{family}.")}


def test_what_may_stay_unlinked_is_the_same_in_the_first_steps_and_elsewhere() -> None:
    source = (FRONTEND / "src" / "ui" / "unlinked.ts").read_text()
    [reasons] = re.findall(r"DECIDED = new Set\(\[(.*)\]\)", source)
    assert set(re.findall(r'"(\w+)"', reasons)) == {reason.value for reason in DECIDED}
