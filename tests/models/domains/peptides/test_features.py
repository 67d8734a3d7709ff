"""Features and similarity against plain counting, and a kernel that learns from them."""

from itertools import product

import numpy as np
import pytest
import torch

from models.domains.peptides.domain import Peptides
from models.domains.peptides.features import REACH, SPECTRUM_WIDTH, descriptor_width
from models.domains.peptides.residues import RESIDUES, Z_SCALES
from models.domains.peptides.spec import PeptidesSpec

DOMAIN = Peptides(PeptidesSpec(min_length=1, max_length=20))


def _counted(sequence: str) -> dict[str, int]:
    words = [*sequence]
    words += [sequence[i : i + 2] for i in range(len(sequence) - 1)]
    words += [f"{sequence[i]}.{sequence[i + 2]}" for i in range(len(sequence) - 2)]
    return {word: words.count(word) for word in words}


@pytest.mark.parametrize("sequence", ["A", "KW", "KWK", "GIGKFLHSAKKFGKAFVGEI", "YYYYYY"])
def test_spectrum_counts_words(sequence: str):
    names = [*RESIDUES, *map("".join, product(RESIDUES, repeat=2)), *map(".".join, product(RESIDUES, repeat=2))]
    row = DOMAIN.features([sequence])[0, :SPECTRUM_WIDTH]
    assert {name: int(count) for name, count in zip(names, row, strict=True) if count} == _counted(sequence)


def test_descriptors_are_read_from_both_ends():
    rows = DOMAIN.features(["ACD", "DCA"])[:, SPECTRUM_WIDTH:]
    width = REACH * Z_SCALES.shape[1]
    np.testing.assert_array_equal(rows[0, :width], rows[1, width : 2 * width])
    np.testing.assert_allclose(rows[0, 2 * width : 2 * width + 3], rows[1, 2 * width : 2 * width + 3])
    assert rows.shape[1] == descriptor_width(20)
    assert rows[0, -3] == 3 / 20


def test_an_object_beyond_the_campaigns_length_has_features_too():
    assert DOMAIN.features(["A" * 50]).shape == DOMAIN.features(["A"]).shape


def test_similarity_is_the_tanimoto_of_words_positional_residues_and_ends():
    left, right = "KWK", "KWA"
    ours = {**_counted(left), **{f"{i}{r}": 1 for i, r in enumerate(left)}, "n": 1, "c": 1}
    theirs = {**_counted(right), **{f"{i}{r}": 1 for i, r in enumerate(right)}, "n": 1, "c": 1}
    shared = sum(min(ours.get(word, 0), theirs.get(word, 0)) for word in {*ours, *theirs})
    united = sum(max(ours.get(word, 0), theirs.get(word, 0)) for word in {*ours, *theirs})
    assert DOMAIN.similarity([left], [right])[0, 0] == pytest.approx(shared / united)


def test_chains_with_the_same_words_are_distinct():
    assert _counted("AAAKAA") == _counted("AAKAAA")
    assert DOMAIN.similarity(["AAAKAA"], ["AAKAAA"])[0, 0] < 1
    assert (DOMAIN.features(["AAAKAA"]) != DOMAIN.features(["AAKAAA"])).any()


def test_similarity_is_one_only_on_the_diagonal():
    texts = ["".join(word) for n in (1, 2, 3, 4, 5) for word in product("AK", repeat=n)]
    similarity = DOMAIN.similarity(texts, texts)
    np.testing.assert_array_equal(similarity == 1, np.eye(len(texts), dtype=bool))
    np.testing.assert_array_equal(similarity, similarity.T)


def test_kernel_predicts_charge_and_motif_from_a_few_peptides():
    """A GP with this kernel predicts a synthetic function of charge and one motif on unseen peptides."""
    generator = np.random.default_rng(3)
    texts = ["".join(generator.choice([*"AKDLW"], size=generator.integers(5, 12))) for _ in range(160)]
    values = np.array([text.count("K") - text.count("D") + 2.0 * ("KW" in text or "KL" in text) for text in texts])
    rows = torch.tensor(DOMAIN.features(texts))
    with torch.no_grad():
        covariance = DOMAIN.kernel().double()(rows).to_dense().numpy()
    train, test = slice(0, 120), slice(120, None)
    weights = np.linalg.solve(covariance[train, train] + 0.05 * np.eye(120), values[train] - values[train].mean())
    predicted = values[train].mean() + covariance[test, train] @ weights
    assert np.corrcoef(predicted, values[test])[0, 1] > 0.9


def test_aligned_peptides_have_positional_residues():
    domain = Peptides(PeptidesSpec(min_length=3, max_length=3))
    row = domain.features(["CAD"])[0]
    placed = row[SPECTRUM_WIDTH + descriptor_width(3) :].reshape(3, len(RESIDUES))
    assert ["".join(RESIDUES[i] for i in np.flatnonzero(index)) for index in placed] == ["C", "A", "D"]
    assert domain.features(["CADA"]).shape == domain.features(["C"]).shape == (1, len(row))
    parts = {part.name: part.columns for part in domain.parts(["CAD", "CAA"])}
    third = set(parts["position 3 from the N-terminus"])
    assert len(third) == Z_SCALES.shape[1] + len(RESIDUES)
    assert third >= set(range(len(row) - len(RESIDUES), len(row)))


def test_no_peptides_have_no_features():
    assert DOMAIN.features([]).shape == (0, DOMAIN.features(["A"]).shape[1])
    assert DOMAIN.similarity([], ["A"]).shape == (0, 1)
