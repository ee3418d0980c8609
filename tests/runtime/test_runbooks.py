"""Whoever is woken by an alert finds what it means, what to look at, what to do, and when it is over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.domain.alerts import AlertKind

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "operators" / "runbooks.md").read_text()
RULES = (PROJECT / "infrastructure" / "observability" / "alerts.yml").read_text()
ALERTS = re.findall(r"^ *- alert: (\w+)$", RULES, re.MULTILINE)
SECTIONS = dict(re.findall(r"^## (\w+)$\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
PARTS = ("Means", "Look at", "Do", "Over when")


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    assert ALERTS
    assert list(SECTIONS) == ALERTS


@pytest.mark.parametrize("alert", ALERTS)
def test_a_runbook_says_four_things(alert: str) -> None:
    said = re.findall(r"^\*\*([\w ]+)\*\* (\S.*)", SECTIONS[alert], re.MULTILINE)
    assert [part for part, _words in said] == list(PARTS)


@pytest.mark.parametrize("kind", AlertKind)
def test_what_the_console_tells_of_is_named(kind: AlertKind) -> None:
    assert f"`{kind.value}`" in PAGE


def test_the_metrics_that_are_named_are_those_of_the_rules() -> None:
    assert set(re.findall(r"`(syncflow_\w+)`", PAGE)) <= set(re.findall(r"syncflow_\w+", RULES))
