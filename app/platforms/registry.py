"""Finds the platforms: every folder here that exports PLATFORM. There is no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import app.platforms as package
from app.errors import NotFound
from app.platforms.base import Platform


@cache
def platforms() -> dict[str, Platform]:
    """Every platform by slug."""
    found: dict[str, Platform] = {}
    for module in pkgutil.iter_modules(package.__path__):
        if module.ispkg:
            platform: Platform = importlib.import_module(f"{package.__name__}.{module.name}").PLATFORM
            found[platform.slug] = platform
    return found


def platform(slug: str) -> Platform:
    """Raises NotFound."""
    try:
        return platforms()[slug]
    except KeyError:
        raise NotFound(f"There is no platform called {slug!r}.") from None
