"""What a file is, by its bytes: gzip and multipart taken off, and media types that say nothing replaced.

Browsers, mail programs and `curl` send tables as `application/octet-stream`, `text/plain` or what Windows
takes `.csv` for. A media type that names a format is believed. Knows no table.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from service.exchange.tables import TableError
from service.exchange.workbook_safety import OLE

if TYPE_CHECKING:
    from collections.abc import Mapping

GENERIC = frozenset(
    (
        *("application/octet-stream", "binary/octet-stream", "text/plain", "application/vnd.ms-excel"),
        *(
            "application/zip",
            "application/x-zip-compressed",
            "application/x-download",
            "application/force-download",
        ),
        *(
            "application/gzip",
            "application/x-gzip",
            "application/excel",
            "application/x-excel",
            "application/msexcel",
        ),
        *("application/x-msexcel", "text/x-csv", "text/comma-separated-values"),
    )
)
"""Media types under which any table is sent."""
MULTIPART = "multipart/form-data"
MAX_UNPACKED = 64 * 2**20
"""Most bytes of a file behind gzip."""
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_GZIP_WINDOW = zlib.MAX_WBITS | 16
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_HEAD = 64 * 1024
_SDF_LINE = re.compile(rb"^(?:M  END|\$\$\$\$)[ \t]*\r?$", re.MULTILINE)
"""The end of a structure, or of a record, on a line of its own: a HELM has four dollar signs as well."""
_LONGEST_BOUNDARY = 256


def unwrapped(content: bytes, media_type: str) -> tuple[bytes, str]:
    """Return the table's own bytes and a media type that names its format, or the one that was sent.

    Raises:
        TableError: if a multipart body holds no file or several, or what gzip holds is broken or too large.
    """
    essence = _essence(media_type)
    if essence == MULTIPART:
        content, media_type = _part(content, media_type)
        essence = _essence(media_type) or "application/octet-stream"
    if content.startswith(_GZIP):
        content = _unpacked(content)
    if essence in GENERIC:
        media_type = _sniffed(content) + media_type[len(media_type.partition(";")[0]) :]
    return content, media_type


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _unpacked(content: bytes) -> bytes:
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        found = unpacker.decompress(content, MAX_UNPACKED)
    except zlib.error as error:
        raise TableError(f"the gzip file is damaged: {error}") from error
    if unpacker.unconsumed_tail:
        raise TableError(f"the gzip file unpacks to more than {MAX_UNPACKED >> 20} MiB: split it")
    if not unpacker.eof:
        raise TableError("the gzip file ends too early: send it again")
    return found


def _sniffed(content: bytes) -> str:
    """Return the media type of the format that bytes are of; text that is nothing else is CSV."""
    if content.startswith(_ZIP):
        return _ODS if _is_open_document(content) else _XLSX
    if content[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise TableError(
            "this is a web page or XML, whatever its name: open it in a spreadsheet program, save it as XLSX"
        )
    if content.startswith(OLE):
        return _XLSX if "EncryptedPackage".encode("utf-16-le") in content else "application/x-xls"
    head = content[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if _SDF_LINE.search(head):
        return "chemical/x-mdl-sdfile"
    if head.startswith(b"["):
        return "application/json"
    if head.startswith(b"{"):
        first = head.splitlines()[0].rstrip()
        return "application/x-ndjson" if first.endswith(b"}") and head.count(b"\n{") else "application/json"
    return "text/x-fasta" if head.startswith(b">") and b"," not in head.splitlines()[0] else "text/csv"


def _is_open_document(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return "mimetype" in archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def _part(content: bytes, media_type: str) -> tuple[bytes, str]:
    """Return the only file of a multipart body, with its own media type.

    Raises:
        TableError: if there is none, there are several, or the body is no multipart.
    """
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import parse_options_header

    _, options = parse_options_header(media_type)
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        raise TableError("the multipart body names no boundary in its Content-Type")
    parts = _Parts()
    try:
        parts.parse(content, boundary)
    except FormParserError as error:
        raise TableError(f"the multipart body is broken: {error}") from error
    files = [part for part in parts.found if "filename" in part[0].get("content-disposition", "")]
    if len(files) != 1:
        raise TableError(f"the multipart body holds {len(files)} files: send exactly one table in it")
    headers, body = files[0]
    return body, headers.get("content-type", "")


class _Parts:
    """Collects the parts of a multipart body."""

    def __init__(self) -> None:
        self.found: list[tuple[Mapping[str, str], bytes]] = []
        self._headers: dict[str, str] = {}
        self._field, self._value = bytearray(), bytearray()
        self._body = bytearray()

    def parse(self, content: bytes, boundary: bytes) -> None:
        """Take a body apart; raises what the parser raises where it is broken."""
        from python_multipart.multipart import MultipartParser

        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_part_data": lambda data, start, end: self._body.extend(data[start:end]),
                "on_part_end": self._end,
            },
        )
        parser.write(content)
        parser.finalize()

    def _begin(self) -> None:
        self._headers, self._body = {}, bytearray()

    def _end_header(self) -> None:
        name, value = (bytes(each).decode("latin-1") for each in (self._field, self._value))
        self._headers[name.lower()] = value
        self._field, self._value = bytearray(), bytearray()

    def _end(self) -> None:
        self.found.append((self._headers, bytes(self._body)))
