"""The peptides' specification: defaults, spellings of the alphabet, errors that name the field."""

from typing import Any

import pytest
from pydantic import ValidationError

from models.domains.peptides.residues import RESIDUES
from models.domains.peptides.spec import PeptidesSpec


def test_defaults_are_all_residues_with_free_ends():
    spec = PeptidesSpec()
    assert spec.alphabet == RESIDUES
    assert (spec.n_terminus, spec.c_terminus, spec.fixed) == ("free", "free", {})


def test_alphabet_is_a_text_or_a_list():
    assert PeptidesSpec.model_validate({"alphabet": ["K", "L"]}) == PeptidesSpec(alphabet="KL")


def test_positions_are_json_keys():
    spec = PeptidesSpec.model_validate_json('{"kind": "peptides", "fixed": {"1": "C", "4": "K"}}')
    assert spec.fixed == {1: "C", 4: "K"}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"min_length": 0}, "min_length"),
        ({"max_length": 61}, "max_length"),
        ({"min_length": 9, "max_length": 8}, "max_length"),
        ({"alphabet": "KLB"}, "alphabet: B"),
        ({"alphabet": "KLK"}, "alphabet"),
        ({"alphabet": ""}, "alphabet"),
        ({"alphabet": [1, 2]}, "alphabet"),
        ({"alphabet": ["PHE", "GLY"]}, "alphabet: each item is one letter, 'PHE' is none: write 'F'"),
        ({"alphabet": ["K", ""]}, "alphabet: each item is one letter"),
        ({"fixed": {"1": "K", "01": "R"}}, "fixed: '1' and '01' both name position 1"),
        ({"fixed": {"2": "K", " 2": "K"}}, "both name position 2"),
        ({"fixed": {"1": "K", "1.0": "R"}}, "fixed: '1' and '1.0' both name position 1"),
        ({"fixed": {"+2.": "K", "2": "R"}}, "both name position 2"),
        ({"n_terminus": "pyro"}, "n_terminus"),
        ({"c_terminus": "acid"}, "c_terminus"),
        ({"fixed": {"0": "K"}}, "fixed"),
        ({"fixed": {"1": "Lys"}}, "fixed"),
        ({"min_length": 5, "fixed": {"6": "K"}}, "fixed: position 6"),
        ({"cyclic": True}, "cyclic"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], named: str):
    with pytest.raises(ValidationError, match=named):
        PeptidesSpec.model_validate(fields)
