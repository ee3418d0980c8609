"""What a User-Agent header says of the device, in words that its owner knows it by."""

from __future__ import annotations

from dataclasses import dataclass

PROGRAMS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-requests/", "Python"),
)
"""What is looked for, in this order: most browsers name others, too."""
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class Device:
    program: str
    """Empty where the header does not tell; so is `system`."""
    system: str

    @property
    def text(self) -> str:
        """Such as "Firefox on Windows"."""
        if self.program and self.system:
            return f"{self.program} on {self.system}"
        return self.program or self.system or "Unknown device"


def device_of(user_agent: str) -> Device:
    return Device(_first(PROGRAMS, user_agent), _first(SYSTEMS, user_agent))


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in names if mark in user_agent), "")
