"""A wrapper delegates every method of the contract to its domain."""

import inspect

import numpy as np
from domain_examples import Example

from models.domains.contract import Domain
from models.domains.wrapper import DelegatingDomain


def _cells(domain: Domain, text: str) -> dict[str, str]:
    return {name: str(cell) for name, cell in domain.columns(text).items() if str(cell)}


def test_no_question_is_left_to_the_wrappers():
    assert not inspect.isabstract(DelegatingDomain)
    assert Domain.__abstractmethods__ <= set(vars(DelegatingDomain))
    of_the_contract = {name for name, value in vars(Domain).items() if inspect.isfunction(value)}
    derived = {"parse", "__init__"}  # follows from `read_object`
    assert of_the_contract - derived <= set(vars(DelegatingDomain))


def test_everything_is_the_domain_s_own(example: Example):
    own, texts = example.domain, example.texts
    domain = DelegatingDomain(own)
    for name in Domain.__annotations__:
        assert getattr(domain, name) == getattr(own, name)
    assert [domain.parse(row) for row in example.rows] == texts
    for name in (*own.object_columns, *own.qualifying_columns):
        assert domain.names_object({name: "x"}) == own.names_object({name: "x"})
    for text in texts:
        assert domain.check(text) == own.check(text)
        assert domain.columns(text) == own.columns(text)
        assert domain.display(text) == own.display(text)
        assert domain.standard_form(text) == own.standard_form(text) == text
        assert domain.variants(text) == own.variants(text)
        assert domain.remarks(text) == own.remarks(text)
        assert domain.made_as(text, text) is own.made_as(text, text) is None
        assert all(domain.parse(_cells(domain, item)) == item for item in domain.variants(text))
    assert domain.draw(texts, texts) == own.draw(texts, texts)
    assert domain.parts(texts) == own.parts(texts)
    for name in own.groupings:
        assert domain.group(texts, name) == own.group(texts, name)
    for name in own.computed:
        np.testing.assert_array_equal(
            domain.properties(texts, [name])[name], own.properties(texts, [name])[name]
        )
    np.testing.assert_array_equal(domain.features(texts), own.features(texts))
    np.testing.assert_array_equal(domain.similarity(texts, texts), own.similarity(texts, texts))
    assert type(domain.environment(texts)) is type(own.environment(texts))
    assert type(domain.kernel()) is type(own.kernel())
