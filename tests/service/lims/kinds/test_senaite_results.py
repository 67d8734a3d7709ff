"""What SENAITE has measured, from a fake with the manners of the real site, and from its recorded answers."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from connector_calls import opened
from fakes.lab import Measurement
from fakes.senaite import SenaiteFake, make_fake
from fakes.server import Answered
from lane_calls import LOGIN_PAGE, material, pushed, read_all, records_of

from service.lims.contract import (
    MeasuredRecord,
    Page,
    RetryLaterError,
    Scope,
)
from service.lims.kinds.senaite import SenaiteConnector


@pytest.fixture
def fake() -> Iterator[SenaiteFake]:
    made = make_fake()
    yield made
    made.close()


def measured(pages: list[Page]) -> list[MeasuredRecord]:
    return [item for page in pages for item in page.measurements]


def values(pages: list[Page]) -> list[tuple[str | None, str, str]]:
    """Return key, result and standing of what was read, without what waits for a result, in order."""
    found = [item for item in measured(pages) if item.fields.get("Result") or item.standing == "withdrawn"]
    return [(item.about.key, item.fields.get("Result", ""), item.standing) for item in found]


def test_unpublished_results_are_preliminary_unless_verified_ones_count(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    (analysis,) = fake.analyses(fake.samples("c001")[0])
    fake.set_result(analysis, Measurement("12.50"))
    fake.samples("c001")[0]["review_state"] = "sample_received"
    standings = []
    pages = read_all(connector, scope)
    for state in ("to_be_verified", "verified", "published"):
        analysis["review_state"] = state
        pages = read_all(connector, scope, pages)
        standings += [item.standing for item in measured(pages)]
    assert standings == ["preliminary", "preliminary", "final"]
    analysis["review_state"] = "verified"
    (item,) = measured(read_all(opened(SenaiteConnector, fake, counts="verified"), scope))
    assert (item.standing, item.fields["Result"], item.source) == ("final", "12.50", "IC50")
    assert item.measured_at is not None


def test_a_retracted_analysis_is_withdrawn_and_its_retest_is_final(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 2)
    first = fake.measure("c001", Measurement("12.50"))
    pages = read_all(connector, scope)
    assert values(pages) == [("c001", "12.50", "final")]
    fake.withdraw(first)
    pages = read_all(connector, scope, pages)
    withdrawn, retest = measured(pages)
    assert (withdrawn.id, withdrawn.standing, retest.standing) == (first, "withdrawn", "preliminary")
    second = fake.measure("c001", Measurement("13"))
    pages = read_all(connector, scope, pages)
    (item,) = measured(pages)
    assert (item.id, item.fields["Result"], item.standing) == (second, "13", "final")
    assert item.fields["RetestOf"] == first
    assert not measured(read_all(connector, scope, pages))


def test_a_corrected_result_withdraws_the_former_one(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    first = fake.measure("c001", Measurement("12.50"))
    pages = read_all(connector, scope)
    fake.correct(first, Measurement("30", relation=">", units="uM"))
    assert values(read_all(connector, scope, pages)) == [
        ("c001", "12.50", "withdrawn"),
        ("c001", "30", "final"),
    ]


def test_an_invalid_sample_counts_no_more_and_its_retest_does(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    fake.measure("c001", Measurement("12.50"))
    pages = read_all(connector, scope)
    fake.invalidate("c001")
    fake.measure("c001", Measurement("14"))
    assert values(read_all(connector, scope, pages)) == [
        ("c001", "12.50", "withdrawn"),
        ("c001", "14", "final"),
    ]


@pytest.mark.parametrize(
    ("relation", "value", "units"), [("<", "10", "nM"), (">", "30", "uM"), ("=", "7.10", "nM")]
)
def test_the_operand_of_a_limit_is_a_relation(
    fake: SenaiteFake, relation: str, value: str, units: str
) -> None:
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    fake.measure("c001", Measurement(value, relation=relation, units=units))
    (item,) = measured(read_all(connector, scope))
    assert (item.fields["Relation"], item.fields["Result"], item.fields["Unit"]) == (relation, value, units)


def test_a_rejected_analysis_is_an_outcome_and_a_removed_one_is_withdrawn(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 2)
    rejected = fake.analyses(fake.samples("c001")[0])[0]
    fake.samples("c001")[0]["review_state"] = "sample_received"
    rejected["review_state"] = "rejected"
    removed = fake.measure("c002", Measurement("1"))
    pages = read_all(connector, scope)
    assert [item.fields["Outcome"] for item in measured(pages)] == ["rejected", ""]
    del fake.objects[removed]
    (item,) = measured(read_all(connector, scope, pages))
    assert (item.id, item.source, item.standing) == (removed, "IC50", "withdrawn")


def test_a_sample_that_the_lab_does_not_have_costs_one_request(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 5)
    n_before = fake.n_requests
    assert not measured(read_all(connector, scope))
    assert fake.n_requests - n_before == 5 + 1, "a search for each, and whether the session held"


def test_many_samples_are_read_over_pages_once(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 45)
    for n in range(1, 46):
        fake.measure(f"c{n:03}", Measurement(str(n)))
    fake.set_page_size(2)
    pages = read_all(connector, scope)
    assert len(pages) == 3
    assert sorted(values(pages)) == [(f"c{n:03}", str(n), "final") for n in range(1, 46)]
    assert not measured(read_all(connector, scope, pages))
    assert json.loads(pages[0].content)[0]["items"]


@pytest.mark.parametrize("skip", range(6))
def test_a_page_of_a_proxy_is_never_an_answer(fake: SenaiteFake, skip: int) -> None:
    """Of a pull, the requests are: login, sample, analyses, another sample, its analyses, whether it held."""
    scope = pushed(opened(SenaiteConnector, fake), 2)
    fake.measure("c001", Measurement("5"))
    fake.measure("c002", Measurement("6"))
    connector = opened(SenaiteConnector, fake)
    fake.answer_instead(LOGIN_PAGE, skip=skip)
    with pytest.raises(RetryLaterError, match="text/html"):
        connector.changes(scope, None)
    assert len(values(read_all(connector, scope))) == 2


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"items": [', b'{"success": false, "message": "x"}'])
def test_json_of_something_else_withdraws_nothing(fake: SenaiteFake, body: bytes) -> None:
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    fake.measure("c001", Measurement("1"))
    pages = read_all(connector, scope)
    for skip in (0, 1):
        fake.answer_instead(Answered(200, body), skip=skip)
        with pytest.raises(RetryLaterError):
            read_all(connector, scope, pages)
    assert not measured(read_all(connector, scope, pages))


RECORDED = {
    "created": (
        b'{"count": 1, "items": [{"uid": "5f0c", "id": "FE-0001", "path": "/plone/clients/client-7/FE-0001", '
        b'"url": "http://nohost/plone/clients/client-7/FE-0001", "portal_type": "AnalysisRequest", '
        b'"api_url": "http://nohost/plone/@@API/senaite/v1/analysisrequest/5f0c"}], "_runtime": 0.45}'
    ),
    "sample": (
        b'{"count": 1, "pagesize": 25, "page": 1, "pages": 1, "next": null, "previous": null, '
        b'"items": [{"uid": "5f0c", "id": "FE-0001", "getClientSampleID": "c001", '
        b'"review_state": "published"}], "_runtime": 0.1}'
    ),
    "analyses": (
        b'{"count": 1, "pagesize": 25, "page": 1, "pages": 1, "next": null, "previous": null, '
        b'"_runtime": 0.2, "items": [{"uid": "a1", "id": "Sal", "portal_type": "Analysis", '
        b'"getRequestID": "FE-0001", "Keyword": "Sal", "title": "Salmonella", "Result": "0.050", '
        b'"DetectionLimitOperand": "<", "Unit": "cfu/g", "Uncertainty": null, "review_state": "published", '
        b'"Remarks": "", "RetestOf": null, "ResultCaptureDate": "2024-01-03T10:15:00+01:00", '
        b'"isRetest": false, "getFormattedResult": "< 0.05"}]}'
    ),
    "allowed": b'{"_runtime": 0.0004}',
}
"""Answers as the site's own tests have them, shortened, with other names and numbers."""


def test_recorded_answers_are_understood(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    connector.put_materials([material(9)])
    # What is set up is known by now: a search, whether the session held, and the creation.
    fake.answer_instead(Answered(200, RECORDED["created"]), skip=2)
    (record,) = records_of(connector.put_materials([material(1)]))
    assert (record.id, record.key, record.url) == (
        "5f0c",
        "c001",
        "http://nohost/plone/clients/client-7/FE-0001",
    )
    for skip, name in enumerate(("sample", "analyses", "allowed")):
        fake.answer_instead(Answered(200, RECORDED[name]), skip=skip)
    (item,) = measured([connector.changes(Scope(materials=[record]), None)])
    assert (item.id, item.source, item.standing) == ("a1", "Sal", "final")
    assert [item.fields[name] for name in ("Relation", "Result", "Unit", "Sample")] == [
        "<",
        "0.050",
        "cfu/g",
        "FE-0001",
    ]
    assert item.measured_at is not None
    assert item.measured_at.isoformat() == "2024-01-03T10:15:00+01:00"


def test_a_record_without_a_key_reads_no_samples_of_others(fake: SenaiteFake) -> None:
    scope = pushed(opened(SenaiteConnector, fake), 1)
    fake.measure("c001", Measurement("5"))
    fake.samples("c001")[0]["getClientSampleID"] = ""
    nameless = Scope(materials=[replace(scope.materials[0], key=None)])
    assert not measured(read_all(opened(SenaiteConnector, fake), nameless))
