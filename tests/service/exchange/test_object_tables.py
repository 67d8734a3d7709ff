"""Tables of objects alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.exchange import TableError, UnknownFormatError, read_objects

if TYPE_CHECKING:
    from service.exchange import CampaignView


def test_every_row_is_an_object_or_says_why_not(view: CampaignView):
    content = b"Word,note\nApple,x\n,y\n42,z\nPEAR,\n"
    report = read_objects(content, "text/csv", view.domain)
    assert [(row.row, row.status, row.object, row.column) for row in report.rows] == [
        (2, "accepted", "apple", None),
        (3, "skipped", None, None),
        (4, "rejected", None, "Word"),
        (5, "accepted", "pear", None),
    ]
    assert "42" in (report.rows[2].reason or "")


def test_a_row_that_cannot_be_split_stops_no_other(view: CampaignView):
    report = read_objects(b"word,note\napple,x\npear,y,z\nplum,\n", "text/csv", view.domain)
    assert [row.status for row in report.rows] == ["accepted", "rejected", "accepted"]


def test_json_rows_are_objects_too(view: CampaignView):
    report = read_objects(b'[{"word": "apple"}, {"spelling": "pear"}, 5]', "application/json", view.domain)
    assert [row.object for row in report.rows] == ["apple", "pear", None]
    assert [row.warnings for row in report.rows] == [(), ("read by its spelling",), ()]


def test_a_table_without_an_object_is_refused(view: CampaignView):
    with pytest.raises(TableError, match="word or spelling"):
        read_objects(b"note\nx\n", "text/csv", view.domain)
    with pytest.raises(UnknownFormatError):
        read_objects(b"", "image/png", view.domain)
