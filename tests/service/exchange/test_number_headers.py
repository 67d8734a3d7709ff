"""Errors and ends of ranges are read under headers that state units, if they are those of the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.specs.objectives import Objective
from service.exchange import CampaignView, TableError, read_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.domains.contract import Domain
    from service.exchange import Report


@pytest.fixture(scope="module")
def view(spec_of: Callable[..., CampaignSpec], domain: Domain):
    return CampaignView(spec_of(Objective(name="IC50", units="nM")), domain)


def read(view: CampaignView, text: str) -> Report:
    return read_results(text.encode(), "text/csv", view)


@pytest.mark.parametrize(
    "header", ["SEM (nM)", "standard_error (nM)", "IC50 SEM (nM)", "IC50_sem_nM", "SEM [nM]"]
)
def test_an_error_with_units_in_its_header_is_read(view: CampaignView, header: str):
    (row,) = read(view, f"word,IC50 (nM),{header}\ngamma,10,2\n").rows
    assert (row.result.value, row.result.standard_error) == (10, 2)


@pytest.mark.parametrize("header", ["upper_value (nM)", "IC50 upper value (nM)", "IC50_upper_value_nM"])
def test_the_end_of_a_range_with_units_in_its_header_is_read(view: CampaignView, header: str):
    (row,) = read(view, f"word,IC50,{header}\ngamma,10,20\n").rows
    assert (row.result.value, row.result.upper_value) == (10, 20)


def test_a_deviation_with_units_in_its_header_is_read(view: CampaignView):
    for header in ("SD (uM)", "IC50 SD (uM)"):
        (row,) = read(view, f"word,IC50 (uM),{header},n\ngamma,1,0.3,9\n").rows
        assert (row.result.value, row.result.standard_error) == (1000, pytest.approx(100))


def test_a_long_table_reads_them_too(view: CampaignView):
    (row,) = read(view, "word,type,value (uM),upper_value (uM),SEM (uM)\ngamma,IC50,1,2,0.1\n").rows
    assert (row.result.value, row.result.upper_value, row.result.standard_error) == (1000, 2000, 100)


@pytest.mark.parametrize(
    "text",
    [
        "word,IC50 (uM),SEM (nM)\ngamma,5,100\n",
        "word,IC50,SEM (uM)\ngamma,5,100\n",
        "word,IC50 (uM),IC50 SD (nM),n\ngamma,5,100,3\n",
        "word,type,value (uM),upper_value (nM)\ngamma,IC50,5,10000\n",
        "word,type,value,units,upper_value (nM)\ngamma,IC50,5,uM,10000\n",
    ],
)
def test_a_number_in_other_units_than_its_value_is_refused(view: CampaignView, text: str):
    with pytest.raises(
        TableError, match=r"states units of its own, but .* give both numbers in the same units"
    ):
        read(view, text)


def test_what_stands_in_brackets_may_be_no_units(view: CampaignView):
    report = read(view, "word,IC50 (nM),SD (n=3)\ngamma,5,1\n")
    assert report.warnings == ("not read: column 'SD (n=3)'",)


@pytest.mark.parametrize(("kind", "value"), [("IC50 (uM)", 5000), ("IC50 (nM)", 5), ("Mean IC50, uM", 5000)])
def test_a_type_that_states_units_is_the_assay_in_these_units(view: CampaignView, kind: str, value: float):
    (row,) = read(view, f'word,type,value\ngamma,"{kind}",5\n').rows
    assert (row.result.type, row.result.value, row.result.units) == ("IC50", value, "nM")


def test_a_type_and_a_column_that_state_different_units_reject_the_row(view: CampaignView):
    report = read(
        view, "word,type,value,units\ngamma,IC50 (uM),5,nM\ndelta,IC50 (uM),5,uM\nbeta,Ki (uM),5,uM\n"
    )
    assert [row.status for row in report.rows] == ["rejected", "accepted", "accepted"]
    assert [row.result.type for row in report.rows[1:]] == ["IC50", "Ki (uM)"]
    (row,) = read(view, "word,type,value (nM)\ngamma,IC50 (uM),5\n").rows
    assert (row.status, row.column) == ("rejected", "type")


def molecules() -> CampaignView:
    objectives = [{"name": "IC50", "units": "nM"}]
    spec = CampaignSpec.model_validate(
        {"name": "m", "domain": {"kind": "molecules"}, "objectives": objectives}
    )
    return CampaignView(spec, open_domain(spec.domain))


@pytest.mark.parametrize("header", ["Stereo SMILES 2", "Vendor SMILES"])
def test_a_column_that_may_be_the_object_is_named(header: str):
    message = f"add candidate_id or smiles or canonical_smiles; if {header!r} is it, name it smiles"
    with pytest.raises(TableError, match=message):
        read(molecules(), f"{header},IC50 (nM)\nCCO,5\n")


@pytest.mark.parametrize(
    ("atoms", "reason"),
    [
        ("C R#", "no row can be read: the structure is a query"),
        ("C Xx", "no row can be read: the structure cannot"),
    ],
)
def test_a_single_record_that_cannot_be_read_says_why(atoms: str, reason: str):
    symbols = atoms.split()
    lines = [f"    {place:.4f}    0.0000    0.0000 {symbol:<3} 0  0" for place, symbol in enumerate(symbols)]
    ends = ["  1  2  1  0", *(["M  RGP  1   2   1"] if "R#" in symbols else []), "M  END"]
    head = ["", "  test", "", "  2  1  0  0  0  0  0  0  0  0999 V2000"]
    record = "\n".join([*head, *lines, *ends, "> <IC50 (nM)>", "5", "", "$$$$", ""])
    with pytest.raises(TableError, match=reason):
        read_results(record.encode(), "chemical/x-mdl-sdfile", molecules())
