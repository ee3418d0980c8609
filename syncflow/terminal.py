"""Words of others, such as names of shops and errors that they answer, as they may be printed: whatever they
hold, they steer no terminal."""

from __future__ import annotations


def plain(words: str) -> str:
    """For a line."""
    from app.domain.masking import seen

    return seen(words)


def in_table(words: str) -> str:
    """For rich's tables and lines, which read square brackets."""
    from rich.markup import escape

    return escape(plain(words))
