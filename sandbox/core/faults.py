"""The fault script: which call or webhook goes wrong, decided from a seed."""

import random
from dataclasses import dataclass
from typing import Any

from sandbox.core.shop import Invalid
from sandbox.core.store import Store

DEFAULTS: dict[str, Any] = {
    "seed": 1,
    "latency_ms": 0,
    "webhook_drop": 0.0,
    "webhook_double": 0.0,
    "webhook_delay": 0.0,
    "webhook_delay_s": [1, 10],
    "webhook_reorder": 0.0,
    "webhook_retry_scale": 1.0,
    "call_429": 0.0,
    "call_5xx": 0.0,
    "call_timeout": 0.0,
    "call_disconnect": 0.0,
    "call_hang_s": 30,
}
CALL_FAULTS = ("429", "5xx", "timeout", "disconnect")
WEBHOOK_FAULTS = ("drop", "double", "delay", "reorder")


@dataclass(frozen=True)
class CallFault:
    """kind: 429 | 5xx | timeout | disconnect. after_effect: the call takes effect before it goes wrong."""

    kind: str
    after_effect: bool


class Faults:
    """Settings (persisted) and two seeded streams, one for calls and one for webhooks, so that neither
    changes the other's script. Call under the state lock."""

    def __init__(self, store: Store) -> None:
        self._table = store.table("faults")
        self._settings: dict[str, Any] = {**DEFAULTS, **self._table.get("settings", {})}
        self._reseed()

    def settings(self) -> dict[str, Any]:
        return dict(self._settings)

    def merge(self, changes: dict[str, Any]) -> None:
        """Change some settings and keep the others. Raises Invalid. A given seed starts the script anew."""
        for name, value in changes.items():
            _check(name, value)
        self._settings.update(changes)
        self._table.put("settings", self._settings)
        if "seed" in changes:
            self._reseed()

    @property
    def latency_s(self) -> float:
        return float(self._settings["latency_ms"]) / 1000

    @property
    def hang_s(self) -> float:
        return float(self._settings["call_hang_s"])

    @property
    def retry_scale(self) -> float:
        return float(self._settings["webhook_retry_scale"])

    def next_call(self) -> CallFault | None:
        """Draw the fate of the next call."""
        draw = self._calls.random()
        coin = self._calls.random() < 0.5
        for kind in CALL_FAULTS:
            draw -= self._settings[f"call_{kind}"]
            if draw < 0:
                return CallFault(kind, after_effect=coin and kind != "429")
        return None

    def next_webhook(self) -> str | None:
        """Draw the fate of the next delivery: drop | double | delay | reorder | None."""
        draw = self._webhooks.random()
        for kind in WEBHOOK_FAULTS:
            draw -= self._settings[f"webhook_{kind}"]
            if draw < 0:
                return kind
        return None

    def delay_s(self) -> float:
        low, high = self._settings["webhook_delay_s"]
        return self._webhooks.uniform(low, high)

    def _reseed(self) -> None:
        self._calls = random.Random(f"calls {self._settings['seed']}")
        self._webhooks = random.Random(f"webhooks {self._settings['seed']}")


def _check(name: str, value: object) -> None:
    if name not in DEFAULTS:
        raise Invalid(f"there is no fault called {name}")
    if name == "webhook_delay_s":
        if not (isinstance(value, list) and len(value) == 2 and all(_is_number(v) for v in value)):
            raise Invalid("webhook_delay_s is [least, most] in seconds")
    elif not _is_number(value):
        raise Invalid(f"{name} is a number")
    elif isinstance(DEFAULTS[name], float) and name != "webhook_retry_scale" and not 0 <= value <= 1:  # type: ignore[operator]  # a number, see above
        raise Invalid(f"{name} is a probability between 0 and 1")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
