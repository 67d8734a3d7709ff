"""Brings a database to the newest tables, from a checkout or an installed wheel. The steps are in `migrations/`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

import service
from service.store.session import open_engine

_FOLDER = Path(service.__file__).parent.parent / "migrations"


def migrate(database_url: str, revision: str = "head") -> None:
    """Upgrade a database; does nothing when it is there already, and waits when another process is at it."""
    engine = open_engine(database_url)
    try:
        with engine.connect() as connection:
            command.upgrade(config(connection), revision)
            connection.commit()
    finally:
        engine.dispose()


def config(connection: Connection) -> Config:
    """Return Alembic's configuration for one connection."""
    made = Config()
    made.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made
