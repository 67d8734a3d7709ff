"""Contents of collections: whose they are, and where this process reads them."""

from uuid import UUID

from sqlalchemy.orm import Session

from models.domains import collections as contents
from models.specs.base import FrozenModel
from service.errors import UnprocessableError
from service.store import object_lists
from service.store.session import Sessions


def check_references(session: Session, workspace_id: UUID, spec: FrozenModel, pointer: str = "") -> None:
    """Check that every collection that a specification names is the workspace's own.

    Raises:
        UnprocessableError: if one is not; the errors name the fields.
    """
    named = list(contents.references(spec.model_dump(mode="json"), pointer))
    known = object_lists.owned(session, workspace_id, {each.digest for each in named}) if named else set()
    errors = [
        {"pointer": each.pointer, "detail": f"this workspace has no collection with the sha256 {each.digest}"}
        for each in named
        if each.digest not in known
    ]
    if errors:
        raise UnprocessableError(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors)


def contents_from(sessions: Sessions, digest: str) -> bytes | None:
    """Return the content with this digest, or None; in a transaction of its own."""
    with sessions.begin() as session:
        return object_lists.load(session, digest)


def read_contents_from(sessions: Sessions) -> None:
    """Let this process read collections from the database, from now on."""

    def source(digest: str) -> bytes:
        found = contents_from(sessions, digest)
        if found is None:
            raise contents.CollectionMissingError(digest)
        return found

    contents.set_source(source)
