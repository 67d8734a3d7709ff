"""Upgrade a database to the newest tables. The steps are in `migrations/`; a wheel has it in `service/`."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

import service
from service.store.session import open_engine
from service.store.tables import Base

_SERVICE = Path(service.__file__).parent
_FOLDER = next(folder for folder in (_SERVICE / "migrations", _SERVICE.parent / "migrations") if folder.is_dir())


def migrate(database_url: str, revision: str = "head") -> None:
    """Upgrade a database; wait for another process that upgrades it, and do nothing if it is up to date."""
    engine = open_engine(database_url)
    try:
        with engine.connect() as connection:
            command.upgrade(config(connection), revision)
            connection.commit()
    finally:
        engine.dispose()


def config(connection: Connection) -> Config:
    """Return Alembic's configuration for one connection."""
    made = _scripts()
    made.attributes["connection"] = connection
    return made


def difference(connection: Connection) -> str | None:
    """Return how a database differs from this release's tables, with the remedy; None if it does not."""
    wanted, known = _revisions()
    revisions = set(MigrationContext.configure(connection).get_current_heads())
    if ahead := revisions - known:
        return f"the database is at {_list(ahead)}, which this release does not know; run the one that made it"
    if revisions != wanted:
        here = f"at {_list(revisions)}" if revisions else "empty"
        return f"the database is {here}, this release needs {_list(wanted)}; run `assayflow migrate`"
    if missing := set(Base.metadata.tables) - set(inspect(connection).get_table_names()):
        return f"the database lacks {_list(missing)}; restore it from a backup"
    return None


@cache
def _revisions() -> tuple[set[str], set[str]]:
    """Return the newest revisions of this release, and all of its revisions."""
    script = ScriptDirectory.from_config(_scripts())
    return set(script.get_heads()), {step.revision for step in script.walk_revisions()}


def _scripts() -> Config:
    made = Config()
    made.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return made


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
