"""Encodings of strings hold the complete n-grams at every position."""

import pytest
import torch

from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space


def test_single_letters_are_one_hot_and_empty_positions_are_zero():
    states = torch.tensor([[2, 1, 0, 2]])
    assert Strings("AB", 3).encode(states).tolist() == [[0, 1, 1, 0, 0, 0]]


def test_ngrams_are_one_hot_at_each_position_once_complete():
    environment = Strings("AB", 3, ngram_lengths=(1, 2))
    assert environment.encoding_width == 3 * 2 + 2 * 4
    code = environment.encode(torch.tensor([[2, 1, 0, 2], [2, 1, 2, 3], [2, 0, 0, 1]]))[:, 6:]
    assert code[0].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]  # BA at the first position, nothing at the second
    assert code[1].tolist() == [0, 0, 1, 0, 0, 1, 0, 0]  # BA, AB
    assert code[2].tolist() == [0] * 8


def test_ngrams_as_long_as_the_string_identify_every_object():
    environment = Strings("ABC", 3, ngram_lengths=(1, 3))
    code = environment.encode(enumerate_space(environment).final_states)[:, 9:]
    assert torch.equal(code.sum(dim=0), torch.ones(27))
    assert torch.equal(code.sum(dim=1), torch.ones(27))


@pytest.mark.parametrize("ngram_lengths", [(), (2,), (1, 1), (1, 4), (0, 1)])
def test_ngram_lengths_outside_their_limits_are_refused(ngram_lengths: tuple[int, ...]):
    with pytest.raises(ValueError, match="ngram_lengths"):
        Strings("AB", 3, ngram_lengths=ngram_lengths)
