"""What a round cannot do well, in numbers and messages. Decides nothing.

Models without skill, a policy far from its target, and measured objects that the environment does not reach.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import torch

from models.domains.contract import beside_novelty
from models.messages.message import Message, message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.contract import Domain
    from models.gflownet.environment import Environment

NO_SKILL = 0.1
"""Share of the variance of held-out values that a model must explain to be of use."""
ENOUGH_VALUES = 20
"""Fewer held-out values than this do not tell a model without skill from bad luck."""
HALF_90 = 1.645
"""Standard errors on either side of a 90 % interval."""
UNDER_TRAINED = 0.02
"""Effective share of samples below which the policy hardly represents its target."""
MOST_SOUGHT = 1_000
"""Measured objects that are looked for in the environment; of more, a random part."""
HALF = 0.5
MOST_RULES = 12
"""Rules and reasons that a message names, the most frequent ones."""
WIDENED = 1.05
"""Least factor of intervals that a message reports."""


def skill_messages(proxies: Mapping[str, Mapping[str, Any]]) -> list[Message]:
    """Return a message for every assay type whose chosen proxy predicts no better than the mean, or may not.

    It may not where the 90 % interval of the explained share of the variance reaches down to 0.

    Args:
        proxies: of the round's summary: chosen proxy and everybody's scores, by type.
    """
    lines = []
    for kind, summary in proxies.items():
        score = summary["scores"].get(summary["chosen"])
        if score is None or score["skill"] is None or score["n"] < ENOUGH_VALUES:
            continue
        skill, half = score["skill"], HALF_90 * score["skill_error"]
        told = {"type": kind, "rmse": score["rmse"], "deviation": score["deviation"], "skill": skill}
        told |= {"low": skill - half, "high": skill + half}
        if skill < NO_SKILL:
            lines.append(message("model_without_skill", **told))
        elif skill <= half:
            lines.append(message("model_with_doubtful_skill", **told))
    return lines


def interval_messages(proxies: Mapping[str, Mapping[str, Any]]) -> list[Message]:
    """Return a message for every assay type whose intervals the results of the last batches widened.

    Args:
        proxies: of the round's summary, by type.
    """
    made = {kind: summary["intervals"] for kind, summary in proxies.items()}
    return [
        message(
            "intervals_widened",
            type=kind,
            factor=item["widened_by"],
            inside=item["inside"],
            count=item["earlier"],
        )
        for kind, item in made.items()
        if item["widened_by"] >= WIDENED
    ]


def convergence_messages(convergence: Sequence[Mapping[str, Any]], *, is_listed: bool) -> list[Message]:
    """Return a message if the policy represents its target badly at some inverse temperature.

    Args:
        convergence: of the round's summary, one entry for each inverse temperature.
        is_listed: whether the batch was chosen among all objects, and not among the policy's samples.
    """
    shares = {item["beta"]: item["effective_share"] for item in convergence}
    low = {
        f"{beta:g}": share for beta, share in shares.items() if share is not None and share < UNDER_TRAINED
    }
    if not low:
        return []
    if is_listed:
        return [message("policy_under_trained_listed", shares=low)]
    return [message("policy_under_trained", shares=low)]


def reach(environment: Environment, domain: Domain, measured: Sequence[str], seed: int) -> dict[str, Any]:
    """Return how many measured objects the environment can build, and why not the others, as plain JSON.

    `sought` is how many were looked for. `outside_limits` break a rule of the campaign; `other_parts` keep
    all rules and are made of building blocks or in ways that the environment does not have. `reasons` counts
    them all by what the environment names first, where it names anything. `broken_rules` counts all that
    break each rule, whether they can be built or not.
    """
    texts = list(measured)
    if len(texts) > MOST_SOUGHT:
        order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed))[:MOST_SOUGHT]
        texts = [texts[row] for row in sorted(order.tolist())]
    if not texts:
        nothing = {"sought": 0, "reached": 0, "outside_limits": 0, "other_parts": 0}
        return {**nothing, "reasons": {}, "broken_rules": {}}
    _, can_be_built = environment.states(texts)
    missing = [text for text, is_known in zip(texts, can_be_built.tolist(), strict=True) if not is_known]
    broken = {text: beside_novelty(domain.check(text)) for text in texts}
    outside = sum(bool(broken[text]) for text in missing)
    codes = Counter(code for found in broken.values() for code in {v.code for v in found if not v.is_policy})
    reasons = Counter(filter(None, map(environment.obstacle, missing)))
    return {
        "sought": len(texts),
        "reached": len(texts) - len(missing),
        "outside_limits": outside,
        "other_parts": len(missing) - outside,
        "reasons": dict(reasons.most_common()),
        "broken_rules": dict(sorted(codes.items(), key=lambda item: (-item[1], item[0]))),
    }


def reach_messages(found: Mapping[str, Any]) -> list[Message]:
    """Return messages if measured objects break rules, if some could not be built, and if most could not."""
    rules, reasons = _counted(found["broken_rules"]), _counted(found["reasons"])
    lines = [message("measured_objects_break_rules", sought=found["sought"], rules=rules)] if rules else []
    if found["reached"] >= HALF * found["sought"]:
        counts = {"reached": found["reached"], "sought": found["sought"]}
        return [
            *lines,
            *([message("measured_objects_reached", **counts, reasons=reasons)] if reasons else []),
        ]
    return [
        *lines,
        message(
            "measured_objects_unreachable",
            reached=found["reached"],
            sought=found["sought"],
            outside_limits=found["outside_limits"],
            other_parts=found["other_parts"],
        ),
    ]


def _counted(counts: Mapping[str, int]) -> list[str]:
    return [f"{name} ({n})" for name, n in list(counts.items())[:MOST_RULES]]
