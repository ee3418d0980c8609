"""State in memory as JSON documents, written through to one SQLite file so that kill -9 loses nothing."""

import json
import sqlite3
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Key = int | str
Document = dict[str, Any]


class Table(MutableMapping[Any, Document]):
    """Documents of one kind by key (int or str), in insertion order.

    Documents handed out are the live ones: after changing one in place call ``save(key)``.
    """

    def __init__(self, store: "Store", kind: str) -> None:
        self._store = store
        self._kind = kind
        self._rows: dict[Key, Document] = {}

    def __getitem__(self, key: Key) -> Document:
        return self._rows[key]

    def __setitem__(self, key: Key, document: Document) -> None:
        self._rows[key] = document
        self.save(key)

    def __delitem__(self, key: Key) -> None:
        del self._rows[key]
        self.save(key)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, key: Key, document: Document) -> Document:
        """Insert or replace a document."""
        self[key] = document
        return document

    def save(self, key: Key) -> None:
        """Mark a document as changed; it is written when the transaction ends."""
        self._store.mark(self._kind, key)

    def fill(self, key: Key, document: Document) -> None:
        """Take in a document read from disk."""
        self._rows[key] = document


class Store:
    """All state of one shop, guarded by one re-entrant lock."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._depth = 0
        self._dirty: dict[tuple[str, Key], None] = {}
        self._log: list[tuple[int, str]] = []
        self._tables: dict[str, Table] = {}
        self._sql = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # WAL survives a killed process; only a power cut could lose the tail with synchronous=OFF.
        self._sql.execute("PRAGMA journal_mode=WAL")
        self._sql.execute("PRAGMA synchronous=OFF")
        self._sql.execute("CREATE TABLE IF NOT EXISTS documents (kind, key, body, PRIMARY KEY (kind, key))")
        self._sql.execute("CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, body)")
        for kind, key, body in self._sql.execute("SELECT kind, key, body FROM documents ORDER BY rowid"):
            self.table(kind).fill(key, json.loads(body))
        (last,) = self._sql.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
        self._last_seq: int = last
        self._counters = self.table("counters")

    def table(self, kind: str) -> Table:
        """The documents of a kind; the same object on every call."""
        if kind not in self._tables:
            self._tables[kind] = Table(self, kind)
        return self._tables[kind]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the state lock; on leaving the outermost block write what changed, also after an error,
        because memory is what the shop goes on serving."""
        with self.lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._flush()

    def mark(self, kind: str, key: Key) -> None:
        if self._depth == 0:
            raise RuntimeError("state may change only inside store.transaction()")
        self._dirty[(kind, key)] = None

    def next_id(self, name: str, *, start: int = 1) -> int:
        """The next number of a sequence; never handed out twice, across restarts too."""
        counter = self._counters.get(name)
        value = start if counter is None else int(counter["last"]) + 1
        self._counters.put(name, {"last": value})
        return value

    def append_event(self, event: Document) -> int:
        """Add an entry to the event log and return its sequence number."""
        if self._depth == 0:
            raise RuntimeError("events are written only inside store.transaction()")
        self._last_seq += 1
        body = json.dumps({"seq": self._last_seq, **event}, separators=(",", ":"))
        self._log.append((self._last_seq, body))
        return self._last_seq

    def read_events(self, *, after: int, limit: int) -> list[str]:
        """Committed events with seq > after, oldest first, each as JSON text."""
        with self.lock:
            rows = self._sql.execute(
                "SELECT body FROM events WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
            ).fetchall()
        return [body for (body,) in rows]

    def close(self) -> None:
        with self.lock:
            self._sql.close()

    def _flush(self) -> None:
        if not self._dirty and not self._log:
            return
        saved: list[tuple[str, Key, str]] = []
        gone: list[tuple[str, Key]] = []
        for kind, key in self._dirty:
            document = self._tables[kind].get(key)
            if document is None:
                gone.append((kind, key))
            else:
                saved.append((kind, key, json.dumps(document, separators=(",", ":"))))
        self._sql.execute("BEGIN")
        self._sql.executemany(
            "INSERT INTO documents VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            saved,
        )
        self._sql.executemany("DELETE FROM documents WHERE kind = ? AND key = ?", gone)
        self._sql.executemany("INSERT INTO events VALUES (?, ?)", self._log)
        self._sql.execute("COMMIT")
        self._dirty.clear()
        self._log.clear()
