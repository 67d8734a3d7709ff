"""Manage the keys that seal stored credentials from the command line of the database's machine."""

from pathlib import Path

from service.integrations.credentials import Resealed, reseal_all
from service.local.servers import KEYS_FILE, database, require_existing
from service.sealing import SETTING, SealingError, open_sealer
from service.settings import Settings
from service.store.session import opened


def keys_file(settings: Settings) -> Path:
    """Return the path of the file of keys, which may not exist yet.

    Raises:
        SealingError: if the database is elsewhere and the operator has named no file.
    """
    if settings.secret_keys_file is not None:
        return settings.secret_keys_file
    if settings.database_url is not None:
        raise SealingError(f"name the file of keys in {SETTING}, for this command and for every process")
    return settings.data_dir.resolve() / KEYS_FILE


def reseal(settings: Settings) -> Resealed:
    """Seal every stored secret with the newest key.

    Raises:
        EmbeddedError: if there is no database.
        SealingError: if there is no usable key.
    """
    require_existing(settings)
    with database(settings) as live, opened(live.required_database_url()) as sessions:
        return reseal_all(sessions, open_sealer(live))
