"""Build the behaviours that a trainer's settings name, each with its share of the trajectories.

Knows no training loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.gflownet.exploration.conservative import Conservative
from models.gflownet.exploration.diverse_replay import DiverseReplay
from models.gflownet.exploration.ema import EMAPolicy
from models.gflownet.exploration.genetic import Genetic
from models.gflownet.exploration.local_search import LocalSearch
from models.gflownet.exploration.mixture import MixtureBehaviour, MixtureComponent
from models.gflownet.exploration.replay import Replay
from models.gflownet.exploration.tempered import Tempered
from models.gflownet.exploration.uniform import UniformMixture

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from models.gflownet.exploration.contract import Behaviour
    from models.gflownet.policy import Policy
    from models.gflownet.rewards import LogRewardFn
    from models.gflownet.settings import TrainerSettings


def build_behaviour(
    settings: TrainerSettings,
    policy: Policy,
    measured: Tensor,
    log_target: LogRewardFn,
    uncertainty: Callable[[Tensor], Tensor],
) -> Behaviour:
    """Return the behaviours that have a share; the replay buffer is always included for measured objects.

    Args:
        settings: the shares, and what each behaviour takes.
        policy: in training.
        measured: final states [L, W] to replay.
        log_target: finite log-rewards, with log-priors, for behaviours that search.
        uncertainty: of the log-reward's predictions [B], from 0 to 1, for final states [B, W].

    Raises:
        ValueError: if a setting is outside its limits.
    """
    replayed = settings.measured_share + settings.replay_share
    capacity, width = settings.replay_capacity, measured.shape[1]
    replay = Replay(
        measured,
        capacity,
        settings.measured_share / max(replayed, 1e-9),
        policy.conditions.middle_beta,
        settings.rank_weights,
    )
    n_parents, ranks = settings.genetic_parents, settings.rank_weights
    genetic = Genetic(width, n_parents, ranks, settings.genetic_policy_mates)
    erased = (settings.conservative_delta, settings.conservative_lambda)
    conservative = Conservative(width, n_parents, erased, uncertainty, ranks)
    depth, rounds = settings.local_search_depth, settings.local_search_rounds
    parts = [
        MixtureComponent("diverse", DiverseReplay(width, capacity), settings.diverse_share),
        MixtureComponent(
            "local_search",
            LocalSearch(log_target, depth, rounds),
            settings.local_search_share,
        ),
        MixtureComponent("genetic", genetic, settings.genetic_share),
        MixtureComponent("conservative", conservative, settings.conservative_share),
        MixtureComponent("tempered", Tempered(settings.temperature), settings.tempered_share),
        MixtureComponent("averaged", EMAPolicy(policy, settings.average_decay), settings.averaged_share),
    ]
    first = MixtureComponent("replay", replay, replayed, has_memory=settings.replay_share > 0)
    rest = UniformMixture(settings.random_action_probability)
    return MixtureBehaviour([first, *(part for part in parts if part.share != 0)], rest)
