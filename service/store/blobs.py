"""SQL of the bytes in which things were sent: kept once, named by their SHA-256, and read back whole or not at all."""

import gzip
import hashlib

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.store.artefacts import DamagedError
from service.store.tables import Blob

_LEVEL = 6
"""Of gzip: more takes twice the time for a few percent."""


def keep(session: Session, content: bytes) -> str:
    """Store bytes unless they are there, and return their SHA-256; what gzip makes smaller is stored as gzip."""
    digest = hashlib.sha256(content).hexdigest()
    if session.scalars(select(Blob.sha256).where(Blob.sha256 == digest)).one_or_none() is None:
        packed = gzip.compress(content, _LEVEL, mtime=0)
        is_packed = len(packed) < len(content)
        values = {"sha256": digest, "size": len(content), "is_packed": is_packed}
        statement = insert(Blob).values(**values, content=packed if is_packed else content)
        session.execute(statement.on_conflict_do_nothing())
    return digest


def load(session: Session, digest: str) -> bytes:
    """Return the bytes with this SHA-256.

    Raises:
        DamagedError: if the stored bytes do not fit it.
    """
    row = session.execute(select(Blob.content, Blob.is_packed).where(Blob.sha256 == digest)).one()
    try:
        content = gzip.decompress(row.content) if row.is_packed else row.content
    except (OSError, EOFError) as error:
        raise DamagedError(f"the bytes {digest} are damaged in the database") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise DamagedError(f"the bytes {digest} are damaged in the database")
    return bytes(content)
