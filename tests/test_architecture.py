"""Rules of the house that no type checker knows. Import rules are import-linter's, in pyproject.toml."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import ForeignKeyConstraint, Table, create_engine, text

import workers.jobs
from app.models import Base
from app.services import nudge
from app.settings import Settings
from workers.queues import QUEUES

ROOT = Path(__file__).parent.parent
PRODUCT = ("app", "workers", "admin")

GLOBAL_TABLES = {
    "accounts": "it is the tenant",
    "users": "a person may belong to several accounts, through memberships",
    "rollups": "how far the sums over all accounts' rows are",
    "sessions": "a person's, whatever accounts they belong to",
    "second_factors": "a person's",
    "recovery_codes": "a person's",
    "registrations": "of people who have no account yet",
    "password_resets": "a person's",
    "dead_letters": "some work is for no account; those about one go with it",
    "failed_attempts": "of dead letters",
    "mass_replays": "staff replay letters of many accounts at once",
    "mails": "a mail may go to somebody who belongs to no account (yet)",
    "staff_users": "staff belong to no account",
    "staff_factors": "a staff member's",
    "staff_sessions": "a staff member's",
    "support_visits": "a staff member's; ends with its account",
    "flag_settings": "some hold for everybody",
    "queue_pauses": "a queue is everybody's",
    "staff_actions": "outlives the account that it is about",
    "error_groups": "of the installation; what is in them is nobody's",
    "error_hours": "of the installation",
    "alerts": "of those who run the installation",
    "probe_minutes": "of the service, which is one for all accounts",
    "interruptions": "of the service, which is one for all accounts",
    "drain_leases": "claims on connections, not data; a connection has one account",
}
READS_ENVIRONMENT = {
    "app/__init__.py": "hands it whole to Settings.from_env where no settings were given",
}
WITHOUT_ACCOUNT_IN_KEY = {
    ("memberships", "user_id"): "users are global",
    ("api_keys", "user_id"): "a key stays listed after its maker left the account",
    ("account_exports", "user_id"): "an export stays listed after who asked for it left the account",
}
WITHOUT_FOREIGN_KEY = {
    (
        "uncounted_pushes",
        "attempt_id",
    ): "retention takes attempts; those that are gone are passed over",
    ("unvalued_variants", "variant_id"): "a note to look at it; one that is gone is passed over",
    ("order_holds", "event_id"): "events live in partitions that retention empties",
    ("order_lines", "applied_location_id"): "what was applied once; the level it moved keeps the location",
}


def tables() -> dict[str, Table]:
    return dict(Base.metadata.tables)


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


# ------------------------------------------------------------------------------------------------ queues


def test_every_queue_has_its_process_and_every_worker_a_queue() -> None:
    """A worker on several queues could lose a job in a crash: each consumes one."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    commands = [line.partition(":")[2].split() for line in lines if line.strip()]
    worked = [command[3:] for command in commands if command[:3] == ["python", "-m", "workers.run"]]
    assert sorted(worked) == sorted([queue] for queue in QUEUES)


def test_every_nudge_names_a_queue_and_a_job() -> None:
    jobs = {name for name, _job in inspect.getmembers(workers.jobs, inspect.isfunction)}
    assert set(nudge.QUEUES) == set(nudge.JOB_SECONDS) == set(nudge.Drain)
    assert set(nudge.QUEUES.values()) <= set(QUEUES)
    assert {drain.value for drain in nudge.Drain} <= jobs


def test_jobs_take_ids_and_hold_no_logic() -> None:
    [(_path, module)] = [one for one in sources("workers") if one[0] == "workers/jobs.py"]
    jobs = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    assert jobs
    for job in jobs:
        assert [ast.unparse(arg.annotation) for arg in job.args.args if arg.annotation] == ["int"], job.name
        [only] = job.body
        assert isinstance(only, ast.Expr), job.name
        assert isinstance(only.value, ast.Call), job.name


# ------------------------------------------------------------------------------------------------ tables


@pytest.mark.parametrize("name", sorted(tables()))
def test_every_row_has_an_account_or_its_table_is_global_for_a_reason(name: str) -> None:
    has_account = "account_id" in tables()[name].columns
    assert has_account != (name in GLOBAL_TABLES)
    if has_account:
        assert not tables()[name].columns["account_id"].nullable
        keys = [key for key in _foreign_keys(name) if "account_id" in key.column_keys]
        assert keys, f"{name}.account_id points at nothing"


@pytest.mark.parametrize("name", sorted(set(tables()) - set(GLOBAL_TABLES)))
def test_foreign_keys_between_tenants_tables_include_the_account(name: str) -> None:
    for key in _foreign_keys(name):
        if key.referred_table.name in set(GLOBAL_TABLES) - {"accounts"}:
            assert (name, *key.column_keys) in WITHOUT_ACCOUNT_IN_KEY
            continue
        referred = [element.column.name for element in key.elements]
        pairs = dict(zip(key.column_keys, referred, strict=True))
        assert pairs.get("account_id") == ("id" if key.referred_table.name == "accounts" else "account_id")


@pytest.mark.parametrize("name", sorted(set(tables()) - set(GLOBAL_TABLES)))
def test_every_id_of_another_row_is_a_foreign_key(name: str) -> None:
    """Ids that shops gave are text and are called external."""
    pointed = {column for key in _foreign_keys(name) for column in key.column_keys}
    ids = {
        column.name
        for column in tables()[name].columns
        if column.name.endswith("_id") and column.type.python_type is int
    }
    allowed = {column for table, column in WITHOUT_FOREIGN_KEY if table == name}
    assert ids - pointed == allowed


def _foreign_keys(name: str) -> list[ForeignKeyConstraint]:
    return [c for c in tables()[name].constraints if isinstance(c, ForeignKeyConstraint)]


def test_migrations_make_the_models(settings: Settings) -> None:
    """Partitions of events come and go by house-keeping."""
    engine = create_engine(settings.sqlalchemy_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _parents: (
                    kind != "table" or not str(name).startswith("inbound_events_")
                ),
            },
        )
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_the_ledger_refuses_changes_by_triggers(settings: Settings) -> None:
    engine = create_engine(settings.sqlalchemy_url)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT tgname FROM pg_trigger"
                " WHERE tgrelid = 'stock_movements'::regclass AND NOT tgisinternal"
            )
        ).scalars()
        assert set(found) == {"stock_movements_append_only", "stock_movements_no_truncate"}
    engine.dispose()


# ----------------------------------------------------------------------------------------------- sources


def test_only_services_commit() -> None:
    found = {
        path
        for path, module in sources(*PRODUCT)
        if not path.startswith("app/services/")
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("commit", "begin", "begin_nested")
    }
    assert found == set()


def test_only_settings_read_the_environment() -> None:
    found = {
        path
        for path, module in sources(*PRODUCT)
        if path != "app/settings.py"
        for node in ast.walk(module)
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and _is_os(node.value))
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and _names(node) & {"environ", "getenv"})
    }
    assert found == set(READS_ENVIRONMENT)


def _is_os(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "os"


def _names(node: ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}


def test_status_codes_are_written_down_in_one_file() -> None:
    """What a vendor answers is a vendor's: platforms read statuses, and never give any."""
    found = []
    for path, module in sources("app/api", "app/services", "app/models", "app/domain", "admin"):
        if path == "app/api/errors.py":
            continue
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom) and node.module == "http" and "HTTPStatus" in _names(node):
                found.append(f"{path}:{node.lineno} imports HTTPStatus")
            if isinstance(node, ast.Call) and _called(node) in ("abort", "response", "make_response"):
                found += [
                    f"{path}:{node.lineno} {argument.value}"
                    for argument in ast.walk(node)
                    if isinstance(argument, ast.Constant)
                    and type(argument.value) is int
                    and 100 <= argument.value < 600
                ]
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                found += [
                    f"{path}:{node.lineno} {part.value}"
                    for part in node.value.elts
                    if isinstance(part, ast.Constant) and type(part.value) is int and 100 <= part.value < 600
                ]
    assert found == []


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_the_domain_has_no_clock_and_no_luck() -> None:
    allowed = {"__future__", "ast", "collections", "dataclasses", "datetime", "decimal", "enum"}
    allowed |= {"itertools", "math", "re", "typing", "unicodedata", "app"}
    for path, module in sources("app/domain"):
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] in allowed, f"{path} imports {node.module}"
                assert not (node.module or "").startswith("app") or (node.module or "").startswith(
                    "app.domain"
                )
            assert not isinstance(node, ast.Import), f"{path}: {ast.unparse(node)}"
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("now", "utcnow", "today"), f"{path}:{node.lineno} reads a clock"
