"""gfnx's trajectory balance on a hypergrid: one jitted training step, metrics off, in the peer's environment.

Prints one JSON line: training trajectories per second, compilation excluded.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from gfnx import HypergridEnvironment
from gfnx.reward import EasyHypergridRewardModule
from gfnx.utils import forward_rollout, forward_trajectory_log_probs


def parameters(key: jax.Array, widths: list[int]) -> dict[str, Any]:
    """Return He-initialised weights of an MLP and a learned log Z."""
    layers = [
        (jax.random.normal(k, (fan_in, fan_out)) * jnp.sqrt(2 / fan_in), jnp.zeros(fan_out))
        for k, fan_in, fan_out in zip(jax.random.split(key, len(widths) - 1), widths, widths[1:], strict=False)
    ]
    return {"network": layers, "log_z": jnp.zeros(())}


def logits(network: Any, observations: jax.Array, n_forward: int) -> dict[str, jax.Array]:
    """Return forward and backward logits of both policies for any leading shape."""
    hidden = observations
    for weight, bias in network[:-1]:
        hidden = jax.nn.relu(hidden @ weight + bias)
    out = hidden @ network[-1][0] + network[-1][1]
    return {"forward_logits": out[..., :n_forward], "backward_logits": out[..., n_forward:]}


def training_step(environment: Any, environment_params: Any, optimizer: Any, batch: int) -> Callable[..., Any]:
    """Return the jitted step (parameters, optimiser state, key) -> the same."""
    n_forward = environment.action_space.n

    def policy(_key: jax.Array, observation: jax.Array, network: Any) -> tuple[jax.Array, dict[str, jax.Array]]:
        info = logits(network, observation, n_forward)
        return info["forward_logits"], info

    def loss(params: Any, trajectories: Any, log_reward: jax.Array) -> jax.Array:
        info = logits(params["network"], trajectories.obs, n_forward)
        scored = trajectories.replace(info={**trajectories.info, **info})
        log_pf, log_pb = forward_trajectory_log_probs(environment, scored, environment_params)
        return jnp.mean((params["log_z"] + log_pf - log_pb - log_reward) ** 2)

    def step(params: Any, state: Any, key: jax.Array) -> tuple[Any, Any, jax.Array]:
        key, rollout_key = jax.random.split(key)
        trajectories, info = forward_rollout(
            rollout_key, batch, policy, params["network"], environment, environment_params
        )
        gradient = jax.grad(loss)(params, trajectories, info["log_gfn_reward"])
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, key

    jitted: Callable[..., Any] = jax.jit(step)
    return jitted


def main() -> None:
    """Train for a fixed number of iterations and print the speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("dimensions", 4), ("side", 8), ("width", 256), ("batch", 16), ("steps", 100), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    environment = HypergridEnvironment(EasyHypergridRewardModule(), dim=options.dimensions, side=options.side)
    key, parameter_key, environment_key = jax.random.split(jax.random.PRNGKey(options.seed), 3)
    environment_params = environment.init(environment_key)
    inputs, outputs = options.dimensions * options.side, 2 * options.dimensions + 1
    params = parameters(parameter_key, [inputs, options.width, options.width, outputs])
    optimizer = optax.multi_transform(
        {"network": optax.adam(1e-3), "log_z": optax.adam(1e-1)}, {"network": "network", "log_z": "log_z"}
    )
    state = optimizer.init(params)
    step = training_step(environment, environment_params, optimizer, options.batch)
    params, state, key = jax.block_until_ready(step(params, state, key))
    started = time.perf_counter()
    for _ in range(options.steps):
        params, state, key = step(params, state, key)
    jax.block_until_ready(params)
    seconds = time.perf_counter() - started
    print(json.dumps({"trajectories_per_second": options.batch * options.steps / seconds}))


if __name__ == "__main__":
    main()
