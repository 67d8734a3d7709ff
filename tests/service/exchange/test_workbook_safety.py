"""Archives that must not be parsed."""

from __future__ import annotations

import io
import zipfile

import pytest

from service.exchange import TableError
from service.exchange import workbook_safety as archives
from service.exchange.workbook_safety import check_archive


def packed(parts: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


@pytest.mark.parametrize(
    ("text", "has_formulas"),
    [
        (b"<c><v>1</v></c>", False),
        (b"<font/><fill/>", False),
        (b"<c><f>A1</f></c>", True),
        (b"<c><f/></c>", True),
        (b'<x:c><x:f t="shared" si="0"/></x:c>', True),
    ],
)
def test_formulas_are_noticed(text: bytes, has_formulas: bool):  # noqa: FBT001 - an expected answer
    assert check_archive(packed({"sheet.xml": text})) is has_formulas


def test_a_bomb_is_refused_by_what_it_declares(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED", 2**20)
    content = packed({"a.xml": bytes(2**19), "b.xml": bytes(2**19 + 1)})
    assert len(content) < 5_000
    with pytest.raises(TableError, match="more than 1 MiB"):
        check_archive(content)


def test_too_many_cells_or_parts_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archives, "MAX_TAGS", 100)
    assert not check_archive(packed({"a.xml": b"<c/>" * 100}))
    with pytest.raises(TableError, match="too many cells"):
        check_archive(packed({"a.xml": b"<c/>" * 60, "b.xml": b"<c/>" * 60}))
    assert not check_archive(packed({"xl/styles.xml": b"<c/>" * 10}))
    with pytest.raises(TableError, match="too many cells"):
        check_archive(packed({"xl/styles.xml": b"<c/>" * 11}))
    with pytest.raises(TableError, match="parts"):
        check_archive(packed({f"{i}.xml": b"" for i in range(archives.MAX_PARTS + 1)}))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_and_so_entities_are_refused(encoding: str):
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    with pytest.raises(TableError, match="document type"):
        check_archive(packed({"xl/sharedStrings.xml": bomb.encode(encoding)}))


def test_other_compressions_are_refused():
    with pytest.raises(TableError, match="compressed"):
        check_archive(packed({"a.xml": b"x" * 1000}, zipfile.ZIP_BZIP2))


def test_protected_and_old_workbooks_are_told_apart():
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
    with pytest.raises(TableError, match=r"\.xls"):
        check_archive(ole + "Workbook".encode("utf-16-le"))
    with pytest.raises(TableError, match="password"):
        check_archive(ole + "EncryptedPackage".encode("utf-16-le"))
    content = bytearray(packed({"a.xml": b"<a/>"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the central directory's flag of encryption
    with pytest.raises(TableError, match="password"):
        check_archive(bytes(content))


def test_a_part_whose_bytes_are_wrong_is_refused():
    content = bytearray(packed({"a.xml": b"hello, hello"}, zipfile.ZIP_STORED))
    content[content.index(b"hello")] ^= 1
    with pytest.raises(TableError, match="damaged"):
        check_archive(bytes(content))
