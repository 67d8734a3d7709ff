"""FASTA and HELM: what a batch is downloaded as can be read again, and other people's files as well."""

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import ProposedCandidate
from service.exchange import BatchRow, TableError, UnknownFormatError, read_objects, read_table, write_batch
from service.exchange.registry import media_type_named

SPEC = CampaignSpec.model_validate(
    {"name": "p", "domain": {"kind": "peptides"}, "objectives": [{"name": "MIC"}]}
)
DOMAIN = open_domain(SPEC.domain)
IDS = ["0192f0c1-0000-7000-8000-00000000000a", "0192f0c1-0000-7000-8000-00000000000b"]
OBJECTS = ["KLAKLAKKLAKLAK", "Ac-GIGKF-NH2"]


def batch_rows() -> list[BatchRow]:
    """Return two stored candidates."""
    return [
        BatchRow(
            name,
            "proposed",
            ProposedCandidate(rank, text, {}, {}, 0.0, 1.0, {}, 1.0, {}, 0.0, 0.0, None, "good"),
        )
        for rank, (name, text) in enumerate(zip(IDS, OBJECTS, strict=True), start=1)
    ]


@pytest.mark.parametrize(("extension", "media_type"), [("fasta", "text/x-fasta"), ("helm", "text/x-helm")])
def test_a_downloaded_batch_names_its_candidates_and_is_read_again(extension: str, media_type: str) -> None:
    content = write_batch(batch_rows(), SPEC, DOMAIN, extension).content
    assert media_type_named(f"round-1.{extension}") == media_type
    table = read_table(content, media_type, DOMAIN.object_columns)
    assert [row.cells["candidate_id"] for row in table.rows] == IDS
    assert [row.object for row in read_objects(content, media_type, DOMAIN).rows] == OBJECTS
    assert all(f"rank={rank}" in content.decode() for rank in (1, 2))


def test_a_wrapped_record_is_one_chain_and_two_records_are_two() -> None:
    content = b">sp|P1|ONE a protein\nGIGKF\nLHSAK\n\n>two\r\nKLAKL\r\n>three\nKLA KLA*\n"
    report = read_objects(content, "text/x-fasta", DOMAIN)
    assert [row.object for row in report.rows] == ["GIGKFLHSAK", "KLAKL", "KLAKLA"]
    names = [row.cells["name"] for row in read_table(content, "text/x-fasta").rows]
    assert names == ["sp|P1|ONE", "two", "three"]


def test_a_header_and_a_sequence_that_disagree_are_refused() -> None:
    (row,) = read_objects(b">a PEPTIDE1{A.C}$$$$V2.0\nAD\n", "text/x-fasta", DOMAIN).rows
    assert row.status == "rejected"
    assert "which is it" in str(row.reason)


@pytest.mark.parametrize(
    ("content", "media_type", "words"),
    [
        (b"ACD\n>a\nACD\n", "text/x-fasta", "begins otherwise"),
        (b"", "text/x-fasta", "no record"),
        (b"\n\n", "text/x-helm", "no record"),
    ],
)
def test_a_file_that_is_none_is_refused(content: bytes, media_type: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        read_table(content, media_type)


def test_only_peptides_have_sequences() -> None:
    with pytest.raises(UnknownFormatError):
        read_table(b">a\nACD\n", "text/x-fasta", ("smiles",))
