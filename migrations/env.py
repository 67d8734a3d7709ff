"""Alembic's entry point.

Runs migrations on the connection it is given, or on the database that the settings name.
"""

from alembic import context
from sqlalchemy import Connection, text

from service.local.servers import services
from service.settings import Settings
from service.store.session import open_engine
from service.store.tables import Base

_LOCK = 4_821_907_355_120_664_901
"""Any number, as long as it never changes: two processes that migrate at once do it one after the other."""


def run(connection: Connection) -> None:
    """Migrate in one transaction: all of it or nothing."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        context.run_migrations()


def run_on_configured_database() -> None:
    """Migrate the database of the settings, the embedded one included."""
    with services(Settings()) as settings:
        engine = open_engine(settings.required_database_url())
        try:
            with engine.connect() as connection:
                run(connection)
        finally:
            engine.dispose()


if context.is_offline_mode():
    raise SystemExit("only a live database can be migrated; --sql is not supported")
given = context.config.attributes.get("connection")
if given is None:
    run_on_configured_database()
else:
    run(given)
