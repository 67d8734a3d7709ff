"""The published Ehrlich functions and their genetic algorithm: `pytorch-holo`, by the authors of the paper.

MIT, arXiv:2407.00236. The package is a peer, never a dependency. Its own requirements (numpy below 2, wandb,
hydra) are left out, since functions and optimiser need none of them; pandas is the product's extra. Knows
token sequences and no objects of a campaign. Letters: N sequences, L tokens.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks.peers.folders import PeerFolder

PEER = PeerFolder("holo", "benchmarks.peers.holo", (("--no-deps", "pytorch-holo==0.0.5"), ("pooch>=1.8",)))
LEAST_SURVIVORS = 12
Evaluate = Callable[[Tensor], Tensor]


def build_function(n_tokens: int, length: int, shape: tuple[int, int, int], seed: int) -> Any:
    """Return the function of a seed; `shape` is the number of motifs, their length and the levels.

    Raises:
        ModuleNotFoundError: if the peer is not installed.
    """
    n_motifs, motif_length, quantisation = shape
    return PEER.open("holo.test_functions.closed_form").Ehrlich(
        num_states=n_tokens,
        dim=length,
        num_motifs=n_motifs,
        motif_length=motif_length,
        quantization=quantisation,
        random_seed=seed,
    )


def evolve(evaluate: Evaluate, start: Tensor, n_tokens: int, generations: int, seed: int) -> list[float]:
    """Return the best value after each generation of the peer's optimiser, from sequences [N, L].

    Each generation evaluates N sequences. The rates of mutation and recombination are 1 / L and a hundredth
    survives, as in the authors' example with N = 1,024. With fewer sequences at least twelve survive.
    """
    n, length = start.shape
    parameter = torch.nn.Parameter(start[0].double(), requires_grad=False)
    optimizer = PEER.open("holo.optim").DiscreteEvolution(
        [parameter],
        vocab=list(range(n_tokens)),
        mutation_prob=1 / length,
        recombine_prob=1 / length,
        num_particles=n,
        survival_quantile=max(0.01, LEAST_SURVIVORS / n),
    )
    optimizer.state[parameter]["particles"] = start.double().clone()
    best, found = -torch.inf, []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(generations):
            optimizer.step(lambda particles: -evaluate(particles[0].long()))
            best = max(best, float((-optimizer.particle_loss).max()))
            found.append(best)
    return found


if __name__ == "__main__":
    PEER.install()
