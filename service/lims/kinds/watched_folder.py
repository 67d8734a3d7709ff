"""A watched folder: batches are written below `outbox/`, tables of results are taken from `inbox/`.

A file is taken when a file `<name>.done` is beside it, or when it stood still since the scan before. After
it was read it is moved to `processed/` or `refused/`, with a report for people and one for programs.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, final

from pydantic import Field

from service.lims.contract import (
    AccessDeniedError,
    Connector,
    File,
    Manners,
    News,
    Page,
    Refused,
    RemoteRecord,
    ResultFile,
    RetryLaterError,
    Status,
    StrictModel,
)
from service.lims.file_reports import sentences
from service.lims.folders import (
    ChangedFileError,
    Entry,
    FileTooLongError,
    Listing,
    MissingPackageError,
    UnsafePathError,
    joined,
    safe_name,
    safe_names,
)
from service.lims.shared_folders import open_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from service.lims.contract import Answer, Cursor, Material, Order, RemoteField, Scope
    from service.lims.folders import Folder

INBOX = "inbox"
OUTBOX = "outbox"
PROCESSED = "processed"
REFUSED = "refused"
MARKER = "assayflow.txt"
"""Written by a check. Where it is missing the folder is not mounted, or is another one."""
ORDER = "order.json"
"""Written last, so that whoever sees it finds the whole batch."""
FILES_PER_PAGE = 20
MOST_BYTES = 64 * 2**20
_DEEPEST = 8
_ABOUT = """This folder is watched by Assayflow.

inbox/      put tables of results here (CSV, XLSX, ...), under a temporary name such as x.csv.part first
outbox/     released batches; order.json is written last
processed/  files that were read, each with a report
refused/    files with rows that could not be read; the report says why
"""
_IGNORED_STARTS = (".", "~$")
_IGNORED_ENDS = (".tmp", ".part", ".partial", ".crdownload", ".done", ".sha256", ".lock", "~")
_IGNORED_NAMES = ("thumbs.db", "desktop.ini")


class WatchedFolderSettings(StrictModel):
    """Which folder is watched."""

    folder: str = Field(min_length=1, max_length=100, description="the operator's name of the folder")
    path: str = Field("", max_length=500, description="a folder below it, such as site-a/lab-2")
    settle_seconds: float = Field(
        5.0, ge=0, le=86_400, description="a file is read that did not change for this long, over two scans"
    )
    keeps_files: bool = Field(
        False, description="files stay in the inbox: for a device that writes one name for ever"
    )


class WatchedFolderCredentials(StrictModel):
    """None: the operator's URL carries what its store asks for."""


@final
class WatchedFolderConnector(Connector):
    """A watched folder."""

    kind: ClassVar[str] = "watched_folder"
    title: ClassVar[str] = "Watched folder"
    Settings = WatchedFolderSettings
    Credentials = WatchedFolderCredentials
    manners: ClassVar[Manners] = Manners(natural_key=True, sends_materials=False, needs_address=False)
    settings: WatchedFolderSettings

    def check(self) -> Status:
        """Make the folders, write the marker, and warn of what will never be read."""
        with self._folder(is_new=True) as folder:
            for name in (INBOX, OUTBOX, PROCESSED, REFUSED):
                folder.make(self._at(name))
            folder.write(self._at(MARKER), _ABOUT.encode())
            others = self._listing(folder, self._at(INBOX)).others
        url = self.environment.folders[self.settings.folder]
        server = url.partition("://")[0] if "://" in url else "folder of this machine"
        warnings = [
            f"inbox/{name} is never read: it is a link or no file, or its name is no text" for name in others
        ]
        return Status(
            identity=joined(self.settings.folder, self.settings.path), server=server, warnings=warnings
        )

    def describe(self) -> Sequence[RemoteField]:
        """Return nothing: tables are read as uploads are, not by a mapping."""
        return ()

    def find(self, type_: str, keys: Sequence[str]) -> Mapping[str, RemoteRecord]:
        """Return the orders that were written whole, by the key in their `order.json`."""
        if type_ != "order":
            return {}
        with self._folder() as folder:
            orders = {order["key"]: (path, order) for path, order in self._orders(folder, self._at(OUTBOX))}
        return {key: self._order_record(*orders[key]) for key in keys if key in orders}

    def put_materials(self, materials: Sequence[Material]) -> Sequence[Answer]:
        """Refuse: a folder has no records of candidates."""
        return [Refused(detail=f"a folder holds no records, only batches: {item.key}") for item in materials]

    def put_order(self, order: Order) -> Answer:
        """Write the files of a batch, each with its checksum, and then `order.json`.

        An order that was written whole stays as it is: a robot may have taken its files.
        """
        if not order.files:
            return Refused(detail="name at least one format of the batch, such as xlsx", field="order.files")
        place = "/".join(
            [self._at(OUTBOX), *safe_names(order.folder or ""), *(safe_names(order.name) or [order.key])]
        )
        written: dict[str, Any] = {
            "key": order.key,
            "name": order.name,
            "fields": dict(order.fields),
            "files": {safe_name(file.name): hashlib.sha256(file.content).hexdigest() for file in order.files},
        }
        with self._folder() as folder:
            before = self._order(folder, place)
            if before is None:
                for file in order.files:
                    name = safe_name(file.name)
                    folder.write(joined(place, name), file.content)
                    checksum = f"{written['files'][name]}  {name}\n"
                    folder.write(joined(place, f"{name}.sha256"), checksum.encode())
                folder.write(joined(place, ORDER), _json(written))
            elif before["key"] != order.key:
                detail = f"{place} holds another order; let the mapping's name of orders contain {{prefix}}"
                return Refused(detail=detail, field="order.name")
        return self._order_record(place, before or written)

    def changes(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Return files that are complete; the cursor holds what was seen and what was taken."""
        place = self._at(joined(INBOX, scope.folder) if scope.folder else INBOX)
        before, now = cursor or {}, self.environment.now().timestamp()
        files: list[ResultFile] = []
        with self._folder() as folder:
            listing = self._listing(folder, place)
            known = before.get("taken", {})
            taken = {entry.path: known[entry.path] for entry in listing.files if entry.path in known}
            waiting = [entry for entry in _readable(listing) if taken.get(entry.path) != _mark(entry)]
            former = before.get("seen", {})
            still = {entry.path for entry in waiting if former.get(entry.path, [""])[0] == _mark(entry)}
            since = {entry.path: former[entry.path][1] if entry.path in still else now for entry in waiting}
            done = {entry.path for entry in listing.files if entry.name.endswith(".done")}
            ready = [
                entry
                for entry in waiting
                if f"{entry.path}.done" in done
                or (entry.path in still and now - since[entry.path] >= self.settings.settle_seconds)
            ]
            page = _one_page(ready)
            for entry in page:
                files += self._taken(folder, entry, taken)
        seen = {
            entry.path: [_mark(entry), since[entry.path]]
            for entry in waiting
            if taken.get(entry.path) != _mark(entry)
        }
        cursor = {"taken": taken, "seen": seen}
        return Page(files=files, cursor=cursor, more=len(page) < len(ready))

    def _taken(self, folder: Folder, entry: Entry, taken: dict[str, str]) -> list[ResultFile]:
        """Return a file, unless it is being written; one that cannot be read is refused at once."""
        try:
            content = folder.read(entry, MOST_BYTES)
        except ChangedFileError:
            return []
        except (FileTooLongError, PermissionError) as error:
            is_long = isinstance(error, FileTooLongError)
            reason = (
                f"is longer than {MOST_BYTES // 2**20} MiB" if is_long else "may not be read by Assayflow"
            )
            taken[entry.path] = _mark(entry)
            folder.remove(f"{entry.path}.done")
            self._put_away(folder, entry, "", News(event="refused", comment=f"the file {reason}"))
            return []
        taken[entry.path] = _mark(entry)
        folder.remove(f"{entry.path}.done")
        digest = hashlib.sha256(content).hexdigest()
        # A name that is used again is another file and no correction of the first.
        record = RemoteRecord(
            type="file", id=f"{entry.path}#{digest[:16]}", version=f"{_mark(entry)}:{digest}", state=INBOX
        )
        media_type = mimetypes.guess_type(entry.name)[0] or "application/octet-stream"
        return [ResultFile(file=File(name=entry.name, media_type=media_type, content=content), record=record)]

    def notify(self, record: RemoteRecord, news: News) -> Refused | None:
        """Move a file that was read or refused, and write its report; write what became of an order."""
        with self._folder() as folder:
            if record.type == "order":
                folder.write(
                    f"{record.id}/status.json", _json({"event": news.event, "comment": news.comment})
                )
            elif record.type == "file" and record.version is not None:
                mark, _, digest = record.version.rpartition(":")
                size, _, version = mark.partition(":")
                entry = Entry(record.id.rpartition("#")[0], int(size), version)
                self._put_away(folder, entry, digest, news)
        return None

    def _put_away(self, folder: Folder, entry: Entry, digest: str, news: News) -> None:
        """Write the report, then move the file: a worker that ends between them does both once more."""
        below = entry.path.removeprefix(self._at(INBOX)).strip("/")
        place = self._at(PROCESSED if news.event == "read" else REFUSED)
        version = f"{_mark(entry)}:{digest}"
        target = _target(folder, joined(place, below), version)
        said = {"event": news.event, "comment": news.comment, "report": news.report}
        when = self.environment.now().isoformat(timespec="seconds")
        report = {"file": below, "version": version, "sha256": digest or None, "at": when, **said}
        folder.write(f"{target}.report.json", _json(report))
        folder.write(f"{target}.report.txt", "\n".join(sentences(below, when, news)).encode())
        if not self.settings.keeps_files:
            folder.move(entry, target)

    @contextmanager
    def _folder(self, *, is_new: bool = False) -> Iterator[Folder]:
        """Open the folder; what goes wrong in it becomes an error of the contract, without its address."""
        name = self.settings.folder
        url = self.environment.folders.get(name)
        if url is None:
            raise AccessDeniedError(f"the operator allows no folder {name!r} (setting ASSAYFLOW_FOLDERS)")
        try:
            folder = open_folder(url)
            if not is_new and folder.find(self._at(MARKER)) is None:
                raise RetryLaterError(
                    f"{name} has no {MARKER}: is it mounted? A check of the connector writes it"
                )
            yield folder
        except (UnsafePathError, MissingPackageError) as error:
            raise AccessDeniedError(f"{name}: {error}") from error
        except PermissionError as error:
            raise AccessDeniedError(f"{name}: {error.strerror or 'permission denied'}") from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise RetryLaterError(f"{name} cannot be used: {reason}") from error

    def _at(self, name: str) -> str:
        return joined(self.settings.path.strip("/"), name)

    def _listing(self, folder: Folder, place: str) -> Listing:
        try:
            return folder.listed(place)
        except FileNotFoundError:
            folder.make(place)
            return Listing((), ())

    def _orders(self, folder: Folder, place: str, depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
        if (order := self._order(folder, place)) is not None:
            yield place, order
        for name in self._listing(folder, place).folders if depth < _DEEPEST else ():
            yield from self._orders(folder, joined(place, name), depth + 1)

    def _order(self, folder: Folder, place: str) -> dict[str, Any] | None:
        return _json_of(folder, joined(place, ORDER))

    def _order_record(self, place: str, order: Mapping[str, Any]) -> RemoteRecord:
        version = hashlib.sha256(_json(order["files"])).hexdigest()[:16]
        return RemoteRecord(type="order", id=place, key=order["key"], version=version)


def _readable(listing: Listing) -> Iterator[Entry]:
    """Yield files that may be tables; an empty one is still waited for."""
    for entry in listing.files:
        name = entry.name.lower()
        if (
            entry.size > 0
            and not name.startswith(_IGNORED_STARTS)
            and not name.endswith(_IGNORED_ENDS)
            and name not in _IGNORED_NAMES
        ):
            yield entry


def _one_page(entries: Sequence[Entry]) -> list[Entry]:
    """Return the first files that are read at once: few enough, and short enough together."""
    sizes = accumulate(entry.size for entry in entries[:FILES_PER_PAGE])
    return [
        entry
        for number, (entry, size) in enumerate(zip(entries, sizes, strict=False))
        if not number or size <= MOST_BYTES
    ]


def _mark(entry: Entry) -> str:
    return f"{entry.size}:{entry.version}"


def _target(folder: Folder, wanted: str, version: str) -> str:
    """Return where a file is put away: under its name, unless another one has it already."""
    report = _json_of(folder, f"{wanted}.report.json")
    if (report is None and folder.find(wanted) is None) or (report or {}).get("version") == version:
        return wanted
    place, _, name = wanted.rpartition("/")
    stem, dot, ending = name.partition(".")
    return joined(place, f"{stem}-{hashlib.sha256(version.encode()).hexdigest()[:8]}{dot}{ending}")


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str).encode()


def _json_of(folder: Folder, path: str) -> dict[str, Any] | None:
    """Return an object that we wrote; None if it is not there or no longer ours."""
    entry = folder.find(path)
    try:
        value = None if entry is None else json.loads(folder.read(entry, MOST_BYTES))
    except (ValueError, ChangedFileError, FileTooLongError):
        return None
    return value if isinstance(value, dict) else None
