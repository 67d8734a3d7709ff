"""Stereoisomers that a text leaves open, and the features that tell them apart."""

from __future__ import annotations

import numpy as np
import pytest

from models.domains.molecules.chemistry.configurations import N_CONFIGURATIONS
from models.domains.molecules.chemistry.features import N_AMOUNTS, features, parts_of
from models.domains.molecules.chemistry.files import write_sdf
from models.domains.molecules.chemistry.reading import read_smiles
from models.domains.molecules.chemistry.stereoisomers import made_as, statement, stereoisomers


@pytest.mark.parametrize(
    ("text", "said", "n_isomers"),
    [
        ("CCO", "none", 1),
        ("CN=C(C)N", "none", 1),
        ("CCC(C)O", "racemate", 2),
        ("CC[C@H](C)O", "defined", 1),
        ("C/C=C/C", "defined", 1),
        ("CC=CC", "2 of 2 isomers", 2),
        ("CCC(C)=NO", "2 of 2 isomers", 2),
        ("CC(O)C(C)O", "3 of 3 isomers", 3),
        ("CC(N)C(O)C(=O)O", "4 of 4 isomers", 4),
        ("C[C@H](N)C(O)C(=O)O", "2 of 4 isomers", 2),
        ("CC1CCC(O)CC1", "2 of 2 isomers", 2),
        ("CC1CC2CCC1C2", "4 of 4 isomers", 4),
        ("C1CC2CCC1C2", "none", 1),
        ("C[C@H](F)[C@@H](C)Cl |&1:1,3|", "racemate", 2),
        ("C[C@H](F)[C@@H](C)Cl |o1:1,3|", "1 of 2 isomers, not known which", 2),
        ("CC(F)C(Cl)C(Br)C(I)C(O)C(N)C", "32 of at least 32 isomers", 8),
    ],
)
def test_open_isomers_are_counted_told_and_listed(text: str, said: str, n_isomers: int) -> None:
    text = read_smiles(text).text
    isomers = stereoisomers(text, 8)
    assert statement(text) == said
    assert len(isomers) == n_isomers
    assert {statement(isomer) for isomer in isomers} <= {"defined", "none"}
    assert [read_smiles(isomer).text for isomer in isomers] == list(isomers)


@pytest.mark.parametrize(
    ("proposed", "made", "words"),
    [
        ("CCC(C)O", "CC[C@H](C)O", "one stereoisomer of what was proposed"),
        ("CC(O)C(C)O", "C[C@H](O)C(C)O", "fewer stereoisomers than proposed"),
        ("CC[C@H](C)O", "CCC(C)O", "a mixture of stereoisomers that contains the proposed one"),
        ("C[C@H](F)[C@@H](C)Cl |&1:1,3|", "C[C@H](F)[C@@H](C)Cl", "one stereoisomer of what was proposed"),
        ("CC[C@H](C)O", "CC[C@@H](C)O", None),
        ("CCC(C)O", "CCCCO", None),
        ("CCC(C)O", "CCC(C)O", None),
    ],
)
def test_what_was_made_is_a_form_of_what_was_proposed(proposed: str, made: str, words: str | None) -> None:
    assert made_as(read_smiles(proposed).text, read_smiles(made).text) == words


@pytest.mark.parametrize(
    "isomers_and_mixture",
    [
        ("C[C@@H](O)CC", "C[C@H](O)CC", "CC(O)CC"),
        ("C/C=C/CO", "C/C=C\\CO", "CC=CCO"),
        ("C[C@H]1CC[C@@H](O)CC1", "C[C@H]1CC[C@H](O)CC1", "CC1CCC(O)CC1"),
        ("C[S@](=O)c1ccccc1", "C[S@@](=O)c1ccccc1", "CS(=O)c1ccccc1"),
        ("C[C@H](F)[C@@H](C)Cl", "C[C@@H](F)[C@H](C)Cl", "C[C@H](F)[C@@H](C)Cl |&1:1,3|"),
    ],
)
def test_isomers_differ_for_the_model_and_the_mixture_lies_midway(
    isomers_and_mixture: tuple[str, str, str],
) -> None:
    texts = [read_smiles(text).text for text in isomers_and_mixture]
    left, right, mixture = features(texts)
    assert (left != right).any()
    np.testing.assert_allclose((left + right) / 2, mixture, rtol=1e-12)
    differing = np.flatnonzero(abs(left - right) > 1e-9)
    assert ((differing >= N_AMOUNTS - N_CONFIGURATIONS) & (differing < N_AMOUNTS)).all()


def test_configurations_that_vary_are_named_parts() -> None:
    texts = ["C[C@@H](O)CC", "C[C@H](O)CC", "CC(O)CC"]
    parts = {part.name: part.columns for part in parts_of([read_smiles(text).text for text in texts])}
    named = {name for name in parts if " at " in name}
    assert named == {"R at CCC(C)O", "S at CCC(C)O"}


def test_an_sdf_has_the_chiral_flag_for_a_single_known_isomer_only() -> None:
    rows = [{"object": text} for text in ("CC[C@H](C)O", "CCC(C)O", "CCO")]
    counts = [line.split() for line in write_sdf(rows).decode().splitlines() if " COUNTS " in line]
    assert [line[-1] for line in counts] == ["1", "0", "0"]
