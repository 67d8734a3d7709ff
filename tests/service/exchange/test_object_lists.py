"""Long lists: cut into parts, they give the same rows, numbers and content as in one piece."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from models.domains import collections, open_domain
from models.domains.molecules.spec import MoleculesSpec
from service.exchange import TableError, list_parts
from service.exchange.list_parts import list_parts as parts_of
from service.exchange.object_lists import ListReport, read_part

if TYPE_CHECKING:
    from models.domains.contract import Domain

MOLFILE = (
    "\n  test\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 C   0  0\nM  END\n"
)


@pytest.fixture(scope="module")
def domain() -> Domain:
    return open_domain(MoleculesSpec())


def read(content: bytes, domain: Domain, media_type: str = "text/csv") -> tuple[int, ListReport]:
    report = ListReport("smiles", "form")
    parts = list(parts_of(content, media_type, domain.object_columns))
    for part in parts:
        report.add(read_part(part, domain, lambda _share: None))
    assert [part.share for part in parts] == sorted(part.share for part in parts)
    assert parts[-1].share == pytest.approx(1.0)
    return len(parts), report


def table() -> bytes:
    rows = [f'{"C" * (n % 30 + 1)}O;"of\r\ntwo ""lines"" {n}";{n}' for n in range(40)]
    rows[25] = "oops;;25"
    rows[30] = ""
    return "\r\n".join(["sep=;", "My stock", "SMILES;Notes;Item No.", *rows, ""]).encode("utf-16")


def test_a_table_in_parts_reads_as_in_one_piece(domain: Domain, monkeypatch: pytest.MonkeyPatch):
    n_whole, whole = read(table(), domain)
    monkeypatch.setattr(list_parts, "PART_LINES", 12)
    n_parts, cut = read(table(), domain)
    assert (n_whole, n_parts > 4) == (1, True)
    assert cut.content() == whole.content()
    assert cut.as_json() == whole.as_json()
    assert (whole.counts["accepted"], whole.counts["rejected"], whole.counts["repeated"]) == (38, 1, 9)
    (bad,) = [row for row in cut.remarks if row["status"] == "rejected"]
    assert bad["row"] == 29
    last = list(collections.parse(cut.content()))[-1]
    assert (last["notes"], last["catalogue_number"]) == ('of\r\ntwo "lines" 39', "39")


def test_an_sdf_in_parts_keeps_the_columns_that_come_later(domain: Domain, monkeypatch: pytest.MonkeyPatch):
    fields = ["", ">  <Vendor>\nACME\n\n", ">  <Cost>\n3\n\n"]
    content = "".join(f"{MOLFILE}{each}$$$$\n" for each in fields).encode()
    monkeypatch.setattr(list_parts, "PART_RECORDS", 1)
    n_parts, report = read(content, domain, "chemical/x-mdl-sdfile")
    assert n_parts == 3
    assert report.columns == ["smiles", "smiles_as_sent", "supplier", "cost"]
    rows = list(collections.parse(report.content()))
    assert [(row["supplier"], row["cost"]) for row in rows] == [("", ""), ("ACME", ""), ("", "3")]


def test_a_list_that_is_too_long_or_has_no_structures_is_refused(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(TableError, match="no column describes an object"):
        read(b"name,price\nethanol,1\n", domain)
    monkeypatch.setattr(list_parts, "MAX_LIST_ROWS", 3)
    with pytest.raises(TableError, match="more than 3 rows"):
        read(b"smiles\n" + b"C\n" * 6, domain)


def test_a_list_of_substituents_keeps_them_as_they_were_sent(domain: Domain):
    _, report = read(b"smiles\n[*]OC\n[*]F\nOC\n[*]c1ccc([*])cc1\n", domain)
    kept = [(row["smiles"], row["smiles_as_sent"]) for row in collections.parse(report.content())]
    assert kept == [("[*]OC", ""), ("[*]F", ""), ("CO", "OC")]
    (bad,) = [row for row in report.remarks if row["status"] == "rejected"]
    assert (bad["row"], bad["reason"]) == (5, "'[*]c1ccc([*])cc1' has an open attachment point")


def test_an_r_group_table_needs_no_column_of_objects(domain: Domain):
    _, report = read(b"R1,Note,R2\n[*:1]OC,a,F\nH,b,\n,c,\n[*]C,d,xx(\n", domain)
    kept = [(row["r1"], row["r2"], row["note"]) for row in collections.parse(report.content())]
    assert kept == [("[*:1]OC", "F", "a"), ("H", "", "b")]
    assert (report.counts["skipped"], report.counts["accepted"]) == (1, 2)
    (bad,) = report.remarks
    assert (bad["row"], bad["column"]) == (5, "R2")
    assert bad["reason"].startswith("'xx(' is no part of an object")
    content = report.content()
    scaffold = {
        "smiles": "[*:1]c1ccc([*:2])cc1",
        "table": {"collection": hashlib.sha256(content).hexdigest()},
    }
    collections.set_source(lambda _digest: content)
    design = open_domain(MoleculesSpec.model_validate({"scaffold": scaffold})).design
    collections.set_source(collections._no_source)
    assert [len(position.groups) for position in design.positions] == [1, 1]
    assert [position.may_stay_open for position in design.positions] == [True, False]
