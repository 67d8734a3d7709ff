"""Values written over predictions are noticed, and contradicting columns of a value are refused."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from service.exchange import CampaignView, read_results, write_batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange import BatchRow

PREDICTED = {f"id-{number}": {"potency": 12.5, "solubility": -3.25} for number in range(3)}


@pytest.fixture
def read(batch_rows: Callable[..., list[BatchRow]], spec: CampaignSpec, domain: Domain) -> Callable[..., Any]:
    """Read a batch of three with changed cells, by row."""
    words = ["alpha", "beta", "gamma"]
    view = CampaignView(spec, domain, dict(zip(PREDICTED, words, strict=True)), predicted=PREDICTED)
    table = write_batch(batch_rows(words), spec, domain, "csv").content.decode()

    def reading(**changes: str) -> Any:
        rows = list(csv.DictReader(io.StringIO(table, newline="")))
        for place, value in changes.items():
            name, _, number = place.rpartition("__")
            for row in rows:
                row.setdefault(name, "")
            rows[int(number)][name] = value
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
        return read_results(out.getvalue().encode(), "text/csv", view)

    return reading


def test_results_in_place_of_predictions_are_told(read: Callable[..., Any]) -> None:
    report = read(potency_mean__0="102", potency_mean__2="<5", potency_mean__1="n.d.", solubility__1="-2")
    (warning,) = report.warnings
    assert warning == (
        "potency_mean of rows 2, 4 differ from what was predicted, and predictions are not read: results "
        "belong under "
        "potency"
    )
    assert [row.status for row in report.rows] == ["skipped", "accepted", "skipped"]


def test_predictions_with_decimal_commas_are_the_same(read: Callable[..., Any]) -> None:
    changes = {
        f"{name}_mean__{row}": text
        for name, text in (("potency", "12,5"), ("solubility", "-3,2500"))
        for row in range(3)
    }
    report = read(**changes, potency__0="7,5", potency__1="8,25")
    assert report.warnings == ()
    assert [row.result.value for row in report.rows if row.result] == [7.5, 8.25]


def test_predictions_as_they_were_written_are_no_news(read: Callable[..., Any]) -> None:
    assert read(potency__0="102").warnings == ()


@pytest.mark.parametrize(
    ("own", "shared", "column"), [("nM", "uM", "units"), (">", "<", "relation")], ids=["units", "relation"]
)
def test_two_columns_that_say_different_things_of_one_value_are_refused(
    read: Callable[..., Any], own: str, shared: str, column: str
) -> None:
    changes = {"potency__0": "5", f"potency_{column}__0": own, f"{column}__0": shared}
    (row, *_) = read(**changes).rows
    assert (row.status, "which is it?" in row.reason) == ("rejected", True)
    changes[f"{column}__0"] = own
    assert read(**changes).rows[0].status == "accepted"
