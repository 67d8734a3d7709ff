"""The migrations make the very tables that the code declares, up, down and up again."""

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, text

from service.settings import Settings
from service.store.migrations import config, migrate
from service.store.session import open_engine
from service.store.tables import Base

CONSTRAINTS = text(
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'"
    " UNION SELECT tablename::text, indexname::text, indexdef FROM pg_indexes"
    " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
)


@pytest.fixture(scope="module")
def engine(settings: Settings):
    made = open_engine(settings.required_database_url())
    yield made
    made.dispose()


def rules(connection: Connection) -> set[tuple[str, str, str]]:
    return {tuple(row) for row in connection.execute(CONSTRAINTS)}


def test_up_down_up_leaves_no_difference(engine: Engine):
    with engine.connect() as connection:
        command.check(config(connection))
        command.downgrade(config(connection), "base")
        assert rules(connection) == set()
        command.upgrade(config(connection), "head")
        command.check(config(connection))
        connection.commit()


def test_constraints_and_indexes_are_those_of_the_tables(engine: Engine):
    with engine.connect() as connection:
        migrated = rules(connection)
        command.downgrade(config(connection), "base")
        Base.metadata.create_all(connection)
        declared = rules(connection)
        Base.metadata.drop_all(connection)
        command.upgrade(config(connection), "head")
        connection.commit()
    assert len(declared) > 30
    assert migrated == declared


def test_migrating_a_new_database_twice_changes_nothing(settings: Settings, engine: Engine):
    migrate(settings.required_database_url())
    with engine.connect() as connection:
        before = rules(connection)
        connection.rollback()
        migrate(settings.required_database_url())
        assert rules(connection) == before
