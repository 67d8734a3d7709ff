"""Ehrlich functions do what their definition says, in every shape and for every seed."""

import itertools

import numpy as np
import pytest

from models.backtests.oracles.ehrlich import build_ehrlich

SHAPES = [(20, 15, (2, 4, 4)), (20, 32, (4, 4, 4)), (20, 15, (2, 4, 2)), (6, 9, (2, 3, 3)), (5, 4, (1, 4, 1))]


@pytest.mark.parametrize(("n_tokens", "length", "shape"), SHAPES)
@pytest.mark.parametrize("seed", range(5))
def test_the_optimum_is_feasible_and_one(n_tokens: int, length: int, shape: tuple[int, int, int], seed: int) -> None:
    function = build_ehrlich(n_tokens, length, shape, seed)
    best = function.optimum()[None]
    assert best.shape == (1, length)
    assert function.value(best).tolist() == [1.0]


@pytest.mark.parametrize(("n_tokens", "length", "shape"), SHAPES)
def test_transitions_are_an_ergodic_chain_with_a_band_of_zeros(
    n_tokens: int, length: int, shape: tuple[int, int, int]
) -> None:
    matrix = build_ehrlich(n_tokens, length, shape, 3).transitions
    assert np.allclose(matrix.sum(axis=1), 1.0)
    assert (matrix.diagonal() > 0).all()
    assert ((matrix == 0).sum(axis=1) == int(0.2 * n_tokens)).all()
    assert (np.linalg.matrix_power(matrix, n_tokens) > 0).all()


def test_feasible_sequences_are_counted() -> None:
    function = build_ehrlich(5, 4, (2, 2, 2), 1)
    everything = np.array(list(itertools.product(range(5), repeat=4)))
    values = function.value(everything)
    assert function.n_feasible() == int(np.isfinite(values).sum()) < len(everything)
    assert np.nanmax(values) == 1.0
    assert np.isnan(values[~function.is_feasible(everything)]).all()


def test_walks_are_feasible_and_repeat() -> None:
    function = build_ehrlich(20, 32, (4, 4, 4), 2)
    walks = function.sample(500, 7)
    assert function.is_feasible(walks).all()
    assert (walks == function.sample(500, 7)).all()
    assert (walks != function.sample(500, 8)).any()
    assert len(np.unique(walks[:, 0])) == 20


@pytest.mark.parametrize(("levels", "result"), [(1, 0.0), (2, 0.5), (4, 0.75)])
def test_presence_is_rounded_down_to_levels(levels: int, result: float) -> None:
    function = build_ehrlich(20, 15, (1, 4, levels), 0)
    sequence = function.optimum()
    spare = next(token for token in range(20) if token not in function.motifs)
    sequence[function.offsets[0, -1]] = spare  # three of four elements are left
    sequence[function.offsets[0, -1] + 1 :] = spare
    assert function.presence(sequence[None]).tolist() == [[result]]


def test_a_motif_counts_wherever_it_stands() -> None:
    function = build_ehrlich(20, 15, (2, 4, 4), 4)
    motif, offsets = function.motifs[1], function.offsets[1]
    for start in range(15 - int(offsets[-1])):
        sequence = np.full(15, next(token for token in range(20) if token not in function.motifs))
        sequence[start + offsets] = motif
        assert function.presence(sequence[None])[0, 1] == 1.0


def test_values_are_products() -> None:
    function = build_ehrlich(20, 32, (4, 4, 4), 5)
    walks = function.sample(200, 0)
    assert np.allclose(function.value(walks), function.presence(walks).prod(axis=1))
    assert set(function.presence(walks).ravel()) <= {0.0, 0.25, 0.5, 0.75, 1.0}


def test_a_seed_is_a_function() -> None:
    one, same, other = (build_ehrlich(20, 15, (2, 4, 4), seed) for seed in (1, 1, 2))
    assert (one.transitions == same.transitions).all()
    assert (one.motifs == same.motifs).all()
    assert (one.motifs != other.motifs).any()


@pytest.mark.parametrize(("length", "shape"), [(15, (4, 4, 4)), (32, (6, 4, 4)), (15, (2, 4, 5)), (15, (0, 4, 4))])
def test_an_impossible_shape_is_refused(length: int, shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="shape"):
        build_ehrlich(20, length, shape, 0)
