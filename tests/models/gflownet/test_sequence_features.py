"""Features of sequences that are the same wherever something stands."""

import torch

from models.gflownet.environments.strings import Strings
from models.gflownet.sequence_features import RECENT, place_free, width


def test_the_last_letters_and_the_pairs_that_occur():
    letters = torch.tensor([[0, 0, 0, 0, 0], [2, 0, 0, 0, 0], [1, 2, 1, 2, 0]])
    found = place_free(letters, 2)
    assert found.shape == (3, width(2)) == (3, 2 * RECENT + 4)
    nothing, one, four = found.tolist()
    assert nothing == [0] * 10
    assert one == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert four == [0, 1, 1, 0, 0, 1, 0, 1, 1, 0]  # B, A, B from the end; AB and BA


def test_a_pair_is_the_same_feature_at_every_place():
    environment = Strings("ACGT", 6, is_place_free=True)
    states, _ = environment.states(["ACAAAA", "AAAACA", "AAACAA"])
    rows = environment.encode(states)
    assert rows.shape == (3, environment.encoding_width)
    pairs = rows[:, -16:]
    assert torch.equal(pairs[0], pairs[1])
    assert torch.equal(pairs[0], pairs[2])
    assert not torch.equal(rows[0], rows[1])
