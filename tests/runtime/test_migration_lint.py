"""New migrations hold no table up that the running release uses, and take nothing from it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import flask_migrate
import psycopg
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import event

from app import MIGRATIONS
from app.extensions import db
from syncflow import embedded
from tests.runtime.migration_lint import COMMIT, MOVES_ROWS, SQUAWK, faults

BEFORE_THE_RULES = "0035"
"""The newest of those that were made before anything was released."""
EXCUSED = {
    ("0045", "ban-drop-constraint"): "one that allows more takes its place in the same statement",
}
"""Why a migration may break a rule: (revision, rule) to a sentence, such as who stopped using a column."""

if SQUAWK is None and not os.environ.get("CI"):
    pytest.skip("squawk is not installed: `make setup` does it", allow_module_level=True)


@pytest.fixture
def database(services: embedded.Services) -> Iterator[str]:
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE linted")
        yield (
            services.database_url.rpartition("/")[0].replace("postgresql://", "postgresql+psycopg://")
            + "/linted"
        )
        connection.execute("DROP DATABASE linted WITH (FORCE)")


def test_no_new_migration_holds_the_product_up(database: str) -> None:
    """Each is run, on an empty database, and what it said to PostgreSQL is looked at."""
    application = Flask(__name__)
    application.config["SQLALCHEMY_DATABASE_URI"] = database
    db.init_app(application)
    flask_migrate.Migrate(application, db, directory=str(MIGRATIONS))
    broken: dict[tuple[str, str], list[str]] = {}
    said: list[str] = []
    with application.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *about: said.append(about[2]))
        event.listen(db.engine, "commit", lambda _connection: said.append(COMMIT))
        flask_migrate.upgrade(revision=BEFORE_THE_RULES)
        newer = list(ScriptDirectory(str(MIGRATIONS)).walk_revisions(BEFORE_THE_RULES, "head"))[:-1]
        for script in reversed(newer):
            said.clear()
            flask_migrate.upgrade(revision=script.revision)
            assert said
            for rule, statement in faults(said):
                broken.setdefault((script.revision, rule), []).append(statement)
        db.engine.dispose()
    assert {key: what for key, what in broken.items() if key not in EXCUSED} == {}
    assert set(EXCUSED) <= set(broken), "an excuse for what nobody does"


NEW = "CREATE TABLE notes (id bigint PRIMARY KEY, account_id bigint NOT NULL, CHECK (id > 0))"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("CREATE INDEX ix ON orders (state)", "require-concurrent-index-creation"),
        ("CREATE UNIQUE INDEX ix ON orders (state)", "require-concurrent-index-creation"),
        ("DROP INDEX ix_orders_state", "require-concurrent-index-deletion"),
        ("ALTER TABLE orders ADD COLUMN a uuid DEFAULT gen_random_uuid()", "adding-field-with-default"),
        ("ALTER TABLE orders ADD COLUMN a bigint NOT NULL", "adding-required-field"),
        ("ALTER TABLE orders ALTER COLUMN state SET NOT NULL", "adding-not-nullable-field"),
        ("ALTER TABLE orders ALTER COLUMN id TYPE numeric", "changing-column-type"),
        ("ALTER TABLE orders RENAME COLUMN state TO status", "renaming-column"),
        ("ALTER TABLE orders RENAME TO sales", "renaming-table"),
        ("ALTER TABLE orders DROP COLUMN state", "ban-drop-column"),
        ("DROP TABLE orders", "ban-drop-table"),
        ("ALTER TABLE orders ADD CONSTRAINT ck CHECK (id > 0)", "constraint-missing-not-valid"),
        (
            "ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (account_id) REFERENCES accounts (id)",
            "adding-foreign-key-constraint",
        ),
        ("ALTER TABLE orders ADD CONSTRAINT uq UNIQUE (state)", "disallowed-unique-constraint"),
        ("UPDATE orders SET state = 'open'", MOVES_ROWS),
        ("DELETE FROM orders WHERE state = %(state)s", MOVES_ROWS),
        ("INSERT INTO orders (id) SELECT id FROM old_orders", MOVES_ROWS),
        ("WITH old AS (SELECT 1) UPDATE orders SET state = 'open' FROM old", MOVES_ROWS),
    ],
)
def test_what_holds_up_a_table_in_use_is_named(statement: str, rule: str) -> None:
    assert rule in [name for name, _statement in faults([NEW, statement])]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE orders ADD COLUMN a text",
        "ALTER TABLE orders ADD COLUMN a text DEFAULT '' NOT NULL",
        "CREATE INDEX CONCURRENTLY ix ON orders (state)",
        "DROP INDEX CONCURRENTLY ix_orders_state",
        "ALTER TABLE orders ADD CONSTRAINT ck CHECK (id > 0) NOT VALID",
        "ALTER TABLE orders VALIDATE CONSTRAINT ck",
        "CREATE INDEX ix_notes ON notes (account_id)",
        "ALTER TABLE notes ADD CONSTRAINT fk FOREIGN KEY (account_id) REFERENCES accounts (id) NOT VALID",
        "INSERT INTO notes (id, account_id) SELECT id, 1 FROM orders",
        "INSERT INTO rollups (id, counted_id) VALUES (%(id)s::INTEGER, 0)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN UPDATE orders SET a = 1; END $$",
        "SELECT pg_try_advisory_lock(1)",
        "UPDATE alembic_version SET version_num = '0040'",
    ],
)
def test_what_a_database_at_work_does_not_notice_is_let_pass(statement: str) -> None:
    assert faults([NEW, statement]) == []


def test_a_constraint_is_validated_in_a_transaction_of_its_own() -> None:
    added = "ALTER TABLE orders ADD CONSTRAINT ck CHECK (id > 0) NOT VALID"
    validated = "ALTER TABLE orders VALIDATE CONSTRAINT ck"
    assert [rule for rule, _statement in faults([added, validated])] == ["constraint-missing-not-valid"]
    assert faults([COMMIT, added, COMMIT, validated, COMMIT]) == []
