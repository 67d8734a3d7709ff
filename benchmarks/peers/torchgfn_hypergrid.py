"""torchgfn's trajectory balance on a hypergrid with its documented defaults, in the peer's environment.

Prints one JSON line: training trajectories per second and, if requested, the exact terminal distribution's L1
distance.
"""

import argparse
import itertools
import json
import time

import torch
from gfn.estimators import DiscretePolicyEstimator
from gfn.gflownet import TBGFlowNet
from gfn.gym import HyperGrid
from gfn.preprocessors import KHotPreprocessor
from gfn.samplers import Sampler
from gfn.utils.modules import MLP


def build(dimensions: int, side: int, width: int) -> tuple[HyperGrid, TBGFlowNet]:
    """Return the environment and a trajectory-balance GFlowNet with a trunk shared by both policies."""
    environment = HyperGrid(
        ndim=dimensions, height=side, reward_fn_kwargs={"R0": 1e-3, "R1": 0.5, "R2": 2.0}, validate_modes=False
    )
    preprocessor = KHotPreprocessor(height=side, ndim=dimensions)
    forward = MLP(preprocessor.output_dim, environment.n_actions, hidden_dim=width, n_hidden_layers=2)
    backward = MLP(preprocessor.output_dim, environment.n_actions - 1, trunk=forward.trunk, hidden_dim=width)
    estimators = [
        DiscretePolicyEstimator(module, environment.n_actions, preprocessor=preprocessor, is_backward=is_backward)
        for module, is_backward in ((forward, False), (backward, True))
    ]
    return environment, TBGFlowNet(pf=estimators[0], pb=estimators[1], init_logZ=0.0)


@torch.no_grad()
def terminal_probability(environment: HyperGrid, gflownet: TBGFlowNet, states: torch.Tensor) -> torch.Tensor:
    """Return the exact probability of stopping in each grid point [H^D], by passing flow up the grid.

    Points [H^D, D] are in lexical order, so raising axis d moves by H^(D - 1 - d) indices. Every action
    raises the sum of the coordinates by one, so points are processed in the order of that sum.
    """
    parts = []
    for some in torch.split(states, 16_384):
        batch = environment.States(some)
        parts.append(gflownet.pf.to_probability_distribution(batch, gflownet.pf(batch)).probs.double())
    probability = torch.cat(parts)
    arrival = torch.zeros(len(states), dtype=torch.float64)
    arrival[0] = 1.0
    total = states.sum(dim=1)
    for level in range(int(total.max())):
        here = (total == level).nonzero().squeeze(1)
        for axis in range(states.shape[1]):
            can_rise = here[states[here, axis] < environment.height - 1]
            above = can_rise + environment.height ** (states.shape[1] - 1 - axis)
            arrival[above] += arrival[can_rise] * probability[can_rise, axis]
    return arrival * probability[:, -1]


def exact_distance(environment: HyperGrid, gflownet: TBGFlowNet) -> dict[str, float]:
    """Return the exact terminal distribution's L1 distance from the target, and both totals as a check."""
    points = itertools.product(range(environment.height), repeat=environment.ndim)
    states = torch.tensor(list(points), dtype=torch.int64)
    probability = terminal_probability(environment, gflownet, states)
    reward = environment.reward(environment.States(states)).double()
    distance = (probability - reward / reward.sum()).abs().sum()
    return {"l1": float(distance), "sum": float(probability.sum()), "log_z": float(reward.sum().log())}


def main() -> None:
    """Train for a fixed number of iterations and print the speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("dimensions", 4), ("side", 8), ("width", 256), ("batch", 16), ("steps", 100), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--exact", type=int, default=0, help="1: also print the exact L1 distance")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    environment, gflownet = build(options.dimensions, options.side, options.width)
    sampler = Sampler(estimator=gflownet.pf)
    optimizer = torch.optim.Adam(gflownet.pf_pb_parameters(), lr=1e-3)
    optimizer.add_param_group({"params": gflownet.logz_parameters(), "lr": 1e-1})
    started = time.perf_counter()
    for step in range(options.warmup + options.steps):
        if step == options.warmup:
            started = time.perf_counter()
        trajectories = sampler.sample_trajectories(
            environment, n=options.batch, save_logprobs=False, save_estimator_outputs=False, epsilon=0.0
        )
        optimizer.zero_grad()
        loss = gflownet.loss(environment, trajectories, recalculate_all_logprobs=True)
        loss.backward()
        optimizer.step()
    seconds = time.perf_counter() - started
    answer = {"trajectories_per_second": options.batch * options.steps / seconds, "seconds": seconds}
    if options.exact:
        answer |= exact_distance(environment, gflownet)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
