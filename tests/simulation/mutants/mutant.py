"""A rule of the design, and what it replaces in one file to break it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """`rule` is what it breaks."""

    name: str
    rule: str
    file: str
    old: str
    new: str

    def places(self, root: Path) -> int:
        """How often the project has what it replaces."""
        return (root / self.file).read_text().count(self.old)

    @contextmanager
    def applied(self, root: Path) -> Iterator[None]:
        """The project is broken meanwhile. Raises ValueError unless there is exactly one place to break."""
        if (places := self.places(root)) != 1:
            raise ValueError(f"{self.name}: {places} places in {self.file} to break, not 1")
        path = root / self.file
        source = path.read_text()
        path.write_text(source.replace(self.old, self.new))
        try:
            yield
        finally:
            path.write_text(source)
