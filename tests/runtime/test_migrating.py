"""Bringing the tables to a new release, while the one before runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import psycopg
import pytest
from flask import Flask

from app import MIGRATIONS
from app.extensions import db
from app.services.health import newest_migration
from tests.runtime.waiting import wait_for

PROJECT = Path(__file__).parents[2]
LOCK_KEY = 7_311_020_002
MIGRATION = """
from contextlib import nullcontext
from alembic import op
revision = {revision!r}
down_revision = {down!r}
def upgrade():
    with op.get_context().autocommit_block() if "CONCURRENTLY" in {statements!r} else nullcontext():
        op.execute({statements!r})
"""


class Release:
    """A release with further migrations, against a database of the test's own."""

    def __init__(self, url: str, folder: Path, newest: str) -> None:
        self.url, self.folder, self.newest = url, folder, newest

    def adds(self, revision: str, statements: str, *, after: str | None = None) -> None:
        words = MIGRATION.format(revision=revision, down=after or self.newest, statements=statements)
        (self.folder / "versions" / f"{revision}.py").write_text(words)

    def upgrade(self) -> None:
        flask_migrate.upgrade(directory=str(self.folder))

    def read(self, query: str) -> object:
        with psycopg.connect(self.url) as connection:
            [(found,)] = connection.execute(query.encode()).fetchall()
        return found

    @property
    def at(self) -> object:
        return self.read("SELECT version_num FROM alembic_version")


@pytest.fixture
def release(fresh_database_url: str, tmp_path: Path) -> Iterator[Release]:
    application = Flask(__name__)
    application.config["SQLALCHEMY_DATABASE_URI"] = fresh_database_url.replace(
        "postgresql://", "postgresql+psycopg://"
    )
    db.init_app(application)
    flask_migrate.Migrate(application, db, directory=str(MIGRATIONS))
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with application.app_context():
        try:
            yield Release(fresh_database_url, folder, newest_migration())
        finally:
            db.engine.dispose()


def test_a_migration_that_fails_in_the_middle_leaves_nothing_behind(release: Release) -> None:
    release.adds("x1", "CREATE TABLE first (id bigint)")
    release.adds("x2", "CREATE TABLE second (id bigint); SELECT 1 / 0", after="x1")
    with pytest.raises(Exception, match="division by zero"):
        release.upgrade()
    assert release.at == "x1", "what was whole stays"
    assert release.read("SELECT to_regclass('second')") is None
    assert release.read("SELECT count(*) FROM accounts") == 0
    release.adds("x2", "CREATE TABLE second (id bigint)", after="x1")
    release.upgrade()
    assert release.at == "x2"


def test_a_migration_does_not_hold_up_the_product_behind_a_table_in_use(
    release: Release, caplog: pytest.LogCaptureFixture
) -> None:
    release.adds("x1", "ALTER TABLE accounts ADD COLUMN nickname text")
    with psycopg.connect(release.url) as busy:
        busy.execute("SELECT count(*) FROM accounts")
        with pytest.raises(SystemExit):
            release.upgrade()
    assert "Nothing of it was done" in caplog.text
    assert release.at == release.newest
    release.upgrade()
    assert release.at == "x1"


def test_two_releases_at_once_apply_a_migration_once(release: Release, environ: dict[str, str]) -> None:
    """Also one that builds an index beside the work, which waits for whoever holds a snapshot."""
    release.adds("x1", "CREATE INDEX CONCURRENTLY ix_made_once ON orders (state)")
    asked = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'idle' AND query = 'ROLLBACK'"
    )
    building = "SELECT count(*) FROM pg_stat_progress_create_index"
    with psycopg.connect(release.url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM accounts")  # has a snapshot, and the index waits for it
        with psycopg.connect(release.url, autocommit=True) as holder:
            holder.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
            environ = {**environ, "DATABASE_URL": release.url}
            both = [_release_process(environ, release.folder) for _ in range(2)]
            wait_for(lambda: release.read(asked) == 2, what="both to wait")
        wait_for(lambda: release.read(building) == 1, what="one to build")
        wait_for(lambda: release.read(asked) == 1, what="the other to wait")
    said = [process.communicate(timeout=100)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert release.at == "x1"
    assert release.read("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_made_once'::regclass")


def _release_process(environ: dict[str, str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app:create_app()", "db", "upgrade", "-d", str(folder)],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
