"""Whether a campaign's scorers may be used here, told without asking any: addresses, secrets, installed functions.

Knows the operator's rules; the science knows none of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from models.scorers.entry_points import GROUP, installed
from service.address_rules import RefusedAddressError, check_url, read_rules
from service.errors import UnprocessableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.specs.scorers import ScorerSpec
    from service.address_rules import Target
    from service.settings import Settings


@final
class RefusedScorerError(ValueError):
    """A scorer may not be used; `pointer` names the field within its specification."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


def check_scorers(scorers: Iterable[ScorerSpec], settings: Settings, root: str = "") -> None:
    """Check all scorers of a campaign, whose specification is at the JSON pointer `root` of what was sent.

    Raises:
        UnprocessableError: if one may not be used; it names the field by its place.
    """
    wrong = []
    for index, spec in enumerate(scorers):
        try:
            check_scorer(spec, settings)
        except RefusedScorerError as error:
            wrong.append({"pointer": f"{root}/scorers/{index}{error.pointer}", "detail": error.detail})
    if wrong:
        raise UnprocessableError("a scorer of the campaign cannot be used", wrong)


def check_scorer(spec: ScorerSpec, settings: Settings) -> Target | None:
    """Return where a scorer is, if it is an HTTP service.

    Raises:
        RefusedScorerError: if it may not be used.
    """
    if spec.url is None:
        if spec.entry_point not in installed():
            raise RefusedScorerError("/entry_point", f"no entry point of this name in the group {GROUP} is installed")
        return None
    try:
        target = check_url(spec.url, settings.scorer_rules)
    except RefusedAddressError as error:
        raise RefusedScorerError("/url", str(error)) from error
    if spec.secret is not None:
        _check_secret(spec.secret, target, settings)
    return target


def _check_secret(name: str, target: Target, settings: Settings) -> None:
    """Refuse a secret that is not this host's: whoever may name one could read it otherwise."""
    secret = settings.scorer_secrets.get(name)
    if secret is None:
        raise RefusedScorerError("/secret", f"the operator has no secret {name!r}")
    if not read_rules(secret.host).names(target.host, target.port):
        raise RefusedScorerError("/secret", f"the secret {name!r} is not for {target.authority}")
    if target.scheme != "https" and not settings.scorer_rules.is_listed(target):
        raise RefusedScorerError("/url", "a secret goes over https, or to a host that the operator has listed")
