"""Typed options, and the resulting request."""

from typing import Any

import pytest
import typer

from models.campaign.requests import SampleRequest
from service.cli.sample_options import SampleOptions, numbers, pairs


@pytest.mark.parametrize(
    ("typed", "requested"),
    [
        ({}, {}),
        ({"beta": ["8", "32"]}, {"beta": [8.0, 32.0]}),
        ({"beta": ["bolder"]}, {"beta": "bolder"}),
        ({"preference": ["a=1", "a=0.5,b=0.5"]}, {"preference": [{"a": 1.0}, {"a": 0.5, "b": 0.5}]}),
        ({"like": ["smiles=C=C"]}, {"like": {"object": {"smiles": "C=C"}}}),
        (
            {"like": ["A=0.2", "B=0.8"], "similarity": 0.4},
            {"like": {"object": {"A": "0.2", "B": "0.8"}, "similarity": 0.4}},
        ),
        (
            {"avoid_group": ["scaffold:smiles=C=C", "base:A=1;B=2"]},
            {
                "avoid_groups": [
                    {"by": "scaffold", "object": {"smiles": "C=C"}},
                    {"by": "base", "object": {"A": "1", "B": "2"}},
                ]
            },
        ),
        ({"boldness": [0.0, 1.0]}, {"boldness": [0.0, 1.0]}),
        (
            {"require": ["[OH]"], "avoid": ["P"], "round": 2, "seed": 0},
            {"require": ["[OH]"], "avoid": ["P"], "round": 2, "seed": 0},
        ),
    ],
)
def test_words_become_the_request(typed: dict[str, Any], requested: dict[str, Any]):
    request = SampleOptions(5, **typed).request()
    assert request == {"n": 5, **requested}
    assert SampleRequest.model_validate(request).n == 5


@pytest.mark.parametrize(
    ("typed", "option"),
    [
        ({"beta": ["colder", "8"]}, "--beta"),
        ({"beta": ["hot"]}, "--beta"),
        ({"beta": ["8"], "boldness": [0.5]}, "--boldness"),
        ({"preference": ["a"]}, "--preference"),
        ({"preference": ["a=much"]}, "--preference"),
        ({"preference": ["a=1,a=2"]}, "--preference"),
        ({"like": ["CCO"]}, "--like"),
        ({"similarity": 0.5}, "--similarity"),
        ({"avoid_group": ["smiles=C"]}, "--avoid-group"),
    ],
)
def test_what_cannot_be_read_names_its_option(typed: dict[str, Any], option: str):
    with pytest.raises(typer.BadParameter) as refused:
        SampleOptions(5, **typed).request()
    assert refused.value.param_hint == option


def test_a_text_keeps_its_own_equals_signs():
    assert pairs("like", ["smiles=CC(=O)C"]) == {"smiles": "CC(=O)C"}
    assert numbers("threshold", ["a=-2", "b=1e3"]) == {"a": -2.0, "b": 1000.0}
