"""The mails that the demo would have sent: the worker's own words about them, as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.integrations.mail.console import MARK

LOGS = "notify.*.log"


@dataclass(slots=True)
class MailWatcher:
    """Follows the logs of the workers that send mails, in `folder`."""

    folder: Path
    _read: dict[Path, int] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Address, subject and link of each mail since the last call."""
        for path in sorted(self.folder.glob(LOGS)):
            if path.name.endswith(".old.log"):
                continue
            with path.open("rb") as log:
                log.seek(self._read.get(path, 0))
                for line in log:
                    if not line.endswith(b"\n"):
                        break  # it is being written
                    self._read[path] = self._read.get(path, 0) + len(line)
                    words = line.decode(errors="replace").rstrip()
                    if words.startswith(MARK):
                        yield words
