"""What went wrong, as it may be kept and shown to support: no secret, and nothing that names a person.

Words are kept where a fault of ours or of a platform was given them for people; of any other exception, whose
words may quote what a customer wrote, only its class and its place are.
"""

from __future__ import annotations

import traceback as tracebacks
from dataclasses import dataclass
from pathlib import Path

from app.domain.masking import masked_words
from app.errors import SyncFlowError

ROOT = str(Path(__file__).parents[2])
LONGEST_MESSAGE, LONGEST_TRACEBACK, MOST_FRAMES = 500, 8000, 20


class LastAttempt(SyncFlowError):
    """Raised after the last attempt at something whose failures were written down as they happened."""

    code = "last_attempt"


@dataclass(frozen=True, slots=True)
class Fault:
    """`error_class` for people who know the code, a stable `code` for programs, `message` in words."""

    error_class: str
    code: str
    message: str
    traceback: str = ""

    def __str__(self) -> str:
        return self.message


def fault_of(err: BaseException) -> Fault:
    """The fault that an exception stands for."""
    if isinstance(err, SyncFlowError):
        return told(type(err).__name__, err.code, str(err), traceback=_traceback(err))
    frames = tracebacks.extract_tb(err.__traceback__)
    place = f" in {frames[-1].name} ({_short(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return Fault(type(err).__name__, "internal", f"{type(err).__name__}{place}", _traceback(err))


def told(error_class: str, code: str, message: str, *, traceback: str = "") -> Fault:
    """One that a platform, or a row of ours, told of."""
    words = masked_words(message or code)[:LONGEST_MESSAGE]
    return Fault(error_class, code, words, traceback)


def _traceback(err: BaseException | None) -> str:
    """The frames of an exception and of what it came from, the last ones if they are many."""
    parts: list[str] = []
    while err is not None and len(parts) < MOST_FRAMES:
        frames = tracebacks.extract_tb(err.__traceback__)[-MOST_FRAMES:]
        lines = [
            f"  {_short(frame.filename)}:{frame.lineno} {frame.name}\n    {frame.line}" for frame in frames
        ]
        parts.insert(0, "\n".join([*lines, type(err).__qualname__]))
        err = err.__cause__ or (None if err.__suppress_context__ else err.__context__)
    return "\nthen\n".join(parts)[-LONGEST_TRACEBACK:]


def _short(path: str) -> str:
    return path.removeprefix(f"{ROOT}/").rpartition("site-packages/")[2]
