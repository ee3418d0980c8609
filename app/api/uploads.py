"""Bodies that are files."""

from __future__ import annotations

from collections.abc import Iterator

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

BYTES_PER_READ = 64 * 1024


def body_in_pieces(*, piece_bytes: int = BYTES_PER_READ) -> Iterator[bytes]:
    """The request's body, of which one piece is in memory at a time. How long it may be, the policy says.

    One that does not say its length (chunked) would be cut off in silence, hence the one byte more.
    """
    most_bytes = request.max_content_length or 0
    request.max_content_length = most_bytes + 1
    size, piece = 0, bytearray()
    while part := request.stream.read(min(BYTES_PER_READ, piece_bytes)):
        size += len(part)
        if size > most_bytes:
            raise RequestEntityTooLarge()
        piece += part
        if len(piece) >= piece_bytes:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)
