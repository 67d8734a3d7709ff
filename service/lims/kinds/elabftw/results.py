"""What open resources and experiments of eLabFTW hold that was not read before."""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from service.lims.contract import File, MeasuredRecord, RemoteRecord, ResultFile
from service.lims.kinds.elabftw.api import GONE, Server, read_metadata, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

UNGROUPED = "ungrouped"
"""The source of results in custom fields that belong to no group."""
LARGEST_FILE = 30 * 2**20
"""Largest attachment that is read, in bytes."""
SENT = "Assayflow: batch, sha256 "
"""Begins the comment on a file that we attached; a file that replaces it keeps the comment."""
_CURRENT = 1


def path_of(record: RemoteRecord) -> str:
    """Return where a resource or an experiment is, below the API's root."""
    return f"{record.type}/{record.id}"


def new_measurements(
    record: RemoteRecord, entity: Mapping[str, Any] | None, seen: dict[str, str], deciding: Sequence[str]
) -> Iterator[MeasuredRecord]:
    """Yield the groups of fields that are new, changed or emptied.

    Args:
        record: the resource.
        entity: as the server has it now; None if it was deleted.
        seen: group -> version that was read, brought up to date.
        deciding: the fields that say that a group was measured.
    """
    found = {} if entity is None else measured_groups(entity, deciding)
    for source, fields in found.items():
        version = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]
        if seen.get(source) != version:
            seen[source] = version
            yield MeasuredRecord(
                id=f"{path_of(record)}#{source}", source=source, about=record, fields=fields, version=version
            )
    for source in [source for source in seen if source not in found]:
        yield MeasuredRecord(
            id=f"{path_of(record)}#{source}",
            source=source,
            about=record,
            fields={},
            version=f"withdrawn {seen.pop(source)}",
            standing="withdrawn",
        )


def measured_groups(entity: Mapping[str, Any], deciding: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the groups of custom fields that hold a result: name -> texts.

    Fields without a group are added to each, and are a result of their own only by a field in `deciding`.
    """
    names, fields = read_metadata(entity)
    common = {
        "record title": text_of(entity.get("title")),
        "record status": text_of(entity.get("status_title")),
        "record locked": text_of(entity.get("locked")),
    }
    own: dict[str, list[str]] = {}
    groups: dict[str, dict[str, str]] = {}
    for name, item in fields.items():
        group = names.get(text_of(item.get("group_id")))
        texts = common if group is None else groups.setdefault(group, {})
        texts[name] = text_of(item.get("value"))
        own.setdefault(group or UNGROUPED, []).append(name)
        if item.get("unit"):
            texts[f"{name} unit"] = text_of(item["unit"])
    found = {
        group: {**common, **texts}
        for group, texts in groups.items()
        if any(texts[name] for name in set(own[group]) & set(deciding) or own[group])
    }
    if any(common.get(name) for name in deciding):
        found[UNGROUPED] = common
    return found


def new_files(
    server: Server,
    record: RemoteRecord,
    entity: Mapping[str, Any],
    seen: dict[str, str],
    patterns: Sequence[str],
) -> Iterator[ResultFile]:
    """Yield the attached tables that were not read; a file that replaces another is its next version.

    Args:
        server: where the content is.
        record: the experiment.
        entity: as the server has it now.
        seen: name of a file -> version that was read, brought up to date.
        patterns: of names, such as `*.csv`.
    """
    for upload in entity.get("uploads") or ():
        name, version = str(upload["real_name"]), f"{upload['id']} {upload.get('hash') or ''}"
        if seen.get(name) == version or not _may_hold_results(upload, patterns):
            continue
        path = f"/{path_of(record)}/uploads/{upload['id']}"
        reply = server.call("GET", path, accepted=GONE, params={"format": "binary"})
        if reply.status in GONE:
            continue
        seen[name] = version
        media_type = reply.headers.get("content-type", "application/octet-stream")
        yield ResultFile(
            file=File(name=name, media_type=media_type, content=reply.content),
            record=RemoteRecord(type="file", id=f"{record.id}/{name}", version=version, url=record.url),
        )


def _may_hold_results(upload: Mapping[str, Any], patterns: Sequence[str]) -> bool:
    """Return whether an upload is current, a table by its name, not too long and not the one we attached."""
    name = str(upload["real_name"]).lower()
    return (
        upload.get("state", _CURRENT) == _CURRENT
        and any(fnmatch(name, pattern.lower()) for pattern in patterns)
        and (upload.get("filesize") or 0) <= LARGEST_FILE
        and str(upload.get("comment") or "") != f"{SENT}{upload.get('hash')}"
    )
