"""What ends a job that overruns, in whichever thread it runs."""

from __future__ import annotations

import ctypes
import threading
from typing import Any

from rq.timeouts import BaseDeathPenalty, JobTimeoutException

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in.argtypes = (ctypes.c_ulong, ctypes.py_object)


class Deadline(BaseDeathPenalty):
    """Raises in the thread that entered it once the time is over, and never in what that thread does next.

    RQ's own timer may fire in the moment in which its job ends, which with threads that are used again would
    hit another job. A call that hangs outside the interpreter is only ended when it returns.
    """

    def __init__(
        self, timeout: float, exception: type[BaseException] = JobTimeoutException, **_: Any
    ) -> None:
        words = f"Task exceeded maximum timeout value ({timeout} seconds)"
        # The interpreter raises a class, not an instance: this one knows its words.
        known = {"__init__": lambda self: Exception.__init__(self, words), "__module__": exception.__module__}
        overrun = type(exception.__name__, (exception,), known)
        super().__init__(timeout, overrun)
        self._lock = threading.Lock()
        self._over = self._fired = False
        self._thread_id = threading.get_ident()
        self._timer = threading.Timer(timeout, self._fire) if timeout > 0 else None

    def setup_death_penalty(self) -> None:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()

    def cancel_death_penalty(self) -> None:
        with self._lock:
            self._over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._fired:
            _raise_in(self._thread_id, ctypes.py_object())  # what is under way is called back

    def _fire(self) -> None:
        with self._lock:
            if not self._over:
                self._fired = True
                _raise_in(self._thread_id, ctypes.py_object(self._exception))
