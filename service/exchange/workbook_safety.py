"""A workbook's archive, looked through before anything parses it: zip bombs, passwords, entities.

Knows no cells.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from service.exchange.tables import TableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_UNPACKED = 128 * 2**20
"""Most bytes that all parts of an archive may have."""
MAX_PARTS = 1_000
MAX_TAGS = 4_000_000
"""Most markup that all parts may have, each about ten microseconds of reading: a cell with a number is four.

A workbook with formulas is read twice, so half of it.
"""
MAX_RATIO = 200
"""Most times that a large part may be shorter in the archive: spreadsheets get to about thirty."""
_SMALL_PART = 2**20

# openpyxl builds an object for everything in these, even when it reads rows one by one.
_SLOW_PARTS = ("xl/styles.xml", "xl/workbook.xml")
_SLOW = 10

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SHEETS = "xl/worksheets/"
_ROW = re.compile(rb"<(?:\w{1,40}:)?row[\s/>]")
_VALUE = re.compile(rb"<(?:\w{1,40}:)?(?:v|is)[\s>]")
_FORMULA = re.compile(rb"<(?:\w{1,40}:)?f[\s/>]")
# Others unpack a few bytes into gigabytes at once, and no spreadsheet writes them.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


PROTECTED = "the workbook is protected by a password: save it without one"
DAMAGED = "the workbook is damaged: open it in a spreadsheet program and save it again"


@contextmanager
def damage_as_table_error() -> Iterator[None]:
    """Turn whatever openpyxl raises while it parses a damaged part into an error about the file.

    Raises:
        TableError: in place of any other exception.
    """
    try:
        yield
    except TableError:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers meet in a damaged part
        raise TableError(DAMAGED) from error


def check_archive(content: bytes, kind: str = "XLSX") -> bool:
    """Return whether a workbook may hold formulas, once it is safe to parse.

    Document types are refused: OPC (ECMA-376, part 2) forbids them, and they are where entities come from.

    Raises:
        TableError: if it is no archive, protected, broken, too large when unpacked, or declares a document
            type.
    """
    if content.startswith(OLE):
        if ENCRYPTED in content:
            raise TableError(PROTECTED)
        raise TableError("this is a workbook of before 2007 (.xls): send it as application/vnd.ms-excel")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _look_through(archive)
    except _BROKEN as error:
        if isinstance(error, TableError):
            raise
        raise TableError(f"this is no {kind} workbook, or a damaged one: it cannot be unpacked") from error


def _look_through(archive: zipfile.ZipFile) -> bool:
    parts = archive.infolist()
    _check_directory(parts)
    n_tags, has_formulas = 0, False
    for part in parts:
        text = archive.read(part)
        n_tags += text.count(b"<") * (_SLOW if part.filename in _SLOW_PARTS else 1)
        has_formulas |= _FORMULA.search(text) is not None
        if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in text.replace(b"\0", b""):
            raise TableError(f"{part.filename[:80]} declares a document type, which no spreadsheet does")
        if n_tags * (1 + has_formulas) > MAX_TAGS:
            raise TableError("the workbook has too many cells or formats: split it or send CSV")
    return has_formulas


def _check_directory(parts: Sequence[zipfile.ZipInfo]) -> None:
    """Check what an archive says of its parts, before any is unpacked."""
    if len(parts) > MAX_PARTS:
        raise TableError(f"the workbook has {len(parts)} parts; at most {MAX_PARTS} are read")
    if any(part.flag_bits & 1 for part in parts):
        raise TableError(PROTECTED)
    if any(part.compress_type not in _COMPRESSIONS for part in parts):
        raise TableError("the workbook is compressed in a way that spreadsheets do not use")
    # `zipfile` unpacks no part beyond the size that it declares, so that the sum is what reading can cost.
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise TableError(f"the workbook unpacks to more than {MAX_UNPACKED >> 20} MiB: split it or send CSV")
    if any(part.file_size > max(_SMALL_PART, MAX_RATIO * part.compress_size) for part in parts):
        raise TableError(
            f"a part of the workbook is compressed more than {MAX_RATIO}:1, as no spreadsheet is: "
            "open it in a spreadsheet program and save it again, or send CSV"
        )


def count_rows(content: bytes) -> int:
    """Return at least how many rows with a value the sheets together have; raises as `check_archive`."""
    check_archive(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [archive.read(part) for part in archive.infolist() if part.filename.startswith(_SHEETS)]
    return sum(min(len(_ROW.findall(text)), len(_VALUE.findall(text))) for text in sheets)
