"""Is another round worth it? What the last rounds brought, and what the proposed batch is expected to bring.

Progress is a hypervolume: of what was measured by each round, as it is believed now, so that a lucky reading
does not look like a plateau afterwards. Only objects that might be proposed count. The advice is advice: a
batch costs what the lab knows and this module does not, so it also tells the expected gain per candidate.

"consider stopping" needs both: the last `PLATEAU_ROUNDS` rounds with new results together raised the
hypervolume by less than `SMALL`, and the batch is expected to raise it by less than `SMALL` or, with one
objective, by less than the noise of one reading. The expectation is over joint draws of the proxies for the
batch and the best known objects, so that likely misjudgements of both count on neither side. Letters: K known
objects, N candidates, M objectives, L directions, S draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch

from models.acquisition.improvement.front import front_of, reference_point
from models.data.tables import to_units
from models.domains.contract import beside_novelty
from models.messages.message import Message, message, records, texts
from models.metrics.hypervolume import DirectionalHypervolume
from models.proxies.contract import Posterior
from models.reward.log_reward import LIKELY
from models.rounds.selecting.joint_samples import joint_utilities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from models.records import History
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.candidate_pool import CandidatePool

PLATEAU_ROUNDS = 2
SMALL = 0.01
"""Share of the hypervolume below which a gain is called small."""
N_DIRECTIONS = 512
DRAWS = 128
MOST_KNOWN = 200
"""Known objects that are drawn with the batch: those that reach the farthest in some direction."""


@final
@dataclass(frozen=True, slots=True)
class MeasuredUtilities:
    """Measured objects that might be proposed.

    Expected `values` [K, M] on the modelled scale, `utilities` [K, M].
    `rounds` [K] is the round that first measured each, 0 for what was there before.
    """

    texts: list[str]
    rounds: Tensor
    values: Tensor
    utilities: Tensor


def expected_gain(volume: DirectionalHypervolume, known: Tensor, draws: Tensor, succeeds: Tensor) -> float:
    """Return by how much a batch is expected to raise the volume of what is known.

    Args:
        volume: how volumes are measured.
        known: utilities of known objects [S, K, M].
        draws: those of the batch [S, N, M].
        succeeds: which candidates give a result in each draw [S, N].
    """
    gains = []
    for there, drawn, kept in zip(known, draws, succeeds, strict=True):
        before = volume.upper_envelope(there.numpy())
        after = np.maximum(before, volume.upper_envelope(drawn[kept].numpy()))
        gains.append(volume.of_projections(after) - volume.of_projections(before))
    return sum(gains) / len(gains)


def stopping(fitted: RoundModel, history: History, chosen: CandidatePool, seed: int) -> dict[str, Any]:
    """Return the advice, its reasons (sentences and messages) and the numbers behind it, as plain JSON."""
    known = _known(fitted, history)
    if len(known.rounds) == 0:
        return _advice("continue", [message("plateau_nothing_measured")], {})
    volume = DirectionalHypervolume(reference_point(front_of(known.utilities)).numpy(), N_DIRECTIONS)
    rounds = _rounds(known, volume, fitted)
    numbers = {
        "rounds": rounds,
        "growth": growth([item["hypervolume"] for item in rounds], [item["round"] for item in rounds]),
        "expected": _expected(known, volume, fitted, chosen, seed),
    }
    return _advice(*advise(numbers), numbers)


def _advice(advice: str, reasons: Sequence[Message], numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {"advice": advice, "reasons": texts(reasons), "messages": records(reasons), "numbers": numbers}


def growth(volumes: Sequence[float], rounds: Sequence[int]) -> float | None:
    """Return the share of the hypervolume that the last `PLATEAU_ROUNDS` rounds added, None with fewer.

    Args:
        volumes: what was dominated after each round, in order.
        rounds: their numbers; 0 is what was known before the first.
    """
    if sum(number > 0 for number in rounds) < PLATEAU_ROUNDS:
        return None
    before = volumes[-PLATEAU_ROUNDS - 1] if len(volumes) > PLATEAU_ROUNDS else 0.0
    return (volumes[-1] - before) / volumes[-1] if volumes[-1] > 0 else 1.0


def advise(numbers: Mapping[str, Any]) -> tuple[str, list[Message]]:
    """Return the advice and why."""
    expected, grown = numbers["expected"], numbers["growth"]
    if expected["candidates"] == 0:
        return "consider stopping", [message("plateau_no_candidate")]
    measured = [item["round"] for item in numbers["rounds"] if item["round"] > 0]
    share = expected["share"]
    reasons = []
    if grown is None:
        reasons.append(message("plateau_too_few_rounds", count=len(measured), needed=PLATEAU_ROUNDS))
    else:
        first, last = measured[-PLATEAU_ROUNDS], measured[-1]
        reasons.append(message("plateau_recent_growth", share=grown, first=first, last=last))
    if share is not None:
        reasons.append(message("plateau_expected_gain", share=share))
    hidden = [
        name
        for name, item in expected["objectives"].items()
        if item["noise"] > 0 and item["gain"] < item["noise"]
    ]
    reasons += [message("plateau_below_noise", objective=name) for name in hidden]
    is_hidden = len(expected["objectives"]) == 1 and bool(hidden)
    is_small = (share is not None and share < SMALL) or is_hidden
    is_flat = grown is not None and grown < SMALL
    return ("consider stopping" if is_small and is_flat else "continue"), reasons


def _known(fitted: RoundModel, history: History) -> MeasuredUtilities:
    first: dict[str, int] = {}
    for result in history.measurements:
        if result.outcome == "ok":
            number = result.round or 0
            first[result.object] = min(number, first.get(result.object, number))
    counted = (text for text in fitted.measured if text in first)
    texts = [text for text in counted if not beside_novelty(fitted.domain.check(text))]
    rounds = torch.tensor([first[text] for text in texts], dtype=torch.int64)
    if not texts:
        nothing = torch.zeros(0, len(fitted.model.spec.objectives), dtype=torch.float64)
        return MeasuredUtilities([], rounds, nothing, nothing)
    evaluation = fitted.model.evaluate(texts)
    values = evaluation.objectives.mean
    utilities = fitted.reward.utilities(values)
    counts = (
        evaluation.is_allowed
        & (evaluation.constraint_probabilities >= LIKELY).all(dim=1)
        & utilities.isfinite().all(dim=1)
    )
    kept = counts.nonzero().squeeze(1)
    return MeasuredUtilities(
        [texts[row] for row in kept.tolist()], rounds[kept], values[kept], utilities[kept]
    )


def _rounds(
    known: MeasuredUtilities, volume: DirectionalHypervolume, fitted: RoundModel
) -> list[dict[str, Any]]:
    """Return what each round with new results brought, and what all up to it reach together."""
    lines = []
    for number in sorted(set(known.rounds.tolist())):
        new, so_far = known.rounds == number, known.rounds <= number
        lines.append(
            {
                "round": number,
                "objects": int(new.sum()),
                "hypervolume": volume.of_points(known.utilities[so_far].numpy()),
                "best": _best(known.values[new], known.utilities[new], fitted),
            }
        )
    return lines


def _best(values: Tensor, utilities: Tensor, fitted: RoundModel) -> dict[str, float]:
    """Return the best expected value of each objective, in its units."""
    model = fitted.model
    rows = utilities.argmax(dim=0).tolist()
    return {
        objective.name: to_units(float(values[rows[column], column]), model.spec.transform_of(objective))
        for column, objective in enumerate(model.spec.objectives)
    }


def _expected(
    known: MeasuredUtilities,
    volume: DirectionalHypervolume,
    fitted: RoundModel,
    chosen: CandidatePool,
    seed: int,
) -> dict[str, Any]:
    """Return what is expected of the batch.

    Of the hypervolume, and of each best utility beside a reading's noise.
    """
    n, names = len(chosen.texts), [objective.name for objective in fitted.model.spec.objectives]
    if n == 0:
        return {"candidates": 0, "hypervolume": 0.0, "share": 0.0, "per_candidate": 0.0, "objectives": {}}
    drawn = joint_utilities(fitted, [*chosen.texts, *_farthest(known, volume)], (), DRAWS, seed).candidates
    batch, there = drawn[:, :n], drawn[:, n:]
    generator = torch.Generator().manual_seed(seed)
    succeeds = torch.rand(DRAWS, n, generator=generator, dtype=torch.float64) < chosen.objects.feasibility
    gain = expected_gain(volume, there, batch, succeeds)
    best = there.amax(dim=1)  # [S, M]
    risen = torch.where(succeeds[..., None], batch, -torch.inf).amax(dim=1).maximum(best) - best
    belief = chosen.objects.objectives
    reading = fitted.reward.utility_sd(Posterior(belief.mean, belief.noise_sd, torch.zeros_like(belief.mean)))
    objectives = zip(names, risen.mean(dim=0).tolist(), reading.mean(dim=0).tolist(), strict=True)
    reached = volume.of_points(known.utilities.numpy())
    return {
        "candidates": n,
        "hypervolume": gain,
        "share": gain / reached if reached > 0 else None,
        "per_candidate": gain / n,
        "objectives": {name: {"gain": rise, "noise": noise} for name, rise, noise in objectives},
    }


def _farthest(known: MeasuredUtilities, volume: DirectionalHypervolume) -> list[str]:
    """Return the known objects that reach the farthest in some direction, the first `MOST_KNOWN` of them."""
    reach = torch.from_numpy(volume.project(known.utilities.numpy()))
    share = (reach / reach.amax(dim=0).clamp_min(1e-12)).amax(dim=1)
    return [known.texts[row] for row in share.argsort(descending=True, stable=True)[:MOST_KNOWN].tolist()]
