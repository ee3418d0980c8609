"""Shopify's search syntax (`updated_at:>='2026-10-01T00:00:00Z' AND status:open OR id:12`) as a filter.

Terms are joined by AND (also by a blank), OR binds looser, `NOT` or `-` negates, parentheses group. A field
that the resource doesn't know is ignored and reported as a warning, as the real API does
(shopify.dev/api/usage/search-syntax).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Accept = Callable[[Any], bool]
Reader = Callable[[Any], object]
_TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<word>(?:AND|OR|NOT)\b)|(?P<neg>-)?(?:(?P<field>[A-Za-z_]\w*):)?"""
    r"""(?P<op>>=|<=|>|<)?(?:'(?P<sq>(?:\\.|[^'\\])*)'|"(?P<dq>(?:\\.|[^"\\])*)"|(?P<bare>[^\s()'"]+)))"""
)


@dataclass(frozen=True)
class Term:
    field: str
    op: str
    value: str


@dataclass
class Filter:
    """A parsed query. `terms` are those that every hit must satisfy (top-level AND), for the use of indices;
    `ids` is set when the query is nothing but a choice of ids."""

    accept: Accept
    terms: list[Term] = field(default_factory=list)
    ids: list[int] | None = None
    warnings: list[dict[str, str]] = field(default_factory=list)

    def lower_bound(self, name: str) -> float | None:
        """The largest moment (epoch seconds) that `name` must not be below, or None."""
        moments = [seconds(t.value) for t in self.terms if t.field == name and t.op in (">", ">=")]
        return max(moments, default=None)

    def least_id(self) -> int | None:
        """The largest id that no hit may be below, or None."""
        numbers = [_number(t.value) for t in self.terms if t.field == "id" and t.op in (">", ">=")]
        return max(numbers, default=None)


def seconds(text: str) -> float:
    """An ISO date or date-time as epoch seconds; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def parse_query(text: str | None, readers: Mapping[str, Reader]) -> Filter:
    """Build the filter of `text`. Readers give a field's value: a float is a moment, an int a number."""
    if not text or not text.strip():
        return Filter(accept=lambda _row: True)
    parser = _Parser(text, readers)
    accept = parser.any_of()
    ids = None
    if parser.only_ids and parser.seen_ids:
        ids = parser.seen_ids
    return Filter(accept, parser.required, ids, parser.warnings)


class _Parser:
    def __init__(self, text: str, readers: Mapping[str, Reader]) -> None:
        self.tokens = [m for m in _TOKEN.finditer(text) if m.group().strip()]
        self.readers = readers
        self.position = 0
        self.warnings: list[dict[str, str]] = []
        self.seen_ids: list[int] = []
        self.only_ids = True
        self.required: list[Term] = []

    def any_of(self) -> Accept:
        first = len(self.required)
        branches = [self.all_of()]
        while self._word("OR"):
            branches.append(self.all_of())
        if len(branches) == 1:
            return branches[0]
        del self.required[first:]
        return lambda row: any(branch(row) for branch in branches)

    def all_of(self) -> Accept:
        parts: list[Accept] = []
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            if token["word"] == "OR" or token["paren"] == ")":
                break
            if not self._word("AND"):
                parts.append(self.one())
        if len(parts) > 1:
            self.only_ids = False
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def one(self) -> Accept:
        if self._word("NOT"):
            return self._negated(self.one)
        token = self.tokens[self.position]
        self.position += 1
        if token["paren"] == "(":
            inner = self.any_of()
            self.position += 1
            return inner
        if token["neg"]:
            return self._negated(lambda: self._term(token))
        return self._term(token)

    def _negated(self, build: Callable[[], Accept]) -> Accept:
        self.only_ids = False
        kept = len(self.required)
        inner = build()
        del self.required[kept:]
        return lambda row: not inner(row)

    def _term(self, token: re.Match[str]) -> Accept:
        quoted = token["sq"] if token["sq"] is not None else token["dq"]
        value = token["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        name, op = token["field"] or "default", token["op"] or ":"
        reader = self.readers.get(name)
        if name == "id" and op == ":":
            self.seen_ids.append(_number(value))
        else:
            self.only_ids = False
        if reader is None:
            self.warnings.append({"field": name, "message": "Invalid search field for this query."})
            return lambda _row: True
        self.required.append(Term(name, op, value))
        return _compare(reader, op, value)

    def _word(self, word: str) -> bool:
        if self.position < len(self.tokens) and self.tokens[self.position]["word"] == word:
            self.position += 1
            return True
        return False


def _number(text: str) -> int:
    tail = text.rsplit("/", 1)[-1]
    return int(tail) if tail.lstrip("-").isdigit() else 0


def _compare(reader: Reader, op: str, text: str) -> Accept:
    def accept(row: Any) -> bool:
        actual = reader(row)
        if isinstance(actual, bool):
            return actual == (text.lower() == "true")
        if isinstance(actual, float):
            return _ordered(op, int(actual), seconds(text))
        if isinstance(actual, int):
            return _ordered(op, actual, _number(text))
        if isinstance(actual, (list, tuple, set, frozenset)):
            return text.lower() in actual
        return actual is not None and _matches(str(actual), text)

    return accept


def _matches(actual: str, text: str) -> bool:
    if text.endswith("*"):
        return actual.lower().startswith(text[:-1].lower())
    return actual.lower() == text.lower()


def _ordered(op: str, actual: float, wanted: float) -> bool:
    if op == ">=":
        return actual >= wanted
    if op == "<=":
        return actual <= wanted
    if op == ">":
        return actual > wanted
    return actual < wanted if op == "<" else actual == wanted
