"""Uniform random walks in SCENT's environment of reactions: trajectories per second of processor time.

Runs the environment of a checkout (arXiv:2506.19865, github.com/koziarskilab/SCENT) and its own loop of
sampling, which lists forward and backward actions of each state; no policy network. Its packages import deep
graph library and other parts that walks do not need, so their `__init__` files are passed over.
"""

import argparse
import importlib
import itertools
import json
import random
import sys
import time
import types
from pathlib import Path
from typing import Any

PACKAGES = (
    "rgfn",
    "rgfn.api",
    "rgfn.gfns",
    "rgfn.gfns.reaction_gfn",
    "rgfn.gfns.reaction_gfn.api",
    "rgfn.shared",
    "rgfn.shared.policies",
)


def open_environment(checkout: Path, data: Path, max_steps: int) -> Any:
    """Return the environment of a checkout with the blocks and templates of a folder."""
    sys.path.insert(0, str(checkout))
    gin: Any = types.ModuleType("gin")
    gin.configurable = lambda *_, **__: lambda item: item
    sys.modules["gin"] = gin
    for name in PACKAGES:
        package: Any = types.ModuleType(name)
        package.__path__ = [str(checkout / name.replace(".", "/"))]
        sys.modules[name] = package
    sys.modules["rgfn.api"].ROOT_DIR = checkout  # type: ignore[attr-defined]
    library = importlib.import_module("rgfn.gfns.reaction_gfn.api.reaction_data_factory")
    factory = library.ReactionDataFactory(data / "templates.txt", data / "fragments.txt")
    reactions = importlib.import_module("rgfn.gfns.reaction_gfn.reaction_env")
    return reactions.ReactionEnv(factory, max_num_reactions=max_steps)


def walk(environment: Any, n: int) -> int:
    """Walk n times from the source to the end; return how many walks end in a molecule."""
    states = environment.sample_source_states(n)
    ended: list[Any] = []
    while states:
        spaces = environment.get_forward_action_spaces(states)
        actions = [
            space.get_action_at_idx(random.choice(space.get_possible_actions_indices()))  # noqa: S311
            for space in spaces
        ]
        states = environment.apply_forward_actions(states, actions)
        environment.get_backward_action_spaces(states)
        is_final = environment.get_terminal_mask(states)
        ended += itertools.compress(states, is_final)
        states = [state for state, final in zip(states, is_final, strict=True) if not final]
    return sum(type(state).__name__ == "ReactionStateTerminal" for state in ended)


def main() -> None:
    """Print a JSON object with trajectories per second, and the share that ends in a molecule."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkout", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random.seed(options.seed)
    environment = open_environment(options.checkout, options.data, options.steps)
    walk(environment, options.batch)
    n, whole, started = 0, 0, time.process_time()
    while time.process_time() - started < options.seconds:
        whole += walk(environment, options.batch)
        n += options.batch
    taken = time.process_time() - started
    print(json.dumps({"trajectories_per_second": n / taken, "share_whole": whole / n}))


if __name__ == "__main__":
    main()
