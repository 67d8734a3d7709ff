"""A file's bytes as text: UTF-8, UTF-16, Windows-1252, or the charset that was declared. Knows no format."""

from __future__ import annotations

import codecs

from service.exchange.tables import TableError, is_storable

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_HEAD = 4_096
_MOST_ZERO = 0.7
"""Share of zeros among the higher bytes of a text that is mostly ASCII."""
# Codecs that are no alphabets (zlib, punycode) would let a small file ask for much work.
_CHARSETS = ("utf-", "ascii", "iso8859", "cp", "mac", "shift", "euc", "gb", "big5", "koi8")


def decode(content: bytes, charset: str | None) -> tuple[str, list[str], str]:
    """Return the text, warnings of what was guessed, and the encoding.

    Raises:
        TableError: if the charset is unknown or not that of the content, or the text cannot be stored.
    """
    if content.startswith(b"PK\x03\x04"):
        raise TableError("the file is a workbook or another archive, not text: send it as what it is")
    text, warnings, encoding = _decoded(content, charset)
    if not is_storable(text):
        raise TableError("the file holds NUL characters: it is no text, or UTF-16 without a byte order mark")
    return text, warnings, encoding


def _decoded(content: bytes, charset: str | None) -> tuple[str, list[str], str]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _strict(content[len(mark) :], encoding), [], encoding
    if charset is not None:
        return _strict(content, charset), [], charset.lower()
    if wide := _without_mark(content):
        return (
            _strict(content, wide),
            [f"the file has no byte order mark; it was read as {wide.upper()}"],
            wide,
        )
    try:
        return content.decode("utf-8"), [], "utf-8"
    except UnicodeDecodeError:
        warning = "the file is not UTF-8; it was read as Windows-1252: check letters outside ASCII, such as µ"
        return content.decode("cp1252", errors="replace"), [warning], "windows-1252"


def _without_mark(content: bytes) -> str | None:
    """Return which UTF-16 a text without a mark is in: every other byte of plain letters is zero."""
    head = content[: _HEAD & ~1]
    if len(content) % 2 or not head:
        return None
    halves = head[0::2], head[1::2]
    shares = [half.count(0) / len(half) for half in halves]
    if min(shares) > 0 or max(shares) < _MOST_ZERO:
        return None
    return "utf-16-le" if shares[1] else "utf-16-be"


def codec_name(encoding: str) -> str:
    """Return Python's name of an encoding.

    Raises:
        TableError: if it is unknown, or none of texts.
    """
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        raise TableError(f"unknown charset {encoding[:40]!r}") from error
    if not name.startswith(_CHARSETS):
        raise TableError(f"unknown charset {encoding[:40]!r}")
    return name


def _strict(content: bytes, encoding: str) -> str:
    name = codec_name(encoding)
    try:
        return content.decode(name)
    except ValueError as error:
        raise TableError(f"the file is not valid {encoding}") from error
