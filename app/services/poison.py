"""One bad thing in a batch must not keep its neighbours from being done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from app.platforms.errors import AuthExpired, Transient
from app.services.faults import Fault, fault_of

log = structlog.get_logger()


def together_or_alone(ids: Sequence[str], act: Callable[[Sequence[str]], None]) -> dict[str, Fault]:
    """Do `act(ids)`; if something is wrong with one of them, do each half by itself, down to that one: its
    neighbours cost a few calls more, not one each.

    Returns the ids that failed, with the fault. A fault of our own counts: it is logged whole and
    must not stop a shop. Raises Transient and AuthExpired, which are no id's fault. `act` may run twice.
    """
    try:
        act(ids)
        return {}
    except (Transient, AuthExpired):
        raise
    except Exception as err:
        log.exception("batch_failed", size=len(ids))
        fault = fault_of(err)
    if len(ids) == 1:
        return {ids[0]: fault}
    half = len(ids) // 2
    return together_or_alone(ids[:half], act) | together_or_alone(ids[half:], act)
