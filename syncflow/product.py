"""The whole product on this machine: services, settings, tables, processes. `up`, `demo` and `trial` use it.

    with ended_by_signals() as ending, services_for(os.environ, home) as services:
        with running_product(home, environ=os.environ, services=services, output=Console()) as product:
            ending.on_repeat = product.launcher.hurry
            product.launcher.wait()

What the environment leaves open is filled in: addresses of embedded services, secrets (made once, kept in
the home's secrets.env), a free port. Other commands of the same user find the result with
`settings_of_commands`.
"""

from __future__ import annotations

import base64
import os
import secrets
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.production import leads_here
from app.settings import Settings, SettingsError
from syncflow import embedded
from syncflow.database import migrate
from syncflow.launcher import Launcher, Limits
from syncflow.output import Output
from syncflow.processes import free_port
from syncflow.procfile import read_procfile
from syncflow.readiness import product_readiness

ROOT = Path(__file__).resolve().parent.parent
"""Of the project: the folder of the Procfile."""
HOME = ROOT / ".syncflow"
"""Where the embedded services' data and the generated secrets lie unless told otherwise."""
PROCFILE = ROOT / "Procfile"
USUAL_PORT = 8000
SECRETS_FILE = "secrets.env"
RUNNING_FILE = "running.env"

DEFAULT_FORMATION = {"intake": 2, "push": 2, "sync": 2}
"""Two shops at least are worked on at a time; every other kind of process runs once."""


class PortTaken(Exception):
    """The port that was asked for is in use."""


@dataclass(frozen=True, slots=True)
class Product:
    """A running product."""

    launcher: Launcher
    settings: Settings
    environ: Mapping[str, str]
    """Of its processes; holds secrets."""


def services_for(environ: Mapping[str, str], home: Path) -> embedded.Services:
    """Start those services whose addresses `environ` does not have, with the product's own settings."""
    return embedded.start(
        home, with_postgres=not environ.get("DATABASE_URL"), with_valkey=not environ.get("REDIS_URL")
    )


@contextmanager
def running_product(
    home: Path,
    *,
    environ: Mapping[str, str],
    services: embedded.Services,
    output: Output,
    formation: Mapping[str, int] | None = None,
    limits: Limits | None = None,
) -> Iterator[Product]:
    """Migrate, start every process of the Procfile, and stop them at the end.

    Raises SettingsError, PortTaken, LaunchFailed.
    """
    complete = product_environ(environ, home=home, services=services)
    settings = Settings.from_env(complete)
    commands = read_procfile(PROCFILE)
    migrate(settings)
    launcher = Launcher(
        commands,
        environ=complete,
        cwd=ROOT,
        output=output,
        formation=DEFAULT_FORMATION | dict(formation or {}),
        ready=product_readiness(commands, port=settings.port, redis_url=settings.redis_url),
        limits=limits,
    )
    with _announced(home, complete), launcher:
        launcher.start()
        yield Product(launcher=launcher, settings=settings, environ=complete)


def product_environ(environ: Mapping[str, str], *, home: Path, services: embedded.Services) -> dict[str, str]:
    """`environ` with what it leaves open filled in.

    Where it has a database of its own, only what cannot be wrong is: secrets and the public address of a
    real installation are the operator's to say. What only this machine reaches is not production; what has an
    address for others is, with the embedded services too. Raises PortTaken.
    """
    port = environ.get("PORT") or str(_usual_or_free_port())
    if environ.get("PORT") and not _is_free(port):
        raise PortTaken(f"Port {port} is in use. Stop what uses it, or set PORT to another one.")
    filled_in = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        "PORT": port,
    }
    local = not environ.get("PUBLIC_URL") or leads_here(environ["PUBLIC_URL"])
    if local:
        filled_in["ENVIRONMENT"] = environ.get("ENVIRONMENT") or "development"
        filled_in["LOG_FORMAT"] = environ.get("LOG_FORMAT") or "console"
    if not environ.get("REDIS_URL"):
        filled_in["REDIS_URL"] = services.redis_url
    if environ.get("DATABASE_URL"):
        return {**environ, **filled_in}
    made_up = {
        "DATABASE_URL": services.database_url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        **({"ALLOW_PRIVATE_SHOPS": "true"} if local else {}),
        **kept_secrets(home),
    }
    unset = {name: value for name, value in made_up.items() if not environ.get(name)}
    return {**environ, **filled_in, **unset}


def kept_secrets(home: Path) -> dict[str, str]:
    """The secrets of an installation with an embedded database, made at the first call."""
    path = home / SECRETS_FILE
    if not path.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "CREDENTIAL_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        _write_privately(path, made)
    return _read(path)


def settings_of_commands(environ: Mapping[str, str], home: Path = HOME) -> Settings:
    """The settings for a command beside a running product. Raises SettingsError, with what to do."""
    if environ.get("DATABASE_URL"):
        return Settings.from_env(environ)
    if not embedded.running(home) or not (home / RUNNING_FILE).exists():
        raise SettingsError(
            ["DATABASE_URL is not set, and SyncFlow does not run here: start it with `syncflow up` first"]
        )
    return Settings.from_env({**environ, **_read(home / RUNNING_FILE)})


@contextmanager
def _announced(home: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """Keep the product's settings where other commands of this user find them while it runs."""
    path = home / RUNNING_FILE
    _write_privately(path, Settings.only_variables(environ))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _write_privately(path: Path, variables: Mapping[str, str]) -> None:
    """Write lines of NAME=value that only this user can read, whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    draft.replace(path)


def _read(path: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in path.read_text().splitlines() if line.strip())
    return {name: value for name, _, value in pairs}


def _usual_or_free_port() -> int:
    return USUAL_PORT if _is_free(str(USUAL_PORT)) else free_port()


def _is_free(port: str) -> bool:
    """Whether nobody listens on the port. Words that are no port are for Settings to complain about."""
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        return True
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except OSError:
            return False
        return True
