"""What a round leaves behind to be played: its policy, its multipliers and what its cross-validation found.

All else follows from the specification, the results and the seed; the header names them, so that an artefact
is opened with what it was made from or not at all. Hazard lists may change in between: the header keeps the
measured objects that the lists of then withheld from the building blocks, so that the environment is the
same; today's lists decide what may be drawn. Tensors and JSON behind a SHA-256 (`models.checkpoint`), never a
pickle. Knows nothing of where it is kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, final

from pydantic import ValidationError

from models.campaign.spec import CampaignSpec
from models.checkpoint import CheckpointError, pack, unpack
from models.gflownet.carrying_over import PolicyNames
from models.proxies.contract import Posterior
from models.proxies.reliability import Reliability
from models.rounds.reporting.summary import processor, versions
from models.rounds.training.base_measure import EVERY_OBJECT, BaseMeasure, restore
from models.rounds.training.round_prior import NO_PRIOR, PREFIX, RoundPrior, restore_prior

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from torch import Tensor

    from models.domains.contract import Domain
    from models.gflownet.conditioning import ConditionSampler
    from models.gflownet.environment import Environment
    from models.gflownet.trainer import Trainer
    from models.records import History
    from models.rounds.fitting.fit import RoundModel
    from models.safety.screened_domain import ScreenedDomain

FORMAT = 1
INTERVALS = 2
"""How a round's intervals are made; 1: from held-out values alone."""
IGNORED = ("name", "batch", "seed")
"""Parts of a specification on which neither beliefs nor policy depend."""
MOST_BEST = 1_000
"""Objects that an artefact keeps for the next training: as many as replay holds."""
COMPARED_FIELDS = {
    "format": "format",
    "spec": "specification",
    "data_digest": "results",
    "seed": "seed",
    "blocks": "set of measured objects that building blocks come from",
    "environment": "environment",
    "vocabulary": "vocabulary of building blocks",
    "features": "version of the features of objects (start a new round, whose policy then knows them)",
}
"""What must be the same, and how it is called."""


class ArtefactError(ValueError):
    """An artefact is damaged, or was made from something else than what it is to be opened with."""


@final
@dataclass(frozen=True, slots=True)
class Artefact:
    """The content of an artefact; `held_out` is by proxy and assay type, `versions` are of what made it.

    `base_measure` is the one that the policy was trained with, whatever would be counted today.
    """

    policy: dict[str, Tensor]
    multipliers: Mapping[str, Any]
    held_out: dict[str, dict[str, Posterior]]
    failures: Mapping[str, str]
    """Why proxies took no part, by name."""
    versions: Mapping[str, str]
    made_from: Mapping[str, Any]
    base_measure: BaseMeasure
    names: PolicyNames | None
    """Of what the policy reads and does; None where an older release told none."""
    best: tuple[str, ...]
    """The best objects of training, from which the next one may begin; an older release kept none."""
    withheld: tuple[str, ...] | None
    """Measured objects that hazard lists kept from the building blocks; None where an older release told
    none."""
    beta_range: tuple[float, float] | None = None
    """Of training; None where an older release told none, which had that of the specification."""
    n_listed: int | None = None
    """Objects of the space where the round scored all, None where it sampled. An older release told none, and
    its specifications leave nothing open that depends on it."""
    intervals: int = 1
    """How the round's intervals are made, as in `INTERVALS`."""
    reliability: Mapping[str, Reliability] | None = None
    """Where predictions held, by assay type; None where the round did not ask, as in an older release."""
    prior: tuple[dict[str, Tensor], Mapping[str, Any] | None] = ({}, None)
    """State of the policy's prior; an older release had none."""

    @property
    def has_prior(self) -> bool:
        """Whether the policy's logits stand beside those of a learned prior."""
        header = self.prior[1]
        return header is not None and bool(header["used"])

    def round_prior(self, environment: Environment) -> RoundPrior:
        """Return the prior that the policy was trained with, in the environment it was trained in."""
        return restore_prior(*self.prior, environment)

    def require(self, made_from: Mapping[str, Any]) -> None:
        """Check what the artefact is to be opened with.

        Args:
            made_from: `provenance` of it.

        Raises:
            ArtefactError: if it was made from something else; the message says what differs.
        """
        found = {**self.made_from, "spec": _with_current_defaults(self.made_from["spec"])}
        found.setdefault("vocabulary", made_from["vocabulary"])  # an older release did not tell it
        found.setdefault("features", 1)  # nor the first version of features
        differs = [fields for key, fields in COMPARED_FIELDS.items() if found.get(key) != made_from[key]]
        if differs:
            raise ArtefactError(f"the round's artefact was made with another {', another '.join(differs)}")


def attempted_objects(history: History) -> list[str]:
    """Return every object somebody tried to measure, once."""
    return list(dict.fromkeys(result.object for result in history.measurements))


def building_blocks(history: History, withheld: Collection[str]) -> list[str]:
    """Return the measured objects that an environment's building blocks may come from."""
    hidden = set(withheld)
    return [text for text in attempted_objects(history) if text not in hidden]


def _describe(spec: CampaignSpec) -> dict[str, Any]:
    return spec.model_dump(mode="json", exclude=set(IGNORED))


def _with_current_defaults(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a specification as it is told today: with the defaults of fields that came since.

    None if it is none.
    One from before there was a base measure weighed all objects the same, which is not the default.
    """
    try:
        return _describe(
            CampaignSpec.from_stored({"name": "any", "base_measure": {"kind": "objects"}, **fields})
        )
    except ValidationError:
        return None


def provenance(
    spec: CampaignSpec,
    domain: Domain,
    environment: Environment,
    history: History,
    seed: int,
    withheld: Collection[str],
) -> dict[str, Any]:
    """Return what an artefact is made from, as plain JSON.

    Args:
        spec: of the round.
        domain: that made the features of the round.
        environment: that the policy walks in.
        history: what the round knew.
        seed: of the round.
        withheld: measured objects that hazard lists kept from the environment's building blocks.
    """
    return {
        "format": FORMAT,
        "spec": _describe(spec),
        "data_digest": history.digest(),
        "seed": seed,
        "blocks": hashlib.sha256("\n".join(building_blocks(history, withheld)).encode()).hexdigest(),
        "features": domain.features_version,
        **describe_space(environment),
    }


def describe_space(environment: Environment) -> dict[str, str]:
    """Return what gives the numbers of a policy and of a prior their meaning."""
    shape = (environment.state_width, environment.n_actions, environment.n_slots, environment.encoding_width)
    return {
        "environment": f"{environment.format} {' '.join(map(str, shape))}",
        "vocabulary": hashlib.sha256("\n".join(environment.vocabulary()).encode()).hexdigest(),
    }


def pack_artefact(  # noqa: PLR0913 - each is one thing that an artefact keeps
    fitted: RoundModel,
    trainer: Trainer,
    made_from: Mapping[str, Any],
    domain: ScreenedDomain,
    withheld: Collection[str],
    measure: BaseMeasure = EVERY_OBJECT,
    *,
    prior: RoundPrior = NO_PRIOR,
) -> bytes:
    """Return the artefact of a round whose policy is trained.

    Args:
        fitted: what the round believed.
        trainer: of the policy that the round sampled from.
        made_from: `provenance` of the round.
        domain: names the hazard lists that were used; they are told, not compared.
        withheld: as in `made_from`.
        measure: that the policy was trained with.
        prior: of the policy.
    """
    tensors = {f"policy.{name}": value for name, value in trainer.policy.state_dict().items()}
    proxies = fitted.model.proxies
    kept: dict[str, list[str]] = {}
    for name, model in proxies.held_out().items():
        kept[name] = list(model)
        for index, belief in enumerate(model.values()):
            parts = {"mean": belief.mean, "sd": belief.sd, "noise_sd": belief.noise_sd}
            tensors |= {f"held_out.{name}.{index}.{part}": value for part, value in parts.items()}
    prior_tensors, prior_header = prior.state()
    evidence = fitted.model.evidence
    header = {
        "made_from": dict(made_from) | {"hazard_lists": domain.provenance()},
        "versions": versions() | {"processor": processor()},
        "multipliers": fitted.reward.multipliers.state(),
        "held_out": kept,
        "failures": proxies.failures,
        "withheld": list(withheld),
        "listed": fitted.n_listed,
        "base_measure": measure.state(),
        "beta_range": list(trainer.conditions.beta_range),
        "intervals": INTERVALS,
        "prior": prior_header,
        "reliability": None if evidence is None else evidence.state(),
        "names": asdict(names_of(fitted.model.spec, trainer.environment, trainer.conditions)),
        "best": [text for text in trainer.environment.objects(trainer.best_states(MOST_BEST)) if text],
    }
    return pack(tensors | prior_tensors, header)


def names_of(spec: CampaignSpec, environment: Environment, conditions: ConditionSampler) -> PolicyNames:
    """Return the names of what a campaign's policy reads and does."""
    return PolicyNames.of(environment, conditions, [objective.name for objective in spec.objectives])


def read_artefact(content: bytes) -> Artefact:
    """Return the content of an artefact, whatever it was made from.

    Args:
        content: what `pack_artefact` returned.

    Raises:
        ArtefactError: if it is damaged.
    """
    try:
        tensors, header = unpack(content)
        made_from, kept = header["made_from"], header["held_out"]
        held_out = {
            name: {
                kind: Posterior(
                    *(tensors[f"held_out.{name}.{index}.{part}"] for part in ("mean", "sd", "noise_sd"))
                )
                for index, kind in enumerate(kinds)
            }
            for name, kinds in kept.items()
        }
        multipliers, made_by = header["multipliers"], header["versions"]
        names = PolicyNames.restored(header["names"]) if "names" in header else None
    except (CheckpointError, KeyError) as error:
        raise ArtefactError(f"the round's artefact cannot be read: {error}") from error
    policy = {
        key.removeprefix("policy."): value for key, value in tensors.items() if key.startswith("policy.")
    }
    measure = restore(header.get("base_measure"))
    withheld = tuple(header["withheld"]) if "withheld" in header else None
    prior = ({key: value for key, value in tensors.items() if key.startswith(PREFIX)}, header.get("prior"))
    low, high = header.get("beta_range", (None, None))
    tested = header.get("reliability")
    return Artefact(
        policy=policy,
        multipliers=multipliers,
        held_out=held_out,
        failures=header.get("failures", {}),
        versions=made_by,
        made_from=made_from,
        base_measure=measure,
        names=names,
        best=tuple(header.get("best", ())),
        withheld=withheld,
        beta_range=None if low is None else (low, high),
        n_listed=header.get("listed"),
        intervals=header.get("intervals", 1),
        prior=prior,
        reliability=None
        if tested is None
        else {kind: Reliability.restored(state) for kind, state in tested.items()},
    )
