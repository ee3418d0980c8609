"""How PostgreSQL plans our queries."""

from __future__ import annotations

from typing import Any


def look_up_by_key(connection: Any, _record: object = None) -> None:
    """Have a new connection prefer indexes. `connection` is a DB-API connection.

    Every query of ours looks rows up by key, and its plan is kept with the connection. The planner guesses
    a hundred rows behind a JSON document of three; for as long as a merchant's tables are small it would
    read them whole each time, and go on with that plan when they have grown. Up to PostgreSQL 17 the price
    that this puts on reading a table whole would have its plan compiled, which takes longer than the query.
    """
    autocommit = connection.autocommit
    connection.autocommit = True
    connection.execute("SET enable_seqscan = off; SET jit = off")
    connection.autocommit = autocommit
