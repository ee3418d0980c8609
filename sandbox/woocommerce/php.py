"""How PHP reads query strings and numbers and writes JSON: signatures and garbage depend on it."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

_KEY = re.compile(r"^([^\[]+)((?:\[[^\]]*\])*)$")
_LEADING_NUMBER = re.compile(r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def json_encode(value: Any) -> bytes:
    r"""Encode as ``json_encode`` does by default: compact, ``\/`` and ``\u00dc`` escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def intval(value: Any) -> int:
    """``intval``: 2.5 -> 2, "12abc" -> 12, "abc" -> 0, true -> 1, anything odd -> 0 or 1."""
    if isinstance(value, bool | int | float):
        return int(value)
    if isinstance(value, str):
        number = _LEADING_NUMBER.match(value)
        return int(float(number.group())) if number else 0
    return 1 if value else 0


def parse_query(query: str) -> dict[str, Any]:
    """``parse_str``: ``a[]=1&a[]=2`` and ``a[x]=1`` become nested dicts with string keys."""
    result: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        shape = _KEY.match(name)
        if shape is None:
            continue
        path = [shape.group(1), *re.findall(r"\[([^\]]*)\]", shape.group(2))]
        _assign(result, path, value)
    return result


def _assign(target: dict[str, Any], path: list[str], value: str) -> None:
    key = path[0] or str(len(target))
    if len(path) == 1:
        target[key] = value
        return
    inner = target.get(key)
    if not isinstance(inner, dict):
        inner = target[key] = {}
    _assign(inner, path[1:], value)


def as_list(value: Any) -> list[str]:
    """A list argument given as ``1,2``, as ``a[]=1&a[]=2`` or as JSON."""
    if isinstance(value, dict):
        return [str(item) for item in value.values()]
    if isinstance(value, list):
        return [str(item) for item in value]
    return [part for part in re.split(r"[\s,]+", str(value)) if part]


def is_true(value: Any) -> bool:
    """``wc_string_to_bool`` and ``rest_sanitize_boolean`` for the values that clients send."""
    if isinstance(value, str):
        return value.lower() in ("1", "true", "yes")
    return bool(value)
