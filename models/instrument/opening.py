"""Opens a campaign as an instrument: the beliefs of a round, and its policy where it left one.

Knows how a round learned; not who plays, nor where artefacts are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains import open_domain
from models.instrument.instrument import Instrument
from models.rounds.accounting import versions
from models.rounds.artefact import ArtefactError, open_artefact, origin, tried
from models.rounds.fitting import Given, fit, fit_again
from models.rounds.training import trained_policy
from models.screening import ScreenedDomain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.campaign import CampaignSpec
    from models.domains.contract import Domain
    from models.hazards import HazardList
    from models.records import History

    Report = Callable[[float, str], None]


def open_instrument(  # noqa: PLR0913 - each is one thing a round was given
    spec: CampaignSpec,
    history: History,
    *,
    seed: int,
    artefact: bytes | None,
    report: Report,
    device: str | None = None,
    hazards: Sequence[HazardList] = (),
    domain: Domain | None = None,
) -> Instrument:
    """Return the instrument of a round: its beliefs to the bit (with one thread and the same versions), and its policy.

    Args:
        spec: of the round.
        history: what the round knew.
        seed: of the round.
        artefact: what the round left behind; without one everything is cross-validated again and nothing can be drawn.
        report: hears the share done and what goes on; what it raises stops the work.
        device: of the policy.
        hazards: today's lists; what they name is never drawn, whatever the round's lists were.
        domain: stands in for the campaign's own, as it did in the round.

    Raises:
        ArtefactError: if the artefact is damaged, or was made from something else; it says what differs.
        HazardListError: if a hazard list about these objects cannot be used.
    """
    screened = ScreenedDomain(domain or open_domain(spec.domain), spec.domain, hazards)
    environment = screened.environment(tried(history), device or "cpu")
    if artefact is None:
        return Instrument(fit(spec, screened, environment, history, seed, report), screened, environment, None)
    found = open_artefact(artefact, origin(spec, screened, environment, history, seed))
    try:
        source = trained_policy(spec.sampler, environment, len(spec.objectives), found.policy)
    except RuntimeError as error:
        raise ArtefactError(f"the round's policy has another shape than its environment asks for: {error}") from error
    try:
        fitted = fit_again(Given(spec, screened, environment, history, seed), found.held_out, report)
    except ValueError as error:
        raise ArtefactError(f"the round's cross-validation is of other results: {error}") from error
    fitted.reward.multipliers.restore(found.multipliers)
    told = _other_versions(found.versions)
    return Instrument(fitted, screened, environment, source, told, measure=found.base_measure)


def _other_versions(made_by: Mapping[str, str]) -> list[str]:
    """Return what a reader should know of an artefact that another installation made."""
    now = versions()
    others = [name for name in {**made_by, **now} if made_by.get(name) != now.get(name)]
    told = (
        f"The round was computed with other versions of {', '.join(others)}: its proxies are fitted anew with those "
        "installed now, so that numbers may differ in their last digits."
    )
    return [told] if others else []
