"""Threads that take turns on a clock of their own: one seed, one order of events.

Exactly one task runs at a time. It goes on until it waits (`sleep`, `wait_until`), and the clock moves only
when all of them wait. What runs is real code in real threads; what it takes from `time`, `threading` and
`concurrent.futures` is replaced, module by module, by what is here (`tests.simulation.stage`).

Tasks belong to a *process*, and a process can be killed: none of its tasks goes on, and whatever their
`finally` blocks try to do to the database or to a shop is refused, as if the machine had lost its power.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

EPOCH = datetime(2026, 3, 2, 9, tzinfo=UTC)
FOREVER = float("inf")
REAL_SECONDS = 60.0
"""A task that runs so long without waiting hangs on something real: a lock in the database, most likely."""


class Killed(BaseException):
    """The process is dead: nothing in the product catches it."""


class Hang(AssertionError):
    """A task waits for something that is not of this machine."""


@dataclass(eq=False)
class Process:
    """What dies together."""

    name: str
    dead: bool = False
    crash_in: int | None = None
    """It is killed when it comes to wait for that many more times."""


@dataclass(eq=False)
class Task:
    name: str
    process: Process
    baton: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    due: float = 0.0
    luck: float = 0.0
    until: Callable[[], bool] | None = None
    """Goes on before it is due once this holds."""
    done: bool = False
    transactions: int = 0
    """Open ones: nobody may wait in a transaction."""


class _Thread(threading.local):
    """Each task has a thread of its own. No context variable: the product hands its own on to threads."""

    task: Task | None = None


_this = _Thread()


class Machine:
    """`now` is in seconds since EPOCH."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self.trace: list[str] = []
        self._tasks: list[Task] = []
        self._main = threading.Semaphore(0)
        self._fault: BaseException | None = None

    # ----------------------------------------------------------------------------- outside of tasks

    def spawn(
        self, act: Callable[[], object], name: str, process: Process | None = None, *, after: float = 0.0
    ) -> Task:
        """Run `act` from `after` seconds on. Without `process` it is one of its own."""
        task = Task(name, process or Process(name), due=self.now + after, luck=self.random.random())
        self._tasks.append(task)

        def run() -> None:
            task.baton.acquire()
            _this.task = task
            try:
                if not task.process.dead:
                    act()
            except Killed:
                pass
            except BaseException as fault:
                self._fault = self._fault or fault
            finally:
                task.done = True
                self._main.release()

        threading.Thread(target=run, name=f"sim-{name}", daemon=True).start()
        return task

    def run(self, seconds: float = FOREVER, *, until: Callable[[], bool] = lambda: False) -> None:
        """Let the tasks take turns for so long, or until nobody has anything to do or `until` holds.

        Raises what a task raised.
        """
        end = self.now + seconds
        while not until():
            task = self._next()
            if task is None or task.due > end:
                if end < FOREVER:
                    self.now = max(self.now, end)
                return
            self.now = max(self.now, task.due)
            task.baton.release()
            if not self._main.acquire(timeout=REAL_SECONDS):
                raise Hang(f"{task.name} waits for something real at {self.now:.3f}")
            if task.done:
                self._tasks.remove(task)
            if self._fault is not None:
                fault, self._fault = self._fault, None
                raise fault

    def jump(self, seconds: float) -> None:
        """As if everything of ours had stood still for so long: what was due meanwhile is late."""
        self.now += seconds

    def _next(self) -> Task | None:
        for task in self._tasks:
            if task.due > self.now and (task.process.dead or (task.until is not None and task.until())):
                task.due, task.until = self.now, None
        return min(
            (task for task in self._tasks if task.due < FOREVER), key=lambda t: (t.due, t.luck), default=None
        )

    def stop(self) -> None:
        """Kill whatever still runs."""
        for task in self._tasks:
            task.process.dead = True
        self.run()

    def kill(self, process: Process) -> None:
        process.dead = True
        self.note(f"{process.name} is killed")

    # --------------------------------------------------------------------------------------- inside

    @staticmethod
    def current() -> Task | None:
        return _this.task

    def sleep(self, seconds: float) -> None:
        """The running task waits."""
        self._wait(self.now + seconds, None)

    def wait_until(self, holds: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until it holds. False if it does not after so many seconds."""
        if not holds():
            self._wait(FOREVER if seconds is None else self.now + seconds, holds)
        return holds()

    def pause(self) -> None:
        """A moment in which others may go on: between two transactions, on the way to a shop."""
        self.sleep(self.random.uniform(0.0002, 0.003))

    def _wait(self, due: float, until: Callable[[], bool] | None) -> None:
        task = self.current()
        if task is None:
            raise RuntimeError("only tasks wait; let the machine run")
        self.check_alive()
        if task.transactions:
            raise AssertionError(f"{task.name} waits inside a transaction")
        process = task.process
        if process.crash_in is not None:
            process.crash_in -= 1
            if process.crash_in < 0:
                self.kill(process)
                raise Killed
        task.due, task.until, task.luck = due, until, self.random.random()
        self._main.release()
        task.baton.acquire()
        task.until = None
        self.check_alive()

    def check_alive(self) -> None:
        task = self.current()
        if task is not None and task.process.dead:
            raise Killed

    @property
    def utc(self) -> datetime:
        return EPOCH + timedelta(seconds=round(self.now, 6))

    def note(self, words: str) -> None:
        self.trace.append(f"{self.now:9.3f} {words}")


# ------------------------------------------------------------------ what the product's modules are given


class Clock:
    """Stands in for the module `time`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.sleep = machine.sleep

    def monotonic(self) -> float:
        return self._machine.now

    def time(self) -> float:
        return self._machine.utc.timestamp()


def dates(machine: Machine) -> type[datetime]:
    """Stands in for the class `datetime`."""

    class AnyDate(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class Dates(datetime, metaclass=AnyDate):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return machine.utc.astimezone(tz)

    return Dates


class Threading:
    """Stands in for the module `threading`, as far as leases need it."""

    def __init__(self, machine: Machine) -> None:
        class Event:
            def __init__(self) -> None:
                self._set = False

            def set(self) -> None:
                self._set = True

            def wait(self, timeout: float | None = None) -> bool:
                return machine.wait_until(lambda: self._set, timeout)

        class Thread:
            def __init__(self, *, target: Callable[[], object], name: str, daemon: bool) -> None:
                self._target, self._name = target, name
                self._task: Task | None = None

            def start(self) -> None:
                self._task = machine.spawn(self._target, self._name, _own_process())

            def join(self) -> None:
                machine.wait_until(lambda: self._task is None or self._task.done)

        self.Event, self.Thread = Event, Thread


def _own_process() -> Process:
    assert _this.task is not None, "only tasks start threads"
    return _this.task.process


class DoneAndNotDone(NamedTuple):
    """In the order they were asked about: a set's would differ from run to run."""

    done: list[Any]
    not_done: list[Any]


class Futures:
    """Stands in for what the product takes from `concurrent.futures`."""

    def __init__(self, machine: Machine) -> None:
        class Executor:
            def __init__(self, max_workers: int) -> None:
                self._free = max_workers
                self._waiting: list[tuple[Future[Any], Callable[[], Any]]] = []
                self._running = 0

            def submit(self, act: Callable[[], T]) -> Future[T]:
                future: Future[T] = Future()
                self._waiting.append((future, act))
                self._start()
                return future

            def _start(self) -> None:
                while self._free and self._waiting:
                    future, act = self._waiting.pop(0)
                    if not future.set_running_or_notify_cancel():
                        continue
                    self._free -= 1
                    self._running += 1
                    machine.spawn(lambda f=future, a=act: self._run(f, a), "pool", _own_process())

            def _run(self, future: Future[Any], act: Callable[[], Any]) -> None:
                try:
                    result = act()
                except Exception as fault:
                    future.set_exception(fault)
                else:
                    future.set_result(result)
                self._free += 1
                self._running -= 1
                self._start()

            def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
                if cancel_futures:
                    for future, _act in self._waiting:
                        future.cancel()
                if wait:
                    machine.wait_until(lambda: not self._running and not self._waiting)

            def __enter__(self) -> Executor:
                return self

            def __exit__(
                self,
                kind: type[BaseException] | None,
                fault: BaseException | None,
                traceback: TracebackType | None,
            ) -> None:
                self.shutdown()

        def wait(
            futures: Iterable[Future[Any]], timeout: float | None = None, return_when: str = ALL_COMPLETED
        ) -> DoneAndNotDone:
            asked = list(futures)
            enough = any if return_when == FIRST_COMPLETED else all
            machine.wait_until(lambda: enough(future.done() for future in asked), timeout)
            return DoneAndNotDone(
                [future for future in asked if future.done()], [f for f in asked if not f.done()]
            )

        self.ThreadPoolExecutor, self.wait = Executor, wait


class Memory:
    """Stands in for Redis: the few commands that the engine uses; keys expire by the machine's clock."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._until: dict[str, float] = {}
        self._values: dict[str, object] = {}
        self.waiting: set[str] = set()
        """The ids of jobs in queues."""

    def set(self, key: str, value: object, *, nx: bool = False, ex: float = FOREVER) -> bool | None:
        if nx and self._has(key):
            return None
        self._until[key], self._values[key] = self._machine.now + ex, value
        return True

    def get(self, key: str) -> bytes | None:
        return str(self._values[key]).encode() if self._has(key) else None

    def ttl(self, key: str) -> int:
        return round(self._until[key] - self._machine.now) if self._has(key) else -2

    def hget(self, key: str, _field: str) -> bytes | None:
        """The status of a job."""
        return b"queued" if key.removeprefix("rq:job:") in self.waiting else None

    def _has(self, key: str) -> bool:
        return self._until.get(key, -1.0) > self._machine.now

    def delete(self, *keys: str) -> int:
        return sum(self._until.pop(key, None) is not None for key in keys)

    def flushall(self) -> None:
        self._until.clear()
        self.waiting.clear()

    def pipeline(self, *, transaction: bool) -> Memory:
        return _Pipeline(self)

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_details: object) -> None:
        return None


class _Pipeline(Memory):
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._answers: list[object] = []

    def set(self, key: str, value: object, *, nx: bool = False, ex: float = FOREVER) -> None:  # type: ignore[override]
        self._answers.append(self._memory.set(key, value, nx=nx, ex=ex))

    def get(self, key: str) -> None:  # type: ignore[override]
        self._answers.append(self._memory.get(key))

    def ttl(self, key: str) -> None:  # type: ignore[override]
        self._answers.append(self._memory.ttl(key))

    def sismember(self, _key: str, _member: str) -> None:
        """No queue is paused."""
        self._answers.append(False)

    def xadd(self, _key: str, _fields: object, *, maxlen: int, approximate: bool) -> None:
        """Nobody listens."""

    def expire(self, _key: str, _seconds: int) -> None:
        """Nobody listens."""

    def execute(self) -> list[object]:
        return self._answers
