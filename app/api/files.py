"""CSV files that are sent while they are being read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from flask import Response, stream_with_context

ROWS_PER_CHUNK = 500
CSV = "text/csv"
FILE: dict[str, str] = {"type": "string"}
"""The schema of a file in the API's documentation."""


def csv_file(name: str, rows: Iterator[Sequence[Any]]) -> Response:
    """UTF-8, a comma between cells, CRLF between rows (RFC 4180), the first row with the columns' names.

    A fault before the first row has been read is answered as any; after it the answer breaks off, which a
    client can tell from a whole one.
    """
    first = list(islice(rows, 2))
    answer = Response(stream_with_context(_chunks(chain(first, rows))), mimetype=CSV)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _chunks(rows: Iterator[Sequence[Any]]) -> Iterator[str]:
    while some := list(islice(rows, ROWS_PER_CHUNK)):
        written = io.StringIO()
        csv.writer(written).writerows(some)
        yield written.getvalue()
