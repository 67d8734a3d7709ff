"""Opens a campaign as an instrument: the beliefs of a round, and its policy where it left one.

Knows how a round learned; not who plays, nor where artefacts are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains import open_domain
from models.inference.trained_campaign import TrainedCampaign
from models.messages.message import Message, message
from models.proxies.validation import OtherResultsError
from models.rounds.artefact import (
    ArtefactError,
    attempted_objects,
    building_blocks,
    provenance,
    read_artefact,
)
from models.rounds.fitting.fit import fit, refit_model
from models.rounds.fitting.inputs import FitInputs
from models.rounds.reporting.summary import processor, versions
from models.rounds.sampling.enumeration import list_space
from models.rounds.training.train import shape_of_reward, trained_policy
from models.safety.screened_domain import ScreenedDomain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.records import History
    from models.rounds.artefact import Artefact
    from models.safety.hazard_lists import HazardList

    Report = Callable[[float, str], None]


def load_trained_campaign(  # noqa: PLR0913 - each is one thing a round was given
    spec: CampaignSpec,
    history: History,
    *,
    seed: int,
    artefact: bytes | None,
    report: Report,
    device: str | None = None,
    hazards: Sequence[HazardList] = (),
    domain: Domain | None = None,
) -> TrainedCampaign:
    """Return the instrument of a round.

    Its beliefs to the bit (with one thread and the same versions), and its policy.

    Args:
        spec: of the round.
        history: what the round knew.
        seed: of the round.
        artefact: what the round left behind; without one everything is cross-validated again and nothing can
            be drawn.
        report: hears the share done and what goes on; what it raises stops the work.
        device: of the policy.
        hazards: today's lists; what they name is never drawn, whatever the round's lists were.
        domain: stands in for the campaign's own, as it did in the round.

    Raises:
        ArtefactError: if the artefact is damaged, or was made from something else; it says what differs.
        HazardListError: if a hazard list about these objects cannot be used.
    """
    own = domain or open_domain(spec.domain)
    screened = ScreenedDomain(own, spec.domain, hazards)
    if artefact is None:
        environment = screened.environment(attempted_objects(history), device or "cpu")
        n_listed = list_space(spec, environment, is_diagnosed=False).n_scored
        fitted = fit(spec, screened, environment, history, seed, report, n_listed=n_listed)
        return TrainedCampaign(fitted, screened, environment, None)
    found = read_artefact(artefact)
    withheld = _withheld(found, own, spec, history, hazards)
    environment = own.environment(building_blocks(history, withheld), device or "cpu")
    found.require(provenance(spec, own, environment, history, seed, withheld))
    sampler = spec.sampler if found.beta_range is None else spec.sampler.with_beta(found.beta_range)
    try:
        prior = found.round_prior(environment).learned
        source = trained_policy(sampler, environment, shape_of_reward(spec), found.policy, prior)
    except RuntimeError as error:
        raise ArtefactError(
            f"the round's policy has another shape than its environment asks for: {error}"
        ) from error
    try:
        is_corrected = found.intervals > 1  # else the round of an earlier release used held-out values alone
        given = FitInputs(spec, screened, environment, history, seed, found.n_listed, is_corrected)
        fitted = refit_model(given, found.held_out, found.failures, report, found.reliability)
    except OtherResultsError as error:
        raise ArtefactError(f"the round's cross-validation is of other results: {error}") from error
    fitted.reward.multipliers.restore(found.multipliers)
    lines = _other_versions(found.versions)
    return TrainedCampaign(fitted, screened, environment, source, lines, measure=found.base_measure)


def _withheld(
    found: Artefact, domain: Domain, spec: CampaignSpec, history: History, hazards: Sequence[HazardList]
) -> Sequence[str]:
    """Return the measured objects that the round's own hazard lists kept from its building blocks.

    Where the artefact does not tell, they are what today's lists of the same content name.
    """
    if found.withheld is not None:
        return found.withheld
    then = {item["sha256"] for item in found.made_from.get("hazard_lists", ())}
    lists = [item for item in hazards if item.sha256 in then]
    return ScreenedDomain(domain, spec.domain, lists).withheld(attempted_objects(history))


def _other_versions(made_by: Mapping[str, str]) -> list[Message]:
    """Return what a reader should know of an artefact that another installation or another processor made."""
    now = versions() | {"processor": processor()}
    if "processor" not in made_by:  # an older release did not tell it
        del now["processor"]
    others = [name for name in {**made_by, **now} if made_by.get(name) != now.get(name)]
    return [message("computed_by_other_versions", packages=others)] if others else []
