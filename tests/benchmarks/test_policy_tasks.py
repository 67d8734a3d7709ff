"""Scores, starts and areas of the policy benchmark are the published ones."""

import math

import numpy as np
import pytest
import torch
from rdkit import Chem

from benchmarks.peers.folders import PeerFolder
from benchmarks.policy import mpo_scores as scores
from benchmarks.policy.function_lab import FunctionLab
from benchmarks.policy.holo import Tokens, starts
from benchmarks.policy.pmo import auc_top_10, figures


def test_parts_of_scores_are_one_at_their_targets() -> None:
    assert scores.gaussian(3, 3, 1) == 1.0
    assert scores.gaussian(4, 3, 1) == pytest.approx(math.exp(-0.5))
    assert scores.at_most(0.2, 0.85, 0.1) == 1.0
    assert scores.at_most(0.95, 0.85, 0.1) == pytest.approx(math.exp(-0.5))
    assert scores.at_least(120, 100, 10) == 1.0
    assert scores.at_least(90, 100, 10) == pytest.approx(math.exp(-0.5))
    assert scores.geometric_mean([0.25, 1.0]) == 0.5
    assert scores.geometric_mean([0.0, 1.0]) == 0.0


def test_a_formula_counts_hydrogens_and_all_atoms() -> None:
    assert scores.formula(Chem.MolFromSmiles(scores.SITAGLIPTIN), "C16H15F6N5O") == pytest.approx(1.0)
    # ethane for propane: one carbon, two hydrogens and three atoms too few
    parts = [math.exp(-0.5), math.exp(-0.5 * 2**2), math.exp(-0.5 * 1.5**2)]
    assert scores.formula(Chem.MolFromSmiles("CC"), "C3H8") == pytest.approx(math.prod(parts) ** (1 / 3))


@pytest.mark.parametrize("name", list(scores.SCORES))
def test_every_score_is_between_nothing_and_one_and_depends_on_the_molecule_alone(name: str) -> None:
    score = scores.SCORES[name]
    smiles = [scores.OSIMERTINIB, scores.FEXOFENADINE, scores.RANOLAZINE, "CCO", "c1ccccc1"]
    values = [score(text) for text in smiles]
    assert all(0.0 <= value <= 1.0 for value in values)
    assert len(set(values)) > 1
    assert score("OCC") == values[3]


def test_a_target_scores_as_its_definition_says() -> None:
    perindopril = Chem.MolFromSmiles(scores.PERINDOPRIL)  # no aromatic ring, which is four deviations off
    assert scores.perindopril(perindopril) == pytest.approx(math.exp(-0.5 * 16) ** 0.5)
    amlodipine = Chem.MolFromSmiles(scores.AMLODIPINE)  # two rings
    assert scores.amlodipine(amlodipine) == pytest.approx(math.exp(-0.5 * 4) ** 0.5)
    sitagliptin = Chem.MolFromSmiles(scores.SITAGLIPTIN)  # everything is right but the likeness
    assert scores.sitagliptin(sitagliptin) == pytest.approx(math.exp(-0.5 * 100) ** 0.25)


def test_the_area_is_that_of_trapezoids_at_every_hundredth_call() -> None:
    assert auc_top_10([0.5] * 1000, 1000) == pytest.approx((100 * 0.25 + 900 * 0.5) / 1000)
    assert auc_top_10([0.0] * 100 + [1.0] * 100, 200) == pytest.approx(100 * 0.5 / 200)
    ended = auc_top_10([0.5] * 200, 1000)
    assert ended == pytest.approx((100 * 0.25 + 900 * 0.5) / 1000)
    made = figures([0.1, math.nan, 0.9], 3)
    assert made["best_score"] == 0.9
    assert made["mean_of_ten"] == pytest.approx(1.0 / 3)


def test_a_function_without_a_value_is_a_failed_synthesis() -> None:
    calls: list[str] = []

    def value(text: str) -> float:
        calls.append(text)
        return math.nan if text == "no" else float(len(text))

    lab = FunctionLab("length", value)
    made, failed = lab.measure(["three", "no"], 1, 0)
    assert (made.value, failed.outcome) == (5.0, "failed_synthesis")
    np.testing.assert_array_equal(lab.truth(["three", "no"]), [[5.0], [math.nan]])
    assert calls == ["three", "no"]
    assert lab.truth([]).shape == (0, 1)


def test_tokens_are_residues_in_the_order_of_a_seed_and_starts_are_distinct() -> None:
    tokens = Tokens(3)
    assert sorted(tokens.alphabet) == sorted(Tokens(4).alphabet)
    assert tokens.alphabet != Tokens(4).alphabet
    assert tokens.tokens(tokens.text([4, 0, 19])).tolist() == [[4, 0, 19]]

    class Function:
        def initial_solution(self, n: int) -> torch.Tensor:
            return torch.arange(n).remainder(5).unsqueeze(1).expand(n, 3)

    assert starts(Function(), 4, tokens) == [tokens.text([row] * 3) for row in range(4)]


def test_a_peer_that_is_absent_says_how_to_install_it(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.peers.folders.HERE", tmp_path)
    peer = PeerFolder("nobody", "benchmarks.peers.nobody", ())
    assert not peer.is_installed
    assert peer.why_absent == "needs `python -m benchmarks.peers.nobody` first"
    with pytest.raises(ModuleNotFoundError):
        peer.open("nobody_at_all")
    peer.path.mkdir()
    assert peer.why_absent is None
