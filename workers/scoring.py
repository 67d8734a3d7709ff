"""Open a campaign's domain with the campaign's own scorers among its computed properties.

Every task that computes with a campaign opens its domain here. Loads no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains import open_domain
from models.scorers.contract import ScorerError
from models.scorers.domain import ScoredDomain, unheard
from models.scorers.entry_points import FunctionScorer
from service.outbound.scorers import RefusedScorerError, check_scorer
from workers.http_scorer import HttpScorer, HttpScorerEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.scorers.contract import Scorer
    from models.specs.scorers import ScorerSpec
    from service.settings import Settings


def open_scored_domain(settings: Settings, spec: CampaignSpec, check_cancelled: Callable[[], None] = unheard) -> Domain:
    """Return the domain of a campaign; its scorers are called when their properties are needed.

    `check_cancelled` is called before each batch of objects and while waiting for a scorer. An exception from
    it stops the work.

    Raises:
        ScorerError: if the operator's current rules refuse a scorer, or it is not installed.
    """
    domain = open_domain(spec.domain)
    if not spec.scorers:
        return domain
    return ScoredDomain(
        domain, {item.name: _opened(item, settings, check_cancelled) for item in spec.scorers}, check_cancelled
    )


def _opened(spec: ScorerSpec, settings: Settings, check_cancelled: Callable[[], None]) -> Scorer:
    try:
        target = check_scorer(spec, settings)
    except RefusedScorerError as error:
        raise ScorerError(spec.name, error.detail) from error
    if target is None:
        return FunctionScorer(spec)
    secret = None if spec.secret is None else settings.scorer_secrets[spec.secret].authorization.get_secret_value()
    return HttpScorer(spec, target, HttpScorerEnvironment(settings.scorer_rules, secret), check_cancelled)
