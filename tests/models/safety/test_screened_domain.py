"""A screened domain refuses objects that a list matches or cannot compare, and delegates the rest."""

import inspect
from typing import Any

import numpy as np
import pytest
from domain_examples import Example, names, open_example

from models.domains import installed, open_domain
from models.domains.contract import HAZARD, Domain, Violation
from models.safety.hazard_lists import HazardList, HazardListError
from models.safety.screened_domain import HazardError, ScreenedDomain

SPEC = installed()["switches"].spec.model_validate({"kind": "switches", "n": 3})


def screened(*matchers: Any) -> ScreenedDomain:
    lists = [HazardList(f"l{i}", "1", "switches", "f" * 64, lambda _, m=m: m) for i, m in enumerate(matchers)]
    return ScreenedDomain(open_domain(SPEC), SPEC, lists)


def test_what_a_list_names_is_refused_by_list_and_reason():
    domain = screened(lambda text: "burns" if "11" in text else None, lambda text: "odd" if text == "110" else None)
    burns = Violation(HAZARD, "hazard list l0: burns")
    assert domain.check("110") == [burns, Violation(HAZARD, "hazard list l1: odd")]
    assert domain.check("101") == []
    assert domain.check("1111") == [burns, Violation("n", "4 switches, not 3")]


def test_what_cannot_be_compared_is_refused():
    def fails(text: str) -> str | None:
        raise KeyError(text)

    assert screened(fails).check("101") == [Violation(HAZARD, "hazard list l0: could not be compared (KeyError)")]


def test_each_object_is_compared_once():
    compared: list[str] = []
    domain = screened(compared.append)
    for _ in range(3):
        domain.check("101")
    assert compared == ["101"]


def test_a_batch_is_looked_through_once_more():
    domain = screened(lambda text: "burns" if "11" in text else None)
    domain.assert_no_hazards(["101", "010"])
    with pytest.raises(HazardError, match="hazard list l0: burns; nothing is proposed"):
        domain.assert_no_hazards(["101", "011"])


def test_a_list_in_another_language_stops_the_round():
    def foreign(domain: Domain) -> Any:
        return domain.pattern("KK")

    with pytest.raises(HazardListError, match="'l': expected letters"):
        ScreenedDomain(open_domain(SPEC), SPEC, [HazardList("l", "1", "switches", "f" * 64, foreign)])
    elsewhere = HazardList("l", "1", "peptides", "f" * 64, foreign)
    assert ScreenedDomain(open_domain(SPEC), SPEC, [elsewhere]).lists == ()


def test_the_audit_names_the_lists_and_their_content():
    assert screened(lambda _: None).provenance() == [{"name": "l0", "version": "1", "sha256": "f" * 64}]


@pytest.fixture(params=names(), ids=lambda name: f"{name[0]}-{name[1]}")
def example(request: pytest.FixtureRequest) -> Example:
    return open_example(*request.param)


def test_everything_else_is_the_domain_s_own(example: Example):
    spec = example.plugin.spec.model_validate(example.spec)
    domain, own, texts = ScreenedDomain(example.domain, spec, ()), example.domain, example.texts
    assert [domain.parse(row) for row in example.rows] == texts
    assert [domain.check(text) for text in texts] == [own.check(text) for text in texts]
    assert [domain.columns(text) for text in texts] == [own.columns(text) for text in texts]
    assert [domain.display(text) for text in texts] == [own.display(text) for text in texts]
    assert domain.draw(texts, texts) == own.draw(texts, texts)
    np.testing.assert_array_equal(domain.features(texts), own.features(texts))
    np.testing.assert_array_equal(domain.similarity(texts, texts), own.similarity(texts, texts))
    for name in own.groupings:
        assert domain.group(texts, name) == own.group(texts, name)
    for name in own.computed:
        np.testing.assert_array_equal(domain.properties(texts, [name])[name], own.properties(texts, [name])[name])
    assert type(domain.kernel()) is type(own.kernel())
    assert domain.environment(texts).n_actions == own.environment(texts).n_actions


def test_every_part_of_the_contract_is_passed_on(example: Example):
    spec = example.plugin.spec.model_validate(example.spec)
    domain = ScreenedDomain(example.domain, spec, ())
    for name in inspect.get_annotations(Domain):
        assert getattr(domain, name) is getattr(example.domain, name), name
